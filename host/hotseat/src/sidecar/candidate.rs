//! One election of a process, composed of its parts.

use super::Shared;
use super::settings::{ElectionSettings, TurnOptions};
use crate::sidecar::engine::{self, Engine};
use crate::sidecar::home::LastWords;
use crate::sidecar::identity::Identity;
use crate::sidecar::locks::Locks;
use crate::sidecar::observers::Log;
use crate::sidecar::own_pod::OwnPod;
use crate::sidecar::probes;
use crate::sidecar::rights::Uses;
use crate::sidecar::roster;
use crate::sidecar::source::Source;
use anyhow::{Context, anyhow};
use hotseat_core::config::Config;
use hotseat_core::lock::LastWrite;
use hotseat_core::on_failure::OnFailure;
use hotseat_election::{
    Election, Ended, Facts, MakeEngine, Observer, Parts, Status, Stopper, clock,
};
use hotseat_engine::Container;
use hotseat_kubernetes::{Connection, EventRecorder, Regarding, RightsCheck, RosterWanted};
use hotseat_rollout::{Policy, Turns};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long an election's observers may take to finish, such as the last Events on the lock.
const LAST_FACTS: Duration = Duration::from_millis(500);

/// An election that is composed and may run.
pub struct Candidate {
    settings: ElectionSettings,
    connection: Connection,
    identity: Identity,
    pod: OwnPod,
    last_words: Option<LastWords>,
    status: Status,
}

impl Candidate {
    /// Reads the credentials, and takes the name for this process in the election that they lead
    /// to. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The credentials cannot be used, or the name is taken: the message says what to do.
    pub async fn compose(settings: ElectionSettings) -> anyhow::Result<Candidate> {
        let ElectionSettings { name, identity, .. } = &settings;
        let agent = format!("hotseat/{} ({})", env!("CARGO_PKG_VERSION"), printable(identity));
        let connection = Connection::open(settings.credentials.clone(), &agent).await?;
        let mut identity =
            Identity::take(identity, connection.url(), name.namespace(), name.name())?;
        let pod = OwnPod::find(name.namespace());
        let last_words = settings
            .pod_features
            .watch
            .then(|| pod.say_home(&mut identity, settings.timing.reaction))
            .flatten();
        let (beat_every, reaction) = (settings.timing.retry_period, settings.timing.reaction);
        let (name, now) = (name.clone(), clock::now());
        let status = Status::with_reaction(name, &settings.identity, now, beat_every, reaction);
        Ok(Candidate { settings, connection, identity, pod, last_words, status })
    }

    /// For how long others wait for this candidate where it leads and is silent.
    pub(super) fn lease_duration(&self) -> Duration {
        self.settings.timing.lease_duration
    }

    /// What may be read of the election while it runs.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Runs the election until it is asked to stop and has given the seat up.
    ///
    /// # Errors
    ///
    /// It cannot start, its first policy had to load and did not, or a part of it ended.
    pub async fn run(self, shared: &Shared, stopper: &Stopper) -> anyhow::Result<()> {
        let last_words = self.last_words.clone();
        let ended = self.elect(shared, stopper).await;
        if let (Err(error), Some(words)) = (&ended, last_words)
            && let Err(reason) = words.add(&format!("{error:#}"))
        {
            tracing::debug!(%reason, "the termination log was not written");
        }
        ended
    }

    async fn elect(self, shared: &Shared, stopper: &Stopper) -> anyhow::Result<()> {
        let Candidate { settings, connection, identity, pod, last_words: _, status } = self;
        let name = settings.name.clone();
        tracing::info!(
            election = %name,
            identity = %settings.identity,
            incarnation = %identity.incarnation,
            server = %connection.url(),
            "campaigning"
        );
        let facts = Facts::new(name.clone(), clock::now);
        let locks =
            Locks::new(&settings.lock, &settings.timing, &identity.note, &connection, &facts);
        let features = &settings.pod_features;
        let (lock, label) =
            pod.beside(locks.lock, features, &connection, &facts, &identity, &status);
        let wanted = RosterWanted { always: settings.keeps_roster(), seats: features.facts.seats };
        let roster = roster::keep(&connection, &facts, &status, &pod, wanted);
        let source = Source::new(
            settings.policy.clone(),
            name.namespace(),
            connection.clone(),
            facts.clone(),
        )
        .map_err(|error| anyhow!("--policy {}: {error}", settings.policy.policy))?;
        let rights = Uses::of(&settings).rights();
        let (check, checking) = RightsCheck::start(connection.clone(), facts.clone(), rights);
        let events = event_recorder(&settings, &connection, &facts, locks.regarding.clone());
        let mut observers: Vec<Arc<dyn Observer>> = vec![
            Arc::new(shared.metrics.clone()),
            Arc::new(Log::new(&settings.identity)),
            Arc::new(shared.journal.clone()),
            Arc::new(events),
            Arc::new(check),
            Arc::new(roster),
        ];
        observers.extend(label.map(|label| Arc::new(label) as Arc<dyn Observer>));
        let told = pod.tell(&features.facts, &connection, &facts, status.signals());
        let _probing = probes::begin(settings.probes.clone(), status.signals())
            .context("the system gives no thread for probes")?;
        let parts = Parts {
            config: core_config(&settings, &identity, locks.predecessor, source.is_standard())?,
            rollout: rollout_config(&settings),
            lock,
            outer: locks.outer,
            first_must_load: source.first_must_load(),
            source: Box::new(source),
            engine: engine(&settings)?,
            facts: facts.clone(),
            observers,
            status,
            seats: shared.seats.clone(),
        };
        let looking = locks.looking;
        let trimming = tokio::spawn(crate::sidecar::trim::after_start());
        let ended = Box::pin(Election::run(parts, stopper)).await;
        trimming.abort();
        checking.abort();
        looking.inspect(JoinHandle::abort);
        drop(told);
        facts.finish(LAST_FACTS).await;
        drop(identity);
        match ended {
            Ok(()) => Ok(()),
            Err(Ended::NotLoaded(why)) => Err(anyhow!("--policy: {why}")),
            Err(other) => Err(other.into()),
        }
    }
}

/// Events on the lock, and on the pod if that is known.
fn event_recorder(
    settings: &ElectionSettings,
    connection: &Connection,
    facts: &Facts,
    lock: Regarding,
) -> EventRecorder {
    let pod = settings.pod.as_ref();
    let pod = pod.map(|pod| Regarding::pod(&pod.namespace, &pod.name, &pod.uid));
    EventRecorder::new(connection.clone(), facts.clone(), &settings.identity, lock, pod)
}

fn engine(settings: &ElectionSettings) -> anyhow::Result<MakeEngine> {
    let ElectionSettings { compiler, limits, timing, on_failure, .. } = settings;
    let container = Container::of_this_process();
    let loader = engine::loader_with(compiler.clone(), limits.clone(), container)
        .context("the policy engine does not start")?;
    let (pace, on_failure, givers) = (timing.pace(), *on_failure, settings.givers());
    Ok(Box::new(move |events| Box::new(Engine::new(loader, pace, on_failure, givers, events))))
}

fn rollout_config(settings: &ElectionSettings) -> hotseat_rollout::Config {
    hotseat_rollout::Config {
        shadow: settings.shadow,
        gate: settings.gate,
        turns: settings.turns.map(|TurnOptions { soak, at_once }| Turns {
            name: settings.identity.clone(),
            soak,
            at_once,
        }),
        standard: Policy { digest: engine::standard_digest(), settings: Arc::from("") },
    }
}

fn core_config(
    settings: &ElectionSettings,
    identity: &Identity,
    predecessor: Option<LastWrite>,
    standard: bool,
) -> anyhow::Result<Config> {
    // The rule is the standard policy's own twin: it may decide until that is compiled. Another
    // policy is waited for.
    let first = if standard { OnFailure::Standard } else { OnFailure::Hold };
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).context("no random bytes")?;
    Ok(Config {
        election: settings.name.name().to_owned(),
        namespace: settings.name.namespace().to_owned(),
        identity: settings.identity.clone(),
        incarnation: identity.incarnation.clone(),
        predecessor,
        timing: settings.timing,
        // The application has its reaction time between the end of belief and the release.
        drain: settings.timing.reaction,
        warm_up: settings.warm_up,
        preemptions_per_hour: settings.preemptions_per_hour,
        on_failure: settings.on_failure.unwrap_or(first),
        failure_share: settings.failure_share,
        seed: u64::from_ne_bytes(seed),
    })
}

/// A name as it may stand in a header.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
}
