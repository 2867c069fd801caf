//! Each decision is accounted for: once, with its question, and with what the guard did with it.

use super::*;
use hotseat_core::event::{Account, AskId, Verdict};

fn accounts(stage: &Stage) -> Vec<&Account> {
    fn account(effect: &Effect) -> Option<&Account> {
        match effect {
            Effect::Account(account) => Some(account),
            _ => None,
        }
    }
    stage.effects.iter().filter_map(account).collect()
}

fn answer(stage: &mut Stage, answer: Result<Decision, Failure>) -> Account {
    let ask = last_ask(stage);
    stage.effects.clear();
    stage.tell(Event::Decided { ask, answer });
    let told = accounts(stage);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].ask, Some(ask));
    told[0].clone()
}

fn verdict(account: &Account) -> &Verdict {
    match &account.answer {
        Some(Ok(judged)) => &judged.verdict,
        other => panic!("{other:?}"),
    }
}

/// The decision in the policy's place: whose, what, and what became of it.
fn instead(account: &Account) -> (OnFailure, &Action, &Verdict) {
    let instead = account.instead.as_ref().expect("nothing decided in the policy's place");
    (instead.by, &instead.judged.decision.action, &instead.judged.verdict)
}

#[test]
fn every_question_has_one_account_with_its_input() {
    let mut stage = Stage::new();
    stage.lead();
    for version in 12..20 {
        stage.pass(millis(2000));
        for write in stage.writes() {
            stage.succeeds(&write, version);
        }
    }
    let asked: Vec<(AskId, &Input)> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask { ask, input } => Some((*ask, &**input)),
            _ => None,
        })
        .collect();
    let told: Vec<(AskId, &Input)> = accounts(&stage)
        .into_iter()
        .filter_map(|account| Some((account.ask?, &account.input)))
        .collect();
    assert!(asked.len() > 16, "{}", asked.len());
    assert_eq!(told, asked);
}

#[test]
fn before_a_policy_is_loaded_the_rule_decides_and_is_accounted_for() {
    let mut stage = Stage::without_policy(config());
    stage.lead();
    let told = accounts(&stage);
    assert!(told.iter().all(|account| account.ask.is_none() && account.answer.is_none()));
    let campaigns = told.iter().map(|account| instead(account));
    let campaigns: Vec<_> =
        campaigns.filter(|(_, action, _)| **action == Action::Campaign).collect();
    assert_eq!(campaigns, [(OnFailure::Standard, &Action::Campaign, &Verdict::CarriedOut)]);
}

#[test]
fn what_the_guard_did_is_reported() {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    stage.pass(millis(2000));
    let account = answer(&mut stage, Ok(decision(Action::Wait)));
    assert_eq!((verdict(&account), &account.instead), (&Verdict::Nothing, &None));

    stage.pass(millis(1000));
    let account = answer(&mut stage, Ok(decision(Action::Renew)));
    assert_eq!((verdict(&account), &account.instead), (&Verdict::CarriedOut, &None));
}

#[test]
fn a_leader_that_may_not_resign_has_both_decisions_in_its_account() {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    stage.pass(millis(2000));
    let account = answer(&mut stage, Ok(decision(Action::Resign(Some("baz".to_owned())))));
    let reason = "a leader cannot resign in favour of itself".to_owned();
    assert_eq!(verdict(&account), &Verdict::Overruled(reason));
    assert_eq!(instead(&account), (OnFailure::Standard, &Action::Renew, &Verdict::CarriedOut));
}

#[test]
fn a_failure_is_accounted_for_with_the_rules_decision() {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    stage.pass(millis(2000));
    let failure = Failure { kind: FailureKind::Trapped, detail: "unreachable".to_owned() };
    let account = answer(&mut stage, Err(failure.clone()));
    assert_eq!(account.answer, Some(Err(failure)));
    assert_eq!(instead(&account), (OnFailure::Standard, &Action::Renew, &Verdict::CarriedOut));
}

#[test]
fn a_decision_that_breaks_a_bound_is_accounted_for_as_a_failure() {
    let mut stage = Stage::new();
    stage.lead();
    stage.answers = false;
    stage.pass(millis(2000));
    let account = answer(&mut stage, Ok(Decision { wake_after: 0, ..decision(Action::Wait) }));
    let kind = account.answer.and_then(Result::err).map(|failure| failure.kind);
    assert_eq!(kind, Some(FailureKind::Rejected));
}

#[test]
fn the_last_account_comes_before_the_end() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bar", 15)));
    stage.answers = false;
    stage.tell(Event::Stop);
    let end = stage.effects.iter().position(|effect| *effect == Effect::Finished);
    assert_eq!(end, Some(stage.effects.len() - 1), "{:#?}", stage.effects);

    let mut stage = Stage::new();
    let acquire = stage.lead();
    stage.answers = false;
    stage.tell(Event::Stop);
    // The lock is gone when the answer comes, so there is nothing to release.
    stage.sees(Lock::Present(Record {
        version: Version("12".to_owned()),
        ..Stage::stored(&Write { holder: Some("bar".to_owned()), ..acquire }, 12)
    }));
    let ask = last_ask(&stage);
    decides(&mut stage, Ok(decision(Action::Resign(None))));
    let kinds: Vec<&Effect> = stage.effects.iter().rev().take(1).collect();
    assert!(matches!(kinds[..], [Effect::Finished]), "{kinds:?}");
    assert_eq!(accounts(&stage).last().map(|account| account.ask), Some(Some(ask)));
}
