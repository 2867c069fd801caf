//! Where the server listens, and how it says that it cannot.

use crate::client::get;
use crate::site::parts;
use hotseat_http::Server;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::Arc;

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
            "{address}: the address is in use by another process: \
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
fn every_address_is_of_both_families() {
    for host in ["", "0.0.0.0", "[::]", "localhost"] {
        let bound = Server::bind(&format!("{host}:0")).expect("a port is free");
        let port = bound.addresses()[0].port();
        assert!(bound.addresses().iter().all(|address| address.port() == port));
        let (state, shared) = parts();
        let server = bound.serve(state, Arc::new(shared)).expect("a thread");
        let (four, six): (IpAddr, IpAddr) =
            (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        for ip in [four, six] {
            assert_eq!(get((ip, port).into(), "/").status, 200, "{host:?} at {ip}");
        }
        drop(server);
    }
}

#[test]
fn one_address_is_that_one() {
    for (address, other) in [("127.0.0.1:0", "::1"), ("[::1]:0", "127.0.0.1")] {
        let bound = Server::bind(address).expect("a port is free");
        let [own] = *bound.addresses() else { panic!("{bound:?}") };
        let other: IpAddr = other.parse().expect("an address");
        let elsewhere = TcpStream::connect((other, own.port()));
        assert!(elsewhere.is_err(), "{address} is {other} too");
    }
}

#[test]
fn localhost_is_not_somebody_elses() {
    let taken = TcpListener::bind("[::1]:0").expect("a port is free");
    let port = taken.local_addr().expect("an address").port();
    assert!(refused(&format!("localhost:{port}")).contains("in use by another process"));
}
