//! What Hotseat's tests against a real Kubernetes API server share.
//!
//! [`cluster`] starts etcd and kube-apiserver on loopback, [`process`] runs the `hotseat` binary
//! and reads what it says, [`wait`] polls for a condition with a deadline.

#![forbid(unsafe_code)]

pub mod cluster;
pub mod detached;
pub mod lifeline;
pub mod process;
pub mod wait;
