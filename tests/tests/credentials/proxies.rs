//! Proxies in front of a real API server whose name nobody else knows.

use super::*;

/// A name that no resolver knows, and the certificate is not for.
const NAME: &str = "api.corp.example:6443";

fn proxy(speaks: Speaks, login: Option<(&str, &str)>) -> Proxy {
    let cluster = Cluster::shared();
    let target = cluster.url().trim_start_matches("https://").parse().unwrap();
    let pem = |name: &str| fs::read(cluster.pki_file(name)).unwrap();
    Proxy::start(Rules {
        speaks,
        name: NAME.to_owned(),
        target,
        login: login.map(|(name, word)| (name.to_owned(), word.to_owned())),
        // The API server's own is for this address.
        identity: (speaks == Speaks::Https).then(|| (pem("server.crt"), pem("server.key"))),
    })
    .unwrap()
}

/// The server behind the proxy.
fn behind() -> Value {
    let mut cluster = real();
    cluster["server"] = json!(format!("https://{NAME}"));
    cluster["tls-server-name"] = json!("kubernetes");
    cluster
}

#[test]
fn kubeconfig_proxy_url() {
    for (index, (speaks, login)) in [
        (Speaks::Http, None),
        (Speaks::Http, Some(("joe", "pw"))),
        (Speaks::Https, Some(("joe", "pw"))),
        (Speaks::Socks5, None),
        (Speaks::Socks5, Some(("joe", "pw"))),
    ]
    .into_iter()
    .enumerate()
    {
        let api = Api::of(Cluster::shared(), &format!("proxy-{index}"), Rights::Full).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let proxy = proxy(speaks, login);
        let mut cluster = behind();
        cluster["proxy-url"] = json!(proxy.url());
        put_kubeconfig(&path, &cluster, &json!({"tokenFile": account(&api)}));
        let mut candidate = start(&api, &path, "anna");
        leads(&candidate);
        assert!(proxy.asked().iter().all(|name| name == NAME), "{:?}", proxy.asked());
        let log = candidate.log();
        assert!(log.contains("cluster \"it\": proxy-url") && !log.contains("pw@"), "{log}");
        candidate.end();
    }
}

#[test]
fn a_proxy_of_the_environment() {
    let api = Api::of(Cluster::shared(), "proxy-env", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    put_kubeconfig(&path, &behind(), &json!({"tokenFile": account(&api)}));
    let proxy = proxy(Speaks::Http, None);
    let url = proxy.url();
    let with = |name: &str, no_proxy: &str| {
        Candidate::start_with(&api, "anna", &PATIENT, |launch| {
            launch.kubeconfig(&path).env(name, &url).env("NO_PROXY", no_proxy)
        })
        .unwrap()
    };
    let mut candidate = with("https_proxy", "example.com");
    leads(&candidate);
    candidate.end();
    let asked = proxy.asked().len();
    let candidate = with("HTTPS_PROXY", ".corp.example");
    candidate.process.wait_line("the name is not known", SOON);
    assert_eq!(proxy.asked().len(), asked);
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_field() {
    let api = Api::of(Cluster::shared(), "proxy-bad", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let proxy = proxy(Speaks::Http, Some(("joe", "pw")));
    let host = proxy.url().rsplit_once('@').unwrap().1.to_owned();
    let mut cluster = behind();
    for (url, why) in [
        (format!("http://{host}"), "proxy authorization required"),
        ("http://127.0.0.1:1".to_owned(), "Connection refused"),
    ] {
        cluster["proxy-url"] = json!(url);
        put_kubeconfig(&path, &cluster, &json!({"tokenFile": account(&api)}));
        let candidate = start(&api, &path, "anna");
        let line = candidate.process.wait_line("the server cannot be reached through", SOON);
        for words in [&format!("the proxy {url}/ (kubeconfig "), "proxy-url): check", why] {
            assert!(line.text.contains(words), "no {words:?} in {line}");
        }
    }
}
