//! What the operator decides about rollouts.

use std::time::Duration;

/// The operator's rules for new policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// What a policy in shadow may do otherwise than the active one.
    pub gate: Gate,
    /// The standard policy, which the program brings along: the last resort.
    pub standard: super::Policy,
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
