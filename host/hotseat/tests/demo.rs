//! The demonstration as a user starts it, with real candidates.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// For whatever should come at once, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(60);

/// A running `hotseat demo`; killed when it is dropped.
struct Demo {
    child: Child,
    lines: Receiver<String>,
}

impl Demo {
    fn start(arguments: &[&str]) -> Demo {
        Demo::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Demo {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hotseat"))
            .arg("demo")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A test that does not look any more ends the pipe.
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Demo { child, lines }
    }

    /// The next line of its standard output with that text in it.
    fn line_with(&self, text: &str) -> String {
        let deadline = Instant::now() + SOON;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line with {text:?} ({error}), but {seen:?}"),
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Its exit status and what it wrote on stderr.
    fn end(&mut self, within: Duration) -> (ExitStatus, String) {
        let status = until("the demonstration's end", within, || self.child.try_wait().unwrap());
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status, text)
    }

    /// How many candidates campaign in its election. One that is about to start another process
    /// is there twice for a moment, under one command line.
    fn candidates(&self) -> usize {
        let mark = format!("--election=demo-{}\0", self.child.id());
        let folders = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let lines = folders.filter_map(|f| fs::read_to_string(f.path().join("cmdline")).ok());
        lines.filter(|line| line.contains(&mark)).collect::<BTreeSet<_>>().len()
    }

    fn leaves_nobody_behind(&self) {
        until("the candidates' end", SOON, || (self.candidates() == 0).then_some(()));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again, until there is a value or the time is over.
fn until<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn half_a_minute_of_elections_as_json() {
    // Some more, as what comes late on a busy machine makes late all that follows.
    let mut demo = Demo::start(&["--for", "45s", "--output", "json", "--port", "0"]);
    until("three candidates", SOON, || (demo.candidates() == 3).then_some(()));
    let (status, errors) = demo.end(Duration::from_secs(120));
    let lines: Vec<String> = demo.lines.iter().collect();
    assert!(status.success(), "{status}: {errors}{lines:?}");
    assert_eq!(errors, "");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let outcome: Value = serde_json::from_str(&lines[0]).unwrap();

    assert_eq!(outcome["candidates"], 3);
    assert_eq!(outcome["overlap_ms"], 0);
    let elections = outcome["elections"].as_array().unwrap();
    let causes: Vec<&str> = elections.iter().filter_map(|e| e["cause"].as_str()).collect();
    // The next round may have begun.
    assert!(causes.starts_with(&["start", "killed", "released", "silenced"]), "{outcome}");
    let gaps: Vec<u64> = elections.iter().filter_map(|e| e["gap_ms"].as_u64()).collect();
    // The lease is 4 s and renewed every 0.6 s, and the leader dies somewhere between.
    assert!(gaps[1] >= 3_000, "{outcome}");
    // Nobody waits for the lease of a leader that gives the seat up.
    assert!(gaps[2] < 3_000 && gaps[3] < 3_000, "{outcome}");
    let leaders: Vec<&str> = elections.iter().filter_map(|e| e["leader"].as_str()).collect();
    assert!(leaders.windows(2).all(|pair| pair[0] != pair[1]), "{outcome}");
    assert!(leaders.iter().all(|name| ["anna", "ben", "cleo"].contains(name)), "{outcome}");
    // The policy was swapped in three running candidates while one of them led.
    let swaps = outcome["swaps"].as_array().unwrap();
    assert!((1..=2).contains(&swaps.len()), "{outcome}");
    for swap in swaps {
        assert!(swap["digest"].as_str().unwrap().starts_with("sha256:"), "{outcome}");
        assert!(swap["ms"].as_u64().unwrap() < 30_000, "{outcome}");
        // None, where the machine does not stand still for a third of a second.
        assert!(swap["missed_heartbeats"].as_u64().unwrap() <= 2, "{outcome}");
    }
    // Some 23 s with a leader at least.
    assert!(outcome["heartbeats"].as_u64().unwrap() >= 20, "{outcome}");
    assert!(outcome["api_requests"].as_u64() > outcome["heartbeats"].as_u64(), "{outcome}");
    demo.leaves_nobody_behind();
}

#[test]
fn a_polite_end_prints_the_summary_and_leaves_nobody_behind() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut demo = Demo::start(&["--port", "0"]);
        assert!(demo.line_with("start").starts_with("00:00  anna, ben and cleo start"));
        demo.line_with("leads after");
        assert_eq!(demo.candidates(), 3);
        demo.signal(signal);
        let (status, errors) = demo.end(SOON);
        assert!(status.success(), "{status}: {errors}");
        demo.line_with("1 election, never two leaders at a time");
        demo.leaves_nobody_behind();
    }
}

/// An answer to one request, head and body.
fn ask(host: &str, method: &str, path: &str) -> String {
    let port = host.rsplit_once(':').unwrap().1;
    ask_at(port, method, path, &format!("Host: {host}"))
}

fn ask_at(port: &str, method: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_person_takes_the_place_of_the_script_by_a_page_that_only_the_demonstration_has() {
    let demo = Demo::start(&["--port", "0"]);
    let line = demo.line_with("the page is http://localhost:");
    let (_, host) = line.split_once("http://").unwrap();
    let host = host.strip_suffix("/ui").unwrap();
    let first = demo.line_with("leads after");
    let leader = first.split_whitespace().nth(1).unwrap();
    let page = ask(host, "GET", "/ui");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(!page.contains("<form"), "{page}");
    let (_, link) = page.split_once("<a href=\"http://127.0.0.1:").unwrap();
    let (port, root) = link.split_once('"').unwrap().0.split_once('/').unwrap();
    let (own, root) = (format!("127.0.0.1:{port}"), format!("/{root}"));
    assert_eq!(root.len(), 34, "128 random bits: {root}");
    // A sidecar takes none of what follows.
    for path in ["/kill/anna".to_owned(), format!("{root}kill/anna")] {
        let answer = ask(host, "POST", &path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }

    let press = |action: &str| {
        let answer = ask(&own, "POST", &format!("{root}{action}"));
        assert!(answer.starts_with("HTTP/1.1 303 See Other\r\n"), "{action}: {answer}");
        assert!(answer.contains(&format!("location: {root}\r\n")), "{action}: {answer}");
    };
    press(&format!("kill/{leader}"));
    demo.line_with(&format!("{leader} is killed without warning"));
    let second = demo.line_with("leads after");
    let second = second.split_whitespace().nth(1).unwrap();
    assert_ne!(second, leader);
    press(&format!("start/{leader}"));
    demo.line_with(&format!("{leader} is started again"));
    // It believes until its deadline, and another one leads when its lease is over.
    press(&format!("cut-off/{second}"));
    demo.line_with(&format!("{second} is cut off from the API server"));
    let third = demo.line_with("leads after");
    assert_ne!(third.split_whitespace().nth(1).unwrap(), second);
    press(&format!("connect/{second}"));
    press(&format!("silence/{second}"));
    press("swap/app-heartbeat");
    demo.line_with("it decides in all candidates after");
    let shown = ask(&own, "GET", &root);
    assert!(shown.contains("The script rests") && shown.contains("app-heartbeat"), "{shown}");
    assert!(shown.contains("its application is silent"), "{shown}");
    press("play-on");
    demo.line_with("the script plays on");
    demo.line_with("is killed without warning");

    // Nobody who does not know the address, and no other page of a browser.
    let elsewhere = format!("Host: {own}\r\nOrigin: http://evil.example");
    for (path, headers, status) in [
        ("/kill/anna".to_owned(), format!("Host: {own}"), 404),
        (format!("{root}kill/anna"), "Host: evil.example".to_owned(), 403),
        (format!("{root}kill/anna"), elsewhere, 403),
        (format!("{root}kill/dora"), format!("Host: {own}"), 404),
    ] {
        let answer = ask_at(port, "POST", &path, &headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {headers}: {answer}");
    }
    let answer = ask(&own, "GET", &format!("{root}kill/anna"));
    assert!(answer.starts_with("HTTP/1.1 404 "), "a look must not kill: {answer}");
    demo.signal(Signal::TERM);
    demo.leaves_nobody_behind();
}

#[test]
fn candidates_do_not_outlive_a_demonstration_that_is_killed() {
    let mut demo = Demo::start(&["--port", "0"]);
    demo.line_with("leads after");
    assert_eq!(demo.candidates(), 3);
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    demo.leaves_nobody_behind();
}

#[test]
fn a_reader_that_goes_away_ends_the_demonstration() {
    let mut demo = Demo::start(&["--port", "0"]);
    demo.line_with("start");
    // The reading thread ends at the next line, and the pipe with it.
    demo.lines = channel().1;
    let (status, errors) = demo.end(SOON);
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("standard output"), "{errors}");
    demo.leaves_nobody_behind();
}

#[test]
fn a_port_in_use_is_named_before_anybody_starts() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut demo = Demo::start(&["--port", &port]);
    let (status, errors) = demo.end(SOON);
    assert_eq!(status.code(), Some(1), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains(&format!("port {port}: in use by another process")), "{errors}");
    assert!(errors.contains("--port"), "{errors}");
    assert_eq!(demo.lines.iter().count(), 0);
}

#[test]
fn a_candidate_that_ends_by_itself_ends_the_demonstration() {
    let mut demo =
        Demo::start_with(&["--port", "0", "--output", "json"], &[("HOTSEAT_BIN", "/bin/ls")]);
    let (status, errors) = demo.end(SOON);
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("ended by itself: exit status: 2"), "{errors}");
    // What it said of it.
    assert!(errors.contains("unrecognized option"), "{errors}");
}

#[test]
fn a_time_too_short_for_an_election_is_a_failure() {
    let mut demo = Demo::start(&["--port", "0", "--for", "1ms", "--output", "json"]);
    let (status, errors) = demo.end(SOON);
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("nobody led within") && errors.contains("--for"), "{errors}");
    assert!(demo.line_with("elections").contains(r#""elections":[]"#));
}

#[test]
fn a_candidate_whose_parent_is_gone_does_not_begin() {
    let output = Command::new(env!("CARGO_BIN_EXE_hotseat"))
        .args(["--election=demo", "--http=127.0.0.1:0"])
        .env("HOTSEAT_DIE_WITH_PARENT", "1000000000")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("cannot end with that process"), "{errors}");
}

#[test]
fn a_policy_of_ones_own_decides_in_all_candidates() {
    let settings = r#"{"campaign": "identity == 'cleo'"}"#;
    let mut demo =
        Demo::start(&["--port", "0", "--policy", "builtin:rules", "--settings", settings]);
    // Anybody else would be the first as easily.
    demo.line_with("cleo leads after");
    demo.signal(Signal::INT);
    let (status, errors) = demo.end(SOON);
    assert!(status.success(), "{status}: {errors}");
    demo.line_with("1 election, never two leaders at a time");
    demo.leaves_nobody_behind();
}

/// It may be what the policy is for.
#[test]
fn that_nobody_leads_by_a_policy_of_ones_own_is_no_failure() {
    let own = ["--policy", "builtin", "--port", "0", "--for", "1ms", "--output", "json"];
    let mut demo = Demo::start(&own);
    let (status, errors) = demo.end(SOON);
    assert!(status.success(), "{status}: {errors}");
    assert!(demo.line_with("elections").contains(r#""elections":[]"#));
}

#[test]
fn a_policy_of_ones_own_that_does_not_load_is_refused_before_anybody_starts() {
    for (own, reason) in [
        (["--policy=/no/such.wasm", "--settings={}"], "--policy /no/such.wasm: stage read: "),
        (["--policy=builtin:rules", "--settings={\"campain\": true}"], "did you mean campaign?"),
        (["--settings={}", "--port=0"], "--policy"),
    ] {
        let mut demo = Demo::start(&own);
        let (status, errors) = demo.end(SOON);
        assert!(!status.success(), "{errors}");
        assert!(errors.contains(reason) && errors.lines().count() == 1, "{errors}");
        assert_eq!(demo.lines.iter().count(), 0);
    }
}
