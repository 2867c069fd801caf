//! A leader that is stopped in its tracks and wakes later, as in a frozen machine.

use std::time::{Duration, Instant};

use hotseat_tests::process::Signal;
use hotseat_tests::scene::{Api, Candidates, LEASE, SOON};
use hotseat_tests::wait::until;
use serde_json::json;

use super::moment;

/// How long after the waking it is asked without a pause.
const WATCHED: Duration = Duration::from_millis(1500);
/// How often it is asked at least, however slow the machine is.
const QUESTIONS: u32 = 10;

pub fn a_stopped_leader_wakes_believing_nothing(api: &Api) {
    let mut crew = Candidates::start(api, &["anna", "ben", "cleo"]).unwrap();
    let first = crew.leader();
    let mut sleeper = crew.take(&first.name);
    // Known while it can still be asked.
    let itself = json!({"name": first.name}).to_string();
    sleeper.process.signal(Signal::STOP).unwrap();
    let last = moment(&api.spec("renewTime").unwrap());
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name);
    let next = moment(&api.spec("acquireTime").unwrap());
    let gap = Duration::try_from(next.duration_since(last)).unwrap();
    assert!(gap >= LEASE, "taken {gap:?} after the last renewal\n{}", crew.logs());

    sleeper.process.signal(Signal::CONT).unwrap();
    let woken = Instant::now();
    let mut asked = 0;
    while woken.elapsed() < WATCHED || asked < QUESTIONS {
        assert_ne!(sleeper.plain().unwrap(), itself, "{}", sleeper.process);
        assert_eq!(sleeper.process.get("/leader").unwrap().status, 503);
        asked += 1;
    }
    let other = json!({"name": second.name}).to_string();
    until("the new leader's name from the one that woke", SOON, || match sleeper.plain() {
        Ok(answer) if answer == other => Ok(()),
        answer => Err(answer),
    });
    sleeper.process.wait_line("stepped down", SOON);
    crew.put_back(sleeper);
    assert!(crew.leader().is_same_term(&second), "{}", crew.logs());
    crew.finish();
}
