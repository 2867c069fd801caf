//! An elector's state is a value: it can be copied, compared and hashed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::config::{Config, Timing};
use hotseat_core::elector::Elector;
use hotseat_core::event::{Event, Reported, Via};
use hotseat_core::lock::{Incarnation, Lock};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use std::hash::{DefaultHasher, Hash, Hasher};

fn elector() -> Elector {
    let mut elector = Elector::new(Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "a".to_owned(),
        incarnation: Incarnation { site: "s".to_owned(), nonce: "n".to_owned(), home: None },
        predecessor: None,
        timing: Timing::client_go(),
        drain: Timing::client_go().reaction,
        warm_up: std::time::Duration::ZERO,
        preemptions_per_hour: 7,
        on_failure: OnFailure::Hold,
        failure_share: 20,
        seed: 1,
    });
    elector.step(Moment::from_millis(1), Event::Started);
    elector
}

fn hash(elector: &Elector) -> u64 {
    let mut hasher = DefaultHasher::new();
    elector.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_copy_is_equal_and_goes_on_by_itself() {
    let first = elector();
    let mut second = first.clone();
    assert_eq!(first, second);
    assert_eq!(hash(&first), hash(&second));
    let via = Via::Read { asked: Moment::from_millis(1), requested: false };
    let seen = Event::Observed { lock: Lock::Absent(None), via };
    let mut third = second.clone();
    let effects = second.step(Moment::from_millis(2), seen.clone());
    assert_ne!(first, second);
    assert_eq!(effects, third.step(Moment::from_millis(2), seen), "equal states answer alike");
    assert_eq!(second, third);
}

/// Whatever an application reports: NaN compares unequal to itself as a number.
#[test]
fn a_state_equals_itself_whatever_is_in_it() {
    let mut elector = elector();
    let (at, value) = (Moment::from_millis(5), Value::Number(f64::NAN));
    let (key, source) = ("load".to_owned(), Source::Application);
    let said = Reported { key, source, value, at, since: at };
    elector.step(at, Event::Signals(vec![said]));
    let copy = elector.clone();
    assert_eq!(elector, copy);
    assert_eq!(hash(&elector), hash(&copy));
    assert_ne!(Value::Number(0.0), Value::Number(-0.0));
    assert_ne!(Value::Number(1.0), Value::Flag(true));
    assert_ne!(Value::Text(String::new()), Value::Number(0.0));
    assert_ne!(Value::Text(String::new()), Value::Json(String::new()));
    assert_ne!(Value::Integer(0), Value::Number(0.0));
}
