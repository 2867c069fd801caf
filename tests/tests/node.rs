//! Hotseat in pods: the image of `make image` on a whole Kubernetes of one node, which
//! `tests/setup/node.sh run` brings up. The tests stand on the node: pods have their addresses, and
//! processes of containers their ids.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "node/belief.rs"]
mod belief;
#[path = "node/chart.rs"]
mod chart;
#[path = "node/containers.rs"]
mod containers;
#[path = "node/crash.rs"]
mod crash;
#[path = "node/death.rs"]
mod death;
#[path = "node/elections.rs"]
mod elections;
#[path = "node/fence.rs"]
mod fence;
#[path = "node/figures.rs"]
mod figures;
#[path = "node/handover.rs"]
mod handover;
#[path = "node/injection.rs"]
mod injection;
#[path = "node/label.rs"]
mod label;
#[path = "node/memory.rs"]
mod memory;
#[path = "node/peers.rs"]
mod peers;
#[path = "node/policy.rs"]
mod policy;
#[path = "node/processes.rs"]
mod processes;
#[path = "node/readme.rs"]
mod readme;
#[path = "node/rules.rs"]
mod rules;
#[path = "node/seed.rs"]
mod seed;
#[path = "node/sidecar.rs"]
mod sidecar;
#[path = "node/space.rs"]
mod space;
#[path = "node/start.rs"]
mod start;
