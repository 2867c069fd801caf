//! `/metrics` as a scraper reads it.

use crate::client::{Client, get};
use crate::crowd::until;
use crate::scrape::{assert_samples, scrape};
use crate::site::{TestServer, policy, seen};
use hotseat_core::event::{LockError, Notice, Purpose, StepDownReason};
use hotseat_core::lock::Token;
use hotseat_core::on_failure::{Decider, OnFailure};
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Outcome};
use hotseat_core::view::View;
use hotseat_election::{Fact, clock};
use hotseat_rollout::{Candidate, Fact as PolicyFact, Policy, Refusal, Trial};
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn everything_that_may_fail_is_there_from_the_start() {
    let site = TestServer::start();
    let samples = scrape(&site);
    for kind in FailureKind::ALL {
        let name = format!("hotseat_policy_failures_total{{kind=\"{}\"}}", kind.as_str());
        assert_eq!(samples.get(&name), Some(&0.0), "{name}");
    }
    for why in ["lapsed", "lost", "resigned", "stopped"] {
        let name = format!("hotseat_step_downs_total{{why=\"{why}\"}}");
        assert_eq!(samples.get(&name), Some(&0.0), "{name}");
    }
    for stream in ["stdout", "stderr"] {
        let name = format!("hotseat_log_lines_dropped_total{{stream=\"{stream}\"}}");
        assert_eq!(samples.get(&name), Some(&0.0), "{name}");
    }
    assert_eq!(samples["leader_election_master_status{name=\"web\"}"], 0.0);
    assert!(samples["process_start_time_seconds"] > 1.7e9);
    assert!(samples["process_resident_memory_bytes"] > 1e6);
    let version = format!("hotseat_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples[&version], 1.0);
    assert_eq!(samples["hotseat_leader"], 0.0);
    assert_eq!(samples["hotseat_policy_source_up"], 1.0);
    assert_eq!(samples["hotseat_policy_source_unavailable_seconds"], 0.0);
    for stage in Refusal::STAGES {
        let name = format!("hotseat_policy_refusals_total{{stage=\"{stage}\"}}");
        assert_eq!(samples.get(&name), Some(&0.0), "{name}");
    }
    assert!(!samples.keys().any(|name| name.starts_with("hotseat_leader_info")), "nobody leads");
}

#[test]
fn gauges_are_computed_when_asked() {
    let site = TestServer::start();
    site.show_own_term(HOUR);
    let status = "leader_election_master_status{name=\"web\"}";
    let leader = "hotseat_leader_info{name=\"web-0\"}";
    let leads = "hotseat_leader";
    let token = "hotseat_fencing_token";
    assert_samples(
        &site,
        &[
            (leads, 1.0),
            (status, 1.0),
            (leader, 1.0),
            (token, 4711.0),
            ("hotseat_transitions", 7.0),
        ],
    );
    let remaining = scrape(&site)["hotseat_lease_remaining_seconds"];
    assert!((3500.0..=3600.0).contains(&remaining), "{remaining}");
    site.show_own_term(Duration::ZERO);
    let ended =
        [(leads, 0.0), (status, 0.0), (token, 0.0), ("hotseat_lease_remaining_seconds", 0.0)];
    assert_samples(&site, &ended);
    assert!(!scrape(&site).contains_key(leader));
}

#[test]
fn names_from_elsewhere_stay_in_their_place() {
    let site = TestServer::start();
    site.show_holder("a\"} 1\nhotseat_forged 1\\", HOUR);
    let mut active = policy("evil\nname", "\"");
    active.policy.digest = "sha256:00".to_owned();
    site.show_policy(active);
    assert_samples(
        &site,
        &[
            (r#"hotseat_leader_info{name="a\"} 1\nhotseat_forged 1\\"}"#, 1.0),
            (
                r#"hotseat_policy_info{digest="sha256:00",name="evil\nname",version="\"",settings=""}"#,
                1.0,
            ),
        ],
    );
}

fn error(outcome: Outcome) -> LockError {
    LockError { outcome, retry_after: None, of_content: false, detail: String::new() }
}

/// A decision to wait.
fn waiting() -> Decision {
    Decision {
        action: Action::Wait,
        wake_after: 1,
        lease_duration: None,
        reason: String::new(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    }
}

#[test]
fn every_notice_is_counted() {
    let site = TestServer::start();
    let token = Token(1);
    let failure = Failure { kind: FailureKind::Trapped, detail: String::new() };
    let on_failure = OnFailure::Hold;
    let decided = |by| Notice::Decided { decision: waiting(), by };
    let overruled = Notice::Overruled { action: "campaign", reason: String::new() };
    let (purpose, refused) = (Purpose::Release, error(Outcome::Denied));
    for notice in [
        Notice::BecameLeader { token, transitions: 0, reason: String::new() },
        Notice::ResumedTerm { token },
        Notice::Renewed,
        Notice::SteppedDown(StepDownReason::Lost(None)),
        Notice::Released,
        Notice::NotReleased(String::new()),
        Notice::LeaderChanged("x".to_owned()),
        Notice::WriteFailed { purpose, error: refused },
        Notice::ReadFailed(error(Outcome::TimedOut)),
        Notice::FoundOwnWrite,
        Notice::PolicyFailed { failure, in_a_row: 1, of_last_hundred: 1, on_failure },
        decided(Decider::Policy),
        decided(Decider::Instead(OnFailure::Standard)),
        decided(Decider::Instead(OnFailure::Hold)),
        decided(Decider::Instead(OnFailure::Hold)),
        decided(Decider::Instead(OnFailure::Resign)),
        overruled,
        Notice::IdentityConflict(String::new()),
        Notice::TransferRefused { to: String::new(), by: String::new(), reason: String::new() },
        Notice::HolderDied { holder: String::new(), free_in: Duration::ZERO },
    ] {
        site.say(Fact::Elector(notice));
    }
    site.say(Fact::Requested("update"));
    site.say(Fact::Asked { time: Duration::from_micros(11), fuel: 1 });
    let bucket = |le: &str| format!("hotseat_policy_decide_seconds_bucket{{le=\"{le}\"}}");
    assert_samples(
        &site,
        &[
            ("hotseat_terms_total", 1.0),
            ("hotseat_terms_resumed_total", 1.0),
            ("hotseat_renewals_total", 2.0),
            ("hotseat_step_downs_total{why=\"lost\"}", 1.0),
            ("hotseat_releases_failed_total", 1.0),
            ("hotseat_leader_changes_total", 1.0),
            ("hotseat_writes_total{purpose=\"acquire\",outcome=\"written\"}", 1.0),
            ("hotseat_writes_total{purpose=\"renew\",outcome=\"written\"}", 2.0),
            ("hotseat_writes_total{purpose=\"release\",outcome=\"written\"}", 1.0),
            ("hotseat_writes_total{purpose=\"release\",outcome=\"denied\"}", 1.0),
            ("hotseat_reads_failed_total{outcome=\"timed-out\"}", 1.0),
            ("hotseat_writes_found_total", 1.0),
            ("hotseat_policy_failures_total{kind=\"trapped\"}", 1.0),
            ("hotseat_policy_decisions_total{by=\"rule\"}", 1.0),
            ("hotseat_policy_decisions_total{by=\"hold\"}", 2.0),
            ("hotseat_policy_decisions_total{by=\"resign\"}", 1.0),
            ("hotseat_policy_decisions_total{by=\"policy\"}", 1.0),
            ("hotseat_policy_overruled_total{action=\"campaign\"}", 1.0),
            ("hotseat_identity_conflicts_total", 1.0),
            ("hotseat_transfers_refused_total", 1.0),
            ("hotseat_holder_deaths_total", 1.0),
            ("hotseat_api_requests_total{verb=\"update\"}", 1.0),
            ("hotseat_policy_decide_seconds_count", 1.0),
            (&bucket("0.00001"), 0.0),
            (&bucket("0.00002"), 1.0),
            (&bucket("+Inf"), 1.0),
        ],
    );
}

#[test]
fn answers_are_counted_by_status() {
    let site = TestServer::start();
    for path in ["/", "/", "/leader", "/nothing"] {
        get(site.address(), path);
    }
    assert_samples(
        &site,
        &[
            ("hotseat_http_requests_total{path=\"/\",code=\"200\"}", 2.0),
            ("hotseat_http_requests_total{path=\"/leader\",code=\"503\"}", 1.0),
            ("hotseat_http_requests_total{path=\"\",code=\"404\"}", 1.0),
        ],
    );
}

/// Whoever leads counts as one, whoever follows as none, whomever it sees lead.
#[test]
fn the_sum_over_all_candidates_is_the_number_of_leaders() {
    let sites = [TestServer::start(), TestServer::start(), TestServer::start()];
    sites[0].show_own_term(HOUR);
    for (site, identity) in sites[1..].iter().zip(["web-1", "web-2"]) {
        site.state.show(View { identity: identity.to_owned(), ..seen("web-0", HOUR) });
    }
    let sum =
        |series: &str| sites.iter().filter_map(|site| scrape(site).remove(series)).sum::<f64>();
    assert_eq!(sum("hotseat_leader"), 1.0);
    assert_eq!(sum("leader_election_master_status{name=\"web\"}"), 1.0);
    assert_eq!(sum("hotseat_leader_info{name=\"web-0\"}"), 3.0);
}

#[test]
fn a_source_that_gives_nothing_is_seen() {
    let site = TestServer::start();
    let (up, failures) = ("hotseat_policy_source_up", "hotseat_policy_source_failures_total");
    let fails = |why: &str, times| {
        site.state.change_policy(|report| {
            report.rollout.source_error = Some(why.to_owned());
            report.rollout.source_unavailable_since.get_or_insert(clock::now());
        });
        site.say(Fact::Policy(PolicyFact::SourceUnavailable { why: why.to_owned(), times }));
    };
    fails("no such ConfigMap", 1);
    assert_samples(&site, &[(up, 0.0), (failures, 1.0)]);
    let gone = || scrape(&site)["hotseat_policy_source_unavailable_seconds"];
    let first = gone();
    // Another reason is another failure of the same outage.
    fails("403 Forbidden", 2);
    assert!(gone() >= first);
    assert_samples(&site, &[(up, 0.0), (failures, 2.0)]);
    site.state.change_policy(|report| {
        (report.rollout.source_error, report.rollout.source_unavailable_since) = (None, None);
    });
    site.say(Fact::Policy(PolicyFact::SourceAvailable { failures: 2 }));
    assert_samples(&site, &[(up, 1.0), ("hotseat_policy_source_unavailable_seconds", 0.0)]);
}

#[test]
fn a_policy_that_waits_for_others_says_for_how_long_and_for_whom() {
    let site = TestServer::start();
    const LENGTH: &str = "hotseat_policy_turn_waiting_seconds";
    let waits_for = |site: &TestServer| -> Vec<String> {
        let all = scrape(site).into_keys();
        let name = "hotseat_policy_turn_waits_for{candidate=";
        all.filter_map(|it| Some(it.strip_prefix(name)?.to_owned())).collect()
    };
    assert_samples(&site, &[(LENGTH, 0.0)]);
    let policy = Policy { digest: "sha256:11".to_owned(), settings: "".into() };
    let began = |stage| PolicyFact::StageBegan { stage, policy: policy.clone() };
    let on_its_way = |stage, waits_for: &[&str]| {
        site.say(Fact::Policy(began(stage)));
        site.state.change_policy(|report| {
            report.rollout.candidate = Some(Candidate {
                policy: Some(policy.clone()),
                about: None,
                source: String::new(),
                stage,
                refusal: None,
                trial: Trial::default(),
            });
            report.rollout.waits_for = waits_for.iter().map(|name| (*name).to_owned()).collect();
        });
    };
    on_its_way("shadow", &[]);
    assert_samples(&site, &[(LENGTH, 0.0)]);
    on_its_way(Refusal::TURN, &["web-1", "web-\"2"]);
    let first = scrape(&site)[LENGTH];
    until("it to have waited for longer", || scrape(&site)[LENGTH] > first);
    assert_eq!(waits_for(&site), [r#""web-1"}"#, r#""web-\"2"}"#]);
    // It is stopped, and by whom is said; then a newer one is found.
    site.state.change_policy(|report| {
        let refusal = Refusal { stage: Refusal::TURN, why: "web-1 refused it".to_owned() };
        report.rollout.candidate.as_mut().expect("a candidate").refusal = Some(refusal);
        report.rollout.waits_for.clear();
        report.rollout.stopped_by = Some("web-1".to_owned());
    });
    let by = r#"hotseat_policy_turn_stopped_by{candidate="web-1"}"#;
    assert_samples(&site, &[(LENGTH, 0.0), (by, 1.0)]);
    assert!(waits_for(&site).is_empty());
    site.state.change_policy(|report| report.rollout.stopped_by = None);
    assert_eq!(scrape(&site).get(by), None);
}

/// Whatever happens, no series appears that was not there before: but for who leads, what decides,
/// and mistakes of clients.
#[test]
fn no_counter_appears_with_its_first_event() {
    let site = TestServer::start();
    let before: BTreeSet<String> = scrape(&site).into_keys().collect();
    let ends = [Outcome::Conflict, Outcome::Denied, Outcome::Throttled, Outcome::TimedOut];
    for outcome in ends.into_iter().chain([Outcome::Unreachable]) {
        for purpose in Purpose::ALL {
            let error = error(outcome);
            site.say(Fact::Elector(Notice::WriteFailed { purpose, error }));
        }
        if outcome != Outcome::Conflict {
            site.say(Fact::Elector(Notice::ReadFailed(error(outcome))));
        }
    }
    for stage in Refusal::STAGES {
        let refusal = Refusal { stage, why: String::new() };
        let source = String::new();
        site.say(Fact::Policy(PolicyFact::Refused { policy: None, about: None, source, refusal }));
    }
    for verb in hotseat_kubernetes::VERBS {
        site.say(Fact::Requested(verb));
    }
    for path in ["/", "/leader", "/v1/leader", "/v1/policy", "/healthz", "/readyz", "/nothing"] {
        get(site.address(), path);
    }
    let after: BTreeSet<String> = scrape(&site).into_keys().collect();
    let new: Vec<&String> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
}

#[test]
fn whoever_asks_for_text_gets_the_classic_format() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    client.send("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain; version=0.0.4\r\n\r\n");
    let answer = client.receive("GET");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(answer.body.contains("# TYPE hotseat_terms_total counter\n"), "{}", answer.body);
    assert!(answer.body.contains("# TYPE hotseat_build_info gauge\n"), "{}", answer.body);
    for word in ["# EOF", "# UNIT", " info\n", " unknown\n"] {
        assert!(!answer.body.contains(word), "{word}: {}", answer.body);
    }
}
