//! The running sidecar: one loop owns the election, and everything else sends it events.

use crate::clock::{self, Alarm};
use crate::http;
use crate::identity::Identity;
use crate::journal::JournalFile;
use crate::kubernetes::{
    Connection, Credentials, Events, LeaseLock, Need, check_access, config_map_needs,
    election_needs, watch,
};
use crate::metrics::Metrics;
use crate::note::Note;
use crate::policies::{Policies, ShadowPeriod, Surroundings, Wish};
use crate::probes::{self, Probe};
use crate::signals;
use crate::state::State;
use crate::tell::Teller;
use anyhow::Context;
use hotseat_core::config::{Config, Timing};
use hotseat_core::elector::Elector;
use hotseat_core::event::{Account, Effect, Event, Via, Write};
use hotseat_core::time::Moment;
use hotseat_sources::Origin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

/// Events that may wait for the loop: far more than can be under way at a time, so that only a
/// watch which the server floods ever waits.
const WAITING_EVENTS: usize = 256;
/// How long HTTP requests under way may take to end when the process stops.
const HTTP_GRACE: Duration = Duration::from_millis(500);
/// How long the last Events on the Lease may take when the process stops.
const LAST_EVENTS: Duration = Duration::from_millis(500);
/// How long the journal's file may take the last records when the process stops.
const LAST_RECORDS: Duration = Duration::from_millis(500);
/// A refused request brings the access check back after this.
const ACCESS_PAUSE: Duration = Duration::from_secs(60);

/// All that a sidecar is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the lock.
    pub election: String,
    /// The namespace of the lock.
    pub namespace: String,
    /// This candidate's name.
    pub identity: String,
    /// The timing, checked.
    pub timing: Timing,
    /// Where 4040 is answered; none: nowhere.
    pub http: Option<String>,
    /// Whence the credentials.
    pub credentials: Credentials,
    /// Whence the policy and its settings.
    pub policy: Wish,
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// How often in an hour a policy may resign in favour of a successor.
    pub preemptions_per_hour: u32,
    /// Where the journal is written; none: it stays in memory.
    pub journal: Option<JournalFile>,
    /// What is probed, and reported to the policy.
    pub probes: Vec<Probe>,
}

/// Runs the sidecar to its end: a signal, after which the seat is released.
///
/// # Errors
///
/// It cannot start: the message names what, why and the mend.
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let signals = Signals::new()?;
    let identity = Identity::take(&settings.identity, &settings.namespace, &settings.election)?;
    let state =
        State::new(&settings.namespace, &settings.election, &settings.identity, clock::now());
    if let Some(file) = &settings.journal {
        state.journal().append_to(file).context("--journal")?;
    }
    let metrics = Metrics::new(state.clone());
    let server = match &settings.http {
        Some(address) => {
            let bound = http::Server::bind(address)?;
            tracing::info!(address = %bound.address(), "listening");
            Some(bound.serve(state.clone(), metrics.clone())?)
        }
        None => None,
    };
    let agent = format!("hotseat/{} ({})", env!("CARGO_PKG_VERSION"), printable(&identity.name));
    let connection = Connection::open(settings.credentials, &agent).await?;
    tracing::info!(
        election = %settings.election,
        namespace = %settings.namespace,
        identity = %settings.identity,
        incarnation = %identity.incarnation,
        server = %connection.url(),
        "campaigning"
    );
    let (sender, receiver) = channel(WAITING_EVENTS);
    // Ends with this function.
    let _reporting = report_signals(&settings, &state, &sender);
    let told = Events::new(
        connection.clone(),
        metrics.clone(),
        &settings.namespace,
        &settings.election,
        &settings.identity,
    );
    let policies = Policies::new(Surroundings {
        pace: settings.timing.pace(),
        shadow: settings.shadow,
        state: state.clone(),
        metrics: metrics.clone(),
        told: told.clone(),
        election: sender.clone(),
    })
    .context("the policy engine does not start")?;
    policies
        .begin(settings.policy.clone(), &settings.namespace, connection.clone(), metrics.clone())
        .await?;
    let note = identity.note.clone();
    let shell =
        Shell::new(&settings, connection, state.clone(), metrics, policies, told, sender, note);
    let elector = Elector::new(core_config(&settings, &identity)?);
    let code = shell.run(elector, receiver, signals).await?;
    if let Some(server) = server {
        server.stop(HTTP_GRACE);
    }
    state.journal().finish(LAST_RECORDS);
    drop(identity);
    Ok(code)
}

/// Starts the tasks that probe, and the one that tells the election of signals.
fn report_signals(settings: &Settings, state: &State, events: &Sender<Event>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for probe in settings.probes.iter().cloned() {
        tasks.spawn(probes::run(probe, state.signals().clone()));
    }
    let relay = signals::relay(state.signals().clone(), events.clone());
    tasks.spawn(async move {
        if let Err(error) = relay.await {
            tracing::error!(%error, "there is no timer: signals do not reach the policy any more");
        }
    });
    tasks
}

fn core_config(settings: &Settings, identity: &Identity) -> anyhow::Result<Config> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).context("no random bytes")?;
    Ok(Config {
        identity: settings.identity.clone(),
        incarnation: identity.incarnation.clone(),
        predecessor: identity.note.predecessor(),
        timing: settings.timing,
        // The application has its reaction time between the end of belief and the release.
        drain: settings.timing.reaction,
        preemptions_per_hour: settings.preemptions_per_hour,
        seed: u64::from_ne_bytes(seed),
    })
}

/// What carries effects out.
struct Shell {
    connection: Connection,
    lock: LeaseLock,
    state: State,
    metrics: Metrics,
    policies: Policies,
    teller: Teller,
    events: Sender<Event>,
    restart_watch: Arc<Notify>,
    check_access: Arc<Notify>,
    timing: Timing,
    needs: Vec<Need>,
    note: Note,
}

impl Shell {
    fn new(
        settings: &Settings,
        connection: Connection,
        state: State,
        metrics: Metrics,
        policies: Policies,
        told: Events,
        events: Sender<Event>,
        note: Note,
    ) -> Shell {
        let Settings { namespace, election, identity, timing, .. } = settings;
        let lock = LeaseLock::new(connection.clone(), metrics.clone(), namespace, election);
        let check_access = Arc::new(Notify::new());
        check_access.notify_one();
        Shell {
            teller: Teller::new(state.clone(), metrics.clone(), told, identity),
            connection,
            lock,
            state,
            metrics,
            policies,
            events,
            restart_watch: Arc::new(Notify::new()),
            check_access,
            timing: *timing,
            needs: needs(settings),
            note,
        }
    }

    /// The loop: one event after the other into the core, its effects out.
    async fn run(
        mut self,
        mut elector: Elector,
        mut events: Receiver<Event>,
        mut signals: Signals,
    ) -> anyhow::Result<ExitCode> {
        let alarm = Alarm::new().context("no timer")?;
        let watching = tokio::spawn(watch(
            self.lock.clone(),
            self.events.clone(),
            Arc::clone(&self.restart_watch),
            self.timing.retry_period,
            // Where answers take longer than that, no leader can hold its term either.
            self.timing.renew_deadline / 2,
        ));
        let checking = tokio::spawn(self.keep_checking_access());
        let trimming = tokio::spawn(crate::trim::after_start());
        let mut event = Event::Started;
        let mut stopping = false;
        'election: loop {
            let now = clock::now();
            self.state.beat(now);
            for effect in elector.step(now, event) {
                if effect == Effect::Finished {
                    break 'election;
                }
                self.carry_out(effect, &alarm)?;
            }
            event = tokio::select! {
                biased;
                name = signals.next() => {
                    if stopping {
                        tracing::warn!(signal = name, "second signal: the seat is not released");
                        return Ok(ExitCode::FAILURE);
                    }
                    tracing::info!(signal = name, "stopping");
                    stopping = true;
                    Event::Stop
                }
                Some(event) = events.recv() => event,
                rung = alarm.ring() => {
                    rung.context("the timer failed")?;
                    Event::Timer
                }
            };
        }
        watching.abort();
        checking.abort();
        trimming.abort();
        self.teller.finish(LAST_EVENTS).await;
        Ok(ExitCode::SUCCESS)
    }

    fn carry_out(&mut self, effect: Effect, alarm: &Alarm) -> anyhow::Result<()> {
        match effect {
            Effect::Ask { ask, input } => self.policies.ask(ask, *input),
            Effect::Read { deadline } => self.read(deadline),
            Effect::Write(write) => self.write(write),
            Effect::WakeAt(at) => alarm.set(at).context("the timer failed")?,
            Effect::Show(view) => self.state.show(*view),
            Effect::Tell(notice) => {
                if self.teller.tell(&notice) {
                    self.check_access.notify_one();
                }
            }
            Effect::Account(account) => self.keep(*account),
            Effect::RestorePolicy => self.policies.restore(),
            Effect::RestartWatch => self.restart_watch.notify_one(),
            Effect::Finished => {}
        }
        Ok(())
    }

    fn keep(&self, account: Account) {
        let report = self.state.policy();
        let active = report.active.as_ref().map(|facts| facts.digest.as_str());
        self.state.journal().decision(account, active);
    }

    fn read(&self, deadline: Moment) {
        let (lock, events) = (self.lock.clone(), self.events.clone());
        tokio::spawn(async move {
            let asked = clock::now();
            let event = match lock.read(deadline).await {
                Ok(lock) => Event::Observed { lock, via: Via::Read { asked, requested: true } },
                Err(trouble) => Event::ReadFailed(trouble),
            };
            // The election has ended if nobody takes it.
            let _ = events.send(event).await;
        });
    }

    fn write(&self, write: Write) {
        let (lock, events) = (self.lock.clone(), self.events.clone());
        let note = self.note.clone();
        tokio::spawn(async move {
            let result = lock.write(&write).await;
            if let Ok(record) = &result {
                note.keep(record);
            }
            let _ = events.send(Event::WriteEnded { serial: write.mark.serial, result }).await;
        });
    }

    /// Says which rights are missing: at the start, and again whenever a request is refused.
    fn keep_checking_access(&self) -> impl Future<Output = ()> + use<> {
        let (connection, metrics) = (self.connection.clone(), self.metrics.clone());
        let needs = self.needs.clone();
        let wanted = Arc::clone(&self.check_access);
        async move {
            loop {
                wanted.notified().await;
                match check_access(&connection, &metrics, &needs).await {
                    Ok(None) => tracing::debug!("the account has all rights that are needed"),
                    Ok(Some(role)) => tracing::error!(
                        "rights are missing; this Role, bound to the service account, gives them:\n{role}"
                    ),
                    Err(reason) => {
                        tracing::warn!(%reason, "the account's rights could not be checked");
                    }
                }
                tokio::time::sleep(ACCESS_PAUSE).await;
            }
        }
    }
}

/// The rights that this sidecar needs.
fn needs(settings: &Settings) -> Vec<Need> {
    let mut needs = election_needs(&settings.namespace, &settings.election);
    if let Origin::ConfigMap(map) = &settings.policy.policy.origin {
        let namespace = map.namespace().unwrap_or(&settings.namespace);
        needs.extend(config_map_needs(namespace, map.name()));
    }
    needs
}

/// The signals that end the process.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Signals> {
        let handler = |kind| signal(kind).context("signals cannot be handled");
        Ok(Signals {
            term: handler(SignalKind::terminate())?,
            int: handler(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}

/// A name as it may stand in a header.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
}
