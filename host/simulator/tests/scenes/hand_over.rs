//! Make before break: a leader that goes of its own will waits until its successor is ready.

use super::*;
use hotseat_core::elector::SUCCESSOR;
use hotseat_core::event::Published;
use hotseat_core::policy::Value;
use hotseat_core::request::TransferRequest;
use hotseat_core::view::State;

const WARM_UP: Duration = Duration::from_secs(10);

fn waiting(warm_up: Duration) -> Stage {
    let mut stage = Stage::with(Config { warm_up, ..config() });
    stage.lead();
    stage.answers = false;
    stage
}

fn entry(stage: &Stage, identity: &str, ready: Option<bool>) -> Published {
    Published {
        identity: identity.to_owned(),
        at: stage.now,
        ready,
        zone: None,
        policy: None,
        signals: Vec::new(),
        extra: Vec::new(),
    }
}

fn bing_is(stage: &mut Stage, ready: Option<bool>) {
    let entry = entry(stage, "bing", ready);
    stage.tell(Event::Roster(vec![entry]));
}

/// Time passes while the policy gives this answer to each question and each write succeeds, until the
/// leader goes. Gives how long it stayed, and the verdicts; none if it stayed.
fn stays(
    stage: &mut Stage,
    length: Duration,
    answer: &Result<Action, FailureKind>,
) -> Option<Duration> {
    let begun = stage.now;
    while stage.now < begun + length {
        stage.pass(millis(10));
        if stage.elector.situation().asking {
            let failure = |kind| Failure { kind, detail: "scripted".to_owned() };
            let ask = last_ask(stage);
            let answer = answer.clone().map(decision).map_err(failure);
            stage.tell(Event::Decided { ask, answer });
        }
        if !stage.leads() {
            return Some(stage.now.since(begun));
        }
        for write in stage.writes() {
            assert_eq!(write.purpose, Purpose::Renew);
            let lock = stage.lock.clone().unwrap();
            let version = lock.version().unwrap().0.parse::<u64>().unwrap() + 1;
            stage.succeeds(&write, version);
        }
    }
    None
}

fn to_bing() -> Result<Action, FailureKind> {
    Ok(Action::Resign(Some("bing".to_owned())))
}

fn announced(stage: &Stage) -> usize {
    stage.told(|notice| matches!(notice, Notice::HandingOver { to, .. } if to == "bing"))
}

fn withdrawn(stage: &Stage) -> usize {
    stage.told(|notice| matches!(notice, Notice::HandOverWithdrawn { to } if to == "bing"))
}

#[test]
fn a_leader_leads_on_until_its_successor_is_ready() {
    let mut stage = waiting(WARM_UP);
    bing_is(&mut stage, Some(false));
    overruled(&mut stage, Action::Resign(Some("bing".to_owned())), "bing is not ready");
    assert_eq!((announced(&stage), stage.view.state(stage.now)), (1, State::Draining));
    assert_eq!(stage.view.successor.as_deref(), Some("bing"));
    // Longer than a renew deadline would be without renewals, and each second it is asked again.
    let half = WARM_UP / 2;
    assert_eq!(stays(&mut stage, half, &to_bing()), None);
    bing_is(&mut stage, Some(true));
    assert!(stays(&mut stage, millis(200), &to_bing()).is_some(), "it is ready");
    assert_eq!((announced(&stage), withdrawn(&stage)), (1, 0));
    assert_eq!((stage.view.state(stage.now), &stage.view.successor), (State::Draining, &None));
    let write = stage.one_write();
    assert_eq!((write.purpose, write.successor.as_deref()), (Purpose::Release, Some("bing")));
    stage.succeeds(&write, 100);
    assert_eq!(stage.view.state(stage.now), State::Standby);
}

#[test]
fn it_waits_no_longer_than_it_may() {
    for answer in [to_bing(), Err(FailureKind::Trapped)] {
        let mut stage = waiting(WARM_UP);
        bing_is(&mut stage, Some(false));
        if answer.is_err() {
            asks_for_bing(&mut stage, Duration::from_secs(60));
        }
        let stayed = stays(&mut stage, WARM_UP * 2, &answer).unwrap();
        // The first question is a heartbeat later at most.
        assert!((WARM_UP..WARM_UP + millis(2100)).contains(&stayed), "{answer:?}: {stayed:?}");
        assert_eq!(announced(&stage), 1, "{answer:?}");
        assert_eq!(stage.one_write().successor.as_deref(), Some("bing"));
    }
}

#[test]
fn who_is_ready_or_not_known_is_not_waited_for_and_who_is_silent_is() {
    let cases: [(Duration, Option<Option<bool>>, Duration, bool); 6] = [
        (WARM_UP, None, Duration::ZERO, false),
        (WARM_UP, Some(None), Duration::ZERO, false),
        (WARM_UP, Some(Some(true)), Duration::ZERO, false),
        (WARM_UP, Some(Some(true)), Duration::from_secs(90), false),
        (WARM_UP, Some(Some(true)), Duration::from_secs(91), true),
        (Duration::ZERO, Some(Some(false)), Duration::ZERO, false),
    ];
    for (warm_up, ready, age, waits) in cases {
        let mut stage = waiting(warm_up);
        assert_eq!(stays(&mut stage, age, &Ok(Action::Renew)), None);
        if let Some(ready) = ready {
            let at = stage.now - age;
            let entry = entry(&stage, "bing", ready);
            stage.tell(Event::Roster(vec![Published { at, ..entry }]));
        }
        let verdict = verdict(&mut stage, Action::Resign(Some("bing".to_owned())));
        let overruled = matches!(verdict, Verdict::Overruled(_));
        assert_eq!((overruled, stage.leads()), (waits, waits), "{ready:?} {age:?} {verdict:?}");
    }
}

#[test]
fn a_policy_that_changes_its_mind_is_obeyed() {
    for answer in [Ok(Action::Renew), Ok(Action::Resign(None)), Err(FailureKind::Trapped)] {
        let mut stage = waiting(WARM_UP);
        bing_is(&mut stage, Some(false));
        overruled(&mut stage, Action::Resign(Some("bing".to_owned())), "bing is not ready");
        let left = stays(&mut stage, Duration::from_secs(3), &answer);
        assert_eq!(left.is_some(), answer == Ok(Action::Resign(None)), "{answer:?}");
        if left.is_none() {
            assert_eq!((withdrawn(&stage), &stage.view.successor), (1, &None), "{answer:?}");
            assert_eq!(stage.view.state(stage.now), State::Leading);
            // It counts anew.
            let stayed = stays(&mut stage, WARM_UP * 2, &to_bing()).unwrap();
            assert!(stayed >= WARM_UP, "{stayed:?}");
        }
    }
}

fn asks_for_bing(stage: &mut Stage, within: Duration) {
    let lock = stage.lock.clone().unwrap();
    let mut record = lock.record().unwrap().clone();
    record.version = Version((record.version.0.parse::<u64>().unwrap() + 1).to_string());
    record.requests.transfer = Some(TransferRequest {
        to: "bing".to_owned(),
        by: "ann".to_owned(),
        within,
        until: "tomorrow".to_owned(),
        refused: None,
    });
    stage.sees(Lock::Present(record));
}

#[test]
fn a_transfer_waits_too_but_not_until_it_is_forgotten() {
    let within = Duration::from_secs(30);
    for (answer, warm_up, ready_after, expected) in [
        (Ok(Action::Renew), WARM_UP, None, WARM_UP),
        (Ok(Action::Resign(Some("cleo".to_owned()))), WARM_UP, None, WARM_UP),
        (Ok(Action::Renew), WARM_UP, Some(3), Duration::from_secs(3)),
        // It holds for half a minute: with what is left it is carried out.
        (Ok(Action::Renew), within * 10, None, within - Duration::from_secs(2)),
    ] {
        let mut stage = waiting(warm_up);
        bing_is(&mut stage, Some(false));
        asks_for_bing(&mut stage, within);
        let begun = stage.now;
        if let Some(seconds) = ready_after {
            assert_eq!(stays(&mut stage, Duration::from_secs(seconds), &answer), None);
            bing_is(&mut stage, Some(true));
        }
        stays(&mut stage, within * 2, &answer).expect("it goes");
        let took = stage.now.since(begun);
        assert!((expected..expected + millis(1200)).contains(&took), "{answer:?}: {took:?}");
        assert_eq!(
            stage.told(|it| matches!(it, Notice::SteppedDown(StepDownReason::Transferred(_)))),
            1
        );
        assert_eq!(stage.one_write().successor.as_deref(), Some("bing"));
    }
}

#[test]
fn a_pause_and_a_lapse_end_the_announcement() {
    let mut stage = waiting(WARM_UP);
    bing_is(&mut stage, Some(false));
    overruled(&mut stage, Action::Resign(Some("bing".to_owned())), "bing is not ready");
    let mut record = stage.lock.clone().unwrap().record().unwrap().clone();
    record.version = Version("12".to_owned());
    record.requests.paused = true;
    stage.sees(Lock::Present(record));
    assert_eq!((stage.view.state(stage.now), withdrawn(&stage)), (State::Leading, 1));

    // I1: who waits believes no longer than its renewals say.
    let mut stage = waiting(WARM_UP);
    bing_is(&mut stage, Some(false));
    overruled(&mut stage, Action::Resign(Some("bing".to_owned())), "bing is not ready");
    stage.pass(stage.view.remaining(stage.now));
    assert!(!stage.leads());
    stage.pass(millis(1));
    assert_eq!((stage.view.state(stage.now), &stage.view.successor), (State::Standby, &None));
}

#[test]
fn a_standby_warms_up_when_the_leader_or_somebody_names_it() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(marked("cleo", 15, 1, 10, Some(9))));
    assert_eq!(stage.view.state(stage.now), State::Standby);
    let says = |stage: &mut Stage, who: &str, to: Option<&str>| {
        let to = to.map(|to| (SUCCESSOR.to_owned(), Value::Text(to.to_owned())));
        let said = Published { extra: to.into_iter().collect(), ..entry(stage, who, None) };
        stage.tell(Event::Roster(vec![said]));
        stage.view.state(stage.now)
    };
    assert_eq!(says(&mut stage, "cleo", Some("baz")), State::Warming);
    assert_eq!(says(&mut stage, "cleo", Some("bing")), State::Standby, "another is named");
    assert_eq!(says(&mut stage, "bing", Some("baz")), State::Standby, "who does not lead says so");
    assert_eq!(says(&mut stage, "cleo", None), State::Standby);
    let mut record = marked("cleo", 15, 1, 11, Some(10));
    record.requests.preferred = Some("baz".to_owned());
    stage.sees(Lock::Present(record));
    assert_eq!(stage.view.state(stage.now), State::Warming);
}
