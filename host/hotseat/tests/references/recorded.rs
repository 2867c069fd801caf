//! Metrics in which everything has happened once: a family without samples is not printed.

use hotseat::sidecar::observers::{JournalKeeper, Metrics};
use hotseat_core::config::Timing;
use hotseat_core::event::{Account, LockError, Notice, Purpose};
use hotseat_core::lock::Token;
use hotseat_core::policy::{Input, Observation, Outcome, Source, Value};
use hotseat_core::view::{SeenHolder, View};
use hotseat_election::signals::{Key, Report};
use hotseat_election::{Decided, ElectionName, Fact, Facts, Status, clock};
use hotseat_rollout::{About, Active, Fact as PolicyFact, Policy, Refusal};
use std::sync::Arc;
use std::time::Duration;

/// What `/metrics` says then.
pub fn everything() -> String {
    let now = clock::now();
    let name = ElectionName::new("shop", "web");
    let status = Status::new(name.clone(), "web-0", now, Duration::from_secs(2));
    let metrics = Metrics::new(vec![status.clone()], JournalKeeper::default(), now);
    let facts = Facts::new(name, clock::now);
    facts.observe_by(vec![Arc::new(metrics.clone())]);
    let error = LockError {
        outcome: Outcome::Denied,
        retry_after: None,
        of_content: false,
        detail: String::new(),
    };
    for notice in [
        Notice::BecameLeader { token: Token(1), transitions: 0, reason: String::new() },
        Notice::WriteFailed { purpose: Purpose::Renew, error: error.clone() },
        Notice::ReadFailed(error),
    ] {
        facts.say(&Fact::Elector(notice));
    }
    let refusal = Refusal { stage: "compile", why: String::new() };
    let source = "builtin".to_owned();
    let refused = PolicyFact::Refused { policy: None, about: None, source, refusal };
    facts.say(&Fact::Policy(refused));
    facts.say(&Fact::Asked { time: Duration::from_micros(11), fuel: 1 });
    facts.say(&Fact::Requested("update"));
    facts.say(&Fact::Decided(Box::new(decided())));
    metrics.http_request("/", 200);
    status.change_policy(|report| {
        report.rollout.active = Some(standard());
        report.rollout.waits_for = vec!["web-1".to_owned()];
        report.rollout.stopped_by = Some("web-1".to_owned());
    });
    let key = Key::new(Source::Probe, "probe.web").expect("a key");
    let report = Report { value: Value::Flag(true), at: now, ttl: None };
    status.signals().report(key, report).expect("there is room");
    status.show(View { seen: Some(somebody()), ..View::default() });
    metrics.render(clock::now()).expect("all values can be written")
}

fn standard() -> Active {
    Active {
        policy: Policy { digest: "sha256:00".to_owned(), settings: "".into() },
        about: About { name: "standard".to_owned(), ..About::default() },
        source: "builtin".to_owned(),
        since: clock::now(),
        memory_lost: None,
        pause_micros: 0,
        broken: false,
    }
}

/// A leader whose lease is in force.
fn somebody() -> SeenHolder {
    let now = clock::now();
    SeenHolder {
        holder: Some("web-1".to_owned()),
        foreign: true,
        transitions: 7,
        since: now,
        heard: now,
        until: now + Duration::from_secs(3600),
    }
}

/// A decision, which says by which timing it was asked for.
fn decided() -> Decided {
    let timing = Timing::client_go().pace();
    let observation = Observation {
        election: "shop".to_owned(),
        namespace: "web".to_owned(),
        identity: "web-0".to_owned(),
        ..Observation::default()
    };
    let input =
        Input { settings: String::new(), memory: Vec::new(), entropy: 0, timing, observation };
    Decided { policy: None, account: Account { ask: None, input, answer: None, instead: None } }
}
