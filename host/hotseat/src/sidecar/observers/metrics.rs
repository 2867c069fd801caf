//! What `/metrics` counts, in OpenMetrics' words.
//!
//! Whatever is of an election has the label `election`, as `namespace/name`. Other labels take their
//! values from closed sets, except for the names of the leader and the policy, of which one stands
//! there at a time, of the candidates that are waited for, eight at most, and of the probes, which the
//! operator named. So no client, no policy and no other candidate can make the text grow.

mod counters;
mod gauges;
mod renewals;
mod turns;
mod zero;

use super::JournalKeeper;
use counters::{Counters, Label, Of, Times, of_answer};
use hotseat_core::time::Moment;
use hotseat_election::{Fact, Observer, Occurrence, Status, clock};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use renewals::Renewals;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use turns::Turns;

/// The smallest bucket of the decision's time, in seconds; a usual decision takes twice that.
const FIRST_BUCKET: f64 = 5e-6;
/// Each bucket is twice the one before; the last is 82 ms, beyond what a decision may take.
const BUCKETS: u16 = 15;

/// The sidecar's counters. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    elections: Vec<Status>,
    journal: JournalKeeper,
    /// Since the Unix epoch; taken once, so that a step of the wall clock does not move it.
    started: Duration,
    registry: Registry,
    counters: Counters,
    decide_time: Times,
    renewals: Renewals,
    turns: Turns,
}

impl Metrics {
    /// Counters of these elections, all at zero, and gauges of their status and of the journal. The
    /// process started at `started`.
    pub fn new(elections: Vec<Status>, journal: JournalKeeper, started: Moment) -> Metrics {
        let alive = clock::now().since(started);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let counters = Counters::default();
        for election in &elections {
            counters.begin_at_zero(election.election());
        }
        counters.begin_pages(hotseat_http::answers());
        let histogram: fn() -> Histogram =
            || Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS));
        let decide_time = Times::new_with_constructor(histogram);
        for election in &elections {
            let _ = decide_time.get_or_create(&[Of(election.election()).label()]);
        }
        let renewals = Renewals::of(&elections);
        let mut registry = counters.register(&decide_time);
        renewals.register(&mut registry);
        let started = now.saturating_sub(alive);
        Metrics(Arc::new(Inner {
            elections,
            journal,
            started,
            registry,
            counters,
            decide_time,
            renewals,
            turns: Turns::default(),
        }))
    }

    /// Counts the answer to a request for the page of that path, one of a closed set, with this
    /// status.
    pub fn http_request(&self, path: &'static str, status: u16) {
        self.0.counters.http_requests.get_or_create(&of_answer(path, status)).inc();
    }

    /// So many HTTP connections are open.
    pub fn http_connections(&self, open: usize) {
        self.0.counters.http_connections.set(open as u64);
    }

    /// The metrics at `now` as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// A value cannot be written as text.
    pub fn render(&self, now: Moment) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.0.registry)?;
        let Inner { elections, journal, started, renewals, turns, .. } = &*self.0;
        let mut gauges = gauges::at(elections, journal, *started, now);
        renewals.gauges(&mut gauges);
        turns.gauges(&mut gauges, elections, now);
        encode_registry(&mut text, &gauges)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Observer for Metrics {
    fn observe(&self, occurrence: Occurrence<'_>) {
        self.0.renewals.observe(occurrence);
        self.0.turns.observe(occurrence);
        let counters = &self.0.counters;
        let of = Of(occurrence.election);
        match occurrence.fact {
            Fact::Elector(notice) => counters.count_notice(&of, notice),
            Fact::Policy(fact) => counters.count_policy(&of, fact),
            Fact::Asked { time, .. } => {
                self.0.decide_time.get_or_create(&[of.label()]).observe(time.as_secs_f64());
            }
            Fact::Requested(verb) => of.count_word(&counters.api_requests, "verb", verb),
            Fact::RightsMissing(missing) => of.set(&counters.rights_missing, missing.rights.len()),
            Fact::RightsGiven => of.set(&counters.rights_missing, 0),
            Fact::Decided(_) | Fact::ShadowDiffered(_) => {}
        }
    }
}
