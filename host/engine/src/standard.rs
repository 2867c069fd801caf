//! The standard policy, embedded: there is always one to fall back on.

/// The component of the standard policy, built from `guest/standard`.
pub const STANDARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));

/// The label of the standard policy, as it is named on the command line.
pub const STANDARD_LABEL: &str = "builtin";
