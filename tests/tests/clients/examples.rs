//! The applications in `examples/apps`, each with a sidecar of its own, and what docs/clients.md shows of
//! them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hotseat_tests::process::get;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;

use super::probe::{command, start};

pub fn the_example_works(language: &str) {
    let api = Api::embedded(&format!("example-{language}")).unwrap();
    let anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    let url = format!("http://{}", anna.process.http_addr());
    // The web server wants a port too: any.
    let arguments = if language == "node" { vec![url.as_str(), "0"] } else { vec![url.as_str()] };
    let mut child = start(&command(&format!("example-{language}")), &arguments);
    let lines = Arc::new(Mutex::new(Vec::<String>::new()));
    let (read, output) = (Arc::clone(&lines), child.stdout.take().unwrap());
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            read.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
    let line = |start: &str| {
        until(&format!("the example in {language} to say: {start}"), SOON, || {
            let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let found = lines.iter().find_map(|line| line.strip_prefix(start));
            found.map(str::to_owned).ok_or(lines)
        })
    };
    let token: u64 = line("leads with the token ").trim().parse().unwrap();
    until("a heartbeat", SOON, || {
        let signals = anna.json("/v1/signals").unwrap()["signals"].to_string();
        if signals.contains("app.heartbeat") { Ok(()) } else { Err(signals) }
    });
    if language == "node" {
        let address = format!("127.0.0.1:{}", line("listens on ")).parse().unwrap();
        assert_eq!(get(address, "/").unwrap().text(), "Master is anna");
    }
    drop(anna);
    assert_eq!(line("has let go of ").trim(), token.to_string());
    child.kill().unwrap();
    child.wait().unwrap();
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
