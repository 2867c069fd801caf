//! What signals do to an election: they reach the policy, and can neither hurry nor hinder it.

use super::questions::{asked, causes, flood, leader};
use super::*;
use hotseat_core::event::Reported;
use hotseat_core::policy::{Signal, Source, Value};

const HEARTBEAT: &str = "app.heartbeat";

fn report(stage: &mut Stage, value: Value) {
    let now = stage.now;
    let (key, source) = (HEARTBEAT.to_owned(), Source::Application);
    stage.tell(Event::Signals(vec![Reported { key, source, value, at: now, since: now }]));
}

#[test]
fn a_signal_that_comes_changes_or_goes_is_a_question() {
    let mut stage = leader();
    let seen = |value: Value| Signal {
        key: HEARTBEAT.to_owned(),
        source: Source::Application,
        value,
        age: 0,
        unchanged_for: 0,
    };
    for value in [Value::Flag(true), Value::Flag(false), Value::Text("no".to_owned())] {
        report(&mut stage, value.clone());
        let inputs = asked(&mut stage);
        assert_eq!(causes(&inputs), [Cause::SignalChanged], "{value:?}");
        assert_eq!(inputs[0].observation.signals, [seen(value)]);
        stage.pass(millis(100));
    }
    stage.tell(Event::Signals(Vec::new()));
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::SignalChanged]);
    assert_eq!(inputs[0].observation.signals, []);
}

#[test]
fn the_same_signal_again_is_only_younger() {
    let mut stage = leader();
    report(&mut stage, Value::Flag(true));
    asked(&mut stage);
    for _ in 0..12 {
        stage.pass(millis(100));
        report(&mut stage, Value::Flag(true));
    }
    assert_eq!(causes(&asked(&mut stage)), []);
    // The renewal is due by now, and its question has the age of the last report.
    stage.pass(millis(400));
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::Timer]);
    let age = inputs[0].observation.signals[0].age;
    assert!(age <= 400, "{age} ms");
    assert_eq!(stage.one_write().purpose, Purpose::Renew);
}

#[test]
fn a_flood_of_signals_is_ten_questions_a_second_and_costs_no_renewal() {
    flood(
        Cause::SignalChanged,
        |stage, number| report(stage, Value::Number(number.into())),
        |input| {
            // What waited is sent with what came meanwhile.
            assert!(input.observation.signals[0].age <= 1);
        },
    );
}

#[test]
fn a_change_within_the_pace_is_not_forgotten() {
    let mut stage = leader();
    report(&mut stage, Value::Number(1.0));
    stage.pass(millis(10));
    report(&mut stage, Value::Number(2.0));
    assert_eq!(asked(&mut stage).len(), 1);
    stage.pass(millis(89));
    assert_eq!(asked(&mut stage).len(), 0);
    stage.pass(millis(1));
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::SignalChanged]);
    assert_eq!(inputs[0].observation.signals[0].value, Value::Number(2.0));
    assert_eq!(inputs[0].observation.signals[0].age, 90);
}

#[test]
fn a_change_during_a_write_is_asked_about_when_it_has_ended_and_wakes_nobody_before() {
    let mut stage = leader();
    let (renewal, _) = stage.next_write();
    asked(&mut stage);
    report(&mut stage, Value::Flag(false));
    let wakes = |stage: &Stage| {
        stage.effects.iter().filter(|effect| matches!(effect, Effect::WakeAt(_))).count()
    };
    let before = wakes(&stage);
    stage.pass(millis(900));
    assert_eq!(causes(&asked(&mut stage)), []);
    assert!(wakes(&stage) <= before + 1, "the shell is woken for nothing");
    stage.succeeds(&renewal, 12);
    let inputs = asked(&mut stage);
    assert_eq!(causes(&inputs), [Cause::SeatChanged, Cause::SignalChanged, Cause::WriteFinished]);
    assert_eq!(inputs[0].observation.signals[0].value, Value::Flag(false));
    // It was seen: no second question about it.
    stage.pass(millis(300));
    assert_eq!(causes(&asked(&mut stage)), []);
}

/// Whatever it is asked for, the policy hears of a drain with the first question that shows it, and once.
#[test]
fn a_drain_is_a_cause_of_the_first_question_that_shows_it() {
    let mut stage = leader();
    let drains = |stage: &mut Stage, source, drains| {
        let (now, key) = (stage.now, "node.draining".to_owned());
        let value = Value::Flag(drains);
        stage.tell(Event::Signals(vec![Reported { key, source, value, at: now, since: now }]));
    };
    drains(&mut stage, Source::Node, false);
    assert_eq!(causes(&asked(&mut stage)), [Cause::SignalChanged]);
    let (renewal, _) = stage.next_write();
    asked(&mut stage);
    drains(&mut stage, Source::Node, true);
    stage.succeeds(&renewal, 12);
    let seen = causes(&asked(&mut stage));
    assert!(seen.contains(&Cause::WriteFinished) && seen.contains(&Cause::Drain), "{seen:?}");
    stage.pass(millis(300));
    assert_eq!(causes(&asked(&mut stage)), []);
    // An application does not speak for its node.
    drains(&mut stage, Source::Application, true);
    assert_eq!(causes(&asked(&mut stage)), [Cause::SignalChanged]);
}
