//! Signals in real elections: an application that falls silent, a program that is probed and goes
//! away, and a flood.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hotseat_tests::guests;
use hotseat_tests::process::{Launch, Stream, send};
use hotseat_tests::scene::{Api, Candidate, Candidates, PATIENT, SOON};
use hotseat_tests::wait::until;
use serde_json::Value;

/// Two policies are compiled before a candidate campaigns.
const LOADED: Duration = Duration::from_secs(120);
const HEARTBEAT: &str = "/v1/signals/app.heartbeat";
/// How old a heartbeat may be, in milliseconds: far more than the tests' applications let pass.
const FRESH: u64 = 4000;

fn policy() -> String {
    format!("--policy=file:{}", guests::file("app-heartbeat").unwrap().display())
}

/// An application that reports its heartbeat all the while, until it is dropped.
struct Application {
    stop: Option<Sender<()>>,
    /// Gives the moment before the last heartbeat that was answered.
    thread: Option<JoinHandle<Option<Instant>>>,
}

impl Application {
    fn beside(candidate: &Candidate, path: &str) -> Application {
        let (address, path) = (candidate.process.http_addr(), path.to_owned());
        let (stop, stopped) = channel::<()>();
        let thread = thread::spawn(move || {
            let mut heard = None;
            while stopped.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout)
            {
                let before = Instant::now();
                // It may be gone; then nobody misses the heartbeat.
                if send(address, "PUT", &path, "ok").is_ok() {
                    heard = Some(before);
                }
            }
            heard
        });
        Application { stop: Some(stop), thread: Some(thread) }
    }

    /// Falls silent. The last heartbeat that was answered began at that moment.
    fn fall_silent(&mut self) -> Option<Instant> {
        drop(self.stop.take());
        self.thread.take().and_then(|thread| thread.join().unwrap())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.fall_silent();
    }
}

#[test]
fn a_leader_whose_application_falls_silent_hands_over() {
    let api = Api::embedded("silent").unwrap();
    let policy = policy();
    let settings = format!(
        "--policy-settings={{\"fresh_ms\": {FRESH}, \"grace_ms\": 0, \"backoff_ms\": 60000}}"
    );
    let flags = [&PATIENT[..], &[&policy, &settings]].concat();
    let crew = Candidates::with_patience(&api, &["anna", "ben"], &flags, LOADED).unwrap();
    let mut applications: BTreeMap<&str, Application> = BTreeMap::new();
    for member in crew.members() {
        applications.insert(member.name(), Application::beside(member, HEARTBEAT));
    }
    let first = crew.leader();
    // It leads on, at the operator's pace.
    let leader = crew.member(&first.name);
    let renewals = leader.metric("hotseat_renewals_total").unwrap();
    until("five renewals", SOON, || match leader.metric("hotseat_renewals_total").unwrap() {
        more if more >= renewals + 5.0 => Ok(more),
        few => Err(few),
    });
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());

    let heard = applications.remove(&*first.name).unwrap().fall_silent().unwrap();
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name, "{}", crew.logs());
    let gone = heard.elapsed();
    assert!(gone >= Duration::from_millis(FRESH), "{gone:?}: before the heartbeat was too old");
    let line = leader.process.wait_line("stepped down: the policy resigned", SOON);
    let why = line.text.split_once("no heartbeat for ").expect(&line.text).1;
    let (age, why) = why.split_once(" ms: ").expect(&line.text);
    assert!(age.parse::<u64>().unwrap() > FRESH, "{line}");
    assert!(why.contains(&format!("app.heartbeat may be {FRESH} ms old")), "{line}");
    let shown = leader.json("/v1/policy").unwrap();
    assert_eq!(shown["active"]["name"], "app-heartbeat", "{shown}");
    assert_eq!(shown["failures_in_a_row"], 0, "{shown}");

    // With no application that is well, nobody leads, and nobody fails.
    applications.clear();
    let nobody = || {
        let names = crew.members().iter().map(|member| member.leader().unwrap()["name"].clone());
        let names: Vec<Value> = names.collect();
        if names.iter().all(|name| *name == "") { Ok(()) } else { Err(names) }
    };
    until("an empty seat", SOON, nobody);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
    crew.finish();
}

#[test]
fn a_signal_past_its_ttl_is_gone_for_the_policy_too() {
    let api = Api::embedded("ttl").unwrap();
    let policy = policy();
    let settings = r#"--policy-settings={"fresh_ms": 3600000, "grace_ms": 0}"#;
    let flags = [&PATIENT[..], &[&policy, settings]].concat();
    let crew = Candidates::with_patience(&api, &["anna"], &flags, LOADED).unwrap();
    let anna = crew.member("anna");
    let application = Application::beside(anna, &format!("{HEARTBEAT}?ttl=4s"));
    let first = crew.leader();
    assert_eq!(first.name, "anna");
    drop(application);
    let line = anna.process.wait_line("stepped down: the policy resigned", SOON);
    assert!(line.text.contains("app.heartbeat is gone"), "{line}");
    assert_eq!(anna.json("/v1/signals").unwrap()["signals"], Value::Array(vec![]));
    crew.finish();
}

/// A web server that answers every request with 200, until it is dropped.
struct Web {
    address: SocketAddr,
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    fn start() -> Web {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = channel::<()>();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
                let Ok((mut stream, _)) = listener.accept() else { continue };
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(SOON)).unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        Web { address, stop, thread: Some(thread) }
    }

    fn end(mut self) {
        let Web { stop, thread, .. } = &mut self;
        *stop = channel().0;
        thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn a_leader_whose_program_goes_away_hands_over() {
    let api = Api::embedded("probe").unwrap();
    let policy = policy();
    let settings = r#"--policy-settings={"signal": "probe.web", "grace_ms": 0}"#;
    let flags = [&PATIENT[..], &[&policy, settings]].concat();
    let mut crew = Candidates::with_patience(&api, &[], &flags, LOADED).unwrap();
    let mut webs = Vec::new();
    for name in ["anna", "ben"] {
        let web = Web::start();
        let probe = format!("--probe=web=http://{}/,interval=100ms,rise=2,fall=2", web.address);
        crew.add_with(name, &[&probe]).unwrap();
        webs.push((name, web));
    }
    let first = crew.leader();
    let leader = crew.member(&first.name);
    assert_eq!(leader.metric("hotseat_probe_up{probe=\"web\"}").unwrap(), 1.0);
    let shown = leader.json("/v1/signals").unwrap();
    assert_eq!(shown["signals"][0]["key"], "probe.web", "{shown}");
    assert_eq!(shown["signals"][0]["value"], true, "{shown}");
    assert_eq!(shown["signals"][0]["source"], "probe", "{shown}");
    // The program next to the leader cannot be made up by anybody: what an application says of the
    // same key is a signal of its own, and the policy goes by the probe's.
    let answer = send(leader.process.http_addr(), "PUT", "/v1/signals/probe.web", "fine").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let shown = leader.json("/v1/signals").unwrap();
    assert_eq!(shown["signals"][1]["source"], "application", "{shown}");

    let index = webs.iter().position(|(name, _)| *name == first.name).unwrap();
    webs.remove(index).1.end();
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name, "{}", crew.logs());
    let line = leader.process.wait_line("stepped down: the policy resigned", SOON);
    assert!(line.text.contains("probe.web says no"), "{line}");
    leader.process.wait_line("the probe's target is down", SOON);
    assert_eq!(leader.metric("hotseat_probe_up{probe=\"web\"}").unwrap(), 0.0);
    crew.finish();
}

#[test]
fn a_flood_of_signals_costs_no_renewal_and_few_decisions() {
    let api = Api::embedded("flood").unwrap();
    let crew = Candidates::with_patience(&api, &["anna"], &PATIENT, LOADED).unwrap();
    let anna = crew.member("anna");
    anna.process.wait_line("the policy is active", LOADED);
    let first = crew.leader();
    let address = anna.process.http_addr();
    let decisions = || -> f64 {
        let by =
            |by| anna.metric(&format!("hotseat_policy_decisions_total{{by=\"{by}\"}}")).unwrap();
        by("policy") + by("rule")
    };
    let renewals = || anna.metric("hotseat_renewals_total").unwrap();
    let (before, renewed, begin) = (decisions(), renewals(), Instant::now());
    let flooding: Vec<JoinHandle<u32>> = (0..4)
        .map(|thread| {
            thread::spawn(move || {
                let mut sent = 0;
                while begin.elapsed() < Duration::from_secs(5) {
                    let path = format!("/v1/signals/app.flood-{thread}");
                    let answer = send(address, "PUT", &path, &format!("{sent}"));
                    assert_eq!(answer.unwrap().status, 200);
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    let sent: u32 = flooding.into_iter().map(|thread| thread.join().unwrap()).sum();
    let (made, renewed) = (decisions() - before, renewals() - renewed);
    let time = begin.elapsed().as_secs_f64();
    assert!(sent > 200, "{sent} are not a flood");
    // Ten in a second because of signals, and two for each renewal, every half second.
    assert!(made <= time * 10.0 + time * 4.0 + 5.0, "{made} decisions in {time} s for {sent}");
    assert!(made >= time * 2.0, "{made} decisions in {time} s for {sent}");
    // Half of those that the pace asks for: it would be none, if they waited for the flood's end.
    assert!(renewed >= time, "{renewed} renewals in {time} s for {sent}");
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert!(!anna.log().contains("stepped down"), "{}", anna.log());
    crew.finish();
}

#[test]
fn what_is_no_probe_is_refused_in_one_line() {
    for (given, status, words) in [
        (&["web=https://127.0.0.1/"][..], 2, &["--probe", "https is not probed"][..]),
        (&["web"], 2, &["web: no probe: give NAME=http://HOST:PORT/PATH"]),
        (&["web=tcp://h:1,rise=0"], 2, &["rise=0: give a number from 1 to 100"]),
        (&["a=tcp://h:1", "a=tcp://h:2"], 1, &["--probe: probe.a is given twice"]),
    ] {
        let mut launch = Launch::hotseat().unwrap().args(["--election=refused", "--http="]);
        for probe in given {
            launch = launch.args(["--probe", probe]);
        }
        let mut process = launch.start().unwrap();
        assert_eq!(process.wait_exit(SOON).code(), Some(status), "{process}");
        let said = process.output(Stream::Stderr);
        assert_eq!(said.lines().count(), 1, "{said}");
        for word in words {
            assert!(said.contains(word), "no {word:?} in {said}");
        }
    }
    let launch = Launch::hotseat().unwrap().args(["--election=refused", "--http="]);
    let mut process = launch.env("HOTSEAT_PROBE", "a=tcp://h:1,b=udp://h:2").start().unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(2), "{process}");
}
