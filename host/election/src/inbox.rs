//! What reaches the election's loop, and the sign that the loop gives of itself.

use crate::application::Heard;
use crate::clock::{self, Alarm};
use crate::engine::EngineEvent;
use crate::source::Sourced;
use crate::status::Status;
use hotseat_core::event::Event;
use hotseat_rollout::Fleet;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Asks elections to end: the seat is given up, and the loop ends after that.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Default for Stopper {
    fn default() -> Stopper {
        Stopper(watch::Sender::new(false))
    }
}

impl Stopper {
    /// Asks. Asking again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn asked(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

/// All that reaches the loop.
pub(crate) struct Inbox {
    pub(crate) stop: watch::Receiver<bool>,
    stopping: bool,
    pub(crate) events: Receiver<Event>,
    /// Events about the outer of two locks, where there are two.
    pub(crate) outer: Option<Receiver<Event>>,
    pub(crate) engine: UnboundedReceiver<EngineEvent>,
    pub(crate) source: Receiver<Sourced>,
    /// What is seen of the other candidates, for the rollout.
    pub(crate) fleet: Receiver<Fleet>,
    application: Heard,
    /// For the elector.
    pub(crate) alarm: Alarm,
    /// For the rollout.
    pub(crate) rollout_alarm: Alarm,
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
#[derive(Debug)]
pub(crate) enum Came {
    /// An event of the elector.
    Event(Event),
    /// An event about the outer of two locks.
    Outer(Event),
    /// The engine tells of a policy.
    Engine(EngineEvent),
    /// The source tells of a policy.
    Source(Sourced),
    /// How far the other candidates are with a policy.
    Fleet(Fleet),
    /// The rollout wanted to be woken.
    RolloutWoke,
    /// Somebody asks the election to end.
    Stop,
    /// A part without which there is no election has ended.
    Broken(&'static str),
}

/// The receivers of what others send.
pub(crate) struct Receivers {
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) events: Receiver<Event>,
    /// Events about the outer of two locks, where there are two.
    pub(crate) outer: Option<Receiver<Event>>,
    pub(crate) engine: UnboundedReceiver<EngineEvent>,
    pub(crate) source: Receiver<Sourced>,
    pub(crate) fleet: Receiver<Fleet>,
    pub(crate) application: Heard,
}

impl Inbox {
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system gives no timer.
    pub(crate) fn new(receivers: Receivers, beat_every: Duration) -> io::Result<Inbox> {
        let Receivers { stop, events, outer, engine, source, fleet, application } = receivers;
        let mut beats = interval(beat_every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (end, ended) = channel(4);
        let (alarm, rollout_alarm) = (Alarm::new()?, Alarm::new()?);
        let stopping = false;
        Ok(Inbox {
            stop,
            stopping,
            events,
            outer,
            engine,
            source,
            fleet,
            application,
            alarm,
            rollout_alarm,
            beats,
            ended,
            end,
        })
    }

    /// Runs a part that never ends by itself: if it does, by a panic, the election gives the seat
    /// up and ends, so that the process is started anew whole.
    pub(crate) fn need(
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
    ///
    /// # Errors
    ///
    /// A timer failed.
    pub(crate) async fn next(&mut self, status: &Status) -> io::Result<Came> {
        loop {
            status.beat(clock::now());
            return Ok(tokio::select! {
                // In this order: an end is not kept waiting by anything, and the election not by
                // its policies.
                biased;
                () = stop(&mut self.stop, self.stopping) => {
                    self.stopping = true;
                    Came::Stop
                }
                Some(part) = self.ended.recv() => Came::Broken(part),
                event = self.application.next() => Came::Event(event),
                Some(came) = event(&mut self.events, &mut self.outer) => came,
                rung = self.alarm.ring() => {
                    rung?;
                    Came::Event(Event::Timer)
                }
                Some(event) = self.engine.recv() => Came::Engine(event),
                Some(sourced) = self.source.recv() => Came::Source(sourced),
                Some(fleet) = self.fleet.recv() => Came::Fleet(fleet),
                rung = self.rollout_alarm.ring() => {
                    rung?;
                    Came::RolloutWoke
                }
                _ = self.beats.tick() => continue,
            });
        }
    }
}

/// The next event about either lock. Neither is kept waiting by a flood of the other's.
async fn event(inner: &mut Receiver<Event>, outer: &mut Option<Receiver<Event>>) -> Option<Came> {
    let from_outer = async {
        match outer {
            Some(outer) => outer.recv().await,
            None => None,
        }
    };
    tokio::select! {
        Some(event) = inner.recv() => Some(Came::Event(event)),
        Some(event) = from_outer => Some(Came::Outer(event)),
        else => None,
    }
}

/// Ready once, when somebody asks; nobody can any more where no [`Stopper`] is left.
async fn stop(asked: &mut watch::Receiver<bool>, already: bool) {
    if already || asked.wait_for(|asked| *asked).await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ElectionName;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    const EVERY: Duration = Duration::from_millis(20);

    fn status() -> Status {
        Status::new(ElectionName::new("shop", "web"), "web-0", clock::now(), EVERY)
    }

    struct Senders {
        stopper: Stopper,
        events: Sender<Event>,
        outer: Sender<Event>,
        _engine: UnboundedSender<EngineEvent>,
        _source: Sender<Sourced>,
    }

    fn inbox() -> (Inbox, Senders) {
        let stopper = Stopper::default();
        let (events, from_events) = channel(1);
        let (outer, from_outer) = channel(1);
        let (engine, from_engine) = unbounded_channel();
        let (source, from_source) = channel(1);
        let (_, fleet) = channel(1);
        let receivers = Receivers {
            stop: stopper.asked(),
            events: from_events,
            outer: Some(from_outer),
            engine: from_engine,
            source: from_source,
            fleet,
            application: status().application().heard(),
        };
        let senders = Senders { stopper, events, outer, _engine: engine, _source: source };
        (Inbox::new(receivers, EVERY).unwrap(), senders)
    }

    #[tokio::test]
    async fn a_part_that_panics_is_reported() {
        let (mut inbox, _senders) = inbox();
        inbox.need("the watch", std::future::pending());
        inbox.need("the source", async { panic!("of the test's own") });
        let came = inbox.next(&status()).await.unwrap();
        assert!(matches!(came, Came::Broken("the source")), "{came:?}");
    }

    #[tokio::test]
    async fn each_lock_s_events_come_and_one_lock_is_enough() {
        let (mut inbox, senders) = inbox();
        let status = status();
        senders.outer.send(Event::Timer).await.unwrap();
        assert!(matches!(inbox.next(&status).await.unwrap(), Came::Outer(Event::Timer)));
        inbox.outer = None;
        let waiting = inbox.next(&status);
        let sending = async {
            tokio::task::yield_now().await;
            senders.events.send(Event::Timer).await.unwrap();
        };
        let (came, ()) = tokio::join!(waiting, sending);
        assert!(matches!(came.unwrap(), Came::Event(Event::Timer)));
    }

    #[tokio::test]
    async fn the_loop_gives_a_sign_while_nothing_comes() {
        let (mut inbox, senders) = inbox();
        let status = status();
        let begun = status.last_beat();
        let waiting = inbox.next(&status);
        let beats = async {
            let mut seen = begun;
            for _ in 0..3 {
                while status.last_beat() == seen {
                    tokio::task::yield_now().await;
                }
                seen = status.last_beat();
            }
            senders.events.send(Event::Timer).await.unwrap();
        };
        let (came, ()) = tokio::join!(waiting, beats);
        assert!(matches!(came.unwrap(), Came::Event(Event::Timer)));
    }

    #[tokio::test]
    async fn an_end_is_delivered_once_and_before_all_else() {
        let (mut inbox, senders) = inbox();
        let status = status();
        senders.events.send(Event::Timer).await.unwrap();
        senders.stopper.stop();
        senders.stopper.stop();
        assert!(matches!(inbox.next(&status).await.unwrap(), Came::Stop));
        assert!(matches!(inbox.next(&status).await.unwrap(), Came::Event(Event::Timer)));
        drop(senders.stopper);
        senders.events.send(Event::Stop).await.unwrap();
        assert!(matches!(inbox.next(&status).await.unwrap(), Came::Event(Event::Stop)));
    }
}
