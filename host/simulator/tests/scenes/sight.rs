//! What the policy hears of the seat, and whoever asks for the leader.

use super::*;

pub(super) fn last_seat(stage: &mut Stage) -> hotseat_core::policy::SeatView {
    stage.answers = false;
    ask_now(stage);
    let seat = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { input, .. } => input.observation.seat.clone(),
        _ => None,
    });
    seat.expect("a seat")
}

#[test]
fn the_policy_sees_the_seat_as_it_is() {
    let seconds = Duration::from_secs;
    for (holder, duration, told) in [
        (Some("bing"), Some(seconds(40)), 40_000),
        (Some("bing"), None, 15_000),
        (None, Some(seconds(40)), 40_000),
        (None, None, 0),
    ] {
        let mut stage = Stage::new();
        let holder = holder.map(str::to_owned);
        stage.starts_with(Lock::Present(Record {
            holder: holder.clone(),
            duration,
            transitions: 7,
            successor: Some("cleo".to_owned()),
            requests: Requests { paused: true, ..Requests::default() },
            ..record("", 0)
        }));
        stage.pass(millis(30));
        let seat = last_seat(&mut stage);
        assert_eq!((seat.holder.clone(), seat.duration, seat.age), (holder, told, 30));
        assert_eq!((seat.transitions, seat.paused), (7, true));
        assert_eq!(seat.successor.as_deref(), Some("cleo"));
    }
}

/// A renewal goes on with the term, and another holder begins one, also of the same name after others.
#[test]
fn the_policy_sees_since_when_a_term_lasts() {
    for (holder, transitions, held_for) in [("bing", 0, 1500), ("cleo", 1, 500), ("bing", 2, 500)] {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Present(record("bing", 15)));
        stage.pass(millis(1000));
        stage.sees(Lock::Present(Record {
            version: Version("11".to_owned()),
            times: "later".to_owned(),
            transitions,
            ..record(holder, 15)
        }));
        stage.pass(millis(500));
        let seat = last_seat(&mut stage);
        assert_eq!((seat.held_for, seat.age), (held_for, 500), "{holder} {transitions}");
    }
}

/// Whoever finds the lock gone may have been promised the longest lease from then on, whatever was left of
/// the one before.
#[test]
fn a_lock_that_goes_missing_is_waited_for_from_then_on() {
    let mut stage = Stage::new();
    assert_eq!(stage.elector.situation().phase, Phase::Learning);
    stage.starts_with(Lock::Present(record("bing", 15)));
    assert_eq!(stage.elector.situation().phase, Phase::Standby);
    stage.pass(millis(1_000));
    stage.sees(Lock::Absent(Some(Version("11".to_owned()))));
    stage.pass(millis(500));
    assert_eq!(last_seat(&mut stage).free_in, 15_000);
}

#[test]
fn how_long_the_seat_is_taken_is_rounded_up() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.now = stage.now + Duration::from_nanos(1);
    assert_eq!(last_seat(&mut stage).free_in, 15_000);
    stage.now = stage.now + millis(1);
    assert_eq!(last_seat(&mut stage).free_in, 14_999);
}

#[test]
fn an_answer_tells_how_long_it_holds() {
    let mut stage = Stage::new();
    assert_eq!(stage.view.remaining(stage.now), Duration::ZERO, "the lock was not read yet");
    let mut leading = Stage::new();
    leading.lead();
    let view = leading.view.clone();
    let until = view.term.clone().unwrap().until;
    assert_eq!(view.remaining(until - millis(7_000)), millis(7_000));
    assert_eq!(view.remaining(until), Duration::ZERO);
    assert_eq!(view.leader(until), "");

    stage.starts_with(Lock::Present(record("bing", 15)));
    let (view, seen) = (stage.view.clone(), stage.now);
    assert_eq!(view.remaining(seen + millis(5_000)), millis(10_000));
    assert_eq!(view.remaining(seen + millis(15_000)), Duration::ZERO);

    // What nobody holds is over as soon as it is seen.
    let mut free = Stage::new();
    free.starts_with(Lock::Present(Record { duration: Some(millis(1_000)), ..record("", 0) }));
    assert_eq!(free.view.seen.map(|seen| seen.until), Some(free.now));

    // A record of the own name by another process is nobody's lead.
    let mut twin = Stage::new();
    twin.starts_with(Lock::Present(record("baz", 15)));
    assert_eq!(twin.view.leader(twin.now), "");
    assert_eq!(twin.view.remaining(twin.now), Duration::ZERO);
}

/// Three requests fit into a renew deadline, and an answer counts until then.
#[test]
fn a_request_is_waited_for_a_third_of_the_renew_deadline() {
    let deadline = Duration::from_secs(10);
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, sent) = stage.next_write();
    assert_eq!(renewal.deadline, sent + deadline);
    let failed = |notice: &Notice| matches!(notice, Notice::WriteFailed { .. });
    stage.pass(deadline / 3 - millis(1));
    assert_eq!(stage.told(failed), 0);
    stage.lock = None;
    stage.pass(millis(1));
    assert_eq!(stage.told(failed), 1);
    let read = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Read { deadline } => Some(*deadline),
        _ => None,
    });
    assert_eq!(read, Some(stage.now + deadline));
}

/// The reason of the decision that made it so is reported with a new term.
#[test]
fn a_new_term_is_reported_with_its_reason() {
    let mut stage = Stage::new();
    stage.answers = false;
    stage.starts_with(Lock::Absent(None));
    ask_now(&mut stage);
    let because = Decision { reason: "a\nreason".to_owned(), ..decision(Action::Campaign) };
    decides(&mut stage, Ok(because));
    let write = stage.one_write();
    stage.succeeds(&write, 11);
    let reason = stage.effects.iter().find_map(|effect| match effect {
        Effect::Tell(Notice::BecameLeader { reason, .. }) => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(reason, Some("a reason"), "one line, as it goes into logs");
}

/// A watch may repeat what it said, and a read that was asked for before the last change may be older than
/// that. Only a read that was asked for later may go back: then the store was restored.
#[test]
fn what_is_older_than_what_is_known_changes_nothing() {
    let at = |version: &str, holder| {
        Lock::Present(Record { version: Version(version.to_owned()), ..record(holder, 15) })
    };
    let mut stage = Stage::new();
    stage.starts_with(at("20", "bing"));
    stage.pass(millis(100));
    let before = stage.now - millis(50);
    stage.sees(at("21", "cleo"));
    let seen = stage.view.seen.clone();
    stage.pass(millis(1000));
    for via in [Via::Watch, Via::Read { asked: before, requested: false }] {
        stage.tell(Event::Observed { lock: at("12", "bing"), via });
        assert_eq!(stage.view.leader(stage.now), "cleo", "{via:?}");
        assert_eq!(stage.view.seen, seen, "{via:?}");
    }
    stage.starts_with(at("12", "bing"));
    assert_eq!(stage.view.leader(stage.now), "bing");
}
