//! How a candidate ends: what its policy is asked and hears, and what happens if nobody answers.

use super::*;
use hotseat_core::event::Account;

fn last_input(stage: &Stage) -> Input {
    let input = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { input, .. } => Some((**input).clone()),
        _ => None,
    });
    input.expect("no question was asked")
}

fn last_account(stage: &Stage) -> &Account {
    let account = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Account(account) => Some(&**account),
        _ => None,
    });
    account.expect("nothing was decided")
}

fn leader(config: Config) -> Stage {
    let mut stage = Stage::with(config);
    stage.lead();
    stage.pass(millis(700));
    stage.answers = false;
    stage.effects.clear();
    stage
}

#[test]
fn a_leader_that_stops_asks_for_a_successor_and_tells_what_it_ends() {
    let mut stage = leader(config());
    stage.tell(Event::Stop);
    let observation = last_input(&stage).observation;
    assert!(observation.causes.has(Cause::Stopping), "{:?}", observation.causes);
    let claim = observation.claim.unwrap();
    assert_eq!(claim.valid_for, 0, "belief has ended");
    assert!((700..=725).contains(&claim.held_for), "{claim:?}");
    decides(&mut stage, Ok(decision(Action::Resign(Some("bing".to_owned())))));
    let release = stage.one_write();
    assert_eq!(release.purpose, Purpose::Release);
    assert_eq!(release.successor.as_deref(), Some("bing"));
    assert_eq!(last_account(&stage).instead, None);
}

#[test]
fn nobody_is_left_the_seat_who_is_the_leaver_or_not_named() {
    let to_itself = Action::Resign(Some("baz".to_owned()));
    for action in [to_itself, Action::Resign(None), Action::Renew, Action::Campaign, Action::Wait] {
        let mut stage = leader(config());
        stage.tell(Event::Stop);
        decides(&mut stage, Ok(decision(action)));
        let release = stage.one_write();
        assert_eq!((release.purpose, release.successor), (Purpose::Release, None));
    }
}

#[test]
fn a_policy_that_names_nobody_in_half_a_second_is_not_waited_for() {
    let mut stage = leader(config());
    stage.tell(Event::Stop);
    stage.pass(millis(499));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(1));
    assert_eq!(stage.one_write().successor, None);
}

/// The drain goes on while the policy is asked, and is true time by a clock that may be fast.
#[test]
fn the_drain_is_kept_to_the_millisecond() {
    let mut stage = leader(Config { drain: Duration::from_secs(2), ..config() });
    stage.tell(Event::Stop);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    // 2 s / (1 - 1 %).
    stage.pass(millis(2_020));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(1));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

/// Half a renew deadline after the drain, and the process ends; the lease expires by itself.
#[test]
fn a_release_that_is_not_answered_is_given_up() {
    let mut stage = leader(config());
    stage.tell(Event::Stop);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
    let given_up = |notice: &Notice| matches!(notice, Notice::NotReleased(_));
    stage.pass(millis(4_999));
    assert_eq!(stage.told(given_up), 0);
    assert!(!stage.effects.contains(&Effect::Finished));
    stage.pass(millis(1));
    assert_eq!(stage.told(given_up), 1);
    assert_eq!(stage.effects.last(), Some(&Effect::Finished));
    // Nothing is done any more.
    let before = stage.effects.len();
    stage.tell(Event::Timer);
    stage.tell(Event::Stop);
    assert_eq!(stage.effects.len(), before);
}

/// Whether the last write landed is read first, at a quarter of the retry period, as long as there
/// is time.
#[test]
fn a_stop_with_a_write_of_unknown_outcome_reads_at_a_quarter_of_the_retry_period() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    stage.pass(millis(25));
    let acquire = stage.one_write();
    stage.fails(&acquire, Outcome::TimedOut);
    assert!(stage.reading);
    let asked = stage.now;
    stage.tell(Event::Stop);
    stage.lock = None;
    // The read says that it has not landed, and it still may.
    stage.reading = false;
    let via = Via::Read { asked, requested: true };
    stage.tell(Event::Observed { lock: Lock::Absent(None), via });
    stage.pass(millis(499));
    assert!(!stage.reading && !stage.effects.contains(&Effect::Finished));
    stage.pass(millis(1));
    assert!(stage.reading);
}

#[test]
fn a_standby_that_stops_ends_at_once() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.answers = false;
    stage.effects.clear();
    stage.tell(Event::Stop);
    assert_eq!(stage.effects.last(), Some(&Effect::Finished));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
}

/// A resignation becomes an end if the process is asked to stop meanwhile.
#[test]
fn a_stop_during_a_resignation_ends_the_process() {
    let mut stage = leader(config());
    ask_now(&mut stage);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    let release = stage.one_write();
    stage.tell(Event::Stop);
    assert!(stage.elector.view().stopping);
    assert!(!stage.effects.contains(&Effect::Finished));
    stage.succeeds(&release, 12);
    assert!(stage.effects.contains(&Effect::Finished));
}

/// The rule decides in the place of a leader's policy that may not resign, and of nobody else's.
#[test]
fn only_a_leader_that_may_not_resign_is_decided_for() {
    let mut stage = leader(config());
    ask_now(&mut stage);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    assert_eq!(last_account(&stage).instead, None, "it resigned");

    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.answers = false;
    ask_now(&mut stage);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    assert_eq!(last_account(&stage).instead, None, "it does not lead");
}
