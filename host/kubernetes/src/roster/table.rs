//! The candidates of one election by their Leases: a pure table of what was seen of them, for a candidate
//! that follows the others and for people who look on.
//!
//! Anybody who may create Leases can put an entry there, so number and size are bounded, and what is left
//! out is known with the reason.

use super::codec::Parsed;
use hotseat_core::policy::Value;
use hotseat_core::time::Moment;
use hotseat_election::roster::{Entry, Listed};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An entry that was not seen to change for so long is left out: it does each minute.
pub const STALE: Duration = Duration::from_secs(180);
/// The most entries of an election that are kept.
pub const MOST_ENTRIES: usize = 256;
/// The most bytes of their texts together: what a policy is given has to fit into its memory.
pub const MOST_BYTES: usize = 512 << 10;

/// What was seen of one candidate's Lease.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The Lease's name.
    pub lease: String,
    /// Its UID and version: read anew with the same ones, it keeps its age.
    pub version: (String, String),
    /// When it was last written, as far as that is known.
    pub at: Moment,
    /// What it says, or why that is no entry; none if it was taken back.
    pub said: Option<Result<Parsed, String>>,
}

/// The candidates of an election, but for the one that looks.
#[derive(Debug, Default)]
pub struct Table {
    /// The looking candidate's name, and its Lease's; none where nobody campaigns.
    own: Option<(String, String)>,
    rows: BTreeMap<String, Row>,
    /// Those that fell silent, at which version: read anew at that version, they stay silent.
    silent: BTreeMap<String, (String, String)>,
    /// Leases that are left out, and why; bounded as the rows are.
    left_out: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Row {
    version: (String, String),
    bytes: usize,
    listed: Listed,
}

impl Table {
    /// The others, as the candidate of this name and with this Lease sees them. [`Table::default`] is for
    /// those who do not campaign: all candidates are others to them.
    pub fn of_others(identity: &str, lease: &str) -> Table {
        Table { own: Some((identity.to_owned(), lease.to_owned())), ..Table::default() }
    }

    /// All Leases that there are, as they were read at `now`.
    pub fn take_all(&mut self, now: Moment, all: Vec<Seen>) {
        let names: BTreeSet<String> = all.iter().map(|seen| seen.lease.clone()).collect();
        self.rows.retain(|lease, _| names.contains(lease));
        self.silent.retain(|lease, _| names.contains(lease));
        self.left_out.retain(|lease, _| names.contains(lease));
        for seen in all {
            self.take(now, seen);
        }
    }

    /// One of them as it is at `now`. Gives what the candidate said before, if it was listed and still is.
    pub fn take(&mut self, now: Moment, seen: Seen) -> Option<Entry> {
        let Seen { lease, version, at, said } = seen;
        let known = self.rows.get(&lease).map(|row| &row.version).or(self.silent.get(&lease));
        if self.own.as_ref().is_some_and(|own| own.1 == lease) || known == Some(&version) {
            return None;
        }
        let Some(said) = said else {
            self.take_out(&lease);
            return None;
        };
        // Whoever fell silent makes room.
        self.forget(now);
        self.silent.remove(&lease);
        if at + STALE <= now {
            self.take_out(&lease);
            self.be_silent(lease, version);
            return None;
        }
        match said.and_then(|parsed| self.check(&lease, parsed)) {
            Ok(Parsed { entry, bytes, .. }) => {
                let before = self.rows.remove(&lease).map(|row| row.listed);
                let since = since(at, before.as_ref(), &entry.signals);
                let row = Row { version, bytes, listed: Listed { entry, at, since } };
                self.left_out.remove(&lease);
                self.rows.insert(lease, row);
                before.map(|listed| listed.entry)
            }
            Err(why) => {
                self.leave_out(&lease, why);
                None
            }
        }
    }

    /// Whether the entry may stand beside the others.
    fn check(&self, lease: &str, parsed: Parsed) -> Result<Parsed, String> {
        let identity = &parsed.entry.identity;
        if self.own.as_ref().is_some_and(|own| own.0 == *identity) {
            return Err("it has this candidate's own name".to_owned());
        }
        let others = || self.rows.iter().filter(|(other, _)| *other != lease).map(|(_, row)| row);
        // Whoever was there first: a name is not taken over while its owner goes on.
        if others().any(|row| row.listed.entry.identity == *identity) {
            return Err("it has another candidate's name".to_owned());
        }
        if others().count() >= MOST_ENTRIES {
            return Err(format!("there are {MOST_ENTRIES} candidates already"));
        }
        if others().map(|row| row.bytes).sum::<usize>() + parsed.bytes > MOST_BYTES {
            let most = hotseat_text::bytes(MOST_BYTES as u64);
            return Err(format!("with it they would have more than {most}"));
        }
        Ok(parsed)
    }

    /// A Lease says what is no entry, and why that is so.
    pub fn leave_out(&mut self, lease: &str, why: String) {
        self.rows.remove(lease);
        if self.left_out.len() < MOST_ENTRIES || self.left_out.contains_key(lease) {
            self.left_out.insert(lease.to_owned(), why);
        }
    }

    fn be_silent(&mut self, lease: String, version: (String, String)) {
        if self.silent.len() < MOST_ENTRIES {
            self.silent.insert(lease, version);
        }
    }

    /// A Lease is gone.
    pub fn take_out(&mut self, lease: &str) {
        self.rows.remove(lease);
        self.silent.remove(lease);
        self.left_out.remove(lease);
    }

    /// Leaves out who was not heard of for too long, and says when the next one is to be.
    pub fn forget(&mut self, now: Moment) -> Moment {
        let gone = self.rows.extract_if(.., |_, row| row.listed.at + STALE <= now);
        for (lease, row) in gone.collect::<Vec<_>>() {
            self.be_silent(lease, row.version);
        }
        let ends = self.rows.values().map(|row| row.listed.at + STALE);
        ends.min().unwrap_or(Moment::NEVER)
    }

    /// What the candidate with that Lease says; none if it is not listed.
    pub fn find(&self, lease: &str) -> Option<&Listed> {
        self.rows.get(lease).map(|row| &row.listed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// They, in the order of their names.
    pub fn listed(&self) -> Vec<&Listed> {
        let mut all: Vec<&Listed> = self.rows.values().map(|row| &row.listed).collect();
        all.sort_by(|one, other| one.entry.identity.cmp(&other.entry.identity));
        all
    }

    /// The Leases that are left out, and why.
    pub fn left_out(&self) -> &BTreeMap<String, String> {
        &self.left_out
    }
}

/// Since when each signal has its value.
fn since(at: Moment, before: Option<&Listed>, signals: &[(String, Value)]) -> Vec<Moment> {
    let known = |signal: &(String, Value)| {
        let before = before?;
        let index = before.entry.signals.iter().position(|old| old == signal)?;
        before.since.get(index).copied()
    };
    signals.iter().map(|signal| known(signal).unwrap_or(at)).collect()
}

#[cfg(test)]
mod tests;
