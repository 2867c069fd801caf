//! What the network and the API server do wrong to a leader: the term goes on through all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "faults/refused.rs"]
mod refused;
#[path = "faults/watches.rs"]
mod watches;

use std::time::Duration;

use hotseat_apiserver::{Action, Denial, Fault, LEASES, Status, Verb};
use hotseat_tests::scene::{Api, Candidates, PATIENT, SOON, STEADY};
use hotseat_tests::wait::until;
use serde_json::Value;

/// Waits for that many renewals from now on.
fn renewals(api: &Api, count: u32) {
    let mut time = api.spec("renewTime").unwrap();
    for _ in 0..count {
        time = until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
            same if same == time => Err(same),
            later => Ok::<Value, Value>(later),
        });
    }
}

/// The leader's next `times` writes meet the action, and nobody notices. One that is not answered
/// costs a third of the renew deadline, and what is left of it has to do for a busy machine.
fn a_write_goes_wrong(scene: &str, times: u32, action: Action) {
    let api = Api::embedded(scene).unwrap();
    let crew = Candidates::with(&api, &["anna", "ben"], &PATIENT).unwrap();
    let first = crew.leader();
    renewals(&api, 1);
    let writes = Fault::on(Verb::Update).resource(LEASES.plural).agent(&first.name).times(times);
    let fault = api.server().faults().add(writes, action);
    until("the writes to go wrong", SOON, || match api.server().faults().hits(fault) {
        hits if hits >= u64::from(times) => Ok(()),
        hits => Err(hits),
    });
    // The first may be that write itself; the last comes after every answer that is late.
    renewals(&api, 5);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert!(!crew.logs().contains("stepped down"), "{}", crew.logs());
    assert!(!crew.logs().contains("resumed the term"), "{}", crew.logs());
    crew.finish();
}

#[test]
fn an_answer_comes_late() {
    a_write_goes_wrong("late", 1, Action::DelayAnswer(Duration::from_millis(400)));
}

#[test]
fn an_answer_comes_after_the_request_was_given_up() {
    a_write_goes_wrong("too-late", 1, Action::DelayAnswer(Duration::from_secs(4)));
}

/// A lease of 27 s whose writes take between a third and half of the renew deadline, with seconds to
/// spare on either side.
const SLOW: [&str; 3] = ["--lease-duration=27s", "--renew-deadline=18s", "--retry-period=1s"];
const SLOWNESS: Duration = Duration::from_millis(7_200);
/// Three renewals of such a leader.
const SLOWLY: Duration = Duration::from_secs(180);

/// The requests of that kind are slow, and the leader holds its term over three renewals.
fn a_slow_server(scene: &str, slow: Fault, from_the_start: bool) {
    let api = Api::embedded(scene).unwrap();
    let add = || api.server().faults().add(slow.clone(), Action::Delay(SLOWNESS));
    let early = from_the_start.then(add);
    let crew = Candidates::with_patience(&api, &["anna", "ben"], &SLOW, SLOWLY).unwrap();
    let first = crew.leader();
    let rule = early.unwrap_or_else(add);
    let before = api.server().faults().hits(rule);
    let renewed = api.spec("renewTime").unwrap();
    until("slow requests", SLOWLY, || match api.server().faults().hits(rule) {
        hits if hits >= before + 4 => Ok(()),
        hits => Err(hits),
    });
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    assert_ne!(api.spec("renewTime").unwrap(), renewed);
    assert!(!crew.logs().contains("stepped down"), "{}", crew.logs());
    crew.finish();
}

#[test]
fn writes_that_take_almost_half_the_renew_deadline_cost_no_term() {
    a_slow_server("slow-writes", Fault::on(Verb::Update).resource(LEASES.plural), false);
}

#[test]
fn an_election_is_held_at_a_server_that_is_slow_with_everything() {
    a_slow_server("slow", Fault::any().resource(LEASES.plural).agent("hotseat/"), true);
}

#[test]
fn a_write_lands_and_is_answered_with_504() {
    let status = Status::new(504, "Timeout", "request did not complete within requested timeout");
    a_write_goes_wrong("504", 1, Action::ApplyThenStatus(status));
}

#[test]
fn a_write_hangs_and_the_next_one_does_not() {
    a_write_goes_wrong("hang", 1, Action::Hang);
}

#[test]
fn a_write_lands_and_its_answer_hangs() {
    a_write_goes_wrong("landed-hang", 1, Action::ApplyThenHang);
}

#[test]
fn a_write_is_throttled_with_a_time_to_come_back() {
    let status = Status::new(429, "TooManyRequests", "too many requests").with_retry_after(1);
    a_write_goes_wrong("429", 1, Action::Status(status));
}

#[test]
fn a_write_lands_and_the_connection_is_reset() {
    a_write_goes_wrong("reset", 1, Action::ApplyThenReset);
}

#[test]
fn a_server_that_is_starting_answers_two_writes_with_500() {
    let status = Status::new(500, "InternalError", "etcdserver: leader changed");
    a_write_goes_wrong("500", 2, Action::Status(status));
}

/// Watches are refused from the start; a standby still follows, and takes over at a release.
fn no_watch(scene: &str, refuse: impl Fn(&Api)) {
    let api = Api::embedded(scene).unwrap();
    refuse(&api);
    let mut crew = Candidates::with(&api, &["anna", "ben"], &PATIENT).unwrap();
    let first = crew.leader();
    for member in crew.members() {
        member.process.wait_line("the lock cannot be watched, so it is polled", SOON);
    }
    renewals(&api, 3);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    crew.take(&first.name).end();
    let second = crew.leader_after(&first);
    assert_ne!(second.name, first.name);
    crew.finish();
}

#[test]
fn a_watch_that_is_forbidden_becomes_polling() {
    no_watch("watch-403", |api| {
        let watch = Denial {
            verb: Some(Verb::Watch),
            resource: Some(LEASES.plural.to_owned()),
            namespace: None,
        };
        api.server().access().deny(watch);
    });
}

#[test]
fn a_watch_that_is_unauthorized_becomes_polling() {
    no_watch("watch-401", |api| {
        let status = Status::new(401, "Unauthorized", "Unauthorized");
        let watches = Fault::on(Verb::Watch).resource(LEASES.plural);
        api.server().faults().add(watches, Action::Status(status));
    });
}

#[test]
fn a_watch_that_falls_silent_is_found_out_by_a_read_and_restarted() {
    let api = Api::embedded("silence").unwrap();
    let crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let standby = if first.name == "anna" { "ben" } else { "anna" };
    let earlier = api.server().requests();
    let watches = Fault::on(Verb::Watch).resource(LEASES.plural).agent(standby).times(1);
    let fault = api.server().faults().add(watches, Action::Silence);
    until("the watch to fall silent", SOON, || match api.server().faults().hits(fault) {
        0 => Err("it is not"),
        _ => Ok(()),
    });
    let since = || api.server().requests().since(&earlier).by_agent(standby);
    // Not a takeover: a look, before the lease that it last heard of has run out for long.
    until("a read and another watch", SOON, || {
        let (reads, watches) = (since().of(Verb::Get, "leases"), since().of(Verb::Watch, "leases"));
        if reads >= 1 && watches >= 1 { Ok(()) } else { Err((reads, watches)) }
    });
    assert_eq!(since().of(Verb::Update, "leases"), 0, "{}", crew.logs());
    renewals(&api, 3);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    crew.finish();
}

#[test]
fn an_expired_watch_begins_anew() {
    let api = Api::embedded("expire").unwrap();
    let mut crew = Candidates::with(&api, &["anna", "ben"], &STEADY).unwrap();
    let first = crew.leader();
    let earlier = api.server().requests();
    let watches = Fault::on(Verb::Watch).resource(LEASES.plural).times(2);
    let fault = api.server().faults().add(watches, Action::Expire);
    until("both watches to expire", SOON, || match api.server().faults().hits(fault) {
        2 => Ok(()),
        hits => Err(hits),
    });
    until("lists and watches", SOON, || {
        let since = api.server().requests().since(&earlier);
        match (since.of(Verb::List, "leases"), since.of(Verb::Watch, "leases")) {
            (2.., 2..) => Ok(()),
            counts => Err(counts),
        }
    });
    renewals(&api, 2);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    // The new watch is a good one: a release is heard of at once. Without one the standby would
    // look at the Lease again after a third of the lease duration, 30 s.
    crew.take(&first.name).end();
    let gone = std::time::Instant::now();
    let second = crew.leader_after(&first);
    assert!(second.at - gone < SOON / 2, "{}", crew.logs());
    crew.finish();
}
