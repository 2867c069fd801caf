//! A candidate that is killed and starts again at its site, as a container does in its pod: by the note
//! of its last write it takes its own seat back, and a seat that anybody wrote to since it waits out.

use std::time::Duration;

use hotseat_tests::scene::{Api, Candidate, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

/// A lease that nothing here waits for, and a pace at which no renewal is on its way when the leader
/// is killed: one that landed and was not noted would be waited out.
const LONG: [&str; 3] = ["--lease-duration=120s", "--renew-deadline=80s", "--retry-period=20s"];
/// A start takes a second; the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(20);

fn leads(candidate: &Candidate) -> Value {
    until("it to lead", AT_ONCE, || match candidate.leader() {
        Ok(answer) if answer["self"] == true => Ok(answer),
        other => Err(format!("{other:?}: {}", candidate.log())),
    })
}

/// Leads for a moment, and is killed. Gives its token.
fn killed(mut anna: Candidate) -> u64 {
    let token = leads(&anna)["token"].as_u64().unwrap();
    anna.kill().unwrap();
    token
}

fn anna(api: &Api) -> Candidate {
    Candidate::start(api, "anna", &LONG).unwrap()
}

/// A leader that followed on another one. A lock that a process created proves nothing to the next one:
/// see `i8_what_a_dead_predecessor_created_frees_nothing`.
fn second(api: &Api) -> Candidate {
    let mut first = Candidate::start(api, "berta", &LONG).unwrap();
    leads(&first);
    let anna = anna(api);
    until("it to see who leads", SOON, || match anna.leader() {
        Ok(answer) if answer["holder"] == "berta" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    first.end();
    anna
}

pub fn a_killed_leader_that_starts_again_takes_its_seat_back(api: &Api) {
    let mut token = killed(second(api));
    for _ in 0..2 {
        let next = killed(anna(api));
        assert!(next > token, "{next} after {token}");
        token = next;
    }
}

pub fn a_killed_leaders_seat_that_a_hand_wrote_to_is_waited_out(api: &Api) {
    let token = killed(second(api));
    api.edit_lease(|lease| lease["metadata"]["labels"] = json!({"touched": "by-hand"})).unwrap();
    let anna = anna(api);
    let wait = until("it to decide", SOON, || {
        let journal = anna.process.get("/v1/journal").unwrap().text();
        let mut records = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        // Before the lock is read there may be a decision about none.
        let found =
            records.find(|record| record["input"]["observation"]["seat"]["holder"] == "anna");
        found.ok_or_else(|| format!("{journal}{}", anna.log()))
    });
    let free_in = wait["input"]["observation"]["seat"]["free_in_ms"].as_u64().unwrap();
    assert!((60_000..=121_300).contains(&free_in), "{wait}");
    let answer = anna.leader().unwrap();
    assert_eq!((&answer["self"], &answer["holder"]), (&json!(false), &json!("anna")), "{answer}");
    // Nobody has written since.
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["metadata"]["labels"]["touched"], "by-hand", "{lease}");
    let mark = lease["metadata"]["annotations"]["hotseat.dev/write"].as_str().unwrap();
    assert!(mark.contains(&token.to_string()), "{mark}");
}
