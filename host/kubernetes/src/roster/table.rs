//! Who is on the roster: a pure table of what was seen of the candidates' Leases.

use super::codec;
use hotseat_core::policy::Value;
use hotseat_core::time::Moment;
use hotseat_election::roster::{Entry, Listed};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An entry that was not seen to change for so long is left out: it does each minute.
pub const STALE: Duration = Duration::from_secs(180);
/// The most entries of an election that are kept.
pub const MOST_ENTRIES: usize = 256;
/// The most bytes of all of them: what a policy is given has to fit into its memory.
pub(super) const MOST_BYTES: usize = 512 << 10;

/// What was seen of one Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its name.
    pub(super) name: String,
    /// Its UID and version.
    pub(super) version: (String, String),
    /// The annotation; none if it was taken back.
    pub(super) text: Option<String>,
}

/// The candidates but for the own one.
#[derive(Debug)]
pub(super) struct Table {
    election: String,
    /// This candidate's name, and its Lease's.
    own: (String, String),
    rows: BTreeMap<String, Row>,
    /// Those that fell silent, at which version: read anew at that version, they stay silent.
    silent: BTreeMap<String, (String, String)>,
    /// Leases that are left out, and why; bounded as the rows are.
    left_out: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Row {
    version: (String, String),
    at: Moment,
    bytes: usize,
    entry: Entry,
    since: Vec<Moment>,
}

impl Table {
    pub(super) fn new(election: &str, identity: &str, lease: &str) -> Table {
        let own = (identity.to_owned(), lease.to_owned());
        let (rows, silent, left_out) = Default::default();
        Table { election: election.to_owned(), own, rows, silent, left_out }
    }

    /// All Leases that there are, as they were read at `now`. One that is as it was is no younger.
    pub(super) fn take_all(&mut self, now: Moment, all: Vec<Seen>) {
        let names: BTreeSet<String> = all.iter().map(|seen| seen.name.clone()).collect();
        self.rows.retain(|name, _| names.contains(name));
        self.silent.retain(|name, _| names.contains(name));
        self.left_out.retain(|name, _| names.contains(name));
        for seen in all {
            self.take(now, seen);
        }
    }

    /// One of them as it is now.
    pub(super) fn take(&mut self, now: Moment, seen: Seen) {
        let Seen { name, version, text } = seen;
        let known = self.rows.get(&name).map(|row| &row.version).or(self.silent.get(&name));
        if name == self.own.1 || known == Some(&version) {
            return;
        }
        let Some(text) = text else { return self.take_out(&name) };
        self.forget(now);
        self.silent.remove(&name);
        match self.judged(&name, &text) {
            Ok(entry) => {
                let before = self.rows.get(&name);
                let since = since(now, before, &entry.signals);
                let row = Row { version, at: now, bytes: text.len(), entry, since };
                self.rows.insert(name.clone(), row);
                self.left_out.remove(&name);
            }
            Err(why) => {
                self.rows.remove(&name);
                if self.left_out.len() < MOST_ENTRIES {
                    self.left_out.insert(name, why);
                }
            }
        }
    }

    fn judged(&self, name: &str, text: &str) -> Result<Entry, String> {
        let entry = codec::read(&self.election, text)?;
        if entry.identity == self.own.0 {
            return Err("it has this candidate's own name".to_owned());
        }
        let others = || self.rows.iter().filter(|(other, _)| *other != name);
        // Whoever was there first: a name is not taken over while its owner goes on.
        if others().any(|(_, row)| row.entry.identity == entry.identity) {
            return Err("it has another candidate's name".to_owned());
        }
        if others().count() >= MOST_ENTRIES {
            return Err(format!("there are {MOST_ENTRIES} candidates already"));
        }
        if others().map(|(_, row)| row.bytes).sum::<usize>() + text.len() > MOST_BYTES {
            let most = hotseat_text::bytes(MOST_BYTES as u64);
            return Err(format!("with it they would have more than {most}"));
        }
        Ok(entry)
    }

    /// A Lease is gone.
    pub(super) fn take_out(&mut self, name: &str) {
        self.rows.remove(name);
        self.silent.remove(name);
        self.left_out.remove(name);
    }

    /// Leaves out who was not heard of for too long, and says when the next one is to be.
    pub(super) fn forget(&mut self, now: Moment) -> Moment {
        let gone = self.rows.extract_if(.., |_, row| now >= row.at + STALE);
        for (name, row) in gone {
            if self.silent.len() < MOST_ENTRIES {
                self.silent.insert(name, row.version);
            }
        }
        self.rows.values().map(|row| row.at + STALE).min().unwrap_or(Moment::NEVER)
    }

    /// The others, in the order of their names.
    pub(super) fn others(&self) -> Vec<Listed> {
        let listed =
            |row: &Row| Listed { entry: row.entry.clone(), at: row.at, since: row.since.clone() };
        let mut all: Vec<Listed> = self.rows.values().map(listed).collect();
        all.sort_by(|one, other| one.entry.identity.cmp(&other.entry.identity));
        all
    }

    /// The Leases that are left out, and why.
    pub(super) fn left_out(&self) -> &BTreeMap<String, String> {
        &self.left_out
    }
}

/// Since when each signal has its value.
fn since(now: Moment, before: Option<&Row>, signals: &[(String, Value)]) -> Vec<Moment> {
    let known = |signal: &(String, Value)| {
        let row = before?;
        let index = row.entry.signals.iter().position(|old| old == signal)?;
        row.since.get(index).copied()
    };
    signals.iter().map(|signal| known(signal).unwrap_or(now)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    fn table() -> Table {
        Table::new("shop", "web-0", "shop-0")
    }

    fn said(identity: &str, lag: i64) -> String {
        let signals =
            vec![("lag".to_owned(), Value::Integer(lag)), ("a".to_owned(), Value::Flag(true))];
        let entry = Entry { identity: identity.to_owned(), signals, ..Entry::default() };
        codec::write("shop", &entry).0
    }

    fn seen(name: &str, version: u32, text: Option<String>) -> Seen {
        Seen { name: name.to_owned(), version: ("u".to_owned(), version.to_string()), text }
    }

    fn names(table: &Table) -> Vec<String> {
        table.others().into_iter().map(|one| one.entry.identity).collect()
    }

    #[test]
    fn a_candidate_is_as_old_as_its_last_change_and_a_signal_as_its_value() {
        let mut table = table();
        table.take(at(10), seen("shop-1", 1, Some(said("web-1", 5))));
        table.take(at(70), seen("shop-1", 2, Some(said("web-1", 6))));
        // Read anew, as after a watch that broke: nothing is younger for that.
        table.take_all(at(80), vec![seen("shop-1", 2, Some(said("web-1", 6)))]);
        let others = table.others();
        assert_eq!((others[0].at, &others[0].since), (at(70), &vec![at(70), at(10)]));
    }

    #[test]
    fn who_is_silent_for_three_minutes_is_left_out_and_may_come_back() {
        let mut table = table();
        table.take(at(10), seen("shop-1", 1, Some(said("web-1", 5))));
        table.take(at(100), seen("shop-2", 1, Some(said("web-2", 5))));
        assert_eq!(table.forget(at(189)), at(190));
        assert_eq!(names(&table), ["web-1", "web-2"]);
        assert_eq!(table.forget(at(190)), at(280));
        assert_eq!(names(&table), ["web-2"]);
        // Read anew it is as silent as before.
        let still = seen("shop-1", 1, Some(said("web-1", 5)));
        table.take_all(at(195), vec![still, seen("shop-2", 1, Some(said("web-2", 5)))]);
        assert_eq!(names(&table), ["web-2"]);
        table.take(at(200), seen("shop-1", 2, Some(said("web-1", 5))));
        assert_eq!(names(&table), ["web-1", "web-2"]);
    }

    #[test]
    fn who_takes_itself_back_or_is_not_read_any_more_is_gone() {
        let mut table = table();
        for number in 1..4 {
            let text = Some(said(&format!("web-{number}"), 0));
            table.take(at(1), seen(&format!("shop-{number}"), 1, text));
        }
        table.take_out("shop-1");
        table.take(at(2), seen("shop-2", 2, None));
        assert_eq!(names(&table), ["web-3"]);
        table.take_all(at(3), Vec::new());
        assert_eq!(names(&table), [""; 0]);
    }

    #[test]
    fn forged_entries_are_left_out_with_the_reason() {
        let mut table = table();
        table.take(at(1), seen("shop-1", 1, Some(said("web-1", 0))));
        for (name, text, why) in [
            ("x-1", said("web-0", 0), "own name"),
            ("x-2", said("web-1", 0), "another candidate's name"),
            ("x-3", "{".to_owned(), "EOF"),
        ] {
            table.take(at(2), seen(name, 1, Some(text)));
            assert!(table.left_out()[name].contains(why), "{:?}", table.left_out());
        }
        assert_eq!(names(&table), ["web-1"]);
        // The own Lease is no other candidate, whatever it says.
        table.take(at(2), seen("shop-0", 1, Some(said("web-9", 0))));
        assert_eq!((names(&table).len(), table.left_out().len()), (1, 3));
        // One that becomes unreadable does not stay as it was.
        table.take(at(3), seen("shop-1", 2, Some("[]".to_owned())));
        assert_eq!(names(&table), [""; 0]);
        table.take(at(4), seen("x-2", 2, Some(said("web-1", 0))));
        assert_eq!(names(&table), ["web-1"]);
    }

    #[test]
    fn a_crowd_of_entries_is_bounded_in_number_and_size() {
        let mut table = table();
        let rounds = |table: &mut Table, now, value: &str| {
            for number in 0..2 * MOST_ENTRIES {
                let signals = vec![("a".to_owned(), Value::Text(value.to_owned())); 8];
                let identity = format!("web-{now}-{number}");
                let entry = Entry { identity, signals, ..Entry::default() };
                let text = codec::write("shop", &entry).0;
                table.take(at(now), seen(&format!("x-{now}-{number}"), 1, Some(text)));
            }
        };
        rounds(&mut table, 1, "");
        assert_eq!((table.others().len(), table.left_out().len()), (MOST_ENTRIES, MOST_ENTRIES));
        // Those that fell silent make room.
        rounds(&mut table, 200, &"x".repeat(1000));
        let others = table.others();
        let bytes: usize = others.iter().map(|it| codec::write("shop", &it.entry).0.len()).sum();
        assert!(bytes <= MOST_BYTES && others.len() > 50, "{} of {bytes} bytes", others.len());
    }
}
