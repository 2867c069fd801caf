//! What the operator decides about rollouts.

use std::time::Duration;

/// The operator's rules for new policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// What a policy in shadow may do otherwise than the active one.
    pub gate: Gate,
    /// How the candidates of an election take a new policy one after the other; none: each at once.
    pub turns: Option<Turns>,
    /// The standard policy, which the program brings along: the last resort.
    pub standard: super::Policy,
}

/// How the candidates of an election take a new policy: the standbys in the order of their names, then
/// the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Turns {
    /// This candidate's name, as the others know it.
    pub name: String,
    /// For how long the candidates before have to run it well.
    pub soak: Duration,
    /// So many standbys may be trying it at a time, at least one. The leader comes alone.
    pub at_once: u32,
}

/// How long a new policy decides beside the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShadowPeriod {
    /// For so many decisions, at least one.
    Decisions(u32),
    /// For so long, and not less than one decision.
    Time(Duration),
}

/// What a policy in shadow may do otherwise than the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    /// How many of its decisions may differ.
    pub differences: Allowance,
    /// Whether it may resign where the active policy does not.
    pub may_resign: bool,
}

/// How many of some decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// At most so many.
    Count(u32),
    /// At most so many of a hundred, from 0 to 100.
    Percent(u8),
}

impl Default for Gate {
    /// No resignation, and no more than a tenth different.
    fn default() -> Gate {
        Gate { differences: Allowance::Percent(10), may_resign: false }
    }
}
