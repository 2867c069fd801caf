//! The election core of Hotseat.
//!
//! Pure: events go in, effects come out; time, entropy and wake-ups are values. It knows neither
//! an async runtime nor Kubernetes nor WebAssembly, so that the sidecar, the simulator, the demo
//! and replay run the same code.
//!
//! The policy decides liveness, the core enforces safety. ARCHITECTURE.md lists the invariants I1
//! to I18; comments name them where code holds them up.
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod canon;
pub mod config;
pub mod elector;
pub mod electors;
pub mod event;
pub mod failures;
pub mod lock;
pub mod on_failure;
pub mod policy;
#[doc(hidden)]
pub mod promise;
pub mod request;
pub mod rule;
pub mod time;
pub mod view;

mod claim;
mod entropy;
mod guard;
mod same;
mod seat;
