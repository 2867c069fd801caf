//! What people run by hand: against a cluster with their own rights, and on a policy or a journal without
//! one. None of it is part of a running election.

pub mod lock_tool;
pub mod people;
pub mod roster;
pub mod status;
#[cfg(feature = "ui")]
pub mod ui;
pub mod wait;

pub mod doctor;
pub mod fence;

pub mod policy_tools;
pub mod timeline;
