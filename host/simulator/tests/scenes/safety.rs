//! The safety invariants I1 to I10, one scene each.

use super::*;

/// I1: a renewal that was sent early and answered late counts from its sending. client-go counts
/// from the answer, and overlaps by 1.9 s at its defaults.
#[test]
fn i1_belief_counts_from_the_sending_of_the_write() {
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, sent) = stage.next_write();
    stage.now = sent + millis(3000);
    stage.succeeds(&renewal, 12);
    assert_eq!(stage.view.term.clone().unwrap().until, sent + Duration::from_secs(10));
}

#[test]
fn i1_an_answer_after_the_deadline_gives_no_belief() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    stage.pass(millis(25));
    let write = stage.one_write();
    stage.now = stage.now + Duration::from_millis(10_001);
    stage.succeeds(&write, 11);
    assert!(!stage.leads());
    assert_eq!(stage.told(|notice| matches!(notice, Notice::BecameLeader { .. })), 0);
}

#[test]
fn i1_nothing_that_is_read_extends_belief() {
    let mut stage = Stage::new();
    let write = stage.lead();
    let until = stage.view.term.clone().unwrap().until;
    for version in 12..20 {
        stage.now = stage.now + millis(100);
        stage.sees(Lock::Present(Record {
            version: Version(version.to_string()),
            ..Stage::stored(&write, 11)
        }));
        assert_eq!(stage.view.term.clone().unwrap().until, until);
    }
}

/// A lease that a policy shortens binds from the sending of the write: if the write lands and its
/// answer is lost, others wait for the shorter lease only.
#[test]
fn i1_a_shorter_lease_cuts_belief_when_it_is_sent() {
    let timing = Timing { shortest_lease: Duration::from_secs(6), ..Timing::client_go() };
    let mut stage = Stage::with(Config { timing, ..config() });
    stage.lead();
    stage.answers = false;
    stage.pass(millis(2000));
    let shorter = Decision { lease_duration: Some(6000), ..decision(Action::Renew) };
    decides(&mut stage, Ok(shorter));
    let write = stage.one_write();
    assert_eq!(write.duration, Duration::from_secs(6));
    let until = stage.view.term.clone().unwrap().until;
    assert_eq!(until, stage.now + Duration::from_secs(4));
}

#[test]
fn i1_the_end_of_belief_is_reported_when_it_comes() {
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, sent) = stage.next_write();
    stage.fails(&renewal, Outcome::Denied);
    while stage.now < sent + Duration::from_secs(9) {
        stage.pass(millis(50));
        for write in stage.writes() {
            stage.fails(&write, Outcome::Denied);
        }
    }
    let lapsed = |notice: &Notice| *notice == Notice::SteppedDown(StepDownReason::Lapsed);
    assert_eq!(stage.told(lapsed), 1);
    let observed = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { input, .. } => Some(input.observation.claim.is_some()),
        _ => None,
    });
    assert_ne!(observed, Some(true), "the policy sees a claim that has lapsed");
}

/// I3: a record's longer lease is waited out, whatever the own one is.
#[test]
fn i3_a_longer_lease_than_the_own_is_waited_out() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 40)));
    stage.pass(millis(39_900));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(200));
    assert_eq!(stage.writes().len(), 1);
}

/// I6: a stop before any policy has loaded releases at once, by the rule's own answer.
#[test]
fn i6_a_stop_without_a_policy_releases_at_once() {
    let mut stage = Stage::without_policy(config());
    stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

/// I5: after a time-out the mark in the record tells whether the write landed.
#[test]
fn i5_an_unknown_write_that_landed_is_adopted_with_its_own_sending() {
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, sent) = stage.next_write();
    stage.now = sent + millis(3333);
    stage.fails(&renewal, Outcome::TimedOut);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Read { .. })));
    stage.now = stage.now + millis(500);
    stage.reads(Lock::Present(Stage::stored(&renewal, 12)));
    assert_eq!(stage.view.term.clone().unwrap().until, sent + Duration::from_secs(10));
    assert_eq!(stage.told(|notice| *notice == Notice::FoundOwnWrite), 1);
}

#[test]
fn i5_an_unknown_write_that_lost_ends_belief() {
    let mut stage = Stage::new();
    stage.lead();
    stage.pass(millis(2000));
    let renewal = stage.one_write();
    stage.fails(&renewal, Outcome::TimedOut);
    let other = Record { version: Version("12".to_owned()), ..record("bing", 15) };
    stage.reads(Lock::Present(other));
    assert!(!stage.leads());
    let lost = StepDownReason::Lost(Some("bing".to_owned()));
    assert_eq!(stage.told(|notice| *notice == Notice::SteppedDown(lost.clone())), 1);
}

/// I6: belief has ended before the release is sent, and the drain has passed.
#[test]
fn i6_belief_ends_then_the_drain_then_the_release() {
    let mut stage = Stage::with(Config { drain: Duration::from_secs(2), ..config() });
    stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    assert!(!stage.leads());
    stage.pass(millis(1990));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(60));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

/// Belief may have ended by itself, a moment ago: the application has the rest of its time.
#[test]
fn i6_a_stop_after_a_lapse_waits_for_the_rest_of_the_drain() {
    let mut stage = Stage::with(Config { drain: Duration::from_secs(2), ..config() });
    stage.lead();
    let until = stage.view.term.clone().unwrap().until;
    // The process is stopped by a signal meanwhile.
    stage.now = until + millis(700);
    stage.answers = false;
    stage.tell(Event::Stop);
    assert_eq!(stage.told(|notice| *notice == Notice::SteppedDown(StepDownReason::Lapsed)), 1);
    assert_eq!(stage.writes(), []);
    stage.pass(millis(1290));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(60));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

#[test]
fn i6_the_end_of_belief_is_shown_before_the_release_is_sent() {
    // Without a policy both come out of one step.
    let mut stage = Stage::without_policy(config());
    stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    let shown = stage.effects.iter().position(|effect| matches!(effect, Effect::Show(_)));
    let sent = stage.effects.iter().position(|effect| matches!(effect, Effect::Write(_)));
    assert!(shown.unwrap() < sent.unwrap(), "{:?}", stage.effects);
}

#[test]
fn i6_somebody_elses_record_is_not_released() {
    let mut stage = Stage::new();
    stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    let release = stage.one_write();
    stage.fails(&release, Outcome::Conflict);
    let other = Record { version: Version("12".to_owned()), ..record("bing", 15) };
    stage.reads(Lock::Present(other));
    assert_eq!(stage.writes(), []);
    assert!(stage.elector.view().term.is_none());
}

/// I7: an emptied holder does not free the seat.
#[test]
fn i7_a_cleared_lock_is_waited_out() {
    let cleared = Record { version: Version("12".to_owned()), ..record("bing", 15) };
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.pass(millis(5000));
    stage.sees(Lock::Present(Record { holder: None, ..cleared }));
    // From here on, since another may have held it unseen.
    stage.pass(millis(14_900));
    assert_eq!(stage.writes(), [], "the last holder may still believe");
    stage.pass(millis(150));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

/// I7: a deletion does not free the seat, either. The lock is put back without a holder, so that
/// nobody has to create it with one, and waited out from then on.
#[test]
fn i7_a_deleted_lock_is_put_back_and_waited_out() {
    let timing = Timing { longest_lease: Duration::from_secs(20), ..Timing::client_go() };
    let mut stage = Stage::with(Config { timing, ..config() });
    stage.starts_with(Lock::Present(Record { transitions: 3, ..record("bing", 15) }));
    stage.pass(millis(5000));
    stage.sees(Lock::Absent(Some(Version("12".to_owned()))));
    stage.pass(millis(990));
    assert_eq!(stage.writes(), [], "the leader may go on first");
    stage.pass(millis(20));
    let reserve = stage.one_write();
    assert_eq!((reserve.purpose, &reserve.base), (Purpose::Reserve, &Base::Create));
    assert_eq!((reserve.holder.as_deref(), reserve.transitions), (None, 3));
    assert_eq!(reserve.duration, Duration::from_secs(20), "the longest that was promised");
    stage.pass(millis(500));
    stage.succeeds(&reserve, 13);
    assert!(!stage.leads());
    stage.pass(millis(19_900));
    assert_eq!(stage.writes(), [], "the last holder may still believe");
    stage.pass(millis(150));
    let acquire = stage.one_write();
    assert_eq!(acquire.base, Base::Replace(Version("13".to_owned())));
    assert_eq!((acquire.purpose, acquire.transitions), (Purpose::Acquire, 4));
}

/// I7: while the lock is missing nobody takes it, however old the news of that are: a create proves
/// that it is missing, not that nobody had it meanwhile.
#[test]
fn i7_a_missing_lock_is_not_taken_whatever_the_policy_says() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.answers = false;
    stage.sees(Lock::Absent(Some(Version("12".to_owned()))));
    let gone = stage.now;
    while stage.now < gone + Duration::from_secs(60) {
        stage.pass(millis(1));
        for write in stage.writes() {
            assert_eq!(write.purpose, Purpose::Reserve);
            stage.fails(&write, Outcome::Denied);
        }
        if stage.now.since(gone).as_millis().is_multiple_of(700) {
            // It is not the pace of writes that forbids it.
            overruled(&mut stage, Action::Campaign, "the seat is not free");
        }
    }
}

/// The leader that saw its own lock vanish while it believed knows that nobody else leads. It goes
/// on at once, or not at all.
#[test]
fn i7_a_leader_whose_lock_vanishes_goes_on_at_once_or_waits_like_all() {
    let mut stage = Stage::new();
    stage.lead();
    stage.pass(millis(500));
    stage.sees(Lock::Absent(Some(Version("12".to_owned()))));
    stage.pass(millis(30));
    let acquire = stage.one_write();
    assert_eq!((acquire.purpose, &acquire.base), (Purpose::Acquire, &Base::Create));
    // Another was faster, and its lock is gone by now.
    stage.fails(&acquire, Outcome::Conflict);
    stage.reads(Lock::Absent(Some(Version("14".to_owned()))));
    stage.pass(millis(2000));
    assert_eq!(stage.one_write().purpose, Purpose::Reserve);
}

/// The same leader, whose policy hesitates: its news are as old as anybody's by then.
#[test]
fn i7_a_leader_whose_lock_vanishes_does_not_take_it_late() {
    let mut stage = Stage::new();
    stage.lead();
    stage.pass(millis(500));
    stage.answers = false;
    stage.sees(Lock::Absent(Some(Version("12".to_owned()))));
    let hesitation = Decision { wake_after: 5000, ..decision(Action::Wait) };
    decides(&mut stage, Ok(hesitation));
    stage.pass(millis(1100));
    let reserve = stage.one_write();
    assert_eq!(reserve.purpose, Purpose::Reserve);
    stage.pass(millis(600));
    stage.fails(&reserve, Outcome::Denied);
    decides(&mut stage, Ok(decision(Action::Campaign)));
    for write in stage.writes() {
        assert_eq!(write.purpose, Purpose::Reserve, "taken on old news");
    }
}

/// I8: a record of this name by another live process is reported, and not taken.
#[test]
fn i8_a_live_twin_is_reported_and_left_alone() {
    let mut stage = Stage::new();
    let incarnation =
        Incarnation { site: "elsewhere".to_owned(), nonce: "5".to_owned(), home: None };
    for (serial, version) in [(1, "10"), (2, "11"), (3, "12")] {
        let mark = Some(Mark { incarnation: incarnation.clone(), serial, base: None });
        let times = version.to_owned();
        let version = Version(version.to_owned());
        stage.sees(Lock::Present(Record { mark, times, version, ..record("baz", 15) }));
        stage.pass(millis(2000));
    }
    assert_eq!(
        stage
            .told(|notice| matches!(notice, Notice::IdentityConflict(who) if who == "elsewhere/5")),
        1
    );
    assert_eq!(stage.writes(), []);
    assert_eq!(stage.view.leader(stage.now), "");
}

/// I8: an old copy of the own record, put back by hand, is not a claim.
#[test]
fn i8_an_own_record_that_was_overwritten_and_put_back_is_not_resumed() {
    let mut stage = Stage::new();
    let write = stage.lead();
    let other = Record { version: Version("12".to_owned()), ..record("bing", 15) };
    stage.sees(Lock::Present(other));
    assert!(!stage.leads());
    stage.effects.clear();
    let copy = Record { version: Version("13".to_owned()), ..Stage::stored(&write, 11) };
    stage.sees(Lock::Present(copy));
    stage.pass(millis(10_000));
    assert_eq!(stage.writes(), [], "bing may still believe");
}

/// I9: the token is the version of the acquiring write, through all renewals.
#[test]
fn i9_the_token_stays_for_the_term() {
    let mut stage = Stage::new();
    stage.lead();
    for version in 12..15 {
        stage.pass(millis(2000));
        let renewal = stage.one_write();
        stage.succeeds(&renewal, version);
        let term = stage.view.term.clone().unwrap();
        assert_eq!((term.token, term.uid.as_str()), (Token(1), "uid"));
    }
}

/// I10: a view that nobody refreshes expires by itself.
#[test]
fn i10_an_old_view_gives_the_right_answer() {
    let mut stage = Stage::new();
    stage.lead();
    let view = stage.view.clone();
    let sent = view.term.clone().unwrap().since;
    assert_eq!(view.leader(sent + millis(9999)), "baz");
    assert_eq!(view.leader(sent + millis(10_000)), "");
    assert!(!view.leads(sent + millis(10_000)));

    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    let (view, seen) = (stage.view.clone(), stage.now);
    assert_eq!(view.leader(seen + millis(14_999)), "bing");
    assert_eq!(view.leader(seen + millis(15_000)), "");
}
