//! Keeps the credentials up to date, for all connections at a time.
//!
//! One task reads them anew: now and then, before they end, and when somebody asks because a
//! request was refused or TLS failed. It reads beside the election, with a bound on time, and never
//! more often than a pace allows (I18). What cannot be read leaves what was there in force.

use super::causes::Missing;
use super::credentials::{Access, Credentials, Environment, Granted, Login, Plugin, Route, read};
use super::transport::{Transport, transport};
use anyhow::{Context, bail};
use hotseat_election::{Recurring, clock};
use http::HeaderValue;
use jiff::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

/// How old what was read gets: as for a token in client-go, and as the kubelet rotates, with room.
const READ_EVERY: Duration = Duration::from_secs(30);
/// How long disks may take.
const DISK_PATIENCE: Duration = Duration::from_secs(10);
/// Between two readings that somebody asked for.
const SHORTEST_PACE: Duration = Duration::from_secs(1);
/// Between two runs of a plugin whose credential is refused or has ended and that brings nothing
/// new, doubling up to this. Longer, and a leader would lose its seat before it gets a new one.
const LONGEST_PACE: Duration = Duration::from_secs(10);
/// A credential that ends is replaced this long before.
const BEFORE_THE_END: Duration = Duration::from_secs(60);

/// The credentials of all connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Inner>);

struct Inner {
    current: Mutex<Arc<Current>>,
    wanted: Notify,
    /// One more than the serial that was refused last; 0 if none was since the last round began.
    refused: AtomicU64,
    rounds: watch::Sender<Rounds>,
}

/// What requests use now.
pub(super) struct Current {
    /// Which one it is; a new one has another.
    pub(super) serial: u64,
    /// For the lock alone.
    pub(super) lock: Transport,
    /// For everything else.
    pub(super) other: Transport,
    /// The `Authorization` header, or why there is none yet.
    pub(super) header: Result<Option<HeaderValue>, Missing>,
    route: Route,
    login: Login,
    granted: Granted,
}

#[derive(Clone, Copy)]
struct Rounds {
    begun: u64,
    ended: u64,
    not_before: Instant,
}

impl Keeper {
    /// Reads the credentials, and begins to keep them. Must be called within a runtime, which the
    /// keeping ends with.
    ///
    /// # Errors
    ///
    /// They cannot be read or make no sense: which file, which field, why, and what to do.
    pub(super) fn open(credentials: Credentials, agent: HeaderValue) -> anyhow::Result<Keeper> {
        let environment = Environment::of_process();
        let access = read(&credentials, &environment)?;
        if let Login::Plugin(plugin) = &access.login {
            plugin.find(&environment)?;
        }
        let notes = tell(&access, Vec::new());
        let current = first(access, &agent)?;
        let rounds = Rounds { begun: 0, ended: 0, not_before: Instant::now() };
        let pending = current.header == Err(Missing::Pending);
        let keeper = Keeper(Arc::new(Inner {
            current: Mutex::new(Arc::new(current)),
            wanted: Notify::new(),
            refused: AtomicU64::new(0),
            rounds: watch::Sender::new(rounds),
        }));
        if pending {
            keeper.0.wanted.notify_one();
        }
        let worker = Worker {
            keeper: keeper.clone(),
            credentials,
            environment,
            agent,
            pace: SHORTEST_PACE,
            refused: false,
            stuck: None,
            failing: Recurring::default(),
            notes,
        };
        tokio::spawn(worker.run());
        Ok(keeper)
    }

    /// The address of the server.
    pub(super) fn server(&self) -> String {
        self.now().route.server.to_string()
    }

    /// What requests use now.
    pub(super) fn now(&self) -> Arc<Current> {
        Arc::clone(&self.0.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What requests use now, after a plugin's first answer.
    pub(super) async fn ready(&self) -> Arc<Current> {
        let mut rounds = self.0.rounds.subscribe();
        loop {
            rounds.mark_unchanged();
            let now = self.now();
            if now.header != Err(Missing::Pending) || rounds.changed().await.is_err() {
                return now;
            }
        }
    }

    /// Has the credentials read anew soon, without waiting for it: those of that serial may be the
    /// reason of a failure.
    pub(super) fn suspect(&self, serial: u64) {
        self.0.refused.fetch_max(serial + 1, Ordering::Relaxed);
        self.0.wanted.notify_one();
    }

    /// Has the credentials read anew, after those of that serial were refused. Gives those that are
    /// to be used instead; none if there are no others, or if they were read a moment ago. What was
    /// begun goes on if the caller does not wait for its end.
    pub(super) async fn renew(&self, refused: u64) -> Option<Arc<Current>> {
        let mut rounds = self.0.rounds.subscribe();
        let Rounds { begun, not_before, .. } = *rounds.borrow_and_update();
        let other = || Some(self.now()).filter(|now| now.serial != refused);
        if let Some(other) = other() {
            return Some(other);
        }
        self.suspect(refused);
        if not_before > Instant::now() {
            return None;
        }
        // One that is under way may have read before the change.
        loop {
            let Rounds { ended, .. } = *rounds.borrow_and_update();
            if let Some(other) = other() {
                return Some(other);
            }
            if ended > begun {
                return None;
            }
            rounds.changed().await.ok()?;
        }
    }

    fn replace(&self, current: Current) {
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }
}

/// What the process starts with. A plugin is asked later, beside the election.
fn first(access: Access, agent: &HeaderValue) -> anyhow::Result<Current> {
    let header = match &access.login {
        Login::Nothing => Ok(None),
        Login::Header(value) => Ok(Some(value.clone())),
        Login::Plugin(_) => Err(Missing::Pending),
    };
    let make = || transport(&access.route, None, agent);
    Ok(Current {
        serial: 0,
        lock: make()?,
        other: make()?,
        header,
        route: access.route,
        login: access.login,
        granted: Granted::default(),
    })
}

/// Says what people should know of the credentials, if it was not said before. Gives what is said
/// now.
fn tell(access: &Access, said: Vec<String>) -> Vec<String> {
    let mut notes = access.notes.clone();
    if let Some(proxy) = &access.route.proxy {
        notes.push(format!(
            "the API server is asked through the proxy {} of {}",
            proxy.uri, proxy.from
        ));
    }
    if access.route.tls.insecure {
        notes.push(
            "insecure-skip-tls-verify: anyone in between can pose as the API server".to_owned(),
        );
    }
    for note in notes.iter().filter(|note| !said.contains(note)) {
        tracing::info!("{note}");
    }
    notes
}

/// The task that reads.
struct Worker {
    keeper: Keeper,
    credentials: Credentials,
    environment: Environment,
    agent: HeaderValue,
    pace: Duration,
    /// Whether the last round came since what is in use was refused.
    refused: bool,
    /// A reading that the disk did not end in time.
    stuck: Option<JoinHandle<anyhow::Result<Access>>>,
    /// That rounds fail, so that it is said once.
    failing: Recurring,
    /// What was said of the credentials, likewise.
    notes: Vec<String>,
}

impl Worker {
    async fn run(mut self) {
        loop {
            let next = self.next_round();
            tokio::select! {
                () = self.keeper.0.wanted.notified() => {}
                () = sleep_until(next) => {}
            }
            let not_before = self.keeper.0.rounds.borrow().not_before;
            sleep_until(not_before).await;
            self.keeper.0.rounds.send_modify(|rounds| rounds.begun += 1);
            let mut ran = false;
            let result = self.round(&mut ran).await;
            self.set_pace(&result, ran);
            self.report(result);
            let now = Instant::now();
            let not_before =
                if ran { now + self.pace } else { not_before.max(now + SHORTEST_PACE) };
            self.keeper.0.rounds.send_modify(|rounds| {
                rounds.ended = rounds.begun;
                rounds.not_before = not_before;
            });
        }
    }

    /// When to read without being asked.
    fn next_round(&self) -> Instant {
        let now = self.keeper.now();
        let usual = Instant::now() + READ_EVERY;
        if now.header.is_err() {
            return Instant::now() + self.pace;
        }
        match left(&now.granted) {
            Some(left) => usual.min(Instant::now() + (left / 2).max(self.pace * 2)),
            None => usual,
        }
    }

    /// Reads everything anew; whether it is other than before. `ran` tells whether a plugin was
    /// asked: its last answer does not count if it was refused.
    async fn round(&mut self, ran: &mut bool) -> anyhow::Result<bool> {
        let refused = self.keeper.0.refused.swap(0, Ordering::Relaxed);
        let access = self.read().await?;
        self.notes = tell(&access, std::mem::take(&mut self.notes));
        let now = self.keeper.now();
        self.refused = refused > now.serial;
        let granted = match &access.login {
            Login::Nothing => Granted::default(),
            Login::Header(value) => Granted { header: Some(value.clone()), ..Granted::default() },
            Login::Plugin(plugin) if !self.refused && is_fresh(&now, plugin) => now.granted.clone(),
            Login::Plugin(plugin) => {
                *ran = true;
                plugin.run().await?
            }
        };
        let header = Ok(granted.header.clone());
        let same_way = access.route == now.route && granted.identity == now.granted.identity;
        if same_way && header == now.header && access.login == now.login {
            // A plugin may have made the end of the same credential later.
            if granted != now.granted {
                self.keeper.replace(Current { granted, ..now.share() });
            }
            return Ok(false);
        }
        let (lock, other) = match same_way {
            true => (now.lock.clone(), now.other.clone()),
            false => {
                let make = || transport(&access.route, granted.identity.as_ref(), &self.agent);
                (make()?, make()?)
            }
        };
        let (route, login, serial) = (access.route, access.login, now.serial + 1);
        self.keeper.replace(Current { serial, lock, other, header, route, login, granted });
        Ok(true)
    }

    /// Reads beside the election. One reading at a time: a disk that hangs takes one thread and no
    /// more.
    async fn read(&mut self) -> anyhow::Result<Access> {
        const HANGS: &str = "the disk does not answer";
        if let Some(stuck) = &mut self.stuck {
            // What it read is outdated.
            let _ = timeout(DISK_PATIENCE, &mut *stuck).await.context(HANGS)?;
            self.stuck = None;
        }
        let (credentials, environment) = (self.credentials.clone(), self.environment.clone());
        let mut reading = tokio::task::spawn_blocking(move || read(&credentials, &environment));
        match timeout(DISK_PATIENCE, &mut reading).await {
            Ok(access) => access.context("they were not read to the end")?,
            Err(_) => {
                self.stuck = Some(reading);
                bail!(HANGS)
            }
        }
    }

    /// Files are read again at once when asked for; a program that brings nothing new is not.
    fn set_pace(&mut self, result: &anyhow::Result<bool>, ran: bool) {
        let now = self.keeper.now();
        let ended = left(&now.granted).is_some_and(|left| left.is_zero());
        self.pace = match result {
            Ok(true) => SHORTEST_PACE,
            _ if !ran => self.pace,
            // It may give the same until it ends.
            Ok(false) if !ended && !self.refused => SHORTEST_PACE,
            _ => (self.pace * 2).min(LONGEST_PACE),
        };
    }

    /// Says once what is wrong, and when it is right again.
    fn report(&mut self, result: anyhow::Result<bool>) {
        match result {
            Ok(changed) => {
                if let Some(failures) = self.failing.worked() {
                    tracing::info!(failures, "the credentials can be read again");
                }
                if changed {
                    tracing::debug!("the credentials have changed and are used from now on");
                }
            }
            Err(error) => {
                let reason = format!("{error:#}");
                let now = self.keeper.now();
                if now.header.is_err() {
                    let header = Err(Missing::Failed(reason.clone()));
                    self.keeper.replace(Current { header, ..now.share() });
                }
                // A plugin may give another text each time, with the time of day in it for one.
                match self.failing.failed(clock::now(), &reason) {
                    Some(times) => {
                        tracing::warn!(%reason, times, "the credentials cannot be read again; the previous ones stay in use");
                    }
                    None => tracing::debug!(%reason, "the credentials cannot be read again"),
                }
            }
        }
    }
}

impl Current {
    /// The same once more, on the same connections.
    fn share(&self) -> Current {
        Current {
            serial: self.serial,
            lock: self.lock.clone(),
            other: self.other.clone(),
            header: self.header.clone(),
            route: self.route.clone(),
            login: self.login.clone(),
            granted: self.granted.clone(),
        }
    }
}

/// Whether a plugin's last answer is still good.
fn is_fresh(now: &Current, plugin: &Plugin) -> bool {
    let same = matches!(&now.login, Login::Plugin(of) if of == plugin);
    let lasts = left(&now.granted).is_none_or(|left| left > BEFORE_THE_END);
    same && lasts && now.header.is_ok()
}

/// How long a credential is good for yet; none if it has no end.
fn left(granted: &Granted) -> Option<Duration> {
    let left = granted.expires?.duration_since(Timestamp::now());
    Some(Duration::try_from(left).unwrap_or_default())
}
