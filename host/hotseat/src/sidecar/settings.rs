//! The settings of a sidecar and of its elections, checked.

use crate::companions;
use crate::sidecar::locks::LockOptions;
use crate::sidecar::needs::{Giver, Givers, Words};
use crate::sidecar::observers::JournalFile;
use crate::sidecar::own_pod::PodFeatures;
use crate::sidecar::probes::Probe;
use crate::sidecar::source::PolicyOptions;
use hotseat_core::config::Timing;
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::on_failure::OnFailure;
use hotseat_election::ElectionName;
use hotseat_engine::{Compiler, Limits};
use hotseat_http as http;
use hotseat_kubernetes::Credentials;
use hotseat_rollout::{Gate, ShadowPeriod};
use std::time::Duration;

/// How long a leader waits for a successor to be ready if the operator says nothing.
pub const WARM_UP: Duration = Duration::from_secs(30);
/// How often in an hour a policy may resign in favour of a successor if the operator says nothing.
pub const PREEMPTIONS_PER_HOUR: u32 = 6;

/// The settings of a sidecar.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its election.
    pub election: ElectionSettings,
    /// Where 4040 is answered; none: nowhere.
    pub http: Option<String>,
    /// Who may ask there for what.
    pub access: http::Access,
    /// Where the journal is written; none: it stays in memory.
    pub journal: Option<JournalFile>,
    /// What runs beside the election.
    pub companions: companions::Settings,
    /// The page on which a demonstration is steered, if this process is part of one.
    pub controls: Option<String>,
}

/// The settings of one election.
#[derive(Clone, Debug)]
pub struct ElectionSettings {
    /// The name of the election: its lock's.
    pub name: ElectionName,
    /// This candidate's name.
    pub identity: String,
    /// The pod that it is in, if that is known.
    pub pod: Option<PodName>,
    /// The timing, checked.
    pub timing: Timing,
    /// The lock.
    pub lock: LockOptions,
    /// What is done with pods.
    pub pod_features: PodFeatures,
    /// The roster is kept although no policy asks for it.
    pub roster: bool,
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// Where the policy and its settings come from.
    pub policy: PolicyOptions,
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// What a policy in shadow may do otherwise than the active one.
    pub gate: Gate,
    /// How candidates take a new policy one after the other, which takes the roster; none: each at once.
    pub turns: Option<TurnOptions>,
    /// How long a leader that hands over on purpose waits for a successor that says it is not ready;
    /// zero: not at all.
    pub warm_up: Duration,
    /// How often in an hour a policy may resign in favour of a successor.
    pub preemptions_per_hour: u32,
    /// What decides where a policy fails, and until the first is there; none: what the policy says.
    pub on_failure: Option<OnFailure>,
    /// More failures than this among a policy's last hundred decisions bring the last good one back,
    /// in percent.
    pub failure_share: u8,
    /// What is probed, and reported to the policy.
    pub probes: Vec<Probe>,
    /// What would have somebody give the facts that a policy needs.
    pub givers: Words,
    /// What one call of a policy may use.
    pub limits: Limits,
    /// What compiles policies, of the same build as this program.
    pub compiler: Compiler,
}

/// How candidates take a new policy one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnOptions {
    /// For how long those before have to run it well.
    pub soak: Duration,
    /// So many standbys may be trying it at a time.
    pub at_once: u32,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl ElectionSettings {
    /// An election by the standard policy, with client-go's timing and no option set.
    pub fn new(
        name: ElectionName,
        identity: &str,
        credentials: Credentials,
        compiler: Compiler,
    ) -> ElectionSettings {
        ElectionSettings {
            name,
            identity: identity.to_owned(),
            pod: None,
            timing: Timing::client_go(),
            lock: LockOptions::default(),
            pod_features: PodFeatures::default(),
            roster: false,
            credentials,
            policy: PolicyOptions::builtin(),
            shadow: None,
            gate: Gate::default(),
            turns: None,
            warm_up: WARM_UP,
            preemptions_per_hour: PREEMPTIONS_PER_HOUR,
            on_failure: None,
            failure_share: DEFAULT_SHARE,
            probes: Vec::new(),
            givers: Giver::plainly,
            limits: Limits::default(),
            compiler,
        }
    }

    pub(super) fn givers(&self) -> Givers {
        let probes = self.probes.iter().map(|probe| probe.key.as_str().to_owned());
        let facts = self.pod_features.facts.clone();
        Givers { facts, probes: probes.collect(), words: self.givers }
    }

    /// Whether the roster is kept although no policy asks for it.
    pub fn keeps_roster(&self) -> bool {
        self.roster || self.turns.is_some() || self.pod_features.facts.seats
    }
}
