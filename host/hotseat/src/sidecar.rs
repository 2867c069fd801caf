//! The running sidecar: one loop owns the election, and everything else sends it events.

mod inbox;

use crate::clock::{self, Alarm};
use crate::http;
use crate::identity::Identity;
use crate::journal::JournalFile;
use crate::kubernetes::{
    Connection, Credentials, Events, LeaseLock, Need, config_map_needs, election_needs,
    keep_checking_access, keep_warm, watch,
};
use crate::metrics::Metrics;
use crate::note::Note;
use crate::policies::{Policies, ShadowPeriod, Surroundings, Wish};
use crate::probes::{self, Probe};
use crate::signals;
use crate::state::State;
use crate::stop::{Asked, StopSignals};
use crate::tell::Teller;
use anyhow::Context;
use hotseat_core::config::{Config, Timing};
use hotseat_core::elector::Elector;
use hotseat_core::event::{Account, Effect, Event, Via, Write};
use hotseat_core::time::Moment;
use hotseat_engine::Limits;
use hotseat_sources::Origin;
use inbox::{Came, Inbox, beating};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, channel};
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
    /// Who may ask there for what.
    pub access: http::Access,
    /// Whence the credentials.
    pub credentials: Credentials,
    /// Whence the policy and its settings.
    pub policy: Wish,
    /// Beside the active policy for so long before it takes over; none: at once.
    pub shadow: Option<ShadowPeriod>,
    /// What one call of a policy may use.
    pub limits: Limits,
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
    let signals = StopSignals::new()?;
    let bound = settings.http.as_deref().map(http::Server::bind).transpose()?;
    let (connection, identity) = identify(&settings).await?;
    let state = State::new(
        &settings.namespace,
        &settings.election,
        &settings.identity,
        clock::now(),
        settings.timing.retry_period,
    );
    if let Some(file) = &settings.journal {
        state.journal().append_to(file).context("--journal")?;
    }
    let metrics = Metrics::new(state.clone());
    let mut server = match bound {
        Some(bound) => Some(serve(bound.with_access(settings.access), &state, &metrics)?),
        None => None,
    };
    tracing::info!(
        election = %settings.election,
        namespace = %settings.namespace,
        identity = %settings.identity,
        incarnation = %identity.incarnation,
        server = %connection.url(),
        "campaigning"
    );
    let (sender, receiver) = channel(WAITING_EVENTS);
    // Both end with this function.
    let _probing = probes::begin(settings.probes.clone(), state.signals())
        .context("the system gives no thread for probes")?;
    let _relaying = relay_signals(&state, &sender);
    let told = events(&settings, &connection, &metrics);
    let policies = Policies::new(Surroundings {
        pace: settings.timing.pace(),
        shadow: settings.shadow,
        limits: settings.limits.clone(),
        state: state.clone(),
        metrics: metrics.clone(),
        told: told.clone(),
        election: sender.clone(),
    })
    .context("the policy engine does not start")?;
    let first = settings.policy.clone();
    let begun = policies.begin(first, &settings.namespace, connection.clone(), metrics.clone());
    // The first policy may take the compiler half a minute.
    beating(&state, begun).await?;
    let parts = Parts {
        connection,
        state: state.clone(),
        metrics,
        policies,
        told,
        events: sender,
        note: identity.note.clone(),
    };
    let shell = Shell::new(&settings, parts);
    let elector = Elector::new(core_config(&settings, &identity)?);
    let inbox = Inbox::new(signals, receiver, settings.timing.retry_period)?;
    if let Some(server) = &mut server {
        inbox.need("the HTTP server", server.ended());
    }
    let code = shell.run(elector, inbox).await?;
    if let Some(server) = server {
        server.stop(HTTP_GRACE);
    }
    state.journal().finish(LAST_RECORDS);
    drop(identity);
    Ok(code)
}

/// Reads the credentials, and takes the name for this process in the election that they lead to.
async fn identify(settings: &Settings) -> anyhow::Result<(Connection, Identity)> {
    let Settings { identity, namespace, election, .. } = settings;
    let agent = format!("hotseat/{} ({})", env!("CARGO_PKG_VERSION"), printable(identity));
    let connection = Connection::open(settings.credentials, &agent).await?;
    let identity = Identity::take(identity, connection.url(), namespace, election)?;
    Ok((connection, identity))
}

/// What writes Events on the Lease.
fn events(settings: &Settings, connection: &Connection, metrics: &Metrics) -> Events {
    let Settings { namespace, election, identity, .. } = settings;
    Events::new(connection.clone(), metrics.clone(), namespace, election, identity)
}

/// Answers on the addresses of port 4040, and says which they are.
fn serve(bound: http::Bound, state: &State, metrics: &Metrics) -> anyhow::Result<http::Running> {
    for address in bound.addresses() {
        tracing::info!(%address, "listening");
    }
    Ok(bound.serve(state.clone(), metrics.clone())?)
}

/// Starts the task that tells the election of signals.
fn relay_signals(state: &State, events: &Sender<Event>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
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

/// What a shell is made of.
struct Parts {
    connection: Connection,
    state: State,
    metrics: Metrics,
    policies: Policies,
    told: Events,
    events: Sender<Event>,
    note: Note,
}

impl Shell {
    fn new(settings: &Settings, parts: Parts) -> Shell {
        let Parts { connection, state, metrics, policies, told, events, note } = parts;
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
    async fn run(mut self, mut elector: Elector, mut inbox: Inbox) -> anyhow::Result<ExitCode> {
        let watching = inbox.need(
            "the watch",
            watch(
                self.lock.clone(),
                self.events.clone(),
                Arc::clone(&self.restart_watch),
                self.timing.retry_period,
                // Where answers take longer than that, no leader can hold its term either.
                self.timing.renew_deadline / 2,
            ),
        );
        let warming = tokio::spawn(keep_warm(self.lock.clone(), self.timing.request_timeout()));
        let checking = tokio::spawn(keep_checking_access(
            self.connection.clone(),
            self.metrics.clone(),
            self.needs.clone(),
            Arc::clone(&self.check_access),
        ));
        let trimming = tokio::spawn(crate::trim::after_start());
        let (mut event, mut code) = (Event::Started, ExitCode::SUCCESS);
        let mut stopping = false;
        'election: loop {
            for effect in elector.step(clock::now(), event) {
                if effect == Effect::Finished {
                    break 'election;
                }
                self.carry_out(effect, &inbox.alarm)?;
            }
            event = loop {
                match inbox.next(&self.state).await? {
                    Came::Event(event) => break event,
                    Came::Asked(Asked { name, insists }) if stopping => {
                        if insists {
                            tracing::warn!(
                                signal = name,
                                "second signal: the seat is not released"
                            );
                            return Ok(ExitCode::FAILURE);
                        }
                    }
                    Came::Asked(Asked { name, .. }) => tracing::info!(signal = name, "stopping"),
                    Came::Broken(part) => {
                        tracing::error!(part, "a part of this program has ended: stopping");
                        code = ExitCode::FAILURE;
                    }
                }
                if !std::mem::replace(&mut stopping, true) {
                    break Event::Stop;
                }
            };
        }
        watching.abort();
        warming.abort();
        checking.abort();
        trimming.abort();
        self.teller.finish(LAST_EVENTS).await;
        Ok(code)
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

/// A name as it may stand in a header.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
}
