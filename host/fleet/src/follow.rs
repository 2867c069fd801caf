//! Fills the table by what is heard of the Leases, and by the time.

use crate::now::Now;
use crate::table::Fleet;
use hotseat_core::time::Moment;
use hotseat_election::clock;
use hotseat_kubernetes::{Connection, LeaseNews, follow_leases};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What the watch may have to say at a time.
const WAITING: usize = 256;

/// The table, for whoever fills it and whoever shows it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shared {
    fleet: Arc<Mutex<Fleet>>,
    changes: watch::Sender<u64>,
}

impl Default for Shared {
    fn default() -> Shared {
        let fleet = Arc::new(Mutex::new(Fleet::new(clock::now())));
        Shared { fleet, changes: watch::Sender::new(0) }
    }
}

impl Shared {
    /// The table. Nobody holds it for longer than a look takes.
    pub(crate) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes the table.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Fleet, Now) -> T) -> T {
        let changed = change(&mut self.fleet(), now());
        self.changes.send_modify(|number| *number += 1);
        changed
    }

    /// Waits until all Leases were read once, or why that is not possible is known.
    ///
    /// # Errors
    ///
    /// Why they cannot be read, in one line.
    pub async fn first_look(&self) -> Result<(), String> {
        let mut changes = self.changes();
        loop {
            {
                let fleet = self.fleet();
                if let Some(why) = fleet.error() {
                    return Err(why.to_owned());
                }
                if fleet.is_seen() {
                    return Ok(());
                }
            }
            // An error is no end: this holds a sender.
            let _ = changes.changed().await;
        }
    }
}

/// The present.
pub(crate) fn now() -> Now {
    Now { moment: clock::now(), wall: Timestamp::now() }
}

/// Follows the Leases of that namespace, or of all, for as long as it is polled.
pub async fn follow(connection: Connection, namespace: Option<&str>, shared: Shared) {
    let (into, mut heard) = mpsc::channel(WAITING);
    let mut following = std::pin::pin!(follow_leases(connection, namespace, into));
    let mut next = Moment::NEVER;
    loop {
        let news = tokio::select! {
            () = &mut following => return,
            Some(news) = heard.recv() => Some(news),
            () = until(next) => None,
        };
        next = shared.change(|fleet, now| {
            let take = |fleet: &mut Fleet, news: LeaseNews| fleet.take(now, news);
            if let Some(news) = news {
                take(fleet, news);
            }
            // What has come already goes with it.
            while let Ok(more) = heard.try_recv() {
                take(fleet, more);
            }
            fleet.pass(now)
        });
    }
}

/// Until that moment of the boot-time clock, or a little later: a timer of tokio's stands in suspend.
async fn until(moment: Moment) {
    match moment {
        Moment::NEVER => std::future::pending().await,
        _ => tokio::time::sleep(clock::until(moment) + Duration::from_millis(10)).await,
    }
}
