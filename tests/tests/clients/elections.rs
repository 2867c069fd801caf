//! Clients of real sidecars, two in an election: what becomes of a term, and that two clients never believe
//! at a time.

use std::time::Duration;

use hotseat_tests::process::Signal;
use hotseat_tests::scene::{Api, Candidate, SOON};
use hotseat_tests::wait::until;

use super::cable::Cable;
use super::probe::Probe;

/// D + S <= L with room for the clocks.
const TIMING: [&str; 4] =
    ["--lease-duration=8s", "--renew-deadline=4s", "--retry-period=500ms", "--reaction-time=3s"];
/// S of [`TIMING`], all of it the client's.
const HOLD: Duration = Duration::from_secs(3);
/// Where no lease has to run out, a machine that stands still for some seconds costs no term.
const SLOW: [&str; 4] =
    ["--lease-duration=20s", "--renew-deadline=10s", "--retry-period=500ms", "--reaction-time=8s"];
/// S of [`SLOW`].
const SLOW_HOLD: Duration = Duration::from_secs(8);
/// S is longer than anything here may take: the seat is passed on because the application has let go.
const LONG_REACTION: [&str; 4] =
    ["--lease-duration=90s", "--renew-deadline=7s", "--retry-period=500ms", "--reaction-time=80s"];
/// Some of S of [`LONG_REACTION`]: a client that is slow once asks again before its belief is over.
const LONG_HOLD: Duration = Duration::from_secs(20);

/// How long what the application gives is to hold, in milliseconds: for that call to return on a busy machine.
const GIVEN: u64 = 8000;

/// Two candidates, each with an application. The first leads.
struct Pair {
    anna: Candidate,
    first: Probe,
    token: u64,
    second: Probe,
    /// How long both clients believe an answer.
    hold: Duration,
    // Dropped last, as all the others need it.
    ben: Candidate,
    _api: Api,
}

impl Pair {
    /// The first application reaches its sidecar by a way that is made of the sidecar's address.
    fn start(scene: &str, language: &str, way: impl FnOnce(&Candidate) -> String) -> Pair {
        Pair::with(scene, language, (&TIMING, HOLD), way)
    }

    fn with(
        scene: &str,
        language: &str,
        (timing, hold): (&[&str], Duration),
        way: impl FnOnce(&Candidate) -> String,
    ) -> Pair {
        let api = Api::embedded(&format!("{scene}-{language}")).unwrap();
        let anna = Candidate::start(&api, "anna", timing).unwrap();
        let first = Probe::client(language, &way(&anna), hold);
        let token = first.elected();
        let ben = Candidate::start(&api, "ben", timing).unwrap();
        let second = Probe::client(language, &url(&ben), hold);
        Pair { anna, first, token, second, hold, ben, _api: api }
    }

    /// The second application leads, with a larger token.
    #[track_caller]
    fn second_leads(&self) {
        let token = self.second.elected();
        assert!(token > self.token, "{token} after {}; {}", self.token, self.ben.process);
    }

    /// Closes both clients: no more than that was reported, and they never believed at the same time.
    #[track_caller]
    fn end(mut self) {
        let (told, first) = self.first.close();
        assert_eq!(told, Vec::<String>::new());
        let (_, second) = self.second.close();
        assert!(!first.is_empty() && !second.is_empty(), "{first:?} {second:?}");
        for (from, to) in &first {
            for (since, until) in &second {
                assert!(to < since || until < from, "two believe: {first:?} {second:?}");
            }
        }
    }
}

fn url(candidate: &Candidate) -> String {
    format!("http://{}", candidate.process.http_addr())
}

pub fn a_killed_sidecar(language: &str) {
    let mut pair = Pair::start("killed", language, url);
    pair.anna.kill().unwrap();
    pair.first.lost(pair.token);
    pair.second_leads();
    pair.end();
}

pub fn a_frozen_sidecar(language: &str) {
    let mut pair = Pair::start("frozen", language, url);
    pair.anna.process.signal(Signal::STOP).unwrap();
    pair.first.lost(pair.token);
    pair.second_leads();
    pair.anna.process.signal(Signal::CONT).unwrap();
    until("the first to hear who leads", SOON, || match pair.first.ask() {
        state if !state.leads && state.name == "ben" => Ok(()),
        state => Err(state),
    });
    pair.end();
}

/// It comes back when another leads, with all that its sidecar had sent in its buffers, and is asked first.
pub fn a_frozen_application(language: &str) {
    let mut pair = Pair::start("asleep", language, url);
    pair.first.signal(Signal::STOP);
    pair.anna.kill().unwrap();
    pair.second_leads();
    pair.first.send("ask");
    pair.first.signal(Signal::CONT);
    assert_eq!(pair.first.reply()["leads"], false, "{language}");
    pair.first.lost(pair.token);
    pair.end();
}

/// The sidecar goes on with the term, for nobody said that the application has let go of it. What the dead
/// one gave is not shown for longer than it was to hold, and the next one has to ask.
pub fn a_killed_application(language: &str) {
    let mut pair = Pair::with("slain", language, (&SLOW, SLOW_HOLD), url);
    for call in ["signal app.heartbeat true", "ready true"] {
        assert_eq!(pair.first.call(&format!("{call} {GIVEN}"))["event"], "done", "{language}");
    }
    assert_eq!(given(&pair.anna).len(), 2);
    pair.first.kill();
    until("the end of what the dead one gave", SOON, || {
        let left = given(&pair.anna);
        assert!(left.iter().all(|age| *age < GIVEN), "{language}: {left:?}");
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
    let leads = pair.anna.leader().unwrap();
    assert_eq!((&leads["self"], &leads["token"]), (&true.into(), &pair.token.into()), "{leads}");
    pair.first = Probe::client(language, &url(&pair.anna), pair.hold);
    assert_eq!(pair.first.elected(), pair.token, "{language}");
    pair.anna.process.signal(Signal::TERM).unwrap();
    pair.first.lost(pair.token);
    pair.second_leads();
    pair.end();
}

/// The ages of what the application gave, in milliseconds.
fn given(candidate: &Candidate) -> Vec<u64> {
    let answer = candidate.json("/v1/signals").unwrap();
    let of_application = answer["signals"].as_array().unwrap().iter();
    let of_application = of_application.filter(|signal| signal["source"] == "application");
    let aged = of_application.map(|signal| {
        assert_eq!(signal["ttl_ms"], GIVEN, "{signal}");
        signal["age_ms"].as_u64().unwrap()
    });
    aged.collect()
}

pub fn a_cut_network(language: &str) {
    let mut cable = None;
    let mut pair = Pair::start("cut", language, |anna| {
        cable.insert(Cable::to(anna.process.http_addr())).url()
    });
    cable.unwrap().cut();
    // It leads on, and gives the seat up before the application can have heard of anything. It does
    // not hear either that the application has let go, and waits S.
    assert_eq!(pair.anna.leader().unwrap()["self"], true);
    pair.anna.end();
    pair.second_leads();
    pair.first.lost(pair.token);
    assert!(!pair.first.ask().leads);
    pair.end();
}

/// The application drains and lets go, and the seat is passed on at once.
pub fn a_hand_over(language: &str) {
    let mut pair = Pair::with("hand-over", language, (&LONG_REACTION, LONG_HOLD), url);
    until("the second to hear who leads", SOON, || match pair.second.ask() {
        state if state.name == "anna" => Ok(()),
        state => Err(state),
    });
    pair.anna.process.signal(Signal::TERM).unwrap();
    assert_eq!(pair.first.told(), format!("draining {}", pair.token), "{}", pair.anna.process);
    assert_eq!(pair.first.told(), format!("lost {}", pair.token));
    pair.second_leads();
    assert!(pair.anna.process.wait_exit(SOON).success());
    pair.end();
}
