//! What somebody else wrote into the lock beside the holder, and what a policy gives as its reason.

use super::names::{FORGED, SHOWN, is_fit, no_line_is_forged};
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream, get, send_with};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};
use std::time::Duration;

/// A policy is compiled first; the machine may be busy.
const LOADED: Duration = Duration::from_secs(120);

pub fn a_request_from_outside_forges_no_line(api: &Api) {
    for format in ["text", "json"] {
        a_request_forges_no_line(api, format, "0", "the seat is not handed over as somebody asked");
        a_request_forges_no_line(api, format, "6", "stepped down: the seat is handed over");
    }
}

/// Whoever may write the Lease asks for a transfer to a forged name, and is one: the leader says so, whether it
/// refuses that or does it.
fn a_request_forges_no_line(api: &Api, format: &str, budget: &str, words: &str) {
    let flags = ["--log-format", format, "--preemptions-per-hour", budget];
    let flags = [&QUICK[..], &flags[..]].concat();
    let mut anna = Candidate::start(api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", SOON);
    let request = json!({"to": FORGED, "by": FORGED, "until": FORGED});
    annotate(api, "hotseat.dev/transfer", &request.to_string());
    let line = anna.process.wait_line(words, SOON);
    // A program reads the name as it is.
    let named = match format {
        "json" => line.text.contains("x\\nanna is the leader"),
        _ => line.text.contains(SHOWN),
    };
    assert!(named, "{line}");
    let answer = get(anna.process.listening_addr(), "/leader").unwrap().text();
    assert!(answer.lines().count() == 1 && answer.trim_end().chars().all(is_fit), "{answer:?}");
    anna.end();
    no_line_is_forged(&anna, format, &["anna"]);
    // The next one begins anew.
    api.delete_lease().unwrap();
}

fn annotate(api: &Api, key: &str, value: &str) {
    api.edit_lease(|lease| lease["metadata"]["annotations"][key] = json!(value)).unwrap();
}

/// The commands for people show all that stands on a Lease without a holder: a request and a pause with who
/// asked, and the successor that the last leader named.
pub fn what_stands_on_a_lease_forges_no_line(api: &Api) {
    let mut anna = Candidate::start(api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    anna.end();
    annotate(api, "hotseat.dev/successor", FORGED);
    let request = json!({"to": FORGED, "by": FORGED, "until": FORGED, "refused": FORGED});
    annotate(api, "hotseat.dev/transfer", &request.to_string());
    annotate(api, "hotseat.dev/pause", &json!({"by": FORGED, "since": FORGED}).to_string());
    for (command, facts) in [
        (&["status"][..], &["successor", "transfer", "paused"][..]),
        (&["lock", "show"][..], &["successor"][..]),
    ] {
        let launch = Launch::hotseat().unwrap().args(command);
        let mut shown = launch
            .args([ELECTION, "-n", api.namespace()])
            .kubeconfig(api.kubeconfig())
            .start()
            .unwrap();
        assert!(shown.wait_exit(SOON).success(), "{shown}");
        for line in shown.lines() {
            assert!(line.text.chars().all(is_fit), "{line:?}");
            assert!(!line.text.starts_with("anna"), "{line:?}");
        }
        let out = shown.output(Stream::Stdout);
        for fact in facts {
            let line = out.lines().find(|line| line.starts_with(&format!("{fact:<14} ")));
            assert!(line.is_some_and(|line| line.contains(SHOWN)), "{fact}: {out}");
        }
    }
}

/// Rules that a ConfigMap may hold, and which are quoted in the reason where the one holds and where the other
/// does not. What begins a line in them is a blank in any reason; the rest is what steers a terminal.
const RULES: &str = r#"
campaign: "'\e[2J\u009b31m\u202eanna is the leader' != '' && signal('app.go', 0.0) < 1.0"
resign: "'\e[2J\u009b31m\u202eanna is the leader' != '' && signal('app.go', 0.0) > 0.0"
rest_ms: 1000
"#;

/// As it is shown: the core has taken the control characters out.
const REASON: &str = r"resign holds: ' [2J 31m\u{202e}anna is the leader' != ''";

#[test]
fn a_reason_of_a_policy_forges_no_line() {
    let api = Api::of(Cluster::shared(), "forged-reason", Rights::Roster).unwrap();
    for format in ["text", "json"] {
        a_reason_forges_no_line(&api, format);
        api.delete_lease().unwrap();
    }
    for note in api.events().unwrap() {
        assert!(note.chars().all(is_fit), "{note:?}");
    }
}

fn a_reason_forges_no_line(api: &Api, format: &str) {
    let flags = ["--policy=builtin:rules", "--policy-settings", RULES, "--log-format", format];
    let flags = [&QUICK[..], &flags[..]].concat();
    let mut anna = Candidate::start(api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", LOADED);
    let address = anna.process.listening_addr();
    let host = address.to_string();
    let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
    let set = send_with(address, "PUT", "/v1/signals/app.go", &headers, "1.0").unwrap();
    assert_eq!(set.status, 200, "{}", set.text());
    let line = anna.process.wait_line("stepped down: the policy resigned", SOON);
    let said = match format {
        "json" => {
            let event: Value = serde_json::from_str(&line.text).unwrap();
            event["reason"].as_str().unwrap_or_default().replace('\u{202e}', r"\u{202e}")
        }
        _ => line.text.clone(),
    };
    assert!(said.contains(REASON), "{line}");
    let page = get(address, "/ui").unwrap().text();
    assert!(page.contains("31m"), "{page}");
    assert!(page.chars().all(|letter| is_fit(letter) || letter == '\n'), "{page:?}");
    let status = || {
        let mut status =
            Launch::hotseat().unwrap().args(["status", "--address", &host]).start().unwrap();
        assert!(status.wait_exit(SOON).success(), "{status}");
        status.output(Stream::Stdout)
    };
    let status = until("it to say why it does not campaign", SOON, || match status() {
        said if said.contains("campaign does not hold: ' [2J 31m") => Ok(said),
        said => Err(said),
    });
    assert!(status.chars().all(|letter| is_fit(letter) || letter == '\n'), "{status:?}");
    anna.end();
    no_line_is_forged(&anna, format, &["anna"]);
}
