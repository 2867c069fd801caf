//! The pages that the old image did not have.

use crate::client::{Answer, Client, get};
use crate::site::{TestServer, leading, own_address, policy, seen};
use hotseat_core::event::LockError;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{FailureKind, Outcome};
use hotseat_core::view::View;
use hotseat_election::clock;
use hotseat_http::Limits;
use hotseat_rollout::{Candidate, Refusal, Report, Trial};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Takes a number out and checks its range, since it depends on the clock.
fn take(document: &mut Value, key: &str, range: std::ops::RangeInclusive<u64>) {
    let number = document.as_object_mut().expect("an object").remove(key);
    let number = number.as_ref().and_then(Value::as_u64);
    assert!(number.is_some_and(|number| range.contains(&number)), "{key} is {number:?}");
}

#[test]
fn the_leader_tells_its_token() {
    let site = TestServer::start();
    site.show_policy(policy("standard", "0.1.0"));
    site.show_own_term(HOUR);
    let mut leader = get(site.address(), "/v1/leader").json();
    take(&mut leader, "remaining_ms", 3_500_000..=3_600_000);
    take(&mut leader, "observed_ms", 0..=60_000);
    take(&mut leader, "held_ms", 0..=60_000);
    let expected = json!({
        "name": "web-0", "self": true, "state": "leading", "successor": null, "identity": "web-0", "holder": "web-0", "token": 4711,
        "lock": {"namespace": "shop", "name": "web", "uid": "b1946ac9"}, "transitions": 8,
        "reaction_ms": 1500, "error": null, "missing_rights": null,
        "policy": {"name": "standard", "version": "0.1.0", "digest": "sha256:00ff"},
    });
    assert_eq!(leader, expected);
}

#[test]
fn each_document_names_its_election() {
    let site = TestServer::start();
    let named = |uid: Value| {
        for path in ["/v1/leader", "/v1/policy", "/v1/roster", "/v1/signals", "/v1/history"] {
            let document = get(site.address(), path).json();
            let lock = json!({"namespace": "shop", "name": "web", "uid": uid});
            assert_eq!(document["lock"], lock, "{path}: {document}");
        }
    };
    named(Value::Null);
    site.show_own_term(HOUR);
    named(json!("b1946ac9"));
}

#[test]
fn a_standby_has_no_token() {
    let site = TestServer::start();
    site.show_holder("web-1", HOUR);
    let mut leader = get(site.address(), "/v1/leader").json();
    take(&mut leader, "remaining_ms", 3_500_000..=3_600_000);
    take(&mut leader, "observed_ms", 0..=60_000);
    let expected = json!({
        "name": "web-1", "self": false, "state": "standby", "successor": null, "identity": "web-0", "holder": "web-1", "token": null,
        "lock": {"namespace": "shop", "name": "web", "uid": null}, "transitions": 7,
        "held_ms": null, "reaction_ms": 1500, "error": null, "missing_rights": null, "policy": null,
    });
    assert_eq!(leader, expected);
}

#[test]
fn the_state_is_what_the_application_has_to_be_ready_for() {
    let site = TestServer::start();
    let state = || {
        let leader = get(site.address(), "/v1/leader").json();
        (leader["state"].clone(), leader["self"].clone(), leader["successor"].clone())
    };
    site.show_own_term(HOUR);
    let leading = (*site.state.view()).clone();
    site.state.show(View { successor: Some("web-1".to_owned()), ..leading.clone() });
    assert_eq!(state(), (json!("draining"), json!(true), json!("web-1")));
    // Belief has ended: who follows is the lock's to say.
    site.state.show(View { term: None, draining: true, ..leading });
    assert_eq!(state(), (json!("draining"), json!(false), Value::Null));
    site.state.show(View { next: true, ..seen("web-1", HOUR) });
    assert_eq!(state(), (json!("warming"), json!(false), Value::Null));
}

#[test]
fn a_lapsed_leader_claims_nothing() {
    let site = TestServer::start();
    site.show_own_term(Duration::ZERO);
    let leader = get(site.address(), "/v1/leader").json();
    for key in ["token", "held_ms"] {
        assert_eq!(leader[key], Value::Null, "{key} in {leader}");
    }
    assert_eq!(leader["lock"]["uid"], Value::Null);
    assert_eq!((&leader["self"], &leader["name"]), (&json!(false), &json!("")));
    assert_eq!((&leader["holder"], &leader["remaining_ms"]), (&json!("web-0"), &json!(0)));
}

#[test]
fn what_keeps_it_from_the_lock_is_said_until_a_request_succeeds() {
    let site = TestServer::start();
    let detail = "403 Forbidden: no".to_owned();
    let denied =
        LockError { outcome: Outcome::Denied, retry_after: None, of_content: false, detail };
    let error = || get(site.address(), "/v1/leader").json()["error"].clone();
    let expected = json!({"kind": "denied", "detail": "403 Forbidden: no"});
    let failed =
        |at| site.state.change_lock(|report| report.last_failure = Some((at, denied.clone())));
    // A read, before any succeeded.
    failed(clock::now());
    assert_eq!(error(), expected);
    // A later one succeeds.
    site.state.show(seen("web-1", HOUR));
    assert_eq!(error(), Value::Null);
    // A write, while reads succeed.
    site.state.show(View { failures: 2, ..seen("web-1", HOUR) });
    assert_eq!(error(), expected);
    // A read, after one that succeeded.
    site.state.show(seen("web-1", HOUR));
    failed(clock::now());
    assert_eq!(error(), expected);
}

#[test]
fn before_the_lock_was_read_nothing_is_known() {
    let site = TestServer::start();
    let leader = get(site.address(), "/v1/leader").json();
    for key in ["holder", "token", "transitions", "observed_ms", "held_ms", "policy"] {
        assert_eq!(leader.get(key), Some(&Value::Null), "{key} in {leader}");
    }
}

#[test]
fn the_policy_tells_how_it_does() {
    let site = TestServer::start();
    site.state.change_policy(|report| {
        let mut active = policy("standard", "0.1.0");
        active.policy.settings = "{}".into();
        active.about.compile_millis = 40;
        report.rollout.active = Some(active);
        report.source = "file:/p.wasm".to_owned();
        report.decisions = 40;
        report.rule_decisions = 2;
        (report.hold_decisions, report.resign_decisions) = (3, 4);
        report.on_failure = OnFailure::Resign;
        report.failures_of_last_hundred = 2;
        report.failures.insert(FailureKind::Trapped, 2);
        report.failures_in_a_row = 1;
        report.last_failure = Some((FailureKind::Trapped, "unreachable".to_owned()));
        report.last_reason = "renewal is due".to_owned();
        (report.decide_micros, report.decide_fuel) = (11, 900);
    });
    let mut told = get(site.address(), "/v1/policy").json();
    take(&mut told, "since_ms", 0..=60_000);
    let expected = json!({
        "lock": {"namespace": "shop", "name": "web", "uid": null},
        "active": {"name": "standard", "version": "0.1.0", "digest": "sha256:00ff",
            "summary": "client-go's timing", "source": "builtin",
            "settings": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "needs": []},
        "previous": null, "candidate": null, "source": "file:/p.wasm", "source_error": null,
        "stage": "active", "error": null, "swaps": 0, "swap_pause_us": 0, "memory_lost": null,
        "decisions": 40, "rule_decisions": 2, "hold_decisions": 3, "resign_decisions": 4,
        "on_failure": "resign", "failures_of_last_hundred": 2,
        "failures": {"refused": 0, "trapped": 2, "out-of-fuel": 0, "timed-out": 0,
            "out-of-memory": 0, "answer-too-large": 0, "rejected": 0},
        "failures_in_a_row": 1,
        "last_failure": {"kind": "trapped", "detail": "unreachable"},
        "last_reason": "renewal is due", "decide_us": 11, "decide_fuel": 900, "compile_ms": 40,
    });
    assert_eq!(told, expected);
}

#[test]
fn leader_is_a_status_for_scripts() {
    let site = TestServer::start();
    let ask = |view: View| {
        site.state.show(view);
        let answer = get(site.address(), "/leader");
        (answer.status, answer.body)
    };
    assert_eq!(ask(leading(HOUR)), (200, "this candidate leads\n".to_owned()));
    assert_eq!(ask(seen("web-1", HOUR)), (503, "web-1 leads\n".to_owned()));
    assert_eq!(ask(leading(Duration::ZERO)), (503, "nobody is known to lead\n".to_owned()));
    // A holder names itself as it likes.
    let forged = ask(seen("x\nthis candidate leads\u{1b}[2J\u{9b}m", HOUR));
    assert_eq!(forged, (503, "x\\nthis candidate leads\\u{1b}[2J\\u{9b}m leads\n".to_owned()));
}

fn told(answer: Answer) -> (u16, String) {
    (answer.status, answer.body)
}

#[test]
fn a_stuck_election_is_not_healthy() {
    let site = TestServer::start();
    let ask = || told(get(site.address(), "/healthz"));
    assert_eq!(ask(), (200, "ok\n".to_owned()));
    // Three retry periods, and a moment.
    site.state.beat(clock::now() - Duration::from_millis(6_010));
    let (status, why) = ask();
    assert_eq!(status, 503);
    assert!(why.starts_with("the election is stuck: it gave no sign for 6."), "{why}");
    assert!(why.ends_with(" s, one is due every 2.0 s\n"), "{why}");
    site.state.beat(clock::now());
    assert_eq!(ask(), (200, "ok\n".to_owned()));
    // A leader that could not renew is alive all the same.
    site.show_own_term(Duration::ZERO);
    assert_eq!(ask(), (200, "ok\n".to_owned()));
}

#[test]
fn ready_is_from_the_first_read_to_the_end() {
    let site = TestServer::start();
    let ask = || told(get(site.address(), "/readyz"));
    assert_eq!(ask(), (503, "the lock shop/web was not read yet\n".to_owned()));
    site.show_holder("web-1", Duration::ZERO);
    assert_eq!(ask().0, 503, "no policy decides");
    site.show_policy(policy("standard", "1.0.0"));
    assert_eq!(ask(), (200, "ok\n".to_owned()));
    // It can lead, whatever becomes of the source.
    let away = Some("configmap:policy: there is none".to_owned());
    site.state.change_policy(|report| report.rollout.source_error = away);
    assert_eq!(ask(), (200, "ok\n".to_owned()));
    site.state.show(View { stopping: true, ..seen("web-1", HOUR) });
    assert_eq!(ask(), (503, "the process is stopping\n".to_owned()));
}

#[test]
fn ready_waits_for_what_may_take_a_seat_and_says_for_what() {
    let site = TestServer::at(":0", Limits::default());
    site.show_holder("web-1", Duration::ZERO);
    let own = SocketAddr::from(([127, 0, 0, 1], site.address().port()));
    let pod = SocketAddr::from((own_address(), site.address().port()));
    let waits = |address, awaited: &str| {
        let begin = "no policy decides yet, so this candidate cannot take the seat";
        let answer = (503, format!("{begin}: {awaited}\n"));
        assert_eq!(told(get(address, "/readyz")), answer);
    };
    let show = |change: &dyn Fn(&mut Report)| {
        site.state.change_policy(|report| change(&mut report.rollout));
    };
    waits(own, "its source was not read yet");
    let candidate = Candidate {
        policy: None,
        about: None,
        source: "file:p.wasm".to_owned(),
        stage: "compile",
        refusal: None,
        trial: Trial::default(),
    };
    show(&|report| report.candidate = Some(candidate.clone()));
    waits(own, "it is at stage compile");
    // The reason may repeat settings: it is for whoever may see those.
    let refusal = Refusal { stage: "settings", why: "/a: \"secret\"\nis no number".to_owned() };
    show(&|report| {
        let refusal = Some(refusal.clone());
        report.candidate = Some(Candidate { refusal, ..candidate.clone() });
    });
    waits(own, "it was refused at stage settings: /a: \"secret\" is no number");
    waits(pod, "it was refused at stage settings: /v1/policy says why");
    show(&|report| report.source_error = Some("configmap:policy: there is none".to_owned()));
    waits(own, "its source gives nothing: configmap:policy: there is none");
    waits(pod, "its source gives nothing: /v1/policy says why");
    let ready = |on_failure| {
        site.state.change_policy(|report| report.on_failure = on_failure);
        get(pod, "/readyz").status
    };
    assert_eq!(ready(OnFailure::Resign), 503, "a standby waits");
    assert_eq!(ready(OnFailure::Standard), 200, "the built-in rule stands in for the policy");
}

#[test]
fn what_is_not_there_says_what_is() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    for path in ["/nothing", "//", "/leader/", "/v1", "/LEADER"] {
        let answer = client.ask("GET", path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(" /v1/policy "), "{answer:?}");
    }
    for path in
        ["/leader", "/v1/leader", "/v1/policy", "/v1/signals", "/healthz", "/readyz", "/metrics"]
    {
        let answer = client.ask("POST", path);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{path}");
        let head = client.ask("HEAD", path);
        assert_ne!(head.status, 405, "{path}");
        assert_eq!(head.header("cache-control"), Some("no-store"), "{path}");
    }
}
