//! Credentials and ways to the API server: what kubectl takes, on a real server, and what is rotated
//! while an election goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "credentials/plugin.rs"]
mod plugin;
#[path = "credentials/proxies.rs"]
mod proxies;
#[path = "credentials/rotation.rs"]
mod rotation;

use std::fs;
use std::path::{Path, PathBuf};

use hotseat_apiserver::{Action, Fault, LEASES, Status, Verb};
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::proxy::{Proxy, Rules, Speaks};
use hotseat_tests::scene::{Api, Candidate, PATIENT, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

/// Keys and certificates that were made for tests.
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/kubernetes/tests/keys");

/// Writes a kubeconfig in one step, as a program that rotates credentials does.
fn put_kubeconfig(path: &Path, cluster: &Value, user: &Value) {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    });
    put(path, config.to_string());
}

/// Writes a file in one step.
fn put(path: &Path, text: impl AsRef<[u8]>) {
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, path).unwrap();
}

/// The real server, by its own address and authority.
fn real() -> Value {
    let cluster = Cluster::shared();
    json!({"server": cluster.url(), "certificate-authority": cluster.pki_file("ca.crt")})
}

/// Starts a candidate with that kubeconfig.
fn start(api: &Api, kubeconfig: impl Into<std::ffi::OsString>, name: &str) -> Candidate {
    Candidate::start_with(api, name, &PATIENT, |launch: Launch| {
        launch.env("KUBECONFIG", kubeconfig.into())
    })
    .unwrap()
}

/// Waits until it leads.
#[track_caller]
fn leads(candidate: &Candidate) -> Value {
    until("the candidate to lead", SOON, || match candidate.leader() {
        Ok(leader) if leader["self"] == true => Ok(leader),
        other => Err((other.map_err(|error| error.to_string()), candidate.log())),
    })
}

/// Waits for renewals that an embedded server takes, and sees that the term is still the same.
#[track_caller]
fn goes_on(api: &Api, candidate: &Candidate, term: &Value) {
    let time = || {
        let leases = api.server().store().list(&LEASES, api.namespace());
        leases.into_iter().next().unwrap()["spec"]["renewTime"].clone()
    };
    let mut last = time();
    for _ in 0..10 {
        last = until("a renewal", SOON, || match time() {
            same if same == last => Err(candidate.log()),
            later => Ok(later),
        });
    }
    assert_eq!(leads(candidate)["token"], term["token"], "{}", candidate.log());
}

/// The server answers one renewal as if it did not know the token.
fn refuse_one_renewal(api: &Api) {
    let refusal = Status::new(401, "Unauthorized", "Unauthorized");
    let renewal = Fault::on(Verb::Update).resource("leases").times(1);
    api.server().faults().add(renewal, Action::Status(refusal));
}

fn account(api: &Api) -> PathBuf {
    Cluster::shared().token_file(api.namespace(), "candidate")
}

#[test]
fn kubeconfig_list_with_a_missing_file() {
    let api = Api::of(Cluster::shared(), "list", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let list = [Path::new("/nonexistent"), &empty, api.kubeconfig()];
    let mut candidate = start(&api, std::env::join_paths(list).unwrap(), "anna");
    leads(&candidate);
    candidate.end();
}

#[test]
fn token_file_with_a_newline() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "newline", Rights::Full).unwrap();
    let token = fs::read_to_string(account(&api)).unwrap();
    cluster.write_token(api.namespace(), "candidate", &format!("{token}\n")).unwrap();
    let mut candidate = start(&api, api.kubeconfig(), "anna");
    leads(&candidate);
    candidate.end();
}

#[test]
fn client_key_p521() {
    let keys = KEYS;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let user = json!({"client-certificate": format!("{keys}/p521.crt"), "client-key": format!("{keys}/p521.key")});
    put_kubeconfig(&path, &json!({"server": "https://127.0.0.1:1"}), &user);
    let launch = Launch::hotseat().unwrap().kubeconfig(&path);
    let flags = ["--election=refused", "--http=", "--log-level=error"];
    let id = format!("--id=p521-{}", std::process::id());
    let mut process = launch.args(flags).arg(id).start().unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
    let said = process.output(Stream::Stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    for words in [
        &format!("hotseat: kubeconfig {}: user \"it\": client-key: ", path.display()),
        "p521.key: the key is ECDSA on P-521, which TLS here cannot use",
        "issue the client certificate for a key of another kind (RSA of 2048",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

/// The same at the other end: the server's certificate is signed by a key on P-521.
#[test]
fn a_server_whose_authority_is_on_p521() {
    let api = Api::of(Cluster::shared(), "p521-server", Rights::Full).unwrap();
    let pem = |name: &str| fs::read(Path::new(KEYS).join(name)).unwrap();
    let server = Proxy::start(Rules {
        speaks: Speaks::Https,
        name: String::new(),
        target: ([127, 0, 0, 1], 1).into(),
        login: None,
        identity: Some((pem("server-by-p521.crt"), pem("p256.key"))),
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let cluster =
        json!({"server": server.url(), "certificate-authority": format!("{KEYS}/p521.crt")});
    put_kubeconfig(&path, &cluster, &json!({"token": "t"}));
    let candidate = start(&api, &path, "anna");
    candidate.process.wait_line("is signed in a way that TLS here cannot check: give", SOON);
}

/// Another name in the certificate, a path in front of all requests, and a user to act as.
#[test]
fn the_fields_of_a_cluster_and_a_user_count_on_a_real_server() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "fields", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let mut server = real();
    server["tls-server-name"] = json!("kubernetes.default.svc");
    let user = json!({
        "client-certificate": cluster.pki_file("admin.crt"),
        "client-key": cluster.pki_file("admin.key"),
        "as": format!("system:serviceaccount:{}:candidate", api.namespace()),
        "as-groups": ["system:serviceaccounts"], "as-user-extra": {"a/B": ["c"]},
    });
    put_kubeconfig(&path, &server, &user);
    let mut candidate = start(&api, &path, "anna");
    leads(&candidate);
    candidate.end();
    // Of nobody's authority, and trusted all the same.
    let careless = json!({"server": cluster.url(), "insecure-skip-tls-verify": true});
    put_kubeconfig(&path, &careless, &json!({"tokenFile": account(&api)}));
    let mut candidate = start(&api, &path, "anna");
    leads(&candidate);
    assert!(candidate.log().contains("anyone in between can pose as the API server"));
    candidate.end();
    // The right name is asked for.
    server["tls-server-name"] = json!("kubernetes.example");
    put_kubeconfig(&path, &server, &json!({"tokenFile": account(&api)}));
    let candidate = start(&api, &path, "anna");
    candidate.process.wait_line("the server's certificate is for another name", SOON);
}
