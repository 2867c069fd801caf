//! What a roster costs the API server: the writes of its candidates, and the watch events that each write
//! is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use hotseat_election::{ElectionName, Facts, Status, clock};
use hotseat_kubernetes::{Connection, Credentials, Hints, Place, RosterKeeper, RosterWanted};
use hotseat_tests::cluster::{AuditRecord, Caller, Cluster};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::arena::{Arena, NAMESPACE};
use crate::table::Row;

/// How many candidates each of the elections has.
const FLEETS: [usize; 3] = [3, 30, 100];
/// What is created at the start is written again after 50 to 75 s: so long that each was, and the start
/// itself may take a while.
const LENGTH: Duration = Duration::from_secs(90);
/// What is read when candidates come to know each other is no event that is counted.
const SETTLING: Duration = Duration::from_secs(30);
/// What the user agents in the audit log begin with.
const AGENT: &str = "roster-bench";
const RETRY_PERIOD: Duration = Duration::from_secs(2);

/// Keeps the rosters of three elections at a time with the sidecar's own code, each candidate by
/// connections of its own, and reads in the audit log how often each entry was written. `publisher` may
/// keep the roster.
///
/// # Errors
///
/// An entry was not written, or none was seen.
pub(crate) fn rows(cluster: &Cluster, publisher: &Arena) -> anyhow::Result<Vec<Row>> {
    let begun = Timestamp::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counts = runtime.block_on(keep_all(publisher.kubeconfig()))?;
    drop(runtime);
    let log = cluster.requests(begun, Caller::UserAgent(AGENT))?;
    let row = |(size, seen)| {
        let fleet = Fleet::new(&log, size, begun + SETTLING)?;
        ensure!(fleet.written > 0, "nobody of {size} wrote its entry again");
        Ok(fleet.row(seen))
    };
    counts.into_iter().map(row).collect()
}

/// Gives for each election its size, and how many entries its candidates saw to be written anew.
async fn keep_all(kubeconfig: &Path) -> anyhow::Result<Vec<(usize, u64)>> {
    let mut fleets = Vec::new();
    for size in FLEETS {
        let (mut keepers, mut counting) = (Vec::new(), JoinSet::new());
        for number in 0..size {
            let (status, keeper) = keep(kubeconfig, size, number).await?;
            keepers.push(keeper);
            counting.spawn(count(status));
        }
        fleets.push((size, keepers, counting));
    }
    let mut counts = Vec::new();
    for (size, keepers, counting) in fleets {
        let seen = counting.join_all().await.into_iter().sum();
        drop(keepers);
        counts.push((size, seen));
    }
    Ok(counts)
}

async fn keep(
    kubeconfig: &Path,
    size: usize,
    number: usize,
) -> anyhow::Result<(Status, RosterKeeper)> {
    let identity = format!("{}-{number}", election(size));
    let credentials = Credentials::Files(vec![kubeconfig.to_owned()]);
    let connection = Connection::open(credentials, &format!("{AGENT} ({identity})")).await?;
    let name = ElectionName::new(NAMESPACE, &election(size));
    let status = Status::new(name.clone(), &identity, clock::now(), RETRY_PERIOD);
    let facts = Facts::new(name.clone(), clock::now);
    let place = Place { election: name, identity, pod: None };
    let hints = Hints { rights: "the account of the bench lacks them" };
    let version = env!("CARGO_PKG_VERSION");
    let wanted = RosterWanted { always: true, seats: false };
    let keeper =
        RosterKeeper::start(connection, facts, status.clone(), place, version, wanted, hints);
    Ok((status, keeper))
}

/// Counts the entries of others that change between [`SETTLING`] and [`LENGTH`].
async fn count(status: Status) -> u64 {
    sleep(SETTLING).await;
    let mut rosters = status.rosters();
    let written = |rosters: &mut tokio::sync::watch::Receiver<_>| {
        let roster: std::sync::Arc<hotseat_election::roster::Roster> =
            std::sync::Arc::clone(&rosters.borrow_and_update());
        let all = roster.others.iter().map(|other| (other.entry.identity.clone(), other.at));
        all.collect::<BTreeMap<_, _>>()
    };
    let (mut before, mut seen) = (written(&mut rosters), 0);
    let over = sleep(LENGTH - SETTLING);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return seen,
            changed = rosters.changed() => if changed.is_err() { return seen },
        }
        let now = written(&mut rosters);
        let anew = now.iter().filter(|(name, at)| before.get(*name).is_some_and(|was| was != *at));
        seen += anew.count() as u64;
        before = now;
    }
}

fn election(size: usize) -> String {
    format!("roster-{size}")
}

/// What the candidates of an election wrote.
struct Fleet {
    size: usize,
    /// From one write of an entry to the next, on average.
    interval: Duration,
    /// The writes that others may have seen.
    written: u64,
}

impl Fleet {
    /// Reads the audit log, from which each candidate's user agent is known.
    ///
    /// # Errors
    ///
    /// A candidate did not write its entry twice.
    fn new(log: &[AuditRecord], size: usize, settled: Timestamp) -> anyhow::Result<Fleet> {
        let mut writes: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
        let of_fleet = format!("{AGENT} ({}-", election(size));
        for record in log {
            let writes_entry = ["create", "patch"].contains(&record.verb.as_str())
                && record.resource == "leases"
                && record.code < 300;
            if writes_entry && record.user_agent.starts_with(&of_fleet) {
                writes.entry(&record.user_agent).or_default().push(record.received);
            }
        }
        let twice = writes.values().filter(|all| all.len() > 1).count();
        ensure!(twice == size, "{twice} of {size} candidates wrote their entries twice");
        let mut intervals = Vec::new();
        for all in writes.values() {
            for pair in all.windows(2) {
                let interval = Duration::try_from(pair[1].duration_since(pair[0]));
                intervals.push(interval.context("a clock was set back")?);
            }
        }
        let count = u32::try_from(intervals.len())?;
        let written = writes.values().flatten().filter(|at| **at > settled).count();
        let interval = intervals.iter().sum::<Duration>() / count;
        Ok(Fleet { size, interval, written: written as u64 })
    }

    /// `seen` is how many entries the candidates together saw to be written.
    fn row(&self, seen: u64) -> Row {
        let writes = self.size as f64 / self.interval.as_secs_f64();
        let others = seen as f64 / self.written as f64;
        let measured = format!(
            "{writes:.2} writes a second, one of each candidate in {:.1} s; seen by {others:.1} others, \
             and by the writer itself: {:.2} watch events a second",
            self.interval.as_secs_f64(),
            writes * (others + 1.0),
        );
        let figure = format!(
            "roster of {} candidates, real entries on the real API server for {} s",
            self.size,
            LENGTH.as_secs()
        );
        // Each entry is written again after 50 s at the earliest.
        let met = self.interval >= Duration::from_secs(50);
        Row::barred(&figure, measured, "N/60 writes a second, N/50 at most", met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(second: i64, candidate: usize, verb: &str) -> AuditRecord {
        let received = Timestamp::from_second(second).unwrap();
        AuditRecord {
            verb: verb.into(),
            resource: "leases".into(),
            namespace: NAMESPACE.into(),
            name: "x".into(),
            user: "u".into(),
            user_agent: format!("{AGENT} (roster-3-{candidate})"),
            code: 200,
            received,
            stage_timestamp: received,
        }
    }

    #[test]
    fn a_fleets_writes_are_counted_by_their_intervals() {
        let mut log: Vec<_> = (0..3).map(|candidate| write(0, candidate, "create")).collect();
        log.push(write(1, 0, "list"));
        log.extend([write(50, 0, "patch"), write(60, 1, "patch")]);
        let settled = Timestamp::from_second(30).unwrap();
        assert!(Fleet::new(&log, 3, settled).is_err(), "one has not written again");
        log.push(write(70, 2, "patch"));
        let fleet = Fleet::new(&log, 3, settled).unwrap();
        assert_eq!((fleet.interval, fleet.written), (Duration::from_secs(60), 3));
        let mut table = crate::table::Table::new(String::new(), "");
        table.take("", || Ok(vec![fleet.row(6)]));
        let text = table.to_string();
        let wanted = "0.05 writes a second, one of each candidate in 60.0 s; seen by 2.0 others";
        assert!(text.contains(wanted) && text.contains("0.15 watch events a second"), "{text}");
        assert!(text.contains("| met |"), "{text}");
    }
}
