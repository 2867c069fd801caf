//! `hotseat run -- COMMAND`: an elector and a command in one. The command runs while this candidate
//! leads, and is dead before anybody else may.
//!
//! The supervisor has a thread of its own and reads the election's status: whatever holds the election
//! up, the command is stopped when belief ends by the clock (I1). It gets SIGTERM at that moment, and
//! SIGKILL after the grace, which is shorter than the reaction time S: by I2 nobody else believes before
//! the moment of the last confirmed write + D + S. The seat is released when the command is dead, and
//! not before.

mod child;
mod grace;
mod keeper;
mod processes;
mod supervisor;

pub use child::{NAME, TOKEN};
pub(crate) use grace::{longest_grace, longest_reaction, needed_reaction};
pub(crate) use keeper::{EXEC_COMMAND, KEEP_COMMAND, exec_main, keep_main};
pub(crate) use supervisor::{Ended, Supervisor};

use std::ffi::OsString;
use std::time::Duration;

/// What is run while this candidate leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// What follows when the command ends by itself.
    pub on_exit: OnExit,
}

/// What follows when the command ends by itself. Either way the seat is given up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExit {
    /// This program ends, with the command's exit status.
    Exit,
    /// It campaigns again after a pause that grows from the lease duration to five minutes.
    Campaign,
}
