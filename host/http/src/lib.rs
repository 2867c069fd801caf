//! The HTTP server: who leads, for the application beside it, for probes and for Prometheus.
//!
//! Every answer is computed when it is asked (I10), from [`Status`](hotseat_election::Status) and
//! the clock.
//! Nothing that is asked here changes the election but signals, and an application that says that it
//! has let go of its term; both come from the pod only.
//! [`Access`] says who may see what.
//! No handler waits for anything, so a connection only ever waits for its client; [`Limits`]
//! bounds how long and with how much.
//!
//! What the rest of the program adds, its metrics and its journal, comes through [`Backend`].
#![forbid(unsafe_code)]

mod accept;
mod access;
mod address;
mod answer;
mod backend;
mod body;
mod connection;
mod decisions;
mod health;
mod history;
mod journal;
mod limits;
#[cfg(feature = "local")]
pub mod local;
mod metrics;
#[cfg(feature = "openapi")]
mod openapi;
mod released;
mod report;
mod roster;
mod routes;
mod server;
mod signals;
mod slots;
mod stream;
pub mod ui;
mod watch;

pub use access::{Access, Detail};
pub use address::BindError;
pub use backend::Backend;
pub use decisions::{DecisionAnswer, JudgedAnswer, SeenAnswer};
pub use history::{HistoryAnswer, KeptAnswer, LeaderChangeAnswer, PolicyChangeAnswer};
pub use limits::Limits;
#[cfg(feature = "openapi")]
pub use openapi::openapi;
pub use report::{
    CandidateAnswer, FailureAnswer, LeaderAnswer, LockAnswer, NeedAnswer, PolicyAnswer, PolicyName,
    PolicySummary,
};
pub use roster::{CandidateAnswer as RosterCandidate, PublishedAnswer, RosterAnswer, RosterPolicy};
pub use routes::answers;
pub use server::{Bound, Running, Server};
pub use signals::{SignalAnswer, SignalValue, SignalsAnswer};
