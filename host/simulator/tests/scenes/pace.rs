//! I18: each retry of each kind has a pause that grows, whatever the policy wants.

use super::*;

/// A policy that wants its seat at once, always.
fn eager(_: &Input) -> Decision {
    Decision { wake_after: 1, ..decision(Action::Campaign) }
}

/// A policy that wants its seat, and has no reason to be asked again before something changes.
fn patient(_: &Input) -> Decision {
    Decision { wake_after: 3_600_000, ..decision(Action::Campaign) }
}

fn error(outcome: Outcome) -> LockError {
    LockError { outcome, retry_after: None, of_content: false, detail: "scripted".to_owned() }
}

/// As a server refuses a record that it does not take.
fn unfit() -> LockError {
    LockError { of_content: true, ..error(Outcome::Denied) }
}

/// Lets each write and each read fail like that for so long, a millisecond after it was sent, and
/// gives the moments at which writes and reads were sent.
fn refuse_all(
    stage: &mut Stage,
    length: Duration,
    policy: impl Fn(&Input) -> Decision,
    write: Outcome,
    read: Option<Outcome>,
) -> (Vec<Moment>, Vec<Moment>) {
    refuse_all_for(stage, length, policy, &error(write), read)
}

fn refuse_all_for(
    stage: &mut Stage,
    length: Duration,
    policy: impl Fn(&Input) -> Decision,
    write: &LockError,
    read: Option<Outcome>,
) -> (Vec<Moment>, Vec<Moment>) {
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    let end = stage.now + length;
    stage.answers = false;
    while stage.now < end && !stage.effects.contains(&Effect::Finished) {
        // What is left to do, and the next wake-up, are needed of what came before.
        let wake =
            stage.effects.iter().rfind(|effect| matches!(effect, Effect::WakeAt(_))).cloned();
        stage.effects.retain(|effect| matches!(effect, Effect::Write(_)));
        stage.effects.extend(wake);
        stage.pass(millis(1));
        let asks = stage.effects.iter().filter_map(|effect| match effect {
            Effect::Ask { ask, input } => Some((*ask, policy(input))),
            _ => None,
        });
        for (ask, answer) in asks.collect::<Vec<_>>() {
            stage.tell(Event::Decided { ask, answer: Ok(answer) });
        }
        for sent in stage.writes() {
            writes.push(stage.now);
            let result = Err(write.clone());
            stage.tell(Event::WriteEnded { serial: sent.mark.serial, result });
        }
        if let Some(outcome) = read
            && std::mem::take(&mut stage.reading)
        {
            reads.push(stage.now);
            stage.tell(Event::ReadFailed(error(outcome)));
        }
    }
    (writes, reads)
}

fn gaps(moments: &[Moment]) -> Vec<Duration> {
    moments.windows(2).map(|pair| pair[1].since(pair[0])).collect()
}

/// A namespace that is not there yet, a quota, a record that the server does not take.
#[test]
fn i18_what_the_server_refuses_is_tried_less_and_less_often() {
    for policy in [eager, rule::decide] {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Absent(None));
        let minute = Duration::from_secs(60);
        let (writes, _) = refuse_all(&mut stage, minute, policy, Outcome::Denied, None);
        let gaps = gaps(&writes);
        assert!((6..=14).contains(&writes.len()), "{gaps:?}");
        assert!(gaps[0] >= millis(500), "{gaps:?}");
        let last = gaps.last().unwrap();
        assert!(*last >= Duration::from_secs(8) && *last < Duration::from_secs(13), "{gaps:?}");
    }
}

/// Annotations of others that leave no room: it is tried every two minutes at last, for a policy of the
/// server's that may have changed, and at once when the object has.
#[test]
fn i18_a_record_that_the_server_does_not_take_is_tried_when_the_object_changes() {
    for policy in [eager, patient, rule::decide] {
        let mut stage = Stage::new();
        // A label or an annotation is in no record: the same one under another version.
        let seen = |version: u64| {
            let version = Version(version.to_string());
            Lock::Present(Record { version, ..record("", 15) })
        };
        stage.starts_with(seen(10));
        let secs = Duration::from_secs;
        let (writes, _) = refuse_all_for(&mut stage, secs(900), policy, &unfit(), None);
        let gaps = gaps(&writes);
        assert!((12..=18).contains(&writes.len()), "{gaps:?}");
        assert!(gaps[0] <= secs(5), "{gaps:?}");
        let last = gaps.last().unwrap();
        assert!(*last >= secs(120) && *last < secs(125), "{gaps:?}");
        let ago = stage.now.since(*writes.last().unwrap());
        assert!(ago > secs(5) && ago < secs(110), "the next one is not due: {ago:?}");

        stage.answers = true;
        stage.sees(seen(11));
        let (writes, _) = refuse_all_for(&mut stage, secs(5), policy, &unfit(), None);
        assert!(!writes.is_empty());
    }
}

/// A server that answers each write with 409, and each read with the same lock.
#[test]
fn i18_conflicts_without_an_end_are_no_storm() {
    for policy in [eager, rule::decide] {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Absent(None));
        let minute = Duration::from_secs(60);
        let (writes, _) = refuse_all(&mut stage, minute, policy, Outcome::Conflict, None);
        assert!(writes.len() < 45, "{} writes in a minute", writes.len());
        // One that is followed by news may be tried again at once.
        assert!(gaps(&writes)[0] < millis(50), "{:?}", gaps(&writes));
    }
}

/// A seat that changed after a refusal is worth another try.
#[test]
fn i18_news_of_the_seat_end_a_long_pause() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    refuse_all(&mut stage, Duration::from_secs(60), eager, Outcome::Denied, None);
    stage.answers = true;
    stage.starts_with(Lock::Present(marked("bing", 15, 1, 10, None)));
    stage.pass(Duration::from_secs(1));
    stage.sees(Lock::Present(Record { released: true, ..marked("", 1, 2, 12, Some(10)) }));
    let (_, sent) = stage.next_write();
    assert!(sent.since(stage.view.seen.as_ref().unwrap().since) < millis(100));
}

/// The release of a leader that may not write any more.
#[test]
fn i18_a_release_that_is_refused_is_no_storm() {
    for (outcome, most) in [(Outcome::Denied, 14), (Outcome::Conflict, 14), (Outcome::Throttled, 8)]
    {
        let mut stage = Stage::new();
        stage.lead();
        let mine = stage.lock.clone().unwrap();
        stage.effects.clear();
        stage.tell(Event::Stop);
        let policy = |_: &Input| decision(Action::Resign(None));
        let first = stage.one_write();
        stage.fails(&first, outcome);
        stage.lock = Some(mine);
        let (writes, _) = refuse_all(&mut stage, Duration::from_secs(20), policy, outcome, None);
        assert!(stage.effects.contains(&Effect::Finished), "{outcome:?}");
        assert!((3..=most).contains(&writes.len()), "{outcome:?}: {:?}", gaps(&writes));
    }
}

/// A lock that vanished together with its namespace.
#[test]
fn i18_putting_a_lock_back_is_tried_less_and_less_often() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.sees(Lock::Absent(Some(Version("11".to_owned()))));
    let minute = Duration::from_secs(60);
    let wait = |_: &Input| decision(Action::Wait);
    let (writes, _) = refuse_all(&mut stage, minute, wait, Outcome::Denied, None);
    assert!((6..=14).contains(&writes.len()), "{:?}", gaps(&writes));
}

/// A standby in an outage; a leader reads on at its old pace, for its deadline's sake.
#[test]
fn i18_reads_that_fail_are_made_less_often() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    stage.lock = None;
    let long = Duration::from_secs(120);
    let (_, reads) = refuse_all(
        &mut stage,
        long,
        |_| decision(Action::Wait),
        Outcome::Denied,
        Some(Outcome::Unreachable),
    );
    let gaps = gaps(&reads);
    let last = *gaps.last().unwrap();
    assert!(last >= Duration::from_secs(4) && last < Duration::from_secs(5), "{last:?}");
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_secs(1)), "{gaps:?}");
}
