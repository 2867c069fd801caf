//! Starts the command when this candidate leads, and stops it when it does not any more.

use super::child::Child;
use super::keeper::adopt_orphans;
use super::{OnExit, Settings, processes};
use anyhow::Context as _;
use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use hotseat_core::view::{Term, View};
use hotseat_election::clock::{self, Alarm};
use hotseat_election::{Application, Status};
use rustix::process::Signal;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::watch;

/// The longest rest after a command that ended by itself.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How often it is said that a command which was killed still is not dead.
const REMINDER: Duration = Duration::from_secs(10);

/// How the supervision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to, and nothing of a command is left.
    Asked,
    /// The command ended by itself with that status, and the program is to end with it.
    Exited(u8),
}

/// Supervises one command.
pub(crate) struct Supervisor {
    settings: Settings,
    status: Status,
    /// The first rest.
    lease: Duration,
    /// True once no command is to run any more.
    over: watch::Receiver<bool>,
}

/// Why a command is not running any more.
enum Fate {
    /// It ended by itself.
    Exited(u8),
    /// It was stopped, since this candidate does not lead any more.
    Stopped,
}

impl Supervisor {
    /// For the election of that status, whose lease duration this is, until `over` says so.
    ///
    /// # Errors
    ///
    /// The system does not let this process adopt what its command leaves behind.
    pub(crate) fn new(
        settings: Settings,
        status: Status,
        lease: Duration,
        over: watch::Receiver<bool>,
    ) -> anyhow::Result<Supervisor> {
        adopt_orphans().context("the system does not let this process adopt orphans")?;
        Ok(Supervisor { settings, status, lease, over })
    }

    /// Starts and stops the command until it is over. Must be called inside a tokio runtime, of a
    /// thread on which nothing else waits.
    ///
    /// # Errors
    ///
    /// The system gives no timer or no signals.
    pub(crate) async fn run(mut self) -> io::Result<Ended> {
        let mut signals = Forwarded::new()?;
        let mut reaping = unix::signal(SignalKind::child())?;
        let alarm = Alarm::new()?;
        let mut views = self.status.views();
        let mut rests = Rests { first: self.lease, row: 0 };
        loop {
            let Some(term) = self.next_term(&mut views, &mut signals, &mut reaping).await else {
                return Ok(Ended::Asked);
            };
            let begun = clock::now();
            let token = term.token;
            let mut tools = Tools {
                views: &mut views,
                signals: &mut signals,
                reaping: &mut reaping,
                alarm: &alarm,
            };
            let fate = self.accompany(term, &mut tools).await?;
            let application = self.status.application();
            match (fate, self.settings.on_exit) {
                (Fate::Stopped, _) => {
                    application.let_go(token, Duration::ZERO, "its command was stopped");
                }
                (Fate::Exited(status), OnExit::Exit) => {
                    let_go(application, token, Duration::ZERO, status);
                    return Ok(Ended::Exited(status));
                }
                (Fate::Exited(status), OnExit::Campaign) => {
                    let rest = rests.next(clock::now().since(begun));
                    let_go(application, token, rest, status);
                }
            }
        }
    }

    /// Waits until this candidate leads; none when it is over.
    async fn next_term(
        &mut self,
        views: &mut watch::Receiver<Arc<View>>,
        signals: &mut Forwarded,
        reaping: &mut unix::Signal,
    ) -> Option<Term> {
        loop {
            if self.is_over() {
                return None;
            }
            let view = views.borrow_and_update().clone();
            let now = clock::now();
            // Of a term that it let go of the view may still tell.
            let done = self.status.application().last();
            let leads = view.term.as_ref().filter(|term| now < term.until && term.token > done);
            if let Some(term) = leads {
                return Some(term.clone());
            }
            tokio::select! {
                biased;
                _ = self.over.changed() => {}
                changed = views.changed() => if changed.is_err() { return None },
                _ = reaping.recv() => drop(processes::reap_adopted(None)),
                // There is nobody to hand it to.
                _ = signals.next() => {}
            }
        }
    }

    /// Nobody is left to say so where the program ends.
    fn is_over(&self) -> bool {
        *self.over.borrow() || self.over.has_changed().is_err()
    }

    /// Runs the command for one term.
    async fn accompany(&mut self, term: Term, tools: &mut Tools<'_>) -> io::Result<Fate> {
        let Settings { command, .. } = &self.settings;
        let token = term.token;
        let identity = self.status.view().identity.clone();
        let mut child = match Child::start(command, token.0, &identity) {
            Ok(child) => child,
            Err(error) => {
                tracing::error!(%error, "the system does not start the command");
                return Ok(Fate::Exited(126));
            }
        };
        tracing::info!(%token, "the command runs");
        let mut until = term.until;
        loop {
            tools.alarm.set(until)?;
            tokio::select! {
                biased;
                ended = child.ended() => return Ok(Fate::Exited(ended?)),
                _ = self.over.changed() => {}
                // Without an election there is no belief.
                changed = tools.views.changed() => if changed.is_err() { until = clock::now() },
                rung = tools.alarm.ring() => rung?,
                signal = tools.signals.next() => child.signal(signal).await,
                _ = tools.reaping.recv() => drop(processes::reap_adopted(child.keeper())),
            }
            let now = clock::now();
            let view = tools.views.borrow_and_update().clone();
            // A term that goes on after a lapse has another token, and is for another command.
            let same = view.term.as_ref().filter(|term| term.token == token);
            match same {
                Some(term) if now < term.until && !self.is_over() => until = term.until,
                _ => {
                    // A lapse counts from the deadline, however late it is noticed.
                    self.stop(&mut child, token, until.min(now), tools).await?;
                    return Ok(Fate::Stopped);
                }
            }
        }
    }

    /// Ends the command: SIGTERM now, SIGKILL when the grace has passed since belief ended.
    async fn stop(
        &self,
        child: &mut Child,
        token: Token,
        ended: Moment,
        tools: &mut Tools<'_>,
    ) -> io::Result<()> {
        tracing::info!(%token, "stopping the command: this candidate does not lead any more");
        child.signal(Signal::TERM).await;
        tools.alarm.set(ended + self.settings.grace)?;
        tokio::select! {
            biased;
            status = child.ended() => {
                tracing::info!(%token, status = status?, "the command has ended");
                return Ok(());
            }
            rung = tools.alarm.ring() => rung?,
        }
        tracing::warn!(%token, grace = ?self.settings.grace, "the command did not end: killing it");
        child.signal(Signal::KILL).await;
        loop {
            tools.alarm.set(clock::now() + REMINDER)?;
            tokio::select! {
                biased;
                status = child.ended() => return status.map(drop),
                rung = tools.alarm.ring() => rung?,
            }
            tracing::error!(
                %token,
                "the command was killed and is not dead: it waits for a device or a file system, and may act once that answers"
            );
        }
    }
}

/// What a wait for the command needs.
struct Tools<'a> {
    views: &'a mut watch::Receiver<Arc<View>>,
    signals: &'a mut Forwarded,
    reaping: &'a mut unix::Signal,
    alarm: &'a Alarm,
}

fn let_go(application: &Application, token: Token, rest: Duration, status: u8) {
    tracing::info!(%token, status, "the command has ended by itself: the seat is given up");
    application.let_go(token, rest, &format!("its command has ended with status {status}"));
}

/// How long this candidate rests after a command that ended by itself.
struct Rests {
    first: Duration,
    /// How many ended soon, in a row.
    row: u32,
}

impl Rests {
    /// The rest after a command that ran for so long. One that ran for longer than the longest rest
    /// begins a new row.
    fn next(&mut self, ran: Duration) -> Duration {
        if ran > LONGEST_REST {
            self.row = 0;
        }
        let rest = self.first.saturating_mul(1 << self.row.min(16)).min(LONGEST_REST);
        self.row = self.row.saturating_add(1);
        rest.max(self.first)
    }
}

/// The signals that are handed to the command. Those that ask this program to end are not among them:
/// the command gets SIGTERM then.
struct Forwarded {
    first: unix::Signal,
    second: unix::Signal,
    window: unix::Signal,
    /// None where it was ignored when this process started, as under `nohup`.
    hang_up: Option<unix::Signal>,
}

impl Forwarded {
    fn new() -> io::Result<Forwarded> {
        let hang_up = match crate::sidecar::stop::ignores(SignalKind::hangup()) {
            true => None,
            false => Some(unix::signal(SignalKind::hangup())?),
        };
        Ok(Forwarded {
            first: unix::signal(SignalKind::user_defined1())?,
            second: unix::signal(SignalKind::user_defined2())?,
            window: unix::signal(SignalKind::window_change())?,
            hang_up,
        })
    }

    async fn next(&mut self) -> Signal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.first.recv() => Signal::USR1,
            _ = self.second.recv() => Signal::USR2,
            _ = self.window.recv() => Signal::WINCH,
            _ = hang_up => Signal::HUP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_and_begin_anew_after_a_long_run() {
        let mut rests = Rests { first: Duration::from_secs(15), row: 0 };
        let soon = Duration::from_secs(1);
        let seconds: Vec<u64> = (0..7).map(|_| rests.next(soon).as_secs()).collect();
        assert_eq!(seconds, [15, 30, 60, 120, 240, 300, 300]);
        assert_eq!(rests.next(Duration::from_secs(301)).as_secs(), 15);
    }
}
