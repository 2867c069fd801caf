//! What the process's environment says about credentials, as a value.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variables that matter. An empty one counts as unset, as for kubectl.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Environment {
    pub(super) kubeconfig: Option<OsString>,
    pub(super) home: Option<OsString>,
    pub(super) service_host: Option<String>,
    pub(super) service_port: Option<String>,
    pub(super) https_proxy: Option<(&'static str, String)>,
    pub(super) http_proxy: Option<(&'static str, String)>,
    pub(super) no_proxy: Option<String>,
    /// Where programs are looked for.
    pub(super) path: Option<OsString>,
}

impl Environment {
    /// Of this process.
    pub(in super::super) fn of_process() -> Self {
        let os = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let named =
            |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, text(name)?)));
        // A CGI program gets its peer's `Proxy` header as HTTP_PROXY; Go does not trust it either.
        let is_cgi = os("REQUEST_METHOD").is_some();
        Environment {
            kubeconfig: os("KUBECONFIG"),
            home: os("HOME"),
            service_host: text("KUBERNETES_SERVICE_HOST"),
            service_port: text("KUBERNETES_SERVICE_PORT"),
            https_proxy: named(["HTTPS_PROXY", "https_proxy"]),
            http_proxy: named(["HTTP_PROXY", "http_proxy"]).filter(|_| !is_cgi),
            no_proxy: named(["NO_PROXY", "no_proxy"]).map(|(_, value)| value),
            path: os("PATH"),
        }
    }

    /// The files of `$KUBECONFIG`, in its order; none if it is not set.
    pub(super) fn kubeconfigs(&self) -> Option<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for path in std::env::split_paths(self.kubeconfig.as_ref()?) {
            if !path.as_os_str().is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        }
        Some(paths)
    }

    /// The kubeconfig in the home folder.
    pub(super) fn home_kubeconfig(&self) -> PathBuf {
        let home = self.home.clone().unwrap_or_default();
        PathBuf::from(home).join(".kube/config")
    }
}
