//! The others' entries, as a watch tells of them.

use super::codec::{self, Parsed};
use super::table::{Seen, Table};
use super::{CANDIDATE, PACE, ROSTER, collection, label_value};
use crate::exchange::Channel;
use crate::follow::Follower;
use crate::only::{Key, Only};
use crate::target::{Followed, Target, Which};
use hotseat_core::time::Moment;
use hotseat_election::roster::Listed;
use hotseat_election::{ElectionName, Status, clock};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};

/// What the watch may have to say at a time.
const WAITING: usize = 64;

/// A candidate's Lease, as far as it counts.
#[derive(Debug, Deserialize)]
pub(super) struct Lease {
    pub(super) metadata: Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) uid: String,
    #[serde(default)]
    pub(super) resource_version: String,
    pub(super) labels: Option<Only<Label>>,
    pub(super) annotations: Option<Only<Entry>>,
}

pub(super) struct Label;

impl Key for Label {
    const KEY: &'static str = ROSTER;
}

pub(super) struct Entry;

impl Key for Entry {
    const KEY: &'static str = CANDIDATE;
}

impl Lease {
    /// Its name, its UID and version, and what it says to the candidates of that election, if it was not
    /// taken back; nothing if it has another election's label.
    pub(super) fn read(self, election: &ElectionName) -> Option<Read> {
        let Metadata { name, uid, resource_version, labels, annotations } = self.metadata;
        let is_meant = labels.and_then(|label| label.0) == Some(label_value(election.name()));
        let text = annotations.and_then(|entry| entry.0);
        let said = text.map(|text| codec::read(election.name(), &text));
        is_meant.then_some((name, (uid, resource_version), said))
    }

    /// The same, as it was seen to be written just now.
    fn seen(self, election: &ElectionName) -> Option<Seen> {
        let (lease, version, said) = self.read(election)?;
        Some(Seen { lease, version, at: clock::now(), said })
    }
}

/// A Lease's name, its UID and version, and what it says.
type Read = (String, (String, String), Option<Result<Parsed, String>>);

/// What the watch found.
enum Update {
    All(Vec<Seen>),
    One(Box<Seen>),
    Gone(String),
    Failed(String),
}

/// Follows them for as long as it is polled.
pub(super) async fn follow(
    channel_to: Channel,
    election: &ElectionName,
    mut table: Table,
    status: &Status,
) {
    let (into, mut updates) = channel(WAITING);
    let mut watching = std::pin::pin!(watch(channel_to, election, into));
    let mut said = None;
    loop {
        let stale = table.forget(clock::now());
        show(&table, status, &mut said);
        tokio::select! {
            () = &mut watching => return,
            Some(first) = updates.recv() => {
                take(&mut table, first, status);
                // What has come already goes with it.
                while let Ok(more) = updates.try_recv() {
                    take(&mut table, more, status);
                }
            }
            () = until(stale) => {}
        }
    }
}

fn take(table: &mut Table, update: Update, status: &Status) {
    let now = clock::now();
    let mut listed = false;
    let error = match update {
        Update::All(all) => {
            table.take_all(now, all);
            listed = true;
            None
        }
        Update::One(one) => {
            table.take(now, *one);
            None
        }
        Update::Gone(name) => {
            table.take_out(&name);
            None
        }
        Update::Failed(why) => Some(why),
    };
    status.change_roster(|roster| {
        // Together with those that were read: there is no moment at which they are known and missing.
        if listed {
            roster.others = others(table);
            roster.seen = true;
        }
        roster.not_followed = error;
    });
}

/// Shows the table. What is left out is said once, and again only when more is.
fn show(table: &Table, status: &Status, said: &mut Option<usize>) {
    let count = table.left_out().len();
    if count > said.unwrap_or(0)
        && let Some((lease, why)) = table.left_out().iter().next_back()
    {
        let lease = hotseat_text::one_line(lease, 100);
        let why = hotseat_text::one_line(why, 200);
        match said {
            None => tracing::warn!(
                count, %lease, %why,
                "an entry of the roster is left out: see who made that Lease"
            ),
            Some(_) => tracing::debug!(count, %lease, %why, "more entries are left out"),
        }
        *said = Some(count);
    }
    status.change_roster(|roster| {
        roster.others = others(table);
        roster.left_out = count as u64;
    });
}

fn others(table: &Table) -> Vec<Listed> {
    table.listed().into_iter().cloned().collect()
}

/// Until that moment of the boot-time clock, or a little later: a timer of tokio's stands in suspend.
pub(super) async fn until(moment: Moment) {
    match moment {
        Moment::NEVER => std::future::pending().await,
        _ => tokio::time::sleep(clock::until(moment) + Duration::from_millis(10)).await,
    }
}

async fn watch(channel: Channel, election: &ElectionName, into: Sender<Update>) {
    let mut follower = Follower::new(Target {
        what: "the roster",
        channel,
        collection: collection(election),
        which: Which::Labelled(ROSTER, label_value(election.name())),
        verbs: ("list-roster", "watch-roster"),
        pace: PACE,
    });
    let say = |sight: Followed<Lease>| match sight {
        Followed::Listed(all) => Some(Update::All(
            all.objects.into_iter().filter_map(|lease| lease.seen(election)).collect(),
        )),
        Followed::Changed(lease) => lease.seen(election).map(|seen| Update::One(Box::new(seen))),
        Followed::Deleted { name, .. } => Some(Update::Gone(name)),
        Followed::Failed(why) => Some(Update::Failed(why)),
        // It is asked for by its label.
        Followed::Read { .. } => None,
    };
    follower.follow_on(&into, say).await;
}
