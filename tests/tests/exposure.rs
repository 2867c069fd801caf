//! What a running sidecar shows, and to whom.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "exposure/families.rs"]
mod families;
#[path = "exposure/files.rs"]
mod files;

use std::net::{IpAddr, SocketAddr, UdpSocket};

use hotseat_tests::process::{Hotseat, Launch, Stream, get};
use hotseat_tests::scene::{Api, Candidate, SOON};

/// The pages that repeat settings and signals.
const DETAILS: [&str; 5] =
    ["/v1/policy", "/v1/journal", "/v1/signals", "/v1/roster", "/v1/history"];

/// An address of this machine that is not a loopback one. Nothing is sent to find it.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    socket.connect(("192.0.2.1", 9)).expect("the test needs a network interface with an address");
    let ip = socket.local_addr().unwrap().ip();
    assert!(!ip.is_loopback() && !ip.is_unspecified(), "{ip}: the test needs another address");
    ip
}

/// A sidecar that answers on every address, at a port of the system's choosing.
fn everywhere(api: &Api, name: &str, flags: &[&str]) -> (Hotseat, u16) {
    let launch = Candidate::launch(api, name).unwrap().arg("--http=:0").args(flags);
    let process = launch.start().unwrap();
    let port = process.http_addr().port();
    (process, port)
}

#[test]
fn details_are_shown_to_this_pod_unless_the_operator_says_otherwise() {
    let api = Api::embedded("detail").unwrap();
    let (_closed, port) = everywhere(&api, "closed", &[]);
    let (pod, own) = (SocketAddr::from((own_address(), port)), ([127, 0, 0, 1], port).into());
    for path in DETAILS {
        let answer = get(pod, path).unwrap();
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        let said = answer.text();
        let remedy = "or start the sidecar with --http-detail pod-network";
        assert!(said.contains("shown to this pod only") && said.contains(remedy), "{said}");
        assert_eq!(get(own, path).unwrap().status, 200, "{path}");
    }
    for path in ["/", "/v1/leader", "/healthz", "/metrics"] {
        assert_eq!(get(pod, path).unwrap().status, 200, "{path}");
    }
    // What people use goes on.
    let status = |address: SocketAddr| {
        let launch = Launch::hotseat().unwrap().arg("status");
        let mut process = launch.arg(format!("--address={address}")).start().unwrap();
        (process.wait_exit(SOON).code(), process.output(Stream::Stderr))
    };
    assert_eq!(status(own), (Some(0), String::new()));
    let (code, said) = status(pod);
    assert!(code == Some(1) && said.contains("shown to this pod only"), "{said}");

    for (name, flag) in [("open", &["--http-detail=pod-network"][..]), ("closed-too", &[])] {
        let (_process, port) = everywhere(&api, name, flag);
        let pod = SocketAddr::from((own_address(), port));
        let expected = if flag.is_empty() { 403 } else { 200 };
        for path in DETAILS {
            assert_eq!(get(pod, path).unwrap().status, expected, "{path}");
        }
    }
}

#[test]
fn what_is_no_way_to_show_details_is_refused() {
    for (flag, variable) in [(Some("--http-detail=everybody"), None), (None, Some(""))] {
        let mut launch = Launch::hotseat().unwrap().args(["--election=refused", "--http="]);
        if let Some(flag) = flag {
            launch = launch.arg(flag);
        }
        if let Some(value) = variable {
            launch = launch.env("HOTSEAT_HTTP_DETAIL", value);
        }
        let mut process = launch.start().unwrap();
        assert_eq!(process.wait_exit(SOON).code(), Some(2), "{process}");
        let said = process.output(Stream::Stderr);
        assert!(said.lines().count() == 1 && said.contains("--http-detail"), "{said}");
    }
}
