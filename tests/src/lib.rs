//! What Hotseat's tests against a real Kubernetes API server share.
//!
//! [`browser`] has a browser to look at pages with, [`cluster`] starts etcd and kube-apiserver on loopback, [`process`] runs the `hotseat` binary
//! and reads what it says, [`demo`] a whole demonstration, [`kubetools`] has helm and kubectl, [`registry`] runs an OCI registry, [`scene`] has elections between such processes, [`wait`] polls for a
//! condition with a deadline, [`watchers`] has clients that watch who leads.

#![forbid(unsafe_code)]

pub mod browser;
pub mod cgroup;
pub mod cluster;
pub mod demo;
pub mod detached;
pub mod guests;
pub mod kubetools;
pub mod lifeline;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod registry;
pub mod scene;
pub mod setup;
pub mod wait;
pub mod watchers;
