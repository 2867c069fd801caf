//! What people ask of a leader: a transfer, a pause, and a coordinator's preferred holder.

use super::*;
use hotseat_core::request::{Reply, TransferRequest};
use hotseat_simulator::{Network, World};

/// The lock is edited beside the seat: a new version, the same content.
fn asks(stage: &mut Stage, change: impl FnOnce(&mut Requests)) {
    let lock = stage.lock.clone().unwrap();
    let mut record = lock.record().unwrap().clone();
    let version: u64 = record.version.0.parse().unwrap();
    record.version = Version((version + 1).to_string());
    change(&mut record.requests);
    stage.sees(Lock::Present(record));
}

/// A request for that candidate, by somebody.
pub fn transfer(to: &str) -> Option<TransferRequest> {
    Some(TransferRequest {
        to: to.to_owned(),
        by: "ann".to_owned(),
        within: Duration::from_secs(30),
        until: "tomorrow".to_owned(),
        refused: None,
    })
}

fn next_version(stage: &Stage) -> u64 {
    let lock = stage.lock.clone().unwrap();
    lock.version().unwrap().0.parse::<u64>().unwrap() + 1
}

/// Lets time pass, and each write succeed at once. Gives the writes.
fn goes_on(stage: &mut Stage, length: Duration) -> Vec<Write> {
    let (end, mut all) = (stage.now + length, Vec::new());
    while stage.now < end {
        stage.pass(millis(50));
        for write in stage.writes() {
            let version = next_version(stage);
            stage.succeeds(&write, version);
            all.push(write);
        }
    }
    all
}

fn handed_over(stage: &Stage) -> usize {
    stage.told(|notice| matches!(notice, Notice::SteppedDown(StepDownReason::Transferred(_))))
}

#[test]
fn a_leader_hands_over_as_asked_whatever_its_policy_says() {
    let answers: [Result<Action, FailureKind>; 7] = [
        Ok(Action::Wait),
        Ok(Action::Renew),
        Ok(Action::Campaign),
        Ok(Action::Resign(None)),
        Ok(Action::Resign(Some("cleo".to_owned()))),
        Ok(Action::Resign(Some("bing".to_owned()))),
        Err(FailureKind::Trapped),
    ];
    for answer in answers {
        let mut stage = Stage::new();
        stage.lead();
        stage.answers = false;
        asks(&mut stage, |requests| requests.transfer = transfer("bing"));
        assert!(stage.leads(), "the policy is asked first");
        let wanted_too = answer == Ok(Action::Resign(Some("bing".to_owned())));
        let policy = answer.clone().map(decision);
        decides(&mut stage, policy.map_err(|kind| Failure { kind, detail: "scripted".to_owned() }));
        assert!(!stage.leads(), "{answer:?}");
        assert_eq!(handed_over(&stage), 1, "{answer:?}");
        let write = stage.one_write();
        assert_eq!((write.purpose, write.successor.as_deref()), (Purpose::Release, Some("bing")));
        assert_eq!(write.reply, Reply::Remove, "{answer:?}");
        if answer.is_ok() {
            let verdict = stage.effects.iter().rev().find_map(|effect| match effect {
                Effect::Account(account) => account.answer.clone(),
                _ => None,
            });
            let overruled = matches!(verdict.unwrap().unwrap().verdict, Verdict::Overruled(why) if why == "ann asked for a transfer to bing");
            assert_eq!(overruled, !wanted_too, "{answer:?}");
        }
        // Once it is carried out nothing is left of it, whoever leads next.
        stage.succeeds(&write, 13);
        assert_eq!(stage.lock.as_ref().unwrap().record().unwrap().requests, Requests::default());
    }
}

fn last_input(stage: &Stage) -> Input {
    let asked = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { input, .. } => Some((**input).clone()),
        _ => None,
    });
    asked.expect("a question")
}

#[test]
fn the_policies_of_all_hear_what_is_asked() {
    for leads in [true, false] {
        let mut stage = Stage::new();
        match leads {
            true => drop(stage.lead()),
            false => stage.starts_with(Lock::Present(marked("cleo", 15, 1, 10, Some(9)))),
        }
        stage.pass(millis(10));
        asks(&mut stage, |requests| requests.paused = true);
        let input = last_input(&stage);
        assert!(input.observation.causes.has(Cause::Pause), "{input:?}");
        assert!(input.observation.seat.unwrap().paused);
        asks(&mut stage, |requests| requests.paused = false);
        assert!(last_input(&stage).observation.causes.has(Cause::Pause));
        stage.answers = false;
        asks(&mut stage, |requests| requests.transfer = transfer("bing"));
        let input = last_input(&stage);
        assert!(input.observation.causes.has(Cause::Transfer), "{input:?}");
        let told = input.observation.seat.unwrap().transfer.unwrap();
        assert_eq!((told.to.as_str(), told.by.as_str(), told.remaining), ("bing", "ann", 30_000));
    }
}

#[test]
fn a_transfer_that_meets_a_renewal_waits_for_its_end() {
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, _) = stage.next_write();
    asks(&mut stage, |requests| requests.transfer = transfer("bing"));
    assert!(stage.leads() && stage.writes().is_empty());
    stage.fails(&renewal, Outcome::Conflict);
    stage.pass(millis(1));
    assert!(!stage.leads());
    assert_eq!(stage.one_write().successor.as_deref(), Some("bing"));
}

#[test]
fn i6_the_application_has_its_drain_before_the_seat_is_handed_over() {
    let drain = Duration::from_secs(2);
    let mut stage = Stage::with(Config { drain, ..config() });
    stage.lead();
    asks(&mut stage, |requests| requests.transfer = transfer("bing"));
    assert!(!stage.leads());
    stage.pass(drain);
    assert!(stage.writes().is_empty(), "the application may still act");
    stage.pass(millis(100));
    assert_eq!(stage.one_write().successor.as_deref(), Some("bing"));
}

/// I11: nobody can have a leader's seat handed over and over.
#[test]
fn i11_a_transfer_takes_one_of_the_budget() {
    let mut stage = Stage::with(Config { preemptions_per_hour: 1, ..config() });
    stage.lead();
    for _ in 0..2 {
        asks(&mut stage, |requests| requests.transfer = transfer("bing"));
        // Bing does not take the seat, so it is this candidate's again.
        goes_on(&mut stage, Duration::from_secs(10));
        assert!(stage.leads());
    }
    assert_eq!(handed_over(&stage), 1);
    let refused = |notice: &Notice| matches!(notice, Notice::TransferRefused { reason, .. } if reason.contains("budget"));
    assert_eq!(stage.told(refused), 1);
}

#[test]
fn i11_transfers_have_the_budget_of_preemptions_and_what_is_refused_is_said() {
    let mut stage = Stage::with(Config { preemptions_per_hour: 0, ..config() });
    stage.lead();
    asks(&mut stage, |requests| requests.transfer = transfer("bing"));
    assert!(stage.leads());
    let refused = |notice: &Notice| matches!(notice, Notice::TransferRefused { to, by, reason } if to == "bing" && by == "ann" && reason.contains("budget"));
    assert_eq!(stage.told(refused), 1);
    let writes = goes_on(&mut stage, Duration::from_secs(60));
    assert!(matches!(&writes[0].reply, Reply::Refuse(why) if why.contains("budget")), "{writes:?}");
    // It is said once, and what is refused stands there until its time is over.
    let replies: Vec<&Reply> = writes.iter().map(|write| &write.reply).collect();
    let removed = replies.iter().position(|reply| **reply == Reply::Remove).unwrap();
    assert!(replies[1..removed].iter().all(|reply| **reply == Reply::Leave), "{replies:?}");
    assert!((10..20).contains(&removed), "{removed} renewals of two seconds each");
    assert!(stage.leads() && stage.told(refused) == 1);
}

#[test]
fn a_request_holds_from_its_first_sight_and_no_longer() {
    let mut stage = Stage::new();
    let requests = Requests { transfer: transfer("bing"), ..Requests::default() };
    let held = Record { requests, ..marked("cleo", 15, 1, 10, Some(9)) };
    stage.starts_with(Lock::Present(held));
    // The holder does not renew, and nobody hands over, so its lease runs out first.
    stage.pass(Duration::from_secs(14));
    asks(&mut stage, |_| {});
    stage.pass(Duration::from_secs(2));
    let write = stage.one_write();
    assert_eq!((write.purpose, &write.reply), (Purpose::Acquire, &Reply::Leave));
    stage.succeeds(&write, 12);
    stage.pass(millis(1));
    assert!(!stage.leads(), "the request still holds, and this leader carries it out");

    let mut stage = Stage::new();
    let requests = Requests { transfer: transfer("bing"), ..Requests::default() };
    stage.starts_with(Lock::Present(Record { requests, ..marked("cleo", 40, 1, 10, Some(9)) }));
    stage.pass(Duration::from_secs(20));
    // A look that is not the first one begins nothing anew.
    asks(&mut stage, |_| {});
    stage.pass(Duration::from_secs(21));
    let write = stage.one_write();
    assert_eq!((write.purpose, &write.reply), (Purpose::Acquire, &Reply::Remove));
    let told = last_input(&stage).observation.seat.unwrap();
    assert_eq!(told.transfer, None, "the policy hears no more of it either");
    stage.succeeds(&write, 12);
    goes_on(&mut stage, Duration::from_secs(5));
    assert!(stage.leads());
}

#[test]
fn a_request_for_the_leader_itself_changes_nothing_and_goes() {
    let mut stage = Stage::new();
    stage.lead();
    asks(&mut stage, |requests| {
        requests.transfer = transfer("baz");
        requests.preferred = Some("baz".to_owned());
    });
    let replies: Vec<Reply> =
        goes_on(&mut stage, Duration::from_secs(7)).into_iter().map(|write| write.reply).collect();
    assert_eq!(replies[..3], [Reply::Remove, Reply::Unprefer, Reply::Leave]);
    assert!(stage.leads());
}

#[test]
fn a_preferred_holder_is_handed_over_to() {
    let mut stage = Stage::new();
    stage.lead();
    asks(&mut stage, |requests| requests.preferred = Some("bing".to_owned()));
    assert!(!stage.leads());
    let write = stage.one_write();
    assert_eq!((write.successor.as_deref(), &write.reply), (Some("bing"), &Reply::Unprefer));
    // Without a budget it waits for one.
    let mut stage = Stage::with(Config { preemptions_per_hour: 0, ..config() });
    stage.lead();
    asks(&mut stage, |requests| requests.preferred = Some("bing".to_owned()));
    let writes = goes_on(&mut stage, Duration::from_secs(20));
    assert!(stage.leads() && writes.iter().all(|write| write.reply == Reply::Leave));
}

#[test]
fn a_leader_that_stops_meanwhile_names_who_was_asked_for() {
    for paused in [false, true] {
        let mut stage = Stage::with(Config { preemptions_per_hour: 0, ..config() });
        stage.lead();
        asks(&mut stage, |requests| requests.paused = paused);
        stage.answers = false;
        asks(&mut stage, |requests| requests.transfer = transfer("bing"));
        stage.tell(Event::Stop);
        decides(&mut stage, Ok(decision(Action::Resign(Some("cleo".to_owned())))));
        let write = stage.one_write();
        // A pause ends no process's right to stop, and names nobody.
        let wanted = if paused { "cleo" } else { "bing" };
        assert_eq!((write.purpose, write.successor.as_deref()), (Purpose::Release, Some(wanted)));
        assert_eq!(write.reply == Reply::Remove, !paused);
    }
}

#[test]
fn while_paused_a_policy_that_resigns_is_overruled_and_the_leader_renews() {
    for action in [Action::Resign(None), Action::Resign(Some("bing".to_owned()))] {
        let mut stage = Stage::new();
        stage.lead();
        asks(&mut stage, |requests| requests.paused = true);
        stage.answers = false;
        overruled(&mut stage, action.clone(), "paused");
        assert!(stage.leads(), "{action:?}");
        assert_eq!(stage.told(|notice| matches!(notice, Notice::SteppedDown(_))), 0);
        // What is left to do is decided by the built-in rule at once.
        assert_eq!(verdict(&mut stage, Action::Wait), Verdict::Nothing);
        stage.pass(millis(2100));
        assert!(stage.writes().is_empty());
        overruled(&mut stage, action.clone(), "paused");
        assert_eq!(stage.one_write().purpose, Purpose::Renew, "{action:?}");
    }
}

/// What a policy answers, whatever it remembers.
type Answers = fn(&Input) -> Result<Decision, Failure>;

/// A lease that is left to end is a seat given up.
#[test]
fn while_paused_a_leader_stays_whose_policy_no_longer_renews_or_fails() {
    let failing = |_: &Input| Err(Failure { kind: FailureKind::Trapped, detail: String::new() });
    let waiting = |_: &Input| Ok(Decision { wake_after: 60_000, ..decision(Action::Wait) });
    let policies: [(&str, Answers, OnFailure); 3] = [
        ("waits", waiting, OnFailure::Hold),
        ("fails, resign", failing, OnFailure::Resign),
        ("fails, hold", failing, OnFailure::Hold),
    ];
    for (name, policy, on_failure) in policies {
        for paused in [true, false] {
            let mut world = World::new(1, Network::perfect());
            world.keeps_policies = true;
            let config = Config { on_failure, ..candidate("a", Duration::ZERO) };
            let leader = world.add(config, by_rule(), 0);
            world.start(leader);
            world.run_for(Duration::from_secs(5)).unwrap();
            assert!(world.leads(leader));
            world.store.edit(|record| record.requests.paused = paused);
            world.announce();
            world.run_for(Duration::from_secs(1)).unwrap();
            world.swap(leader, Box::new(policy));
            world.run_for(Duration::from_secs(120)).unwrap();
            let stays = paused || name == "fails, hold";
            assert_eq!(world.leads(leader), stays, "{name}, paused {paused}");
        }
    }
}

#[test]
fn a_pause_keeps_no_process_from_stopping_and_no_application_from_letting_go() {
    let endings = [
        Event::Stop,
        Event::LetGo { token: Token::LARGEST, rest: Duration::ZERO, reason: "over".to_owned() },
    ];
    for ending in endings {
        let mut stage = Stage::new();
        stage.lead();
        asks(&mut stage, |requests| requests.paused = true);
        stage.tell(ending.clone());
        stage.pass(millis(1));
        assert_eq!(stage.one_write().purpose, Purpose::Release, "{ending:?}");
    }
}

#[test]
fn a_transfer_while_paused_is_refused() {
    let mut stage = Stage::new();
    stage.lead();
    asks(&mut stage, |requests| {
        requests.paused = true;
        requests.transfer = transfer("bing");
    });
    assert!(stage.leads());
    let writes = goes_on(&mut stage, Duration::from_secs(3));
    assert_eq!(writes[0].reply, Reply::Refuse("the election is paused".to_owned()));
    // What is refused is not carried out later.
    asks(&mut stage, |requests| requests.paused = false);
    goes_on(&mut stage, Duration::from_secs(10));
    assert!(stage.leads() && handed_over(&stage) == 0);
    // A new request is.
    let later = TransferRequest { until: "the day after".to_owned(), ..transfer("bing").unwrap() };
    asks(&mut stage, |requests| requests.transfer = Some(later));
    assert!(!stage.leads());
}
