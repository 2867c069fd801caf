//! A server with a state that the test sets.

use hotseat::sidecar::Shared;
use hotseat::sidecar::observers::{JournalKeeper, Metrics};
use hotseat_core::lock::Token;
use hotseat_core::policy::{Source, Value};
use hotseat_core::view::{SeenHolder, Term, View};
use hotseat_election::signals::{Key, Report};
use hotseat_election::{ElectionName, Fact, Facts, Occurrence, Seats, Status, clock};
use hotseat_http::{Access, Limits, Running, Server};
use hotseat_rollout::{About, Active, Policy};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

pub struct TestServer {
    pub state: Status,
    pub metrics: Metrics,
    facts: Facts,
    pub server: Running,
}

impl TestServer {
    pub fn start() -> TestServer {
        TestServer::with(Limits::default())
    }

    pub fn with(limits: Limits) -> TestServer {
        TestServer::at("127.0.0.1:0", limits)
    }

    pub fn at(address: &str, limits: Limits) -> TestServer {
        TestServer::open_to(Access::default(), address, limits)
    }

    pub fn open_to(access: Access, address: &str, limits: Limits) -> TestServer {
        let (state, shared) = parts();
        let Shared { journal, metrics, .. } = shared.clone();
        let facts = Facts::new(state.election().clone(), clock::now);
        facts.observe_by(vec![Arc::new(metrics.clone()), Arc::new(journal)]);
        let bound = Server::bind_with(address, limits).expect("a port is free");
        let bound = bound.with_access(access);
        let server = bound.serve(state.clone(), Arc::new(shared)).expect("a thread");
        TestServer { state, metrics, facts, server }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    /// Says a fact of the election.
    pub fn say(&self, fact: Fact) {
        self.facts.say(&fact);
        // As the election's own loop does.
        let occurrence =
            Occurrence { election: self.state.election(), at: clock::now(), fact: &fact };
        self.state.history().take(occurrence, &self.state.view());
    }

    /// Shows this policy as the active one.
    pub fn show_policy(&self, active: Active) {
        self.state.change_policy(|report| report.rollout.active = Some(active));
    }

    /// Shows the lock as held by somebody else for so long.
    pub fn show_holder(&self, name: &str, left: Duration) {
        self.state.show(seen(name, left));
    }

    /// Reports a signal as the host does, until it is taken back.
    pub fn report(&self, source: Source, key: &str, value: Value) {
        let report = Report { value, at: clock::now(), ttl: None };
        let key = Key::new(source, key).expect("a key");
        self.state.signals().report(key, report).expect("room");
    }

    /// Shows this candidate as the leader for so long.
    pub fn show_own_term(&self, left: Duration) {
        self.state.show(leading(left));
    }
}

/// An election that has just started, and what it shares with others.
pub fn parts() -> (Status, Shared) {
    let name = ElectionName::new("shop", "web");
    let (beat_every, reaction) = (Duration::from_secs(2), Duration::from_millis(1500));
    let state = Status::with_reaction(name, "web-0", clock::now(), beat_every, reaction);
    let journal = JournalKeeper::default();
    let metrics = Metrics::new(vec![state.clone()], journal.clone(), clock::now());
    (state, Shared { journal, metrics, seats: Seats::default() })
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
    let seen = SeenHolder {
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

/// A policy that decides, of that name and version.
pub fn policy(name: &str, version: &str) -> Active {
    Active {
        policy: Policy { digest: "sha256:00ff".to_owned(), settings: "".into() },
        about: About {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: "client-go's timing".to_owned(),
            ..About::default()
        },
        source: "builtin".to_owned(),
        since: clock::now(),
        memory_lost: None,
        pause_micros: 0,
        broken: false,
    }
}
