//! What the roster does to an election: it reaches the policy, and can neither hurry nor hinder it.

use super::questions::{asked, causes, flood, leader};
use super::*;
use hotseat_core::event::{Published, Reported};
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;

/// Another candidate, whose publication changed at that moment.
fn published(identity: &str, at: Moment, lag: i64) -> Published {
    let (key, source, value) = ("lag".to_owned(), Source::Application, Value::Integer(lag));
    Published {
        identity: identity.to_owned(),
        at,
        ready: Some(true),
        zone: None,
        policy: None,
        signals: vec![Reported { key, source, value, at, since: at }],
        extra: Vec::new(),
    }
}

fn tell(stage: &mut Stage, lag: i64) {
    let now = stage.now;
    stage.tell(Event::Roster(vec![published("b", now, lag)]));
}

#[test]
fn a_candidate_that_comes_changes_or_goes_is_a_question() {
    let mut stage = leader();
    for lag in [1, 2] {
        tell(&mut stage, lag);
        let inputs = asked(&mut stage);
        assert_eq!(causes(&inputs), [Cause::RosterChanged]);
        let roster = &inputs[0].observation.roster;
        assert_eq!((roster[0].identity.as_str(), roster[0].ready), ("b", Some(true)));
        assert_eq!(roster[0].signals[0].value, Value::Integer(lag));
        stage.pass(millis(100));
    }
    stage.tell(Event::Roster(Vec::new()));
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::RosterChanged]);
    assert_eq!(inputs[0].observation.roster, []);
    stage.pass(millis(100));
    stage.tell(Event::Roster(Vec::new()));
    assert_eq!(causes(&asked(&mut stage)), []);
}

#[test]
fn one_that_only_got_younger_asks_nobody_and_ages_are_those_of_the_question() {
    let mut stage = leader();
    tell(&mut stage, 1);
    asked(&mut stage);
    for _ in 0..12 {
        stage.pass(millis(100));
        tell(&mut stage, 1);
    }
    assert_eq!(causes(&asked(&mut stage)), []);
    // The renewal is due by now: its question has the age at that moment, not at the event's.
    stage.pass(millis(400));
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::Timer]);
    let candidate = &inputs[0].observation.roster[0];
    assert!((200..=400).contains(&candidate.age), "{} ms", candidate.age);
    assert_eq!(candidate.signals[0].age, candidate.age);
    assert_eq!(stage.one_write().purpose, Purpose::Renew);
}

#[test]
fn a_flood_is_ten_questions_a_second_and_costs_no_renewal() {
    flood(Cause::RosterChanged, |stage, number| tell(stage, number.into()), |_| {});
}

/// I17: what others say of themselves is advice. A standby waits as long for the seat with them as
/// without, and one that says it leads, or is gone, changes nothing.
#[test]
fn it_hurries_no_standby() {
    let takes_after = |roster: bool| {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Present(record("b", 15)));
        let since = stage.now;
        for beat in 0..100_000_i64 {
            if roster {
                let all =
                    if beat % 2 == 0 { vec![published("b", stage.now, beat)] } else { vec![] };
                stage.tell(Event::Roster(all));
            }
            if let Some(write) = stage.writes().pop() {
                return (write.purpose, stage.now.since(since).as_millis() / 1000);
            }
            stage.pass(millis(10));
        }
        panic!("nobody takes the seat");
    };
    assert_eq!(takes_after(true), takes_after(false));
}
