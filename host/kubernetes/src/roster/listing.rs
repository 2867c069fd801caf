//! The roster from outside of an election, for people.

use super::collection;
use super::following::Lease;
use super::name::{ROSTER, label_value};
use crate::connection::Connection;
use crate::exchange::{Channel, Lane};
use crate::target::{Followed, Target, Which};
use hotseat_election::roster::Entry;
use hotseat_election::{ElectionName, Facts};
use jiff::Timestamp;
use serde::Deserialize;

/// One Lease of a roster.
#[derive(Clone, Debug)]
pub struct Row {
    /// The Lease's name.
    pub lease: String,
    /// When the candidate last wrote it, by that candidate's own wall clock; none if it does not say.
    pub written: Option<Timestamp>,
    /// What it says, or why that is not an entry.
    pub entry: Result<Entry, String>,
}

/// The Lease with its time.
#[derive(Debug, Deserialize)]
struct Timed {
    #[serde(flatten)]
    lease: Lease,
    spec: Option<Spec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    renew_time: Option<String>,
}

/// The Leases of a roster.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// They, in the order of their names. What was taken back is left out.
    pub rows: Vec<Row>,
    /// There may be more than are read.
    pub cut: bool,
}

/// Reads the roster of an election.
///
/// # Errors
///
/// Why it cannot be read, and what to do, in one line.
pub async fn list_roster(
    connection: Connection,
    facts: Facts,
    election: &ElectionName,
) -> Result<Rows, String> {
    let target = Target {
        what: "the roster",
        channel: Channel::new(connection, Lane::Other, facts),
        collection: collection(election),
        which: Which::Labelled(ROSTER, label_value(election.name())),
        verbs: ("list-roster", "watch-roster"),
        pace: super::PACE,
    };
    let listed = target.list::<Timed>().await;
    let (sight, _) = listed.map_err(|failure| failure.error.detail)?;
    let Followed::Listed(all) = sight else { return Ok(Rows::default()) };
    let row = |Timed { lease, spec }: Timed| {
        let written = spec.and_then(|spec| spec.renew_time?.parse().ok());
        let (name, _, said) = lease.read(election)?;
        Some(Row { lease: name, written, entry: said?.map(|parsed| parsed.entry) })
    };
    let mut rows: Vec<Row> = all.objects.into_iter().filter_map(row).collect();
    rows.sort_by(|one, other| one.lease.cmp(&other.lease));
    Ok(Rows { rows, cut: all.cut })
}
