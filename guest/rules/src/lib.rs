//! An election policy whose rules are expressions in its settings: CEL, the language in which
//! Kubernetes' own admission policies are written. No compiler is needed to say who may lead.
//!
//! ```yaml
//! campaign: ready && signal('app.lag', 1e9) < 1000
//! resign: signal('app.lag', 0) > 10000
//! rank: "others.filter(o, o.signal('lag', 1e9) < signal('app.lag', 1e9)).size()"
//! publish:
//!   lag: signal('app.lag', 1e9)
//! ```
//!
//! - `campaign`: this candidate may take a free seat; `true` where it is left out.
//! - `resign`: a leader goes; `false` where it is left out. Where `campaign` holds too it only makes
//!   room for a better one, and goes once its term has lasted `settle_ms`.
//! - `successor`: whom a leader that goes names: a candidate, or a list whose first counts.
//! - `rank`, `wait`: how long a free seat is left to others: `rank` times `step_ms`, and `wait`
//!   milliseconds, at most `longest_wait_ms` together.
//! - `lease`: how long others wait for this candidate while it leads and is silent, in milliseconds.
//! - `pause`: how long it leaves the API server alone after a write that failed, in milliseconds.
//! - `publish`: what the other candidates see of this one, as `o.signal('lag', 1e9)`.
//!
//! Everything else is the standard policy's: the pace of renewals and retries, and the jitter. The
//! names and functions of expressions are in [`names`], and in the manual.

#![forbid(unsafe_code)]

mod candidate;
mod check;
mod expression;
mod facts;
mod failure;
mod functions;
mod hoist;
mod issues;
mod memory;
mod names;
mod nearest;
mod rule;
mod rules;
mod settings;
mod trial;
mod values;
mod version;
mod writes;

use hotseat_policy::{Decision, Descriptor, Input, Issue, OnFailure, Policy, Refusal};
use hotseat_policy_standard::Standard;
use memory::Memory;
use rules::Rules;

/// The policy.
pub struct ByRules;

impl Policy for ByRules {
    fn describe() -> Descriptor {
        let summary = "who leads by expressions in its settings";
        Descriptor::new("rules", env!("CARGO_PKG_VERSION"), summary)
            .settings_schema(settings::SCHEMA)
            .needs("roster")
            // By the standard policy a candidate could lead that the rules keep from it.
            .on_failure(OnFailure::Hold)
    }

    fn validate(text: &str) -> Vec<Issue> {
        match Rules::read_and_check(text) {
            Ok(rules) => trial::run(&rules),
            Err(issues) => issues,
        }
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let rules = Rules::read(&input.settings)?;
        rule::decide(&rules, input)
    }

    /// The standard policy's memory goes on as the part that is its own here.
    fn migrate(name: &str, schema: u32, memory: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let (own, standard) = (Self::describe(), Standard::describe());
        Ok(if name == own.name && schema == own.memory_schema {
            memory
        } else if name == standard.name && schema == standard.memory_schema {
            Memory::beginning(memory).write()
        } else {
            Vec::new()
        })
    }
}

/// Rules that are read once and asked many times, for whoever runs them without WebAssembly, such as a
/// simulation. What they answer is what [`ByRules`] answers.
pub struct Prepared(Rules);

impl Prepared {
    /// Reads settings that were validated.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn new(settings: &str) -> Result<Prepared, Vec<Issue>> {
        Rules::read(settings).map(Prepared)
    }

    /// Answers a question; the settings in it are not looked at.
    ///
    /// # Errors
    ///
    /// A rule fails on it.
    pub fn decide(&self, input: Input) -> Result<Decision, Refusal> {
        rule::decide(&self.0, input)
    }
}

#[cfg(feature = "export")]
hotseat_policy::export!(ByRules);

#[cfg(test)]
mod tests;
