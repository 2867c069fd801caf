//! A candidate's policies: its rollout, its engine, what their source offers, and what it sees of the
//! other candidates.

use crate::engine::Engine;
use crate::oversight::Oversight;
use hotseat_core::time::Moment;
use hotseat_rollout::{self as rollout, Fingerprint, Fleet, Peer, Policy, Rollout};
use std::collections::BTreeMap;

/// A candidate's policies on their way and in force.
pub(crate) struct Policies {
    pub(crate) config: rollout::Config,
    pub(crate) rollout: Rollout,
    pub(crate) engine: Engine,
    pub(crate) oversight: Oversight,
    pub(crate) wake: Moment,
    /// The policy that the last question went to.
    pub(crate) asked: Option<Policy>,
    /// How often the one in force gave no decision since it took over.
    pub(crate) failures: u32,
    /// Its source is out of reach.
    pub(crate) source_is_cut: bool,
    /// Which look at the source is the next: earlier ones have been replaced by it.
    pub(crate) look: u64,
    /// What it sees of the other candidates.
    pub(crate) sight: SeenRoster,
}

/// What the source of all candidates has to offer.
#[derive(Clone, Debug)]
pub(crate) enum Offer {
    Publication(Policy),
    /// Something that must not be loaded.
    Unfit,
}

/// What stands on the server: each candidate's last entry, and when it was written.
pub(crate) type Roster = BTreeMap<usize, (Peer, Moment)>;

/// What a candidate sees of it.
#[derive(Default)]
pub(crate) struct SeenRoster {
    /// As it was read last.
    pub(crate) read: Roster,
    pub(crate) read_at: Moment,
    /// When each entry was first seen as it is, by the candidate's own clock.
    pub(crate) heard: BTreeMap<usize, (Moment, Moment)>,
    /// What its rollout got last.
    pub(crate) told: Option<Fleet>,
    pub(crate) skip: Option<Fingerprint>,
}

impl Policies {
    /// Of a process that knows of no policy.
    pub(crate) fn new(config: rollout::Config) -> Policies {
        let mut engine = Engine::default();
        engine.keep(&config.standard.digest);
        Policies {
            rollout: Rollout::new(config.clone()),
            engine,
            oversight: Oversight::new(&config),
            wake: Moment::NEVER,
            asked: None,
            failures: 0,
            source_is_cut: false,
            look: 0,
            sight: SeenRoster::default(),
            config,
        }
    }
}
