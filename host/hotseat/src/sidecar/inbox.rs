//! What reaches the election's loop, and the sign that the loop gives of itself.

use crate::clock::{self, Alarm};
use crate::state::State;
use crate::stop::{Asked, StopSignals};
use anyhow::Context;
use hotseat_core::event::Event;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// All that reaches the loop.
pub(super) struct Inbox {
    signals: StopSignals,
    events: Receiver<Event>,
    pub(super) alarm: Alarm,
    /// The loop shows that it turns, for `/healthz`.
    beats: Interval,
    /// Parts without which there is no election.
    ended: Receiver<&'static str>,
    end: Sender<&'static str>,
}

/// What reached the loop.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub(super) enum Came {
    /// An event of the election.
    Event(Event),
    /// Somebody asks the process to end.
    Asked(Asked),
    /// A part without which there is no election has ended.
    Broken(&'static str),
}

impl Inbox {
    pub(super) fn new(
        signals: StopSignals,
        events: Receiver<Event>,
        beat_every: Duration,
    ) -> anyhow::Result<Inbox> {
        let mut beats = interval(beat_every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (end, ended) = channel(2);
        let alarm = Alarm::new().context("no timer")?;
        Ok(Inbox { signals, events, alarm, beats, ended, end })
    }

    /// Runs a part that never ends by itself: if it does, by a panic, the process gives the seat up
    /// and ends, so that it is started anew whole.
    pub(super) fn need(
        &self,
        name: &'static str,
        part: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        let running = tokio::spawn(part);
        let (handle, end) = (running.abort_handle(), self.end.clone());
        tokio::spawn(async move {
            // A panic was logged already.
            let _ = running.await;
            let _ = end.send(name).await;
        });
        handle
    }

    /// Waits for the next, and shows all the while that the loop turns.
    pub(super) async fn next(&mut self, state: &State) -> anyhow::Result<Came> {
        loop {
            state.beat(clock::now());
            return Ok(tokio::select! {
                biased;
                asked = self.signals.next() => Came::Asked(asked),
                Some(part) = self.ended.recv() => Came::Broken(part),
                Some(event) = self.events.recv() => Came::Event(event),
                rung = self.alarm.ring() => {
                    rung.context("the timer failed")?;
                    Came::Event(Event::Timer)
                }
                _ = self.beats.tick() => continue,
            });
        }
    }
}

/// Waits, and shows all the while that the process is alive.
pub(super) async fn beating<T>(state: &State, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        state.beat(clock::now());
        if let Ok(done) = tokio::time::timeout(state.beat_every(), work.as_mut()).await {
            return done;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(20);

    fn state() -> State {
        State::new("shop", "web", "web-0", clock::now(), EVERY)
    }

    fn inbox() -> (Inbox, Sender<Event>) {
        let (sender, events) = channel(1);
        (Inbox::new(StopSignals::new().unwrap(), events, EVERY).unwrap(), sender)
    }

    #[tokio::test]
    async fn a_part_that_panics_is_told() {
        let (mut inbox, _sender) = inbox();
        inbox.need("the watch", std::future::pending());
        inbox.need("the HTTP server", async { panic!("of the test's own") });
        let came = inbox.next(&state()).await.unwrap();
        assert!(matches!(came, Came::Broken("the HTTP server")));
    }

    #[tokio::test]
    async fn the_loop_gives_a_sign_while_nothing_comes() {
        let (mut inbox, sender) = inbox();
        let state = state();
        let begun = state.last_beat();
        let waiting = inbox.next(&state);
        let beats = async {
            let mut seen = begun;
            for _ in 0..3 {
                while state.last_beat() == seen {
                    tokio::task::yield_now().await;
                }
                seen = state.last_beat();
            }
            sender.send(Event::Timer).await.unwrap();
        };
        let (came, ()) = tokio::join!(waiting, beats);
        assert!(matches!(came.unwrap(), Came::Event(Event::Timer)));
    }

    #[tokio::test]
    async fn a_long_start_gives_a_sign_too() {
        let state = state();
        let begun = state.last_beat();
        let beats = async {
            while state.last_beat() == begun {
                tokio::task::yield_now().await;
            }
            state.last_beat()
        };
        assert!(beating(&state, beats).await > begun);
    }
}
