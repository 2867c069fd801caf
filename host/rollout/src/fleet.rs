//! The candidates of an election, as far as they matter to how a policy comes into force.

use hotseat_core::time::Moment;

/// By what candidates tell each other of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// `sha256:` and the hex digest of the component.
    pub policy: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
}

/// The other candidates, as they publish themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fleet {
    /// They can be seen now. If not, the rest is what was seen last.
    pub known: bool,
    /// Who leads as far as the lock is seen, this candidate included; none: nobody is known to.
    pub leader: Option<String>,
    /// The others. One whose entry is too old is none of them.
    pub peers: Vec<Peer>,
}

/// Another candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The policy that decides for it; none if it has none yet.
    pub runs: Option<Fingerprint>,
    /// What it does not run.
    pub objection: Option<Objection>,
    /// When it was last heard of: its entry changes each minute at least.
    pub heard: Moment,
}

/// A candidate refused a policy, or fell back from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objection {
    /// Which policy.
    pub to: Fingerprint,
    /// What happened, in one line that begins with a verb: `refused it at settings: ..`.
    pub why: String,
}
