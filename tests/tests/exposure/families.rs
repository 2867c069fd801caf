//! IPv4 and IPv6.

use std::net::{Ipv4Addr, Ipv6Addr};

use hotseat_tests::process::{Hotseat, Launch, Stream, get, hotseat_binary, send};
use hotseat_tests::scene::{Api, Candidate, SOON};

const HEARTBEAT: &str = "/v1/signals/app.heartbeat";

/// Asks from within the network of a process, by bash, which can do that by itself; the status and
/// the last line of the answer.
fn from_within(process: &Hotseat, ip: Ipv6Addr, request: &str) -> (String, String) {
    let talk = format!(
        "exec 3<>/dev/tcp/{ip}/4040 && printf '{request} HTTP/1.1\\r\\nHost: [{ip}]:4040\\r\\n\
         Content-Length: 0\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3"
    );
    let network = format!("--net=/proc/{}/ns/net", process.pid());
    let launch = Launch::program("nsenter").args([&network, "bash", "-c", &talk]);
    let mut asking = launch.start().unwrap();
    assert_eq!(asking.wait_exit(SOON).code(), Some(0), "{asking}");
    let answer = asking.output(Stream::Stdout);
    let status = answer.get(9..12).unwrap_or_default().to_owned();
    (status, answer.lines().last().unwrap_or_default().to_owned())
}

/// A pod of a cluster with IPv6 alone: loopback, and one address of the pod's own. Hotseat is given
/// no address, as in the example of a deployment.
#[test]
fn ipv6_only_pod() {
    let api = Api::embedded("ipv6").unwrap();
    let pod: Ipv6Addr = "2001:db8::7".parse().unwrap();
    let network = format!(
        "ip link set lo up && ip -6 addr add {pod}/128 dev lo nodad && ip -4 addr flush dev lo && exec \"$0\" \"$@\""
    );
    let process = Launch::program("unshare")
        .args(["--net", "sh", "-c", &network])
        .arg(hotseat_binary().unwrap())
        .args(["--election=seat", "--id=ipv6"])
        .arg(format!("--election-namespace={}", api.namespace()))
        .kubeconfig(api.kubeconfig())
        .start()
        .unwrap();
    assert_eq!(process.http_addr().port(), 4040, "{process}");
    // The kubelet's probe, and an application that asks ::1 first.
    let ask = |ip, request: &str| from_within(&process, ip, request);
    let own = Ipv6Addr::LOCALHOST;
    assert_eq!(ask(pod, "GET /healthz"), ("200".to_owned(), "ok".to_owned()));
    assert_eq!(ask(own, "GET /"), ("200".to_owned(), "{\"name\":\"\"}".to_owned()));
    // It is loopback: signals are taken, and details shown.
    assert_eq!(ask(own, &format!("PUT {HEARTBEAT}")), ("200".to_owned(), "ok".to_owned()));
    let (status, shown) = ask(own, "GET /v1/signals");
    assert!(status == "200" && shown.contains("app.heartbeat"), "{status} {shown}");
    // A peer by another address of the same pod counts as a stranger.
    let (status, said) = ask(pod, "GET /v1/signals");
    assert!(status == "403" && said.contains(&format!("this came from {pod}:")), "{said}");
}

#[test]
fn every_written_form_of_everywhere_is_both_families() {
    let api = Api::embedded("families").unwrap();
    for (number, host) in ["", "0.0.0.0", "[::]", "localhost"].into_iter().enumerate() {
        let launch = Candidate::launch(&api, &format!("form-{number}")).unwrap();
        let process = launch.arg(format!("--http={host}:0")).start().unwrap();
        let port = process.http_addr().port();
        for address in [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()] {
            let asked = get(address, "/").unwrap();
            assert_eq!(asked.status, 200, "{host:?} at {address}");
            let set = send(address, "PUT", HEARTBEAT, "x").unwrap();
            assert_eq!(set.status, 200, "{host:?} at {address}: {}", set.text());
        }
    }
}
