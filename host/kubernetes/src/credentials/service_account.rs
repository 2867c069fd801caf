//! The service account of the pod.

use super::environment::Environment;
use super::tls::{self, Tls};
use super::{Access, Impersonation, Login, Route, cluster, proxy, user};
use anyhow::{Context as _, ensure};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::PathBuf;

/// Where the kubelet puts it.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A service account's folder.
pub(super) struct ServiceAccount {
    pub(super) folder: PathBuf,
}

impl Default for ServiceAccount {
    fn default() -> Self {
        ServiceAccount { folder: FOLDER.into() }
    }
}

impl ServiceAccount {
    /// Reads the token and the authority, which the kubelet rotates.
    pub(super) fn read(&self, environment: &Environment) -> anyhow::Result<Access> {
        self.parts(environment).map_err(|error| {
            anyhow::anyhow!("the service account of the pod cannot be used: {error:#}: run in a pod with its token mounted, or give a kubeconfig in $KUBECONFIG")
        })
    }

    fn parts(&self, environment: &Environment) -> anyhow::Result<Access> {
        let variable = |name: &str, value: &Option<String>| {
            value.clone().with_context(|| format!("environment variable not found: {name}"))
        };
        let host = variable("KUBERNETES_SERVICE_HOST", &environment.service_host)?;
        let port = variable("KUBERNETES_SERVICE_PORT", &environment.service_port)?;
        ensure!(
            port.parse::<u16>().is_ok(),
            "KUBERNETES_SERVICE_PORT is {port:?}, which is not a port"
        );
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host,
        };
        let server = cluster::address(&format!("https://{host}:{port}"), true)?;
        let token = user::token_of_file(&self.folder.join("token"))?;
        let mut notes = Vec::new();
        let ca = self.folder.join("ca.crt");
        let roots = match std::fs::read(&ca) {
            Ok(bytes) => Some(tls::roots(&tls::Pem { bytes, from: ca.display().to_string() })?),
            // client-go goes on with the system's authorities as well.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                notes.push(format!(
                    "{} is missing, so the system's certificate authorities are trusted",
                    ca.display()
                ));
                None
            }
            Err(error) => anyhow::bail!("{}: cannot be read ({error})", ca.display()),
        };
        let proxy = proxy::of_environment(&server, environment)?;
        let tls = Tls { roots, insecure: false, server_name: None, identity: None };
        let route = Route { server, tls, proxy, impersonation: Impersonation::default() };
        Ok(Access { route, login: Login::Header(token), notes })
    }
}
