//! The Hotseat sidecar: a thin shell around the election core.
//!
//! Data flows one way. The shells (Kubernetes, the policy engine, signals, the clock) send events
//! into [`sidecar`]'s loop; the loop feeds them to the core and carries its effects out; what may
//! be said of the election is published through [`state`], which the HTTP server reads.
// `forbid` would not let `trim.rs` advise the kernel, the one place that needs it.
#![deny(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod demo;
pub mod http;
pub mod identity;
pub mod journal;
pub mod kubernetes;
mod length;
pub mod metrics;
mod note;
pub mod policies;
pub mod policy_tools;
pub mod probes;
mod recurring;
pub mod sidecar;
pub mod signals;
pub mod state;
pub mod status;
pub mod stop;
pub mod telemetry;
pub mod tell;
mod trim;
