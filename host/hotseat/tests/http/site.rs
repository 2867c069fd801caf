//! A server with a state that the test sets.

use hotseat::clock;
use hotseat::http::{Access, Limits, Running, Server};
use hotseat::metrics::Metrics;
use hotseat::state::State;
use hotseat_core::lock::Token;
use hotseat_core::view::{Sighting, Term, View};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

pub struct Site {
    pub state: State,
    pub metrics: Metrics,
    pub server: Running,
}

impl Site {
    pub fn start() -> Site {
        Site::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Site {
        Site::at("127.0.0.1:0", limits)
    }

    pub fn at(address: &str, limits: Limits) -> Site {
        Site::open_to(Access::default(), address, limits)
    }

    pub fn open_to(access: Access, address: &str, limits: Limits) -> Site {
        let state = State::new("shop", "web", "web-0", clock::now(), Duration::from_secs(2));
        let metrics = Metrics::new(state.clone());
        let bound = Server::bind_with(address, limits).expect("a port is free");
        let bound = bound.with_access(access);
        let server = bound.serve(state.clone(), metrics.clone()).expect("a thread");
        Site { state, metrics, server }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    /// Shows the lock as held by somebody else for so long.
    pub fn show_holder(&self, name: &str, left: Duration) {
        self.state.show(seen(name, left));
    }

    /// Shows this candidate as the leader for so long.
    pub fn show_own_term(&self, left: Duration) {
        self.state.show(leading(left));
    }
}

/// An address of this machine that is not a loopback one. Nothing is sent to find it.
pub fn own_address() -> IpAddr {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).expect("a socket");
    let found = socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr());
    match found.map(|address| address.ip()) {
        Ok(ip) if !ip.is_loopback() && !ip.is_unspecified() => ip,
        other => panic!(
            "this machine has no address but loopback ones ({other:?}): the test needs a network interface"
        ),
    }
}

pub fn seen(name: &str, left: Duration) -> View {
    let now = clock::now();
    let seen = Sighting {
        holder: Some(name.to_owned()),
        foreign: true,
        transitions: 7,
        since: now,
        heard: now,
        until: now + left,
    };
    View { identity: "web-0".to_owned(), seen: Some(seen), ..View::default() }
}

pub fn leading(left: Duration) -> View {
    let mut view = seen("web-0", left);
    if let Some(seen) = &mut view.seen {
        seen.foreign = false;
    }
    let now = clock::now();
    view.term = Some(Term {
        token: Token(4711),
        uid: "b1946ac9".to_owned(),
        transitions: 8,
        since: now,
        until: now + left,
    });
    view
}
