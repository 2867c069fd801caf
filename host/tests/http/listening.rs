//! Where the server listens, and how it says that it cannot.

use crate::client::get;
use hotseat::clock;
use hotseat::http::Server;
use hotseat::metrics::Metrics;
use hotseat::state::State;
use std::net::TcpListener;
use std::time::Duration;

fn refused(address: &str) -> String {
    Server::bind(address).expect_err("it cannot listen there").to_string()
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("an address").to_string();
    assert_eq!(
        refused(&address),
        format!(
            "--http {address}: the address is in use by another process: \
             free the port or give another"
        )
    );
    let port = taken.local_addr().expect("an address").port();
    assert!(refused(&format!(":{port}")).contains("in use"), "all addresses include that one");
}

#[tokio::test(flavor = "current_thread")]
async fn an_error_within_a_runtime_is_no_panic() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("an address").to_string();
    assert!(refused(&address).contains("in use"));
    drop(Server::bind("127.0.0.1:0").expect("a port is free"));
}

#[test]
fn what_is_no_place_here_is_an_error() {
    let foreign = refused("192.0.2.1:4040");
    assert!(
        foreign.ends_with("no interface here has this address: give one of its own or :PORT"),
        "{foreign}"
    );
    let unknown = refused("no-such-host.invalid:4040");
    assert!(unknown.contains("the host name does not resolve"), "{unknown}");
    assert!(unknown.ends_with("give an IP address"), "{unknown}");
    assert!(refused("4040").contains("it has no port"));
}

#[test]
fn an_empty_host_is_every_address() {
    for host in ["", "0.0.0.0", "localhost"] {
        let state = State::new("shop", "web", "web-0", clock::now(), Duration::from_secs(2));
        let bound = Server::bind(&format!("{host}:0")).expect("a port is free");
        let address = bound.address();
        let metrics = Metrics::new(state.clone());
        let server = bound.serve(state, metrics).expect("a thread");
        assert_eq!(get(([127, 0, 0, 1], address.port()).into(), "/").status, 200, "{host:?}");
        if address.is_ipv6() {
            let six = std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port()));
            assert_eq!(get(six, "/").status, 200);
        }
        drop(server);
    }
}
