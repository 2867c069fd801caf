//! What a demonstration is started with.

use hotseat_core::config::Timing;
use std::time::Duration;

/// The candidates.
pub(crate) const NAMES: [&str; 3] = ["anna", "ben", "cleo"];
/// The ports that README names.
const PORTS: [u16; 3] = [4040, 4041, 4042];
/// How a demonstration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A live view on a terminal, else a line for each event.
    Text,
    /// Nothing but one JSON object, at the end.
    Json,
}

/// A policy of the user's own, which decides in all candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPolicy {
    /// Its source, as the program takes it for a sidecar.
    pub source: String,
    /// Its settings, as the program takes them; may be empty.
    pub settings: String,
}

/// What the user wants to see.
#[derive(Clone, Debug)]
pub struct Options {
    /// What decides, if it is not the policies of the script. Then nothing is done to the candidates:
    /// the user sets signals, and ends candidates by hand.
    pub own: Option<OwnPolicy>,
    /// How long; none: until a signal.
    pub duration: Option<Duration>,
    /// How it is shown.
    pub output: Output,
    /// Where the candidates answer on the loopback address; 0: the system's choice.
    pub ports: [u16; 3],
    /// How long the others wait for a silent leader, at least 1 s.
    pub lease: Duration,
    /// Takes a line for stderr.
    pub complain: fn(&str),
}

impl Options {
    /// A demonstration with a lease of 4 s: long enough to see the wait after a death, short
    /// enough to sit through it.
    pub fn new(
        duration: Option<Duration>,
        output: Output,
        ports: [u16; 3],
        complain: fn(&str),
    ) -> Options {
        Options { own: None, duration, output, ports, lease: Duration::from_secs(4), complain }
    }

    /// client-go's shape in small: four renewals within the deadline.
    pub(crate) fn timing(&self) -> Timing {
        let share = |percent| self.lease * percent / 100;
        Timing::new(self.lease, share(65), share(15))
    }

    /// Two demonstrations on one machine have different ports, and then different elections too:
    /// a name campaigns once in an election.
    pub(crate) fn election(&self) -> String {
        match self.ports {
            PORTS => "demo".to_owned(),
            _ => format!("demo-{}", std::process::id()),
        }
    }
}
