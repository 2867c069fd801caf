//! Keeps what may be read of policies and lock true.

use crate::fact::{Fact, Observer, Occurrence};
use crate::status::Status;
use hotseat_core::event::Notice;
use hotseat_core::failures::how_often;
use hotseat_core::on_failure::{Decider, OnFailure};
use hotseat_rollout::Report;
use std::sync::Arc;

/// Keeps the report of an election, from the facts and from the rollout itself.
#[derive(Debug)]
pub(crate) struct Reporter(Status);

impl Reporter {
    /// For the election of that status.
    pub(crate) fn new(status: Status) -> Reporter {
        Reporter(status)
    }

    /// The rollout shows this now.
    pub(crate) fn show(&self, rollout: Report) {
        self.0.change_policy(|report| report.take(rollout));
    }
}

impl Observer for Reporter {
    fn observe(&self, occurrence: Occurrence<'_>) {
        self.0.history().take(occurrence, &self.0.view());
        match occurrence.fact {
            Fact::Elector(Notice::WriteFailed { error, .. } | Notice::ReadFailed(error)) => {
                let failure = (occurrence.at, error.clone());
                self.0.change_lock(|report| report.last_failure = Some(failure));
            }
            Fact::RightsMissing(missing) => {
                self.0.change_lock(|report| report.missing = Some(Arc::clone(missing)));
            }
            Fact::RightsGiven => self.0.change_lock(|report| report.missing = None),
            Fact::Elector(Notice::PolicyFailed { failure, in_a_row, of_last_hundred, .. }) => {
                self.0.change_policy(|report| {
                    *report.failures.entry(failure.kind).or_default() += 1;
                    report.failures_in_a_row = *in_a_row;
                    report.failures_of_last_hundred = *of_last_hundred;
                    report.last_failure = Some((failure.kind, failure.detail.clone()));
                });
            }
            Fact::Elector(Notice::Decided { decision, by }) => {
                self.0.change_policy(|report| {
                    match by {
                        Decider::Policy => {
                            report.decisions += 1;
                            report.failures_in_a_row = 0;
                            report.published.clone_from(&decision.publish);
                        }
                        Decider::Instead(OnFailure::Standard) => report.rule_decisions += 1,
                        Decider::Instead(OnFailure::Hold) => report.hold_decisions += 1,
                        Decider::Instead(OnFailure::Resign) => report.resign_decisions += 1,
                    }
                    report.last_reason.clone_from(&decision.reason);
                });
            }
            Fact::Asked { time, fuel } => self.0.change_policy(|report| {
                report.decide_micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                report.decide_fuel = *fuel;
            }),
            Fact::Policy(hotseat_rollout::Fact::TookOver { restored, .. }) => {
                self.0.change_policy(|report| {
                    report.failures_in_a_row = 0;
                    report.published.clear();
                    // Those of the policy before say nothing of this one.
                    (report.decide_micros, report.decide_fuel) = (0, 0);
                    report.restored = *restored;
                    if !restored {
                        report.broken = None;
                    }
                });
            }
            Fact::Policy(hotseat_rollout::Fact::Broken { about, .. }) => {
                self.0.change_policy(|report| {
                    let last = report.last_failure.as_ref().map_or(String::new(), |(kind, why)| {
                        format!(", last: {}: {why}", kind.as_str())
                    });
                    let how = how_often(report.failures_in_a_row, report.failures_of_last_hundred);
                    report.broken =
                        Some(format!("{} {}: failed {how}{last}", about.name, about.version));
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ElectionName;
    use hotseat_core::time::Moment;
    use hotseat_rollout::{About, Policy};
    use std::time::Duration;

    #[test]
    fn the_time_of_a_decision_is_that_of_the_policy_in_force() {
        let (election, at) = (ElectionName::new("shop", "web"), Moment::from_millis(1));
        let status = Status::new(election.clone(), "anna", at, Duration::from_secs(2));
        let reporter = Reporter::new(status.clone());
        let tell = |fact: &Fact| {
            reporter.observe(Occurrence { election: &election, at, fact });
            (status.policy().decide_micros, status.policy().decide_fuel)
        };
        let asked = |micros, fuel| Fact::Asked { time: Duration::from_micros(micros), fuel };
        let took_over = Fact::Policy(hotseat_rollout::Fact::TookOver {
            policy: Policy { digest: "sha256:aa".to_owned(), settings: "".into() },
            about: About::default(),
            source: "builtin".to_owned(),
            restored: false,
            memory_lost: None,
            pause_micros: 7,
        });
        assert_eq!(tell(&asked(11, 900)), (11, 900));
        assert_eq!(tell(&took_over), (0, 0));
        assert_eq!(tell(&asked(12_000, 11_000_000)), (12_000, 11_000_000));
    }
}
