//! The moments at which something becomes allowed or due, to the millisecond: one before it is not,
//! and then it is.

use super::*;

/// Lets the time come to this moment, whatever happens on the way.
fn until(stage: &mut Stage, moment: Moment) {
    stage.pass(moment.since(stage.now) - millis(1));
    // The scene's question comes first, and not one of the elector's own.
    stage.now = moment;
}

/// A standby in a new election, whose policy the scene plays.
fn standby() -> Stage {
    let mut stage = Stage::new();
    stage.answers = false;
    stage.starts_with(Lock::Absent(None));
    stage
}

/// A leader since a moment, whose policy the scene plays.
fn leader() -> Stage {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    stage
}

fn throttled(retry_after: Option<Duration>) -> LockError {
    LockError {
        outcome: Outcome::Throttled,
        retry_after,
        of_content: false,
        detail: "scripted".to_owned(),
    }
}

#[test]
fn the_api_servers_pause_is_kept_up_to_a_minute() {
    let secs = Duration::from_secs;
    for (asked, pause) in [(Some(secs(7)), secs(7)), (None, secs(1)), (Some(secs(3_600)), secs(60))]
    {
        let mut stage = standby();
        assert_eq!(verdict(&mut stage, Action::Campaign), Verdict::CarriedOut);
        let (write, sent) = (stage.one_write(), stage.now);
        let result = Err(throttled(asked));
        stage.tell(Event::WriteEnded { serial: write.mark.serial, result });
        until(&mut stage, sent + pause - millis(1));
        overruled(&mut stage, Action::Campaign, "asked to slow down");
        until(&mut stage, sent + pause);
        stage.writes();
        assert_eq!(verdict(&mut stage, Action::Campaign), Verdict::CarriedOut, "{asked:?}");
        assert_eq!(stage.writes().len(), 1);
    }
}

/// By a standby that has long heard nothing of the holder.
#[test]
fn a_read_that_failed_is_tried_again_after_two_retry_periods_or_when_the_server_said() {
    let secs = Duration::from_secs;
    let refused = LockError { outcome: Outcome::Denied, ..throttled(None) };
    for (error, pause) in [
        (refused, secs(4)),
        (throttled(None), secs(4)),
        (throttled(Some(secs(7))), secs(7)),
        (throttled(Some(secs(90))), secs(10)),
    ] {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Present(record("bing", 60)));
        stage.lock = None;
        stage.pass_until(millis(1), secs(60), |stage| stage.reading);
        for _ in 0..2 {
            stage.reading = false;
            stage.tell(Event::ReadFailed(error.clone()));
            stage.pass(pause - millis(1));
            assert!(!stage.reading, "too early: {error:?}");
            stage.pass(millis(1));
            assert!(stage.reading, "too late: {error:?}");
        }
    }
}

#[test]
fn the_pace_of_writes_ends_after_a_quarter_of_the_retry_period() {
    let mut stage = leader();
    stage.pass(millis(1_000));
    stage.writes();
    assert_eq!(verdict(&mut stage, Action::Renew), Verdict::CarriedOut);
    let (renewal, sent) = (stage.one_write(), stage.now);
    stage.succeeds(&renewal, 12);
    until(&mut stage, sent + millis(499));
    overruled(&mut stage, Action::Renew, "paced");
    until(&mut stage, sent + millis(500));
    assert_eq!(verdict(&mut stage, Action::Renew), Verdict::CarriedOut);
}

#[test]
fn a_conflict_is_answered_after_five_milliseconds() {
    let mut stage = standby();
    assert_eq!(verdict(&mut stage, Action::Campaign), Verdict::CarriedOut);
    let (write, sent) = (stage.one_write(), stage.now);
    stage.fails(&write, Outcome::Conflict);
    stage.reads(Lock::Absent(None));
    until(&mut stage, sent + millis(4));
    overruled(&mut stage, Action::Campaign, "paced");
    until(&mut stage, sent + millis(5));
    assert_eq!(verdict(&mut stage, Action::Campaign), Verdict::CarriedOut);
}

/// An overruled policy is asked again when its wish may be granted, however long it wanted to wait.
#[test]
fn what_is_overruled_is_asked_about_again_in_time() {
    let mut unread = Stage::new();
    unread.answers = false;
    let mut taken = Stage::new();
    taken.answers = false;
    taken.starts_with(Lock::Present(record("bing", 15)));
    let mut resigning = standby();
    for (stage, action, wait, words) in [
        (&mut unread, Action::Campaign, 1_000, "was not read yet"),
        (&mut taken, Action::Campaign, 15_000, "not free for another 15000 ms"),
        (&mut resigning, Action::Resign(None), 1_000, "only a leader can resign"),
    ] {
        overruled(stage, action, words);
        stage.pass(millis(wait - 1));
        assert!(!stage.elector.situation().asking, "{words}");
        stage.pass(millis(1));
        assert!(stage.elector.situation().asking, "{words}");
    }
}

#[test]
fn a_policy_is_asked_again_when_it_wants_but_neither_at_once_nor_after_a_minute() {
    for (wish, wait) in [(1, 5), (5, 5), (1_234, 1_234), (60_000, 60_000), (80_000, 60_000)] {
        let mut stage = standby();
        ask_now(&mut stage);
        let decision = Decision { wake_after: wish, ..decision(Action::Wait) };
        decides(&mut stage, Ok(decision));
        stage.pass(millis(wait - 1));
        assert!(!stage.elector.situation().asking, "{wish}");
        stage.pass(millis(1));
        assert!(stage.elector.situation().asking, "{wish}");
    }
}

#[test]
fn an_answer_is_waited_for_half_a_second() {
    for (wait, given_up) in [(499, 0), (500, 1)] {
        let mut stage = standby();
        ask_now(&mut stage);
        let ask = last_ask(&stage);
        let patience = |notice: &Notice| match notice {
            Notice::PolicyFailed { failure, .. } => failure.kind == FailureKind::TimedOut,
            _ => false,
        };
        stage.pass(millis(wait));
        assert_eq!(stage.told(patience), given_up);
        // An answer after that is nobody's.
        stage.tell(Event::Decided { ask, answer: Ok(decision(Action::Campaign)) });
        assert_eq!(stage.writes().len(), 1 - given_up);
    }
}

/// The budget refills evenly, and never above what an hour gives.
#[test]
fn the_budget_of_preemptions_refills_evenly() {
    let bing = || Action::Resign(Some("bing".to_owned()));
    let mut stage = Stage::new();
    // Hours that passed before do not count.
    stage.now = stage.now + Duration::from_secs(36_000);
    stage.starts_with(Lock::Absent(None));
    let mut spent = stage.now;
    for _ in 0..2 {
        lead_for(&mut stage, Duration::ZERO);
        stage.answers = false;
        assert_eq!(verdict(&mut stage, bing()), Verdict::CarriedOut);
        spent = stage.now;
        let release = stage.one_write();
        assert_eq!(release.successor.as_deref(), Some("bing"));
        stage.succeeds(&release, version(&stage));
    }
    // Half an hour for one, and a few seconds of it had passed at the second.
    for (after, words) in [(0, Some("budget")), (1_700, Some("budget")), (1_800, None)] {
        let length = (spent + Duration::from_secs(after)).since(stage.now);
        lead_for(&mut stage, length);
        stage.answers = false;
        match words {
            Some(words) => overruled(&mut stage, bing(), words),
            None => assert_eq!(verdict(&mut stage, bing()), Verdict::CarriedOut),
        }
    }
}

fn version(stage: &Stage) -> u64 {
    u64::try_from(stage.now.since_origin().as_millis()).unwrap()
}

/// The rule leads for so long, beginning a term if need be.
fn lead_for(stage: &mut Stage, length: Duration) {
    stage.answers = true;
    ask_now(stage);
    let end = stage.now + length;
    while !stage.leads() || stage.now < end {
        assert!(stage.now < end + Duration::from_secs(120), "nobody leads");
        for write in stage.writes() {
            stage.succeeds(&write, version(stage));
        }
        stage.effects.retain(|effect| matches!(effect, Effect::WakeAt(_)));
        stage.pass(millis(100));
    }
    for write in stage.writes() {
        stage.succeeds(&write, version(stage));
    }
}

/// A resignation leaves the seat to others for a lease, whatever the policy says next.
#[test]
fn who_resigned_rests_for_a_lease() {
    let mut stage = leader();
    assert_eq!(verdict(&mut stage, Action::Resign(None)), Verdict::CarriedOut);
    let release = stage.one_write();
    assert_eq!(release.purpose, Purpose::Release, "at once, and with no question about it");
    assert_eq!(
        stage.told(|notice| matches!(notice, Notice::SteppedDown(StepDownReason::Resigned(_)))),
        1
    );
    let gone = stage.now;
    stage.succeeds(&release, 12);
    until(&mut stage, gone + millis(14_999));
    overruled(&mut stage, Action::Campaign, "not free for another 1 ms");
    until(&mut stage, gone + millis(15_000));
    assert_eq!(verdict(&mut stage, Action::Campaign), Verdict::CarriedOut);
}
