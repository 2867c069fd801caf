//! `hotseat policy wit`: the contract that this program was built with.

/// The text of `wit/policy.wit`, for bindings in any language.
pub const CONTRACT: &str = include_str!("../../../../../wit/policy.wit");
