//! Bad input: each in one line that names the input, the reason and the remedy, and what does not
//! end the process but keeps it from leading.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_apiserver::Denial;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use serde_json::json;

/// A kubeconfig that is fine, for a server that nobody will ask.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Ends with that status and these words in its one line.
#[track_caller]
fn refuses(launch: Launch, status: i32, words: &[&str]) {
    let mut process = launch.start().unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(status), "{process}");
    let said = process.output(Stream::Stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("hotseat: "), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert_eq!(process.output(Stream::Stdout), "");
}

fn with(flags: &[&str]) -> Launch {
    Launch::hotseat().unwrap().args(flags)
}

/// With what is needed to come as far as the kubeconfig, and no log but errors.
fn campaign(kubeconfig: &Path, flags: &[&str]) -> Launch {
    // A name of its own: tests run at a time, and a name can be used once.
    let id = format!("--id=refused-{}", kubeconfig.display());
    with(&["--election=refused", "--http=", "--log-level=error"])
        .arg(id)
        .args(flags)
        .kubeconfig(kubeconfig)
}

fn kubeconfig(folder: &Path, cluster: &serde_json::Value) -> PathBuf {
    let path = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    });
    fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn flags_that_cannot_be_read() {
    for (flags, words) in [
        (&["--nonsense"][..], &["unexpected argument '--nonsense'", "see hotseat --help"][..]),
        (&["nonsense"], &["'nonsense'", "see hotseat --help"]),
        (
            &["--election=a", "--ttl=10s", "--lease-duration=15s"],
            &["--ttl", "cannot be used with '--lease-duration <L>'"],
        ),
        (&["--lease-duration=15"], &["--lease-duration <L>", "write it as 15s, 1m30s or 500ms"]),
        (&["--log-format=xml"], &["'xml'", "--log-format", "text, json"]),
        (
            &["--on-policy-failure=open"],
            &["'open'", "--on-policy-failure <WHAT>", "standard, hold, resign, policy"],
        ),
        (
            &["--policy-failure-share=101"],
            &["'101'", "--policy-failure-share <PERCENT>", "a whole percentage from 0 to 100"],
        ),
        (&["--label-leader=leader"], &["'leader'", "a key and a value, such as role=leader"]),
        (&["--policy-failure-share=a tenth"], &["'a tenth'", "a whole percentage from 0 to 100"]),
    ] {
        refuses(with(flags), 2, words);
    }
}

#[test]
fn timing_that_breaks_i2_is_refused_with_the_inequality() {
    let inequality = "D/(1-rho) + S <= L/(1+rho) does not hold";
    for (flags, words) in [
        (
            &["--election=a", "--lease-duration=15s", "--renew-deadline=15s"][..],
            &[inequality, "= 15.152s", "= 14.851s", "lengthen the lease duration L"][..],
        ),
        (&["--election=a", "--reaction-time=6s"], &[inequality, "+ 6s = 16.101s"]),
        (&["--election=a", "--clock-error=30"], &[inequality, "(1-0.3)"]),
        (
            &["--election=a", "--retry-period=9s"],
            &["must be longer than 1.2 x the retry period 9s"],
        ),
        (
            &["--election=a", "--lease-duration=500ms"],
            &["a Lease counts whole seconds: give 1s or more"],
        ),
        (
            &["--election=a", "--clock-error=50"],
            &["--clock-error 50: give a percentage from 0 to below 50"],
        ),
        (&["--election=a", "--watch-pods"], &["--watch-pods: give --reaction-time too"]),
        (&["--election=a", "--longest-lease=10s"], &["outside the bounds", "widen the bounds"]),
    ] {
        refuses(with(flags), 1, words);
    }
}

#[test]
fn names_that_kubernetes_refuses() {
    let long = format!("--election={}", "a".repeat(254));
    let remedy = "a letter or digit at each end";
    for (flags, words) in [
        (&["--election="][..], &["--election cannot be empty: give the name of the Lease"][..]),
        (&[], &["--election cannot be empty"]),
        (
            &["--election=Not_A_Name"],
            &["--election Not_A_Name: not a valid name in Kubernetes", remedy],
        ),
        (&["--election=-a"], &["--election -a:", remedy]),
        (&["--election=a/b"], &["--election a/b:", remedy]),
        (&[long.as_str()], &["use at most 253", remedy]),
        (
            &["--election=a", "--election-namespace=a.b"],
            &["--election-namespace a.b:", "use at most 63"],
        ),
        (&["--election=a", "--id="], &["--id cannot be empty"]),
        (
            &["--election=a", "--id=$(hostname)"],
            &["--id $(hostname): this was not expanded: leave --id out"],
        ),
        (&["--election=a", "--id=a\nb"], &["--id a\\nb: has 3 bytes or control characters"]),
    ] {
        refuses(with(flags), 1, words);
    }
}

#[test]
fn kubeconfigs_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let no_context = "{apiVersion: v1, kind: Config, clusters: []}";
    let remedy = "name another";
    for (path, words) in [
        (folder.path().join("missing"), &["missing: cannot be read (No such file", remedy][..]),
        (folder.path().to_owned(), &["cannot be read (Is a directory", remedy]),
        (file("empty", " \n"), &["empty: is empty: name another file in $KUBECONFIG"]),
        (file("broken", "clusters: [oh"), &["broken: ", "parse", "correct the file", remedy]),
        (file("none", no_context), &["none: current-context is not set: set it", remedy]),
    ] {
        let begin = format!("kubeconfig {}", path.display());
        refuses(campaign(&path, &[]), 1, &[&[begin.as_str()][..], words].concat());
    }
}

#[test]
fn a_port_in_use() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let flag = format!("--http={address}");
    let words = format!(
        "--http {address}: the address is in use by another process: free the port or give another"
    );
    let id = format!("--id=refused-{address}");
    refuses(with(&["--election=refused", "--log-level=error", &id, &flag]), 1, &[&words]);
}

#[test]
fn policies_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let config = kubeconfig(folder.path(), &json!({"server": NOWHERE}));
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let large = file("large", b"");
    fs::File::options().write(true).open(&large).unwrap().set_len((20 << 20) + 1).unwrap();
    let foreign = r#"(component (import "acme:store/kv@1.0.0" (instance)))"#;
    let world = r#"(component (component $c) (export "acme:other/thing@1.0.0" (component $c)))"#;
    let wat = |text: &str| wat::parse_str(text).unwrap();
    for (path, words) in [
        (
            folder.path().join("missing"),
            &["missing: cannot be read: No such file", "check the path"][..],
        ),
        (folder.path().to_owned(), &["it is a folder: name the file in it"]),
        (file("empty", b""), &["empty: cannot be read: it is empty: put a component there"]),
        (file("text", b"hello"), &["text: is not WebAssembly"]),
        (
            file("core", &wat("(module)")),
            &["core: is a core module, not a component", "wasm-tools component new"],
        ),
        (file("cut", b"\0asm\x0d\0\x01\0\x01\xff"), &["cut: is cut off", "copy it again"]),
        (
            file("bare", &wat("(component)")),
            &["bare: exports nothing", "hotseat:policy/policy@1.0.0"],
        ),
        (
            file("world", &wat(world)),
            &["world: ", "acme:other/thing@1.0.0", "hotseat:policy/policy@1.0.0"],
        ),
        (file("foreign", &wat(foreign)), &["foreign: ", "acme:store/kv@1.0.0"]),
        (large, &["large: is larger than 20 MiB"]),
    ] {
        let begin = format!("--policy: file:{}", path.display());
        let flag = format!("--policy=file:{}", path.display());
        refuses(campaign(&config, &[&flag]), 1, &[&[begin.as_str()][..], words].concat());
    }
    refuses(
        campaign(&config, &["--policy=oci://a"]),
        1,
        &["--policy oci://a: it names no registry: write oci://HOST/NAME"],
    );
}

#[test]
fn settings_that_are_not_json() {
    for (settings, words) in [
        ("{", &["--policy-settings: not JSON (", "give JSON, or @FILE"][..]),
        ("@/nonexistent", &["--policy-settings: @/nonexistent: cannot be read", "No such file"]),
    ] {
        refuses(with(&["--election=a", "--policy-settings", settings]), 1, words);
    }
}

/// Says why it cannot lead, and goes on until it is asked to end.
#[track_caller]
fn keeps_trying(api: &Api, kubeconfig: &Path, words: &[&str]) {
    let launch = Candidate::launch(api, "anna").unwrap().args(QUICK).kubeconfig(kubeconfig);
    let launch = launch.arg("--log-level=debug");
    let mut process = launch.start().unwrap();
    let line = process.wait_line("a read of the lock failed", SOON);
    for word in words {
        assert!(line.text.contains(word), "no {word:?} in {line}");
    }
    // Not only once: it tries again, and says so at the level debug.
    process.wait_line_after(&line, "a read of the lock failed again", SOON);
    assert_eq!(process.get("/").unwrap().text(), r#"{"name":""}"#);
    assert_eq!(process.get("/leader").unwrap().status, 503);
    process.signal(hotseat_tests::process::Signal::TERM).unwrap();
    assert_eq!(process.wait_exit(Duration::from_secs(10)).code(), Some(0), "{process}");
}

#[test]
fn a_server_that_cannot_be_reached() {
    let api = Api::embedded("unreachable").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = kubeconfig(folder.path(), &json!({"server": NOWHERE}));
    keeps_trying(&api, &config, &["nothing listens there", "Connection refused"]);
}

#[test]
fn a_server_that_speaks_no_tls() {
    let api = Api::embedded("no-tls").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = api.server().url().replace("http:", "https:");
    let config = kubeconfig(folder.path(), &json!({"server": url}));
    keeps_trying(
        &api,
        &config,
        &["the server does not speak TLS there: check the server's address"],
    );
}

#[test]
fn a_server_of_another_authority() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "wrong-ca", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, other.cert.pem()).unwrap();
    let cluster = json!({"server": cluster.url(), "certificate-authority": ca});
    let config = kubeconfig(folder.path(), &cluster);
    keeps_trying(&api, &config, &["not of the configured CA: check certificate-authority"]);
}

#[test]
fn a_server_that_does_not_know_the_token() {
    let api = Api::embedded("unknown").unwrap();
    api.server().access().require_tokens(["another"]);
    keeps_trying(&api, api.kubeconfig(), &["401 Unauthorized", "does not know this token"]);
}

#[test]
fn a_server_that_allows_nothing() {
    let api = Api::embedded("forbidden").unwrap();
    api.server().access().deny(Denial { verb: None, resource: None, namespace: None });
    keeps_trying(&api, api.kubeconfig(), &["403 Forbidden", "give the account the Role"]);
}
