//! A policy, as a function.

use hotseat_core::policy::{Decision, Failure, Input};

/// What answers a candidate's questions.
pub type Policy = Box<dyn FnMut(&Input) -> Result<Decision, Failure>>;
