//! What is true at the moment of the question, computed then (I10).

use crate::state::State;
use crate::telemetry;
use hotseat_core::policy::Value;
use hotseat_core::time::Moment;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// How the keys of probes begin.
const PROBE: &str = "probe.";

/// The gauges at `now`; `started` is since the Unix epoch.
pub(super) fn at(state: &State, started: Duration, now: Moment) -> Registry {
    let mut all = Registry::default();
    election(&mut all, state, now);
    policy(&mut all, state);
    journal(&mut all, state);
    logs(&mut all);
    signals(&mut all, state, now);
    process(&mut all, started);
    all
}

fn election(all: &mut Registry, state: &State, now: Moment) {
    let view = state.view();
    // client-go's name and label, so that the dashboards made for it work here too.
    all.register(
        "leader_election_master_status",
        "Whether this candidate leads, 1 or 0",
        one("name", state.election(), i64::from(view.leads(now))),
    );
    let leader = view.leader(now);
    let by_name = if leader.is_empty() { Family::default() } else { one("name", leader, 1) };
    all.register("hotseat_leader", "Who leads as seen from here; none if nobody does", by_name);
    all.register_with_unit(
        "hotseat_lease_remaining",
        "Time until the leader's lease, or this candidate's belief, ends unless it is renewed",
        Unit::Seconds,
        ConstGauge::new(view.remaining(now).as_secs_f64()),
    );
    if let Some(seen) = &view.seen {
        all.register(
            "hotseat_transitions",
            "Changes of the holder as the lock counts them",
            ConstGauge::new(seen.transitions),
        );
    }
}

fn policy(all: &mut Registry, state: &State) {
    if let Some(active) = &state.policy().active {
        let labels = vec![
            ("digest", active.digest.clone()),
            ("name", active.name.clone()),
            ("version", active.version.clone()),
        ];
        all.register("hotseat_policy", "The policy that decides", Info::new(labels));
    }
}

fn journal(all: &mut Registry, state: &State) {
    all.register(
        "hotseat_journal_dropped",
        "Records of the journal that could not be kept or written",
        ConstCounter::new(state.journal().dropped()),
    );
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

fn signals(all: &mut Registry, state: &State, now: Moment) {
    let signals = state.signals().all(now);
    let count = u64::try_from(signals.len()).unwrap_or(u64::MAX);
    all.register("hotseat_signals", "Signals that the policy sees", ConstGauge::new(count));
    let up = Family::<[(&'static str, String); 1], Gauge>::default();
    for (key, report) in signals {
        if let (Some(name), Value::Flag(flag)) = (key.as_str().strip_prefix(PROBE), report.value) {
            up.get_or_create(&[("probe", name.to_owned())]).set(i64::from(flag));
        }
    }
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

fn one(key: &'static str, value: &str, number: i64) -> Family<[(&'static str, String); 1], Gauge> {
    let family = Family::<_, Gauge>::default();
    family.get_or_create(&[(key, value.to_owned())]).set(number);
    family
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
