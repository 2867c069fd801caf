//! I12: who decides where the policy gives no usable decision, and when the last good one is wanted.

use super::*;
use hotseat_core::on_failure::Decider;
use hotseat_simulator::{Network, World};

fn failure(kind: FailureKind) -> Failure {
    Failure { kind, detail: "scripted".to_owned() }
}

fn failing(on_failure: OnFailure) -> Config {
    Config { on_failure, ..config() }
}

/// A leader whose policy does not answer from now on.
fn leader(on_failure: OnFailure) -> Stage {
    let mut stage = Stage::with(failing(on_failure));
    stage.lead();
    stage.answers = false;
    stage
}

/// What decided in the policy's place, each time since the effects were last cleared.
fn decided_by(stage: &Stage) -> Vec<OnFailure> {
    let accounts = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Account(account) => Some(account),
        _ => None,
    });
    accounts.filter_map(|account| Some(account.instead.as_ref()?.by)).collect()
}

/// Why, in the words that people see.
fn reasons(stage: &Stage) -> Vec<&str> {
    let accounts = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Account(account) => account.instead.as_ref(),
        _ => None,
    });
    accounts.map(|instead| &*instead.judged.decision.reason).collect()
}

fn restores(stage: &Stage) -> usize {
    stage.effects.iter().filter(|effect| **effect == Effect::RestorePolicy).count()
}

/// Waits for a question, has the policy answer it so, and lets each write succeed.
fn answers_next(stage: &mut Stage, answer: Result<Decision, Failure>) {
    stage.pass_until_asked();
    decides(stage, answer);
    let version = stage.now.since_origin().as_millis() as u64;
    for write in stage.writes() {
        stage.succeeds(&write, version);
    }
}

/// Everything that is not a usable decision.
fn unusable() -> Vec<Result<Decision, Failure>> {
    let absurd = |change: fn(&mut Decision)| {
        let mut decision = decision(Action::Wait);
        change(&mut decision);
        Ok(decision)
    };
    let failures = FailureKind::ALL.into_iter().map(|kind| Err(failure(kind)));
    let mut answers: Vec<_> = failures.collect();
    answers.extend([
        absurd(|decision| decision.wake_after = 0),
        absurd(|decision| decision.wake_after = u64::MAX),
        absurd(|decision| decision.lease_duration = Some(u64::MAX)),
        absurd(|decision| decision.reason = "x".repeat(1 << 20)),
        absurd(|decision| decision.memory = vec![0; 1 << 20]),
    ]);
    answers
}

/// Each kind of failure leaves a decision: the operator's choice of one.
#[test]
fn i12_a_leader_whose_policy_fails_does_as_the_operator_chose() {
    for on_failure in OnFailure::ALL {
        for answer in unusable() {
            let mut stage = leader(on_failure);
            stage.pass(millis(2000));
            assert!(stage.elector.situation().asking, "no question is open");
            let ask = last_ask(&stage);
            stage.effects.clear();
            stage.tell(Event::Decided { ask, answer: answer.clone() });
            let told = |notice: &Notice| matches!(notice, Notice::PolicyFailed { on_failure: by, .. } if *by == on_failure);
            assert_eq!(stage.told(told), 1);
            let by = Decider::Instead(on_failure);
            let told =
                |notice: &Notice| matches!(notice, Notice::Decided { by: it, .. } if *it == by);
            assert_eq!(stage.told(told), 1);
            assert_eq!(decided_by(&stage), [on_failure]);
            let (purpose, leads) = match on_failure {
                OnFailure::Standard | OnFailure::Hold => (Purpose::Renew, true),
                OnFailure::Resign => (Purpose::Release, false),
            };
            let write = stage.one_write();
            assert_eq!(
                (write.purpose, stage.leads()),
                (purpose, leads),
                "{on_failure:?} {answer:?}"
            );
            assert_eq!(write.successor, None);
        }
    }
}

/// A leader holds for as long as its policy fails, at the pace of a leader whose policy does not.
#[test]
fn i12_hold_keeps_a_term_while_the_policy_fails() {
    let mut stage = leader(OnFailure::Hold);
    stage.effects.retain(|effect| !matches!(effect, Effect::Account(_)));
    for version in 12..40 {
        let (write, _) = stage.next_write();
        assert_eq!(write.purpose, Purpose::Renew);
        stage.succeeds(&write, version);
        assert!(stage.leads());
    }
    assert!(decided_by(&stage).iter().all(|by| *by == OnFailure::Hold));
    let holds = "the policy gave no decision, so the leader holds: ";
    assert!(!reasons(&stage).is_empty());
    assert!(reasons(&stage).iter().all(|reason| reason.starts_with(holds)));
    assert_eq!(stage.told(|notice| matches!(notice, Notice::SteppedDown(_))), 0);
}

/// It retries a renewal that fails, too: it is the policy that fails, and not the leader.
#[test]
fn i12_hold_retries_a_failed_renewal_at_a_quarter_of_the_pace() {
    let mut stage = leader(OnFailure::Hold);
    let (write, first) = stage.next_write();
    stage.fails(&write, Outcome::Denied);
    let (again, second) = stage.next_write();
    assert_eq!(again.purpose, Purpose::Renew);
    // A question waits half a second for its answer, and there is one before each decision.
    assert!(second.since(first) <= millis(2100), "{:?}", second.since(first));
    assert!(stage.leads());
}

/// A free seat is taken by the rule, and by nothing else that decides for a policy which fails.
#[test]
fn i12_a_standby_whose_policy_fails_takes_a_free_seat_by_the_rule_alone() {
    for on_failure in OnFailure::ALL {
        for answer in unusable() {
            let mut stage = Stage::with(failing(on_failure));
            stage.answers = false;
            stage.starts_with(Lock::Present(record("", 0)));
            let taken = (0..8).any(|_| {
                answers_next_unwritten(&mut stage, answer.clone());
                !stage.writes().is_empty()
            });
            assert_eq!(taken, on_failure == OnFailure::Standard, "{on_failure:?} {answer:?}");
            let speaks_as_leader =
                reasons(&stage).iter().any(|reason| reason.contains("the leader"));
            assert!(!speaks_as_leader, "{on_failure:?} {:?}", reasons(&stage));
        }
    }
}

fn answers_next_unwritten(stage: &mut Stage, answer: Result<Decision, Failure>) {
    stage.pass_until_asked();
    let ask = last_ask(stage);
    stage.tell(Event::Decided { ask, answer });
}

/// Once the policy decides again, the seat is taken: a standby asks at the moment at which it falls
/// free, and not a retry period later.
#[test]
fn i12_a_standby_that_waits_asks_again_when_the_seat_falls_free() {
    for on_failure in [OnFailure::Hold, OnFailure::Resign] {
        let mut stage = Stage::with(failing(on_failure));
        stage.answers = false;
        stage.starts_with(Lock::Present(record("bing", 15)));
        let free_at = stage.now + millis(15_000);
        let mut answers = 0;
        while stage.now + millis(1_500) < free_at {
            answers += 1;
            assert!(answers < 1_000, "it asks over and over");
            answers_next_unwritten(&mut stage, Err(failure(FailureKind::Trapped)));
        }
        stage.answers = true;
        let (write, at) = stage.next_write();
        assert_eq!(write.purpose, Purpose::Acquire);
        assert!((free_at..free_at + millis(50)).contains(&at), "{on_failure:?}: {at}");
    }
}

/// A policy that keeps an application with too much lag from leading does so as well where the
/// machine is so slow that most of its answers come too late. The rule knows nothing of lag, and
/// leads with it: to have it decide for such a policy fails open.
#[test]
fn i12_a_lagging_application_does_not_lead_while_its_policy_times_out() {
    for on_failure in OnFailure::ALL {
        let mut world = World::new(7, Network::perfect());
        let mut asked = 0;
        let lagging: Policy = Box::new(move |_| {
            asked += 1;
            match asked % 4 {
                0 => Ok(decision(Action::Wait)),
                _ => Err(failure(FailureKind::TimedOut)),
            }
        });
        let index = world.add(Config { on_failure, ..candidate("anna", millis(0)) }, lagging, 0);
        world.keeps_policies = true;
        world.start(index);
        let led = (0..600).any(|_| {
            world.run_for(millis(100)).unwrap();
            world.leads(index)
        });
        assert_eq!(led, on_failure == OnFailure::Standard, "{on_failure:?}");
    }
}

/// Nobody decides before there is a policy but what the operator chose for that time.
#[test]
fn i12_before_the_first_policy_the_operators_choice_decides() {
    for on_failure in OnFailure::ALL {
        let mut stage = Stage::without_policy(failing(on_failure));
        stage.starts_with(Lock::Absent(None));
        stage.pass(millis(10_000));
        assert!(decided_by(&stage).iter().all(|by| *by == on_failure));
        let written = stage.writes().len();
        assert_eq!(written > 0, on_failure == OnFailure::Standard, "{on_failure:?}: {written}");
        // Then there is one, and it is asked at once.
        stage.swaps();
        stage.pass(millis(25));
        let view = stage.elector.situation();
        let acquires = stage.writes().len();
        assert_eq!(acquires > 0, on_failure != OnFailure::Standard, "{on_failure:?}: {view:?}");
    }
}

/// Each policy brings its own word with it.
#[test]
fn i12_what_decides_changes_with_the_policy() {
    let mut stage = leader(OnFailure::Hold);
    answers_next(&mut stage, Err(failure(FailureKind::Trapped)));
    assert!(stage.leads());
    stage.on_failure = OnFailure::Resign;
    stage.swaps();
    decides(&mut stage, Err(failure(FailureKind::Trapped)));
    assert!(!stage.leads());
}

/// I6: the seat of a process that stops is given up at once, whoever decides.
#[test]
fn i12_a_process_stops_as_ever_while_its_policy_fails() {
    for on_failure in OnFailure::ALL {
        let mut stage = leader(on_failure);
        stage.effects.clear();
        stage.tell(Event::Stop);
        decides(&mut stage, Err(failure(FailureKind::Trapped)));
        let release = stage.one_write();
        assert_eq!((release.purpose, release.successor.as_deref()), (Purpose::Release, None));
        assert_eq!(decided_by(&stage), [OnFailure::Standard]);
        stage.succeeds(&release, 12);
        assert!(stage.finished);
    }
}

/// A resignation that the guard does not allow is a usable decision: nothing fails, and the leader
/// goes on by the rule whatever it does when its policy fails.
#[test]
fn i12_a_leader_that_may_not_resign_has_not_failed() {
    let mut stage = leader(OnFailure::Resign);
    stage.pass(millis(2000));
    stage.effects.clear();
    stage.swaps();
    decides(&mut stage, Ok(decision(Action::Resign(Some("baz".to_owned())))));
    assert_eq!(decided_by(&stage), [OnFailure::Standard]);
    assert!(stage.leads());
    assert_eq!(stage.told(|notice| matches!(notice, Notice::PolicyFailed { .. })), 0);
}

#[test]
fn i12_a_policy_that_never_answers_does_not_stop_the_renewals() {
    for on_failure in [OnFailure::Standard, OnFailure::Hold] {
        let mut stage = leader(on_failure);
        stage.pass(millis(3000));
        assert_eq!(stage.told(|notice| matches!(notice, Notice::PolicyFailed { .. })), 1);
        assert_eq!(stage.one_write().purpose, Purpose::Renew);
    }
}

/// It is wanted at the third failure, and once: what comes back is asked for by its own failures.
#[test]
fn i12_after_three_failures_in_a_row_the_last_good_policy_is_wanted() {
    let mut stage = leader(OnFailure::Standard);
    let failed = || Err(failure(FailureKind::Trapped));
    // An answer between them begins the row anew.
    for (answer, restored) in [
        (failed(), 0),
        (failed(), 0),
        (Ok(decision(Action::Wait)), 0),
        (failed(), 0),
        (failed(), 0),
        (failed(), 1),
        (failed(), 1),
        (failed(), 1),
        (failed(), 1),
    ] {
        answers_next(&mut stage, answer);
        assert_eq!(restores(&stage), restored);
    }
    assert!(stage.leads(), "the rule renewed meanwhile");
    // Another policy has its own three.
    ask_now(&mut stage);
    for restored in [1, 1, 2] {
        answers_next(&mut stage, failed());
        assert_eq!(restores(&stage), restored);
    }
}

/// One good answer between two failures does not make a good policy: of a hundred decisions more
/// than the share may not fail. The share is the operator's.
#[test]
fn i12_a_policy_that_fails_every_other_time_is_given_up_by_the_share() {
    for share in [0, 5, 20, 49] {
        let mut stage = Stage::with(Config { failure_share: share, ..failing(OnFailure::Hold) });
        stage.lead();
        stage.answers = false;
        for failed in 1..=60 {
            answers_next(&mut stage, Err(failure(FailureKind::TimedOut)));
            let wanted = usize::from(failed > u32::from(share));
            assert_eq!(restores(&stage), wanted, "{failed} failures with a share of {share}");
            answers_next(&mut stage, Ok(decision(Action::Renew)));
        }
        assert!(stage.leads());
    }
    // What failed more than a hundred decisions ago is forgotten.
    let mut stage = leader(OnFailure::Hold);
    for _ in 0..60 {
        answers_next(&mut stage, Err(failure(FailureKind::TimedOut)));
        for _ in 0..4 {
            answers_next(&mut stage, Ok(decision(Action::Renew)));
        }
    }
    assert_eq!(restores(&stage), 0, "a fifth fails, and no more than a fifth");
}
