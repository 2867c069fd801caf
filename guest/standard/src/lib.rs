//! Hotseat's standard election policy: client-go's timing, improved by what a watch makes
//! possible. A standby that is told of a release campaigns at once instead of at its next retry,
//! and a short jitter keeps several standbys from all writing at that instant.

#![forbid(unsafe_code)]

mod memory;
mod rule;

use hotseat_policy::{Decision, Descriptor, Input, OnFailure, Policy, Refusal};

/// The standard policy.
pub struct Standard;

impl Policy for Standard {
    fn describe() -> Descriptor {
        Descriptor::new(
            "standard",
            env!("CARGO_PKG_VERSION"),
            "client-go's timing, improved by what a watch makes possible",
        )
        // The host's built-in rule is this very policy.
        .on_failure(OnFailure::Standard)
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        Ok(rule::decide(&input))
    }
}

#[cfg(feature = "export")]
hotseat_policy::export!(Standard);

#[cfg(test)]
mod tests;
