//! The applications in `examples/apps`, each with a sidecar of its own, and what docs/clients.md shows of
//! them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hotseat_tests::demo::{Demo, Shown};
use hotseat_tests::process::{Signal, get};
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;

use super::probe::{command, start};

const LEADS: &str = "leads with the token ";
const LET_GO: &str = "has let go of ";

pub fn the_example_works(language: &str) {
    let api = Api::embedded(&format!("example-{language}")).unwrap();
    let anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    let example = Example::beside(language, anna.process.http_addr());
    let token: u64 = example.line(LEADS).parse().unwrap();
    until("a heartbeat", SOON, || {
        let signals = anna.json("/v1/signals").unwrap()["signals"].to_string();
        if signals.contains("app.heartbeat") { Ok(()) } else { Err(signals) }
    });
    if language == "node" {
        let address = format!("127.0.0.1:{}", example.line("listens on ")).parse().unwrap();
        assert_eq!(get(address, "/").unwrap().text(), "Master is anna");
    }
    drop(anna);
    assert_eq!(example.line(LET_GO), token.to_string());
}

/// Beside each candidate of a demonstration one. A pod that dies takes its application with it.
pub fn the_example_leads_in_the_demonstration(language: &str) {
    let mut demo = Demo::start().unwrap();
    let mut pods: Vec<(String, Example)> = Vec::new();
    for Shown { name, address } in demo.candidates().unwrap() {
        pods.push((name, Example::beside(language, address)));
    }
    let (first, token) = only_leader(&pods);
    let (name, dead) = pods.remove(first);
    demo.press(&format!("kill/{name}")).unwrap();
    drop(dead);
    let (second, next) = only_leader(&pods);
    assert!(next > token, "{next} after {token}");
    // An application that outlives its sidecar lets go of the seat by itself.
    let (name, orphan) = pods.remove(second);
    demo.press(&format!("kill/{name}")).unwrap();
    orphan.line(&format!("{LET_GO}{next}"));
    let (_, last) = only_leader(&pods);
    assert!(last > next, "{last} after {next}");
    demo.process.signal(Signal::TERM).unwrap();
    demo.process.wait_line("never two leaders at a time", SOON);
}

/// The one of them that says that it leads, by its place, and the token.
#[track_caller]
fn only_leader(pods: &[(String, Example)]) -> (usize, u64) {
    let leading = || -> Vec<(usize, u64)> {
        let one =
            |(place, (_, example)): (usize, &(String, Example))| Some((place, example.leads()?));
        pods.iter().enumerate().filter_map(one).collect()
    };
    until("one application to lead", SOON, || match leading().as_slice() {
        [one] => Ok(*one),
        // What one says may come late: that two never lead at a time, the demonstration says at its end.
        others => Err(format!("{others:?}")),
    })
}

/// A running example; it is killed on drop.
#[derive(Debug)]
struct Example {
    language: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Example {
    /// Starts one beside the sidecar at that address.
    fn beside(language: &str, sidecar: SocketAddr) -> Example {
        let url = format!("http://{sidecar}");
        // The web server wants a port too: any.
        let port = if language == "node" { Some("0") } else { None };
        let arguments: Vec<&str> = [url.as_str()].into_iter().chain(port).collect();
        let mut child = start(&command(&format!("example-{language}")), &arguments);
        let lines = Arc::new(Mutex::new(Vec::<String>::new()));
        let (read, output) = (Arc::clone(&lines), child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                read.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Example { language: language.to_owned(), child, lines }
    }

    fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What follows in the line that begins so, once there is one.
    #[track_caller]
    fn line(&self, begin: &str) -> String {
        until(&format!("the example in {} to say: {begin}", self.language), SOON, || {
            let lines = self.said();
            let found = lines.iter().find_map(|line| line.strip_prefix(begin));
            found.map(|rest| rest.trim().to_owned()).ok_or(lines)
        })
    }

    /// The token of the term that it began last, if it has not let go of it.
    fn leads(&self) -> Option<u64> {
        let lines = self.said();
        let began = lines.iter().rposition(|line| line.starts_with(LEADS))?;
        let over = lines[began..].iter().any(|line| line.starts_with(LET_GO));
        (!over).then(|| lines[began][LEADS.len()..].trim().parse().unwrap())
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every line of code in docs/clients.md is from an example that is run above.
#[test]
fn what_the_page_shows_is_run() {
    let page = fs::read_to_string(root().join("docs/clients.md")).unwrap();
    let mut shown = 0;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, code) = block.split_once('\n').unwrap();
        let file = match language {
            "python" => "python/worker.py",
            "go" => "go/main.go",
            "js" => "node/server.js",
            "java" => "java/Worker.java",
            "rust" => "rust/src/main.rs",
            _ => continue,
        };
        let source = fs::read_to_string(root().join("examples/apps").join(file)).unwrap();
        let lines = |text: &str| -> String {
            text.lines().map(|line| line.trim().to_owned() + "\n").collect()
        };
        assert!(lines(&source).contains(&lines(code)), "{file} does not have:\n{code}");
        shown += 1;
    }
    assert_eq!(shown, 5);
}
