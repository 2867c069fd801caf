//! The election core of Hotseat.
//!
//! Pure: events go in, effects come out; time, entropy and wake-ups are values. It knows neither
//! an async runtime nor Kubernetes nor WebAssembly.
#![forbid(unsafe_code)]

pub mod policy;
pub mod time;
