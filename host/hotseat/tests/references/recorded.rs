//! Metrics in which everything has happened once: a family without samples is not printed.

use hotseat::clock;
use hotseat::metrics::Metrics;
use hotseat::signals::{Key, Report};
use hotseat::state::{PolicyFacts, State};
use hotseat_core::event::{Notice, Purpose, Trouble};
use hotseat_core::lock::Token;
use hotseat_core::policy::{Outcome, Value};
use hotseat_core::view::{Sighting, View};
use std::time::Duration;

/// What `/metrics` says then.
pub fn everything() -> String {
    let now = clock::now();
    let state = State::new("shop", "web", "web-0", now, Duration::from_secs(2));
    let metrics = Metrics::new(state.clone());
    let trouble = Trouble { outcome: Outcome::Denied, retry_after: None, detail: String::new() };
    for notice in [
        Notice::BecameLeader { token: Token(1), transitions: 0, reason: String::new() },
        Notice::WriteFailed { purpose: Purpose::Renew, trouble: trouble.clone() },
        Notice::ReadFailed(trouble),
    ] {
        metrics.record(&notice);
    }
    metrics.policy_refused("compile");
    metrics.api_request("update");
    metrics.http_request(200);
    state.change_policy(|report| {
        report.active = Some(PolicyFacts {
            digest: "sha256:00".to_owned(),
            name: "standard".to_owned(),
            version: "1.0.0".to_owned(),
            summary: String::new(),
            source: "builtin".to_owned(),
            since: now,
        });
    });
    let key = Key::parse("probe.web").expect("a key");
    let report = Report { value: Value::Flag(true), at: now, ttl: None };
    state.signals().report(key, report).expect("there is room");
    state.show(View { seen: Some(somebody()), ..View::default() });
    metrics.render(clock::now()).expect("all values can be written")
}

/// A leader whose lease is in force.
fn somebody() -> Sighting {
    let now = clock::now();
    Sighting {
        holder: Some("web-1".to_owned()),
        foreign: true,
        transitions: 7,
        since: now,
        heard: now,
        until: now + Duration::from_secs(3600),
    }
}
