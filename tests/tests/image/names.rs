//! Names resolve as the pod's `resolv.conf` says, in an image that has no `nsswitch.conf`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use hotseat_tests::process::{Hotseat, Launch};
use hotseat_tests::wait;

use crate::pulled::{SOON, pulled};

/// As the kubelet writes it by default, but for the nameserver.
const CLUSTER: &str = "search image.svc.cluster.local svc.cluster.local cluster.local\n\
    options ndots:5\nnameserver 127.0.0.53\n";

/// How long what the network says takes to get here, on a busy machine.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// A network with nameservers, and with something to connect to. It ends when this is dropped.
struct Network(Hotseat);

impl Network {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/image/network.py");
        let process = Launch::program("unshare")
            .args(["--net", "sh", "-c", "ip link set lo up && exec python3 \"$1\"", "sh", script])
            .start()
            .unwrap();
        process.wait_line("ready", SOON);
        Self(process)
    }

    /// The program finds this address by the name, which it looks up for a registry.
    #[track_caller]
    fn finds(&self, resolver: &str, name: &str, address: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), resolver).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        let target = format!("oci://{name}:5000/team/policy:tried");
        let earlier = self.0.lines().len();
        let mut process = pulled()
            .call_in(self.0.pid(), "amd64", file.path())
            .args(["policy", "push", "/policies/steady.wasm", &target])
            .start()
            .unwrap();
        // Nothing there is a registry, so it fails in any case; the question is where it went.
        assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
        let asked = format!("asked {address}");
        let went = wait::try_until(ARRIVES_WITHIN, || {
            let lines = self.0.lines();
            lines.iter().skip(earlier).any(|line| line.text == asked).then_some(()).ok_or(())
        });
        assert!(went.is_ok(), "{name} is not {address} by\n{resolver}{process}{}", self.0);
    }
}

/// The resolver of a cluster, with these lines in place of those that begin alike.
fn cluster_with(lines: &[&str]) -> String {
    let word = |line: &str| line.split(' ').next().map(str::to_owned);
    let kept = CLUSTER.lines().filter(|line| !lines.iter().any(|new| word(new) == word(line)));
    kept.chain(lines.iter().copied()).map(|line| format!("{line}\n")).collect()
}

#[test]
fn names_of_a_cluster_are_found_by_search_domains_and_dots() {
    let network = Network::start();
    for name in ["reg", "reg.image", "reg.image.svc", "reg.image.svc.cluster.local"] {
        network.finds(CLUSTER, name, "127.0.0.2");
    }
    network.finds(CLUSTER, "outside.example.org", "127.0.0.4");
    // More dots than are asked for, and in a search domain all the same.
    network.finds(&cluster_with(&["options ndots:1"]), "reg.image.svc", "127.0.0.2");
}

#[test]
fn a_name_with_ipv6_alone_is_found_and_so_is_a_nameserver() {
    let network = Network::start();
    network.finds(CLUSTER, "six", "::1");
    network.finds(&cluster_with(&["nameserver ::1"]), "six", "::1");
}

#[test]
fn a_nameserver_that_knows_no_ipv6_hides_no_name() {
    let network = Network::start();
    network.finds(CLUSTER, "none.example.org", "127.0.0.6");
    network.finds(CLUSTER, "failing.example.org", "127.0.0.7");
    network.finds(CLUSTER, "dropped.example.org", "127.0.0.8");
}

#[test]
fn a_search_domain_that_fails_hides_no_name_of_the_next() {
    let network = Network::start();
    network.finds(&cluster_with(&["search broken.local second.local"]), "other", "127.0.0.5");
}

/// By `RES_OPTIONS` in the image the next nameserver is asked after a second, for each domain that is
/// tried. By glibc's default of five seconds no name is found, since a registry's is waited for so long.
#[test]
fn a_first_nameserver_that_is_dead_costs_a_second() {
    let network = Network::start();
    let resolver = cluster_with(&["nameserver 127.0.0.52", "nameserver 127.0.0.53"]);
    network.finds(&resolver, "reg", "127.0.0.2");
    network.finds(&resolver, "reg.image", "127.0.0.2");
}

#[test]
fn an_answer_that_is_too_long_for_a_datagram_is_asked_for_by_tcp() {
    Network::start().finds(CLUSTER, "long.example.org", "127.0.0.9");
}

/// The API server's name is looked up by another client.
#[test]
fn the_api_server_is_found_by_its_name() {
    let network = Network::start();
    let resolver = tempfile::NamedTempFile::new().unwrap();
    fs::write(resolver.path(), CLUSTER).unwrap();
    let config = "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: \
        {cluster: a, user: a}}], users: [{name: a, user: {}}], clusters: [{name: a, cluster: \
        {server: 'http://api.image:5000'}}]}";
    fs::write(pulled().root("amd64").join("kubeconfig-names"), config).unwrap();
    for file in [resolver.path(), &pulled().root("amd64").join("kubeconfig-names")] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let sidecar = pulled()
        .call_in(network.0.pid(), "amd64", resolver.path())
        .args(["--election=seat", "--election-namespace=names", "--id=a", "--http=127.0.0.1:0"])
        .env("KUBECONFIG", "/kubeconfig-names")
        .start()
        .unwrap();
    network.0.wait_line("asked 127.0.0.3", SOON);
    drop(sidecar);
}
