//! What is true at the moment of the question, computed then (I10).

use super::super::JournalKeeper;
use crate::telemetry;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use hotseat_election::Status;
use hotseat_election::signals::Held;
use hotseat_text::Digest;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How the keys of probes begin.
const PROBE: &str = "probe.";

type Label = (&'static str, String);

/// The gauges at `now`; `started` is since the Unix epoch.
pub(super) fn at(
    elections: &[Status],
    journal: &JournalKeeper,
    started: Duration,
    now: Moment,
) -> Registry {
    let mut all = Registry::default();
    leaders(&mut all, elections, now);
    leases(&mut all, elections, now);
    policies(&mut all, elections);
    sources(&mut all, elections, now);
    all.register(
        "hotseat_journal_dropped",
        "Records of the journal that could not be kept or written",
        ConstCounter::new(journal.dropped()),
    );
    logs(&mut all);
    signals(&mut all, elections, now);
    process(&mut all, started);
    all
}

fn of(status: &Status) -> Label {
    ("election", status.election().to_string())
}

fn leaders(all: &mut Registry, elections: &[Status], now: Moment) {
    let leads = Family::<[Label; 2], Gauge>::default();
    let leads_itself = Family::<[Label; 1], Gauge>::default();
    let by_name = Family::<[Label; 2], Gauge>::default();
    for status in elections {
        let view = status.view();
        // client-go's name and label, so that the dashboards made for it work here too.
        let name = status.election().name().to_owned();
        leads.get_or_create(&[of(status), ("name", name)]).set(i64::from(view.leads(now)));
        leads_itself.get_or_create(&[of(status)]).set(i64::from(view.leads(now)));
        let leader = view.leader(now);
        if !leader.is_empty() {
            by_name.get_or_create(&[of(status), ("name", leader.to_owned())]).set(1);
        }
    }
    all.register("leader_election_master_status", "Whether this candidate leads, 1 or 0", leads);
    all.register(
        "hotseat_leader",
        "Whether this candidate leads, 1 or 0: over all candidates the sum is 1 while somebody leads",
        leads_itself,
    );
    all.register(
        "hotseat_leader_info",
        "Who leads as seen from here, on each candidate; none if nobody does",
        by_name,
    );
}

fn leases(all: &mut Registry, elections: &[Status], now: Moment) {
    let remaining = Family::<[Label; 1], Gauge<f64, AtomicU64>>::default();
    let transitions = Family::<[Label; 1], Gauge<u64, AtomicU64>>::default();
    let token = Family::<[Label; 1], Gauge<u64, AtomicU64>>::default();
    for status in elections {
        let view = status.view();
        let term = view.term.as_ref().filter(|_| view.leads(now));
        token.get_or_create(&[of(status)]).set(term.map_or(0, |term| term.token.0));
        remaining.get_or_create(&[of(status)]).set(view.remaining(now).as_secs_f64());
        if let Some(seen) = &view.seen {
            transitions.get_or_create(&[of(status)]).set(seen.transitions);
        }
    }
    all.register_with_unit(
        "hotseat_lease_remaining",
        "Time until the leader's lease, or this candidate's belief, ends unless it is renewed",
        Unit::Seconds,
        remaining,
    );
    all.register(
        "hotseat_transitions",
        "Changes of the holder as the lock counts them",
        transitions,
    );
    all.register(
        "hotseat_fencing_token",
        "The fencing token of this candidate's term, larger with every term of the election; 0 unless it leads",
        token,
    );
}

fn sources(all: &mut Registry, elections: &[Status], now: Moment) {
    let up = Family::<[Label; 1], Gauge>::default();
    let duration = Family::<[Label; 1], Gauge<f64, AtomicU64>>::default();
    for status in elections {
        let since = status.policy().rollout.source_unavailable_since;
        up.get_or_create(&[of(status)]).set(i64::from(since.is_none()));
        let gone = since.map_or(Duration::ZERO, |since| now.since(since));
        duration.get_or_create(&[of(status)]).set(gone.as_secs_f64());
    }
    let help = "Whether the policy's source could be read when it was last looked at, 1 or 0";
    all.register("hotseat_policy_source_up", help, up);
    all.register_with_unit(
        "hotseat_policy_source_unavailable",
        "For how long the policy's source has given nothing; 0 while it is up",
        Unit::Seconds,
        duration,
    );
}

fn policies(all: &mut Registry, elections: &[Status]) {
    // What an `Info` would write, which cannot be of several elections.
    let policies = Family::<[Label; 5], Gauge>::default();
    for status in elections {
        if let Some(active) = &status.policy().rollout.active {
            let labels = [
                of(status),
                ("digest", active.policy.digest.clone()),
                ("name", active.about.name.clone()),
                ("version", active.about.version.clone()),
                ("settings", digest_of(&active.policy.settings)),
            ];
            policies.get_or_create(&labels).set(1);
        }
    }
    all.register("hotseat_policy_info", "The policy that decides", policies);
}

/// The digest of a policy's settings, as `/v1/policy` has it; empty where there are none.
fn digest_of(settings: &str) -> String {
    match settings {
        "" => String::new(),
        some => Digest::of(some.as_bytes()).to_string(),
    }
}

fn logs(all: &mut Registry) {
    let lost = Family::<_, Counter>::default();
    for (stream, lines) in telemetry::dropped() {
        lost.get_or_create(&[("stream", stream)]).inc_by(lines);
    }
    let help =
        "Lines that stdout or stderr did not take, as when nobody reads it or the disk is full";
    all.register("hotseat_log_lines_dropped", help, lost);
}

fn signals(all: &mut Registry, elections: &[Status], now: Moment) {
    let count = Family::<[Label; 1], Gauge<u64, AtomicU64>>::default();
    let up = Family::<[Label; 2], Gauge>::default();
    for status in elections {
        let signals = status.signals().all(now);
        count.get_or_create(&[of(status)]).set(signals.len() as u64);
        for Held { key, report, .. } in
            signals.into_iter().filter(|it| it.key.source() == Source::Probe)
        {
            // The one that says whether the application is ready has no name of its own.
            let name = key.as_str().strip_prefix(PROBE).unwrap_or(key.as_str());
            if let Value::Flag(flag) = report.value {
                let labels = [of(status), ("probe", name.to_owned())];
                up.get_or_create(&labels).set(i64::from(flag));
            }
        }
    }
    all.register("hotseat_signals", "Signals that the policy sees", count);
    let help = "Whether a probe finds its target up, 1 or 0; none while that is not decided";
    all.register("hotseat_probe_up", help, up);
}

fn process(all: &mut Registry, started: Duration) {
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    all.register("hotseat_build", "The program", Info::new(version));
    all.register_with_unit(
        "process_start_time",
        "Start of the process since the Unix epoch",
        Unit::Seconds,
        ConstGauge::new(started.as_secs_f64()),
    );
    if let Some(resident) = resident_bytes() {
        all.register_with_unit(
            "process_resident_memory",
            "Memory that is resident",
            Unit::Bytes,
            ConstGauge::new(resident),
        );
    }
}

/// None where /proc is not mounted. From `status`, which counts in KiB; `statm` counts in pages,
/// whose size is another question.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_more_than_nothing() {
        let resident = resident_bytes().expect("Linux has /proc");
        assert!(resident > 1024 * 1024, "{resident}");
    }
}
