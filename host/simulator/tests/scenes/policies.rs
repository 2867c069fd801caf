//! The invariants I11 and I14: what a policy may not do.

use super::*;

/// I11: whatever a standby's policy says, and whenever, nothing is written while the holder may
/// still believe. A millisecond later the same words take the seat: it was the time that forbade it.
#[test]
fn i11_a_policy_cannot_take_an_unexpired_seat() {
    let overruled = |notice: &Notice| matches!(notice, Notice::Overruled { .. });
    let to = |name: &str| Action::Resign(Some(name.to_owned()));
    for action in [Action::Campaign, Action::Renew, Action::Resign(None), to("baz"), to("bing")] {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Present(record("bing", 15)));
        stage.answers = false;
        let seen = stage.now;
        for wait in [0, 1, 4_000, 9_000, 14_999] {
            stage.pass((seen + millis(wait)).since(stage.now));
            ask_now(&mut stage);
            let before = stage.told(overruled);
            decides(&mut stage, Ok(decision(action.clone())));
            assert_eq!(stage.told(overruled), before + 1, "{action:?} after {wait} ms");
            assert_eq!(stage.writes(), [], "{action:?} after {wait} ms");
        }
        stage.now = seen + millis(15_000);
        ask_now(&mut stage);
        decides(&mut stage, Ok(decision(action.clone())));
        let taken = stage.writes().iter().any(|write| write.purpose == Purpose::Acquire);
        assert_eq!(taken, matches!(action, Action::Campaign | Action::Renew), "{action:?}");
    }
}

/// The policy is quick: its answer comes with the question. To hurry, it wants to be asked again at once.
fn hurries(stage: &mut Stage, action: &Action) {
    for _ in 0..100 {
        if !stage.elector.situation().asking {
            return;
        }
        decides(stage, Ok(Decision { wake_after: 1, ..decision(action.clone()) }));
    }
    panic!("it is asked over and over at {}", stage.now);
}

/// A policy that renews at every millisecond writes four times in a retry period, and no more.
#[test]
fn i11_a_leaders_policy_cannot_hurry_the_writes() {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    let mut writes: Vec<Moment> = Vec::new();
    for version in 12..10_012 {
        stage.pass(millis(1));
        hurries(&mut stage, &Action::Renew);
        if let Some(write) = stage.writes().pop() {
            writes.push(stage.now);
            stage.succeeds(&write, version);
        }
        stage.effects.retain(|effect| !matches!(effect, Effect::Account(_)));
    }
    let shortest = shortest_pause(&writes);
    assert!((millis(500)..millis(510)).contains(&shortest), "{writes:?}");
}

/// It is the same with a standby whose writes are refused. Only a conflict, which is news and no
/// failure, may be answered at once.
#[test]
fn i11_a_standbys_policy_cannot_hurry_the_writes() {
    for (outcome, pause) in
        [(Outcome::Denied, 500), (Outcome::Unreachable, 500), (Outcome::Conflict, 5)]
    {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Absent(None));
        stage.answers = false;
        let mut writes: Vec<Moment> = Vec::new();
        for _ in 0..3_000 {
            if let Some(lock) = stage.lock.clone().filter(|_| stage.reading) {
                stage.reads(lock);
            }
            hurries(&mut stage, &Action::Campaign);
            for write in stage.writes() {
                writes.push(stage.now);
                stage.fails(&write, outcome);
            }
            stage.pass(millis(1));
        }
        let shortest = shortest_pause(&writes);
        assert!((millis(pause)..millis(pause + 10)).contains(&shortest), "{outcome:?}: {writes:?}");
    }
}

fn shortest_pause(writes: &[Moment]) -> Duration {
    writes.windows(2).map(|pair| pair[1].since(pair[0])).min().unwrap()
}

#[test]
fn i11_preemptions_have_a_budget() {
    // Two an hour: the third resignation in favour of somebody is overruled, and the rule leads on.
    let mut resigned = 0;
    let mut stage = Stage::new();
    let mut version = 11;
    stage.starts_with(Lock::Absent(None));
    for _ in 0..3 {
        stage.answers = true;
        let end = stage.now + Duration::from_secs(60);
        while !stage.leads() {
            assert!(stage.now < end, "it leads no more");
            stage.pass(millis(500));
            for write in stage.writes() {
                stage.succeeds(&write, version);
                version += 1;
            }
        }
        stage.answers = false;
        stage.swaps();
        let resignation = decision(Action::Resign(Some("bing".to_owned())));
        decides(&mut stage, Ok(resignation));
        if !stage.leads() {
            resigned += 1;
            for write in stage.writes() {
                assert_eq!(write.successor.as_deref(), Some("bing"));
                stage.succeeds(&write, version);
                version += 1;
            }
        }
    }
    assert_eq!(resigned, 2);
    assert!(stage.leads());
}

/// A read that began while the policy was thinking is waited for, and the policy is asked again at
/// its end: the seat of a leader that has died must not stay empty until the policy's next wake-up.
#[test]
fn a_decision_that_meets_a_read_is_asked_for_again_at_its_end() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.answers = false;
    // A holder that is not heard of for 5 s is read.
    stage.pass(millis(4_995));
    stage.swaps();
    let ask = last_ask(&stage);
    stage.lock = None;
    stage.pass(millis(10));
    assert!(stage.reading, "no read is under way");
    stage.writes();
    decides(&mut stage, Ok(decision(Action::Campaign)));
    assert_eq!(stage.writes(), []);
    stage.reads(Lock::Present(record("bing", 15)));
    assert_ne!(last_ask(&stage), ask);
}

/// I14: a successful compare-and-swap on the own record continues the term.
#[test]
fn i14_the_term_goes_on_after_an_outage() {
    let mut stage = Stage::new();
    let acquire = stage.lead();
    stage.pass(millis(2000));
    let renewal = stage.one_write();
    stage.fails(&renewal, Outcome::Unreachable);
    let down = stage.now;
    while stage.now < down + Duration::from_secs(11) {
        stage.pass(millis(250));
        for write in stage.writes() {
            stage.fails(&write, Outcome::Unreachable);
        }
        let error = LockError {
            outcome: Outcome::Unreachable,
            retry_after: None,
            of_content: false,
            detail: "scripted".to_owned(),
        };
        stage.tell(Event::ReadFailed(error));
    }
    assert!(!stage.leads());
    let write = loop {
        stage.pass(millis(100));
        stage.reads(Lock::Present(Stage::stored(&acquire, 11)));
        if let Some(write) = stage.writes().pop() {
            break write;
        }
        assert!(stage.now < down + Duration::from_secs(20), "nothing is written any more");
    };
    assert_eq!((write.purpose, write.transitions), (Purpose::Renew, 0));
    stage.succeeds(&write, 12);
    assert!(stage.leads());
    assert_eq!(stage.view.term.clone().unwrap().token, Token(2));
    assert_eq!(stage.told(|notice| matches!(notice, Notice::ResumedTerm { .. })), 1);
}

/// The input is what the policy may go by: the claim is in it only while it is believed.
#[test]
fn the_observation_tells_what_is_so() {
    let mut stage = Stage::new();
    stage.lead();
    let inputs: Vec<Input> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask { input, .. } => Some((**input).clone()),
            _ => None,
        })
        .collect();
    let last = inputs.last().unwrap();
    assert!(last.observation.causes.has(Cause::WriteFinished), "{:?}", last.observation.causes);
    assert!(last.observation.claim.is_some());
    assert_eq!(last.observation.attempts.last, Outcome::Written);
    assert_eq!(last.timing.lease_duration, 15_000);
}
