//! One follower for every watch: an object of one name, all with one label, or all there are, of any
//! kind, are listed and then watched, for as long as somebody listens.
//!
//! What a server can do wrong to a watch is dealt with here and in `target`, once: it ends watches
//! at once, again and again; it falls silent; it forgets the version; it refuses; it does not
//! narrow the list or the watch to the name; a line or a list has no end. Each has its bound, and
//! each repetition a pause that grows (I18).

use super::backoff::{Backoff, jittered};
use super::exchange::{Failure, Kind};
use super::lock_error::plain;
use super::target::{Ended, Followed, Target, send};
use hotseat_core::event::LockError;
use hotseat_core::policy::Outcome;
use hotseat_election::Recurring;
use hotseat_election::clock;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::{Notify, mpsc::Sender};
use tokio::time::Instant;

/// A watch that ends sooner than this was of no use: the pause before the next one grows. One that
/// lived longer shows that all is well.
const SHORT_LIFE: Duration = Duration::from_secs(5);

/// Why following ended.
#[derive(Debug)]
pub(super) enum Left {
    /// Nobody listens any more.
    Unheard,
    /// It cannot be watched for as long as nothing is changed about it: the server refuses, or does
    /// not narrow a list that is too long.
    Impossible(LockError),
}

/// A follower. It keeps what it learned about the server from one call to the next.
pub(super) struct Follower {
    target: Target,
    health: Health,
}

/// How well it goes.
struct Health {
    what: &'static str,
    backoff: Backoff,
    /// Attempts in a row that came to nothing.
    failures: u32,
    told: Recurring,
    /// The reason that was handed on.
    handed_on: Option<String>,
}

impl Follower {
    pub(super) fn new(target: Target) -> Follower {
        let health = Health {
            what: target.what,
            backoff: Backoff::new(target.pace.shortest, target.pace.longest),
            failures: 0,
            told: Recurring::default(),
            handed_on: None,
        };
        Follower { target, health }
    }

    /// Follows. `say` makes of a sight what is sent, if anything; `restart` begins anew.
    pub(super) async fn follow<K: DeserializeOwned, T>(
        &mut self,
        into: &Sender<T>,
        restart: &Notify,
        say: impl Fn(Followed<K>) -> Option<T>,
    ) -> Left {
        loop {
            let failure = match self.list_and_watch(into, restart, &say).await {
                Ok(()) if into.is_closed() => return Left::Unheard,
                Ok(()) => continue,
                Err(failure) => failure,
            };
            let pause = self.health.failed(&failure);
            // A watch that is cut off now and then does not matter; one that stays away does.
            let lasting = failure.is_lasting();
            if lasting || self.health.failures > 1 {
                self.hand_on(&failure.error.detail, into, &say).await;
            }
            if lasting {
                return Left::Impossible(failure.error);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = into.closed() => return Left::Unheard,
            }
        }
    }

    /// Follows until nobody hears it any more: what was [`Left::Impossible`] is tried again.
    pub(super) async fn follow_on<K: DeserializeOwned, T>(
        &mut self,
        into: &Sender<T>,
        say: impl Fn(Followed<K>) -> Option<T>,
    ) {
        let never = Notify::new();
        while let Left::Impossible(_) = self.follow(into, &never, &say).await {
            tokio::select! {
                () = tokio::time::sleep(self.pause()) => {}
                () = into.closed() => return,
            }
        }
    }

    /// The pause before another attempt at what was [`Left::Impossible`].
    pub(super) fn pause(&mut self) -> Duration {
        self.health.backoff.pause(None)
    }

    /// Reads the object and follows it from there for as long as no change can be missed; ends
    /// without an error when it is to be read anew.
    async fn list_and_watch<K: DeserializeOwned, T>(
        &mut self,
        into: &Sender<T>,
        restart: &Notify,
        say: &impl Fn(Followed<K>) -> Option<T>,
    ) -> Result<(), Failure> {
        let (seen, mut version) = self.target.list().await?;
        send(into, say(seen)).await;
        loop {
            let began = Instant::now();
            let ended = self.watch(&mut version, into, restart, say).await;
            let short = began.elapsed() < SHORT_LIFE;
            let failure = match ended {
                Ok(Ended::Unheard | Ended::Restarted | Ended::Silent) => return Ok(()),
                Ok(Ended::Expired) if !short => return Ok(()),
                Ok(Ended::Closed) if !short => {
                    // All of them end at a time where a proxy goes down.
                    tokio::time::sleep(jittered(self.target.pace.shortest)).await;
                    continue;
                }
                // The version is gone, so only a list helps, after a pause.
                Ok(Ended::Expired) => return Err(ended_at_once()),
                Ok(Ended::Closed) => ended_at_once(),
                Err(failure) => failure,
            };
            if self.health.failures > 0 || failure.is_lasting() {
                return Err(failure);
            }
            // The version is still at hand: going on from it misses nothing. A second failure in
            // a row reads the object, so that a watch which never works is as good as polling.
            let pause = self.health.failed(&failure);
            tokio::time::sleep(pause).await;
        }
    }

    /// One watch, to its end.
    async fn watch<K: DeserializeOwned, T>(
        &mut self,
        version: &mut String,
        into: &Sender<T>,
        restart: &Notify,
        say: &impl Fn(Followed<K>) -> Option<T>,
    ) -> Result<Ended, Failure> {
        let Follower { target, health } = self;
        let mut watching = std::pin::pin!(target.watch(version, into, say));
        let end = async {
            tokio::select! {
                () = restart.notified() => Ended::Restarted,
                () = into.closed() => Ended::Unheard,
            }
        };
        let mut end = std::pin::pin!(end);
        tokio::select! {
            ended = &mut watching => return ended,
            end = &mut end => return Ok(end),
            () = tokio::time::sleep(SHORT_LIFE) => health.works(),
        }
        tokio::select! {
            ended = watching => ended,
            end = end => Ok(end),
        }
    }

    /// Tells whoever listens, once for each reason.
    async fn hand_on<K, T>(
        &mut self,
        why: &str,
        into: &Sender<T>,
        say: &impl Fn(Followed<K>) -> Option<T>,
    ) {
        if self.health.handed_on.as_deref() != Some(why) {
            self.health.handed_on = Some(why.to_owned());
            send(into, say(Followed::Failed(why.to_owned()))).await;
        }
    }
}

impl Health {
    /// An attempt came to nothing, which is said once. Gives the pause before the next.
    fn failed(&mut self, failure: &Failure) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let (what, reason) = (self.what, &failure.error.detail);
        // A watch that is cut off now and then is not worth a line.
        let now_and_then = self.failures == 1 && !failure.is_lasting();
        let aloud = if now_and_then { None } else { self.told.failed(clock::now(), reason) };
        match aloud {
            Some(times) => {
                tracing::warn!(%reason, times, "{what} cannot be watched, so it is polled");
            }
            None => tracing::debug!(%reason, "the watch on {what} begins anew"),
        }
        self.backoff.pause(failure.error.retry_after)
    }

    /// A watch lives: all is well.
    fn works(&mut self) {
        self.failures = 0;
        self.backoff.reset();
        self.handed_on = None;
        if let Some(failures) = self.told.worked() {
            tracing::info!(failures, "{} is watched again", self.what);
        }
    }
}

fn ended_at_once() -> Failure {
    let detail = "the server ends each watch at once: check what is between here and it";
    Failure { error: plain(Outcome::Unreachable, detail.to_owned()), kind: Kind::Broken }
}

#[cfg(test)]
mod tests;
