//! Many clients at once, and the end of all of them.

use crate::client::{Client, PATIENCE, get};
use crate::site::TestServer;
use hotseat_http::{Limits, Server};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Polls until it is true, and says what was awaited if it never is.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::yield_now();
    }
}

/// How many connections the server counts.
pub fn open_connections(site: &TestServer) -> usize {
    let text = site.metrics.render(hotseat_election::clock::now()).expect("it renders");
    let line = text.lines().find_map(|line| line.strip_prefix("hotseat_http_connections "));
    line.expect("the gauge").parse().expect("a number")
}

#[test]
fn the_longest_idle_connection_makes_room() {
    let site = TestServer::with(Limits { connections: 3, ..Limits::default() });
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(site.address())).collect();
    for client in &mut clients {
        assert_eq!(client.ask("GET", "/").status, 200);
    }
    // The first is used again, so the second is the longest idle.
    assert_eq!(clients[0].ask("GET", "/").status, 200);
    let mut newcomer = Client::connect(site.address());
    assert_eq!(newcomer.ask("GET", "/").status, 200);
    assert_eq!(clients.remove(1).until_closed(), b"");
    for client in &mut clients {
        assert_eq!(client.ask("GET", "/").status, 200, "the others stay");
    }
    assert_eq!(newcomer.ask("GET", "/").status, 200);
}

#[test]
fn crowds_that_send_nothing_or_half_do_not_lock_a_probe_out() {
    let hour = Duration::from_secs(3600);
    let limits =
        Limits { connections: 64, request_time: hour, idle_time: hour, ..Limits::default() };
    let site = TestServer::with(limits);
    let silent: Vec<Client> = (0..80).map(|_| Client::connect(site.address())).collect();
    // All places are taken, and none would come free within the hour.
    assert_eq!(get(site.address(), "/healthz").status, 200);
    let begun = |_| {
        let mut client = Client::connect(site.address());
        client.send("GET / HTTP/1.1\r\n");
        client
    };
    let halves: Vec<Client> = (0..80).map(begun).collect();
    assert_eq!(get(site.address(), "/healthz").status, 200);
    assert!(open_connections(&site) <= 64);
    drop((silent, halves));
    until("all places are free again", || open_connections(&site) == 0);
}

#[test]
fn a_place_is_free_when_the_client_goes() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    assert_eq!(client.ask("GET", "/").status, 200);
    assert_eq!(open_connections(&site), 1);
    drop(client);
    until("the place is free again", || open_connections(&site) == 0);
}

#[test]
fn a_client_that_does_not_close_its_side_has_no_place() {
    let hour = Duration::from_secs(3600);
    let limits = Limits::default();
    let site = TestServer::with(Limits {
        request_time: hour,
        idle_time: hour,
        write_time: hour,
        ..limits
    });
    let mut client = Client::connect(site.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.receive("GET").status, 200);
    until("the place is free again", || open_connections(&site) == 0);
}

fn is_listening(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

#[test]
fn a_stop_lets_the_request_under_way_finish() {
    let site = TestServer::start();
    let address = site.address();
    let mut busy = Client::connect(address);
    busy.send("GET / HTTP/1.1\r\nHo");
    let mut idle = Client::connect(address);
    assert_eq!(idle.ask("GET", "/").status, 200);
    let stopping = std::thread::spawn(move || site.server.stop(PATIENCE));
    until("the server accepts no more", || !is_listening(address));
    assert_eq!(idle.until_closed(), b"");
    assert!(!stopping.is_finished(), "it did not wait for the request");
    busy.send("st: a\r\n\r\n");
    let answer = busy.receive("GET");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    busy.until_closed();
    stopping.join().expect("it stopped");
}

#[test]
fn a_stop_waits_for_nobody_but_that() {
    // An address that no other test uses, so that the port stays free afterwards.
    let TestServer { server, .. } = TestServer::at("127.0.0.77:0", Limits::default());
    let address = server.addresses()[0];
    let silent = Client::connect(address);
    let mut idle = Client::connect(address);
    assert_eq!(idle.ask("GET", "/").status, 200);
    let begin = Instant::now();
    server.stop(10 * PATIENCE);
    assert!(begin.elapsed() < PATIENCE, "it took {:?}", begin.elapsed());
    assert_eq!((silent.until_closed(), idle.until_closed()), (vec![], vec![]));
    drop(Server::bind(&address.to_string()).expect("the port is free again"));
}

#[test]
fn a_stop_ends_after_its_grace() {
    let site = TestServer::start();
    let mut busy = Client::connect(site.address());
    busy.send("GET / HTTP/1.1\r\nHo");
    let mut other = Client::connect(site.address());
    assert_eq!(other.ask("GET", "/").status, 200);
    let (begin, grace) = (Instant::now(), Duration::from_millis(200));
    site.server.stop(grace);
    assert!(begin.elapsed() >= grace && begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    assert_eq!(busy.until_closed(), b"");
}
