//! The running sidecar: its elections, composed of their parts, and what they share.

use crate::companions::{self, Companions, Request};
use crate::engine::{self, Engine};
use crate::home::LastWords;
use crate::identity::Identity;
use crate::locks::{LockOptions, Locks};
use crate::observers::{JournalFile, JournalKeeper, Log, Metrics};
use crate::own_pod::{OwnPod, PodFeatures};
use crate::probes::{self, Probe};
use crate::rights::Uses;
use crate::roster;
use crate::source::{PolicyOptions, Source};
use crate::stop::{Asked, StopSignals};
use anyhow::{Context, anyhow};
use hotseat_core::config::{Config, Timing};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::LastWrite;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::time::Moment;
use hotseat_election::{
    Election, ElectionName, Ended, Facts, MakeEngine, Observer, Parts, Seats, Status, Stopper,
    clock,
};
use hotseat_engine::{Compiler, Container, Limits};
use hotseat_http as http;
use hotseat_kubernetes::{Connection, Credentials, EventRecorder, Regarding, RightsCheck};
use hotseat_rollout::{Gate, Policy, ShadowPeriod, Turns};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long HTTP requests under way may take to end when the process stops.
const HTTP_GRACE: Duration = Duration::from_millis(500);
/// How long an election's observers may take to finish, such as the last Events on the lock.
const LAST_FACTS: Duration = Duration::from_millis(500);
/// How long a leader waits for a successor to be ready if the operator says nothing.
pub const WARM_UP: Duration = Duration::from_secs(30);
/// How often in an hour a policy may resign in favour of a successor if the operator says nothing.
pub const PREEMPTIONS_PER_HOUR: u32 = 6;
/// How long the journal's file may take the last records when the process stops.
const LAST_RECORDS: Duration = Duration::from_millis(500);

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
            limits: Limits::default(),
            compiler,
        }
    }

    /// Whether the roster is kept although no policy asks for it.
    pub fn keeps_roster(&self) -> bool {
        self.roster || self.turns.is_some()
    }
}

/// What the elections of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Where decisions are recorded.
    pub journal: JournalKeeper,
    /// Where facts are counted.
    pub metrics: Metrics,
    /// The seats that they hold.
    pub seats: Seats,
}

impl http::Backend for Shared {
    fn metrics(&self, now: Moment) -> Result<String, std::fmt::Error> {
        self.metrics.render(now)
    }

    fn journal(&self, most: usize) -> String {
        self.journal.lines(most)
    }

    fn answered(&self, path: &'static str, status: u16) {
        self.metrics.http_request(path, status);
    }

    fn connections(&self, open: usize) {
        self.metrics.http_connections(open);
    }
}

/// An election that is composed and may run.
pub struct Candidate {
    settings: ElectionSettings,
    connection: Connection,
    identity: Identity,
    pod: OwnPod,
    last_words: Option<LastWords>,
    status: Status,
}

/// Runs the sidecar to its end: a signal, after which the seat is released.
///
/// # Errors
///
/// It cannot start: the message names what, why and the remedy.
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let started = clock::now();
    crate::open_files::allow_many();
    // A command is given it, as a sign to read its configuration anew.
    let signals = StopSignals::new(settings.companions.command.is_none())?;
    let bound = settings.http.as_deref().map(http::Server::bind).transpose();
    let bound = bound.map_err(|error| anyhow!("--http {error}"))?;
    let candidate = Candidate::compose(settings.election).await?;
    let journal = JournalKeeper::default();
    if let Some(file) = &settings.journal {
        journal.append_to(file).context("--journal")?;
    }
    let metrics = Metrics::new(vec![candidate.status.clone()], journal.clone(), started);
    let seats = Seats::default();
    let shared = Shared { journal: journal.clone(), metrics: metrics.clone(), seats };
    let mut server = match bound {
        Some(bound) => {
            for address in bound.addresses() {
                tracing::info!(%address, "listening");
            }
            let bound = bound.with_access(settings.access).with_controls(settings.controls);
            Some(bound.serve(candidate.status.clone(), Arc::new(shared.clone()))?)
        }
        None => None,
    };
    let lease = candidate.settings.timing.lease_duration;
    let mut companions = Companions::begin(settings.companions, &candidate.status, lease)?;
    let stopper = Stopper::default();
    let running = candidate.run(&shared, &stopper);
    let ended = until_stopped(running, signals, &stopper, server.as_mut(), &mut companions).await;
    // However it ended, an election that does not run any more leads to nothing that acts for it.
    let code = match ended {
        Ok(End::AtOnce(code)) => return Ok(code),
        Ok(End::Ordered(code)) => companions.end(code).await,
        Err(error) => {
            companions.end(ExitCode::FAILURE).await;
            return Err(error);
        }
    };
    if let Some(server) = server {
        server.stop(HTTP_GRACE);
    }
    journal.close(LAST_RECORDS);
    Ok(code)
}

/// How the sidecar ends.
enum End {
    /// The election has ended.
    Ordered(ExitCode),
    /// It has not, and nobody waits for it.
    AtOnce(ExitCode),
}

/// Waits for the end of the election, and asks for it when a signal does.
async fn until_stopped(
    running: impl Future<Output = anyhow::Result<()>>,
    mut signals: StopSignals,
    stopper: &Stopper,
    server: Option<&mut http::Running>,
    companions: &mut Companions,
) -> anyhow::Result<End> {
    let mut running = std::pin::pin!(running);
    let server_ended = async {
        match server {
            Some(server) => server.ended().await,
            None => std::future::pending().await,
        }
    };
    let mut server_ended = std::pin::pin!(server_ended);
    let (mut stopping, mut code) = (false, ExitCode::SUCCESS);
    loop {
        tokio::select! {
            biased;
            Asked { name, insists } = signals.next() => {
                if stopping && insists {
                    tracing::warn!(signal = name, "second signal: the seat is not released");
                    return Ok(End::AtOnce(ExitCode::FAILURE));
                }
                if !stopping {
                    tracing::info!(signal = name, "stopping");
                }
            }
            request = companions.next() => match request {
                Request::End => {}
                Request::Exit(code) => return Ok(End::AtOnce(ExitCode::from(code))),
            },
            () = server_ended.as_mut(), if !stopping => {
                tracing::error!(part = "the HTTP server", "a part of this program has ended: stopping");
                code = ExitCode::FAILURE;
            }
            ended = running.as_mut() => return ended.map(|()| End::Ordered(code)),
        }
        stopping = true;
        stopper.stop();
    }
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
        let beat_every = settings.timing.retry_period;
        let status = Status::new(name.clone(), &settings.identity, clock::now(), beat_every);
        Ok(Candidate { settings, connection, identity, pod, last_words, status })
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
            election = %name.name(),
            namespace = %name.namespace(),
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
        let always = settings.keeps_roster();
        let roster = roster::keep(&connection, &facts, &status, &pod, always);
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
            Arc::new(Log::new(&settings.identity, false)),
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
        let trimming = tokio::spawn(crate::trim::after_start());
        let ended = Election::run(parts, stopper).await;
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
    let (pace, on_failure) = (timing.pace(), *on_failure);
    Ok(Box::new(move |events| Box::new(Engine::new(loader, pace, on_failure, events))))
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
