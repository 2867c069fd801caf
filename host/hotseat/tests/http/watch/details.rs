//! What else is pushed to whoever may see it: policies, the roster and decisions.

use super::MINUTE;
use super::client::Watch;
use crate::client::get;
use crate::site::{TestServer, own_address, policy};
use hotseat_core::event::{Account, AskId, Judged};
use hotseat_core::policy::{
    Action, Cause, Decision, Input, Observation, Pace, SeatView, Value, Verdict,
};
use hotseat_election::history::DECISIONS;
use hotseat_election::roster::{Entry, Listed};
use hotseat_election::{Decided, Fact, clock};
use hotseat_http::{Access, Detail, Limits};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;

#[test]
fn policies_are_pushed_to_those_who_ask_for_them() {
    let site = TestServer::start();
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=policy", "");
    assert_eq!(watch.expect("policy").data["active"], Json::Null);
    site.state.change_policy(|report| report.decisions += 1); // No news.
    site.show_policy(policy("rotate", "1.2.3"));
    let event = watch.expect("policy");
    assert_eq!(
        (&event.data["active"]["name"], &event.data["decisions"]),
        (&"rotate".into(), &1.into())
    );

    let mut both = Watch::begin(site.address(), "/v1/watch?kinds=leader,policy", "");
    both.expect("leader");
    assert_eq!(both.expect("policy").data["active"]["version"], "1.2.3");
    for query in ["kinds=decision", "kinds=", "last=3", "kinds=leader,x"] {
        let answer = get(site.address(), &format!("/v1/watch?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let remedy = "give ?kinds=leader,policy,roster,decisions, or some of them";
        assert!(answer.body.contains(remedy), "{answer:?}");
    }
}

#[test]
fn details_are_pushed_to_this_pod_alone() {
    let site = TestServer::at(":0", Limits::default());
    let pod = SocketAddr::from((own_address(), site.address().port()));
    for kind in ["policy", "roster", "decisions", "leader,decisions"] {
        assert_eq!(get(pod, &format!("/v1/watch?kinds={kind}")).status, 403, "{kind}");
    }
    Watch::begin(pod, "/v1/watch", "").expect("leader");
    let access = Access { detail: Detail::PodNetwork, ..Access::default() };
    let open = TestServer::open_to(access, ":0", Limits::default());
    let pod = SocketAddr::from((own_address(), open.address().port()));
    Watch::begin(pod, "/v1/watch?kinds=roster", "").expect("roster");
}

#[test]
fn a_roster_is_pushed_when_a_candidate_says_something_else() {
    let site = TestServer::start();
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=roster", "");
    assert_eq!(watch.expect("roster").data["wanted"], false);
    let listed = |ready| Listed {
        entry: Entry { identity: "web-1".to_owned(), ready, ..Entry::default() },
        at: clock::now(),
        since: Vec::new(),
    };
    site.state.change_roster(|roster| {
        roster.wanted = true;
        roster.others = vec![listed(None)];
    });
    assert_eq!(watch.expect("roster").data["candidates"][0]["identity"], "web-1");
    // Each says the same again every minute, which is no news.
    site.state.change_roster(|roster| roster.others = vec![listed(None)]);
    site.state.change_roster(|roster| roster.others = vec![listed(Some(true))]);
    let event = watch.expect("roster");
    assert_eq!(event.data["candidates"][0]["ready"], true);
    assert_eq!(event.data["left_out"], get(site.address(), "/v1/roster").json()["left_out"]);
}

#[test]
fn each_decision_is_pushed_with_its_cause_and_what_the_guard_did() {
    let site = TestServer::start();
    site.say(decided(1, Verdict::CarriedOut));
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=decisions", "");
    // It was before, and the next two are not.
    site.say(decided(2, Verdict::Overruled("paused".to_owned())));
    site.say(decided(3, Verdict::Nothing));
    let event = watch.expect("decision");
    let (data, answer) = (&event.data, &event.data["answer"]);
    assert_eq!((&data["number"], &data["ask"]), (&2.into(), &2.into()));
    assert_eq!(data["causes"], json!(["timer", "signal-changed"]));
    assert_eq!((&data["seen"]["holder"], &data["seen"]["signals"]), (&"web-1".into(), &0.into()));
    assert_eq!((&answer["action"], &answer["successor"]), (&"resign".into(), &"web-2".into()));
    assert_eq!((&answer["verdict"], &answer["overruled"]), (&"overruled".into(), &"paused".into()));
    assert_eq!(answer["by"], "policy");
    assert_eq!(watch.expect("decision").data["answer"]["verdict"], "nothing");
    // What makes a decision large, or is a secret, is in the journal alone.
    assert!(!event.data.to_string().contains("secret"), "{event:?}");
    let history = get(site.address(), "/v1/history").json();
    assert_eq!(history["decisions"].as_array().map(Vec::len), Some(3));
    assert_eq!(history["decisions"][1]["answer"], *answer);
}

#[test]
fn no_decision_is_lost_without_a_gap_and_who_comes_back_goes_on() {
    let site = TestServer::start();
    let path = "/v1/watch?kinds=leader,decisions";
    site.say(decided(1, Verdict::Nothing));
    let id = Watch::begin(site.address(), path, "").expect("leader").id;
    assert_eq!(id.matches('-').count(), 2, "both numbers: {id}");
    let all = DECISIONS as u64 + 44;
    for ask in 2..=all + 1 {
        site.say(decided(ask, Verdict::Nothing));
    }
    site.show_holder("web-1", MINUTE);
    let mut watch = Watch::begin(site.address(), path, &format!("Last-Event-ID: {id}\r\n"));
    assert_eq!(watch.expect("leader").data["name"], "web-1");
    let gap = watch.expect("gap");
    assert_eq!(gap.data, json!({"missed": all - DECISIONS as u64, "of": "decisions"}));
    for number in all - DECISIONS as u64 + 2..=all + 1 {
        assert_eq!(watch.expect("decision").data["number"], number);
    }
    // Of a process before: from now on.
    let mut watch = Watch::begin(site.address(), path, "Last-Event-ID: 0-1-1\r\n");
    watch.expect("leader");
    site.say(decided(7, Verdict::Nothing));
    assert_eq!(watch.expect("decision").data["number"], all + 2);
}

/// A decision to resign that was asked for twice over.
fn decided(ask: u64, verdict: Verdict) -> Fact {
    let seat = SeatView {
        holder: Some("web-1".to_owned()),
        age: 1,
        duration: 15_000,
        free_in: 9_000,
        transitions: 3,
        held_for: 1,
        ..SeatView::default()
    };
    let observation = Observation {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "web-0".to_owned(),
        uptime: 1,
        causes: [Cause::Timer, Cause::SignalChanged].into_iter().collect(),
        seat: Some(seat),
        ..Observation::default()
    };
    let timing = Pace {
        lease_duration: 15_000,
        renew_deadline: 10_000,
        retry_period: 2_000,
        shortest_lease: 1_000,
        longest_lease: 60_000,
    };
    let (settings, memory) = ("secret".to_owned(), b"secret".to_vec());
    let input = Input { settings, memory, entropy: 7, timing, observation };
    let decision = Decision {
        action: Action::Resign(Some("web-2".to_owned())),
        wake_after: 2_000,
        lease_duration: None,
        reason: "it lags less".to_owned(),
        publish: vec![("secret".to_owned(), Value::Flag(true))],
        memory: b"secret".to_vec(),
        extra: Vec::new(),
    };
    let answer = Some(Ok(Judged { decision, verdict }));
    let account = Account { ask: Some(AskId(ask)), input, answer, instead: None };
    Fact::Decided(Box::new(Decided { policy: Some("sha256:00".to_owned()), account }))
}
