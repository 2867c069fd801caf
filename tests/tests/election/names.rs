//! Names that somebody else wrote into the lock.

use hotseat_tests::process::{Line, Stream, get};
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use serde_json::{Value, json};

/// What a neighbour with the right to write the Lease may call itself: a line of its own that says
/// that the candidate leads, and orders to the terminal, in both of their forms.
pub(super) const FORGED: &str = "x\nanna is the leader\r\u{1b}[2J\u{9b}31m\u{202e}";
/// How people see it.
pub(super) const SHOWN: &str = r"x\nanna is the leader\r\u{1b}[2J\u{9b}31m\u{202e}";

pub fn a_name_from_outside_forges_no_line(api: &Api) {
    for format in ["text", "json"] {
        forges_no_line(api, format);
        // The next one begins anew.
        api.delete_lease().unwrap();
    }
}

fn forges_no_line(api: &Api, format: &str) {
    let flags = [QUICK[0], QUICK[1], QUICK[2], "--log-format", format];
    let mut candidate = Candidate::start(api, "anna", &flags).unwrap();
    candidate.process.wait_line("became leader", SOON);
    api.edit_lease(|lease| {
        lease["spec"]["holderIdentity"] = json!(FORGED);
        lease["spec"]["leaseDurationSeconds"] = json!(3600);
    })
    .unwrap();
    // A line of text for people, and of JSON for programs, which read the name as it is.
    let line = match format {
        "json" => "\"leader\":\"x\\nanna",
        _ => &format!("{SHOWN} is the leader"),
    };
    candidate.process.wait_line(line, SOON);
    candidate.process.wait_line("stepped down: the seat was lost", SOON);

    let address = candidate.process.listening_addr();
    let answer = get(address, "/leader").unwrap();
    assert_eq!((answer.status, answer.text()), (503, format!("{SHOWN} leads\n")));
    // In JSON it is shown as it is, and the old image's clients get the bytes that it sent.
    let document: Value =
        serde_json::from_slice(&get(address, "/v1/leader").unwrap().body).unwrap();
    assert_eq!(document["name"], FORGED);
    let expected = "{\"name\":\"x\\nanna is the leader\\r\\u001b[2J\u{9b}31m\u{202e}\"}";
    assert_eq!(get(address, "/").unwrap().text(), expected);

    candidate.end();
    let said = |line: &&Line| line.stream == Stream::Stdout;
    assert_eq!(
        candidate.process.lines().iter().filter(said).count(),
        2,
        "anna, and who came after"
    );
    no_line_is_forged(&candidate, format, &[FORGED, "anna"]);
}

/// Whether a character may come out as it is.
pub(super) fn is_fit(letter: char) -> bool {
    !letter.is_control() && letter != '\u{202e}'
}

/// Each line is of the candidate's own making, and those on standard output name these leaders alone.
#[track_caller]
pub(super) fn no_line_is_forged(candidate: &Candidate, format: &str, leaders: &[&str]) {
    for line in candidate.process.lines() {
        assert!(line.text.chars().all(is_fit), "{line:?}");
        match (line.stream, format) {
            (Stream::Stdout, "text") => {
                let name = line.text.strip_suffix(" is the leader").map(|name| match name {
                    SHOWN => FORGED,
                    name => name,
                });
                assert!(name.is_some_and(|name| leaders.contains(&name)), "{line}");
            }
            (Stream::Stdout, _) => {
                let event: Value = serde_json::from_str(&line.text).unwrap();
                assert!(leaders.contains(&event["leader"].as_str().unwrap()), "{line}");
            }
            (Stream::Stderr, "json") => {
                let event: Value = serde_json::from_str(&line.text).unwrap();
                assert!(event["level"].is_string(), "{line}");
            }
            (Stream::Stderr, _) => assert!(line.text.starts_with("20"), "{line}"),
        }
    }
}
