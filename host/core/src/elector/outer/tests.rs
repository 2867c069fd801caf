//! Each rule of the two locks by itself; `two_locks` of the simulator has them in elections.

use super::*;
use crate::claim::{Landed, Sent};
use crate::config::{Config, Timing};
use crate::event::{Base, Effect, Event, Purpose, Via};
use crate::lock::{Incarnation, Lock, Mark, Record, Version};
use crate::on_failure::OnFailure;
use crate::request::Requests;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Moment {
    Moment::from_secs(1000 + seconds)
}

fn me() -> Incarnation {
    Incarnation { site: "here".to_owned(), nonce: "1".to_owned(), home: None }
}

/// A candidate that has read its lock, which nobody holds, at the moment 0.
fn elector() -> Elector {
    let mut elector = Elector::new(Config {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "a".to_owned(),
        incarnation: me(),
        predecessor: None,
        timing: Timing::client_go(),
        drain: Duration::ZERO,
        warm_up: Duration::ZERO,
        preemptions_per_hour: 6,
        on_failure: OnFailure::Hold,
        failure_share: 20,
        seed: 1,
    });
    elector.step(at(0), Event::Started);
    let via = Via::Read { asked: at(0), requested: false };
    elector.step(at(0), Event::Observed { lock: Lock::Absent(None), via });
    elector
}

/// The elector of an inner lock that knows this of the outer one.
fn within(outer: Outer) -> Elector {
    let mut elector = elector();
    elector.stand_within();
    elector.learn(at(0), outer);
    elector
}

fn seen(holder: &str, since: Moment) -> Option<SeenHolder> {
    Some(SeenHolder {
        holder: Some(holder.to_owned()),
        foreign: true,
        transitions: 0,
        since,
        heard: since,
        until: since + SECOND * 15,
    })
}

fn own_until(until: Moment) -> Outer {
    Outer { held: true, until, token: Token(7), free_at: Some(at(0)), ..Outer::default() }
}

fn busy_until(free_at: Moment) -> Outer {
    Outer { free_at: Some(free_at), seen: seen("x", at(0)), ..Outer::default() }
}

/// A write that was sent and answered at `now`.
fn writes(elector: &mut Elector, serial: u64, now: Moment) {
    let deadline = SECOND * 10;
    let base = Base::Create;
    elector.claim.send(Sent { serial, purpose: Purpose::Acquire, at: now, deadline, base });
    let record = Record {
        version: Version(serial.to_string()),
        uid: "uid".to_owned(),
        holder: Some("a".to_owned()),
        duration: Some(SECOND * 15),
        transitions: 0,
        token: Token(serial),
        mark: Some(Mark { incarnation: me(), serial, base: None }),
        released: false,
        times: String::new(),
        successor: None,
        requests: Requests::default(),
    };
    elector.claim.confirm(now, &record, Landed::Answered, true).expect("it was sent");
}

#[test]
fn it_is_own_while_it_is_held_and_believed_in() {
    assert!(own_until(at(5)).is_own(at(4)));
    assert!(!own_until(at(5)).is_own(at(5)));
    assert!(!Outer { held: false, ..own_until(at(5)) }.is_own(at(4)));
}

#[test]
fn the_policy_hears_of_all_but_own_renewals() {
    let known = own_until(at(5));
    assert!(!known.is_news_after(&known));
    let renewed = Outer { until: at(7), seen: seen("a", at(2)), ..known.clone() };
    assert!(!renewed.is_news_after(&known));
    assert!(Outer { held: false, ..known.clone() }.is_news_after(&known));
    assert!(Outer { paused: true, ..known.clone() }.is_news_after(&known));
    let for_b = Some("b".to_owned());
    assert!(Outer { successor: for_b, ..known.clone() }.is_news_after(&known));
    // Of another's lock each record counts.
    let of_x = busy_until(at(15));
    assert!(!of_x.is_news_after(&of_x));
    assert!(Outer { seen: seen("x", at(2)), ..of_x.clone() }.is_news_after(&of_x));
}

#[test]
fn a_claim_waits_for_an_outer_lock_that_is_not_free() {
    assert_eq!(within(busy_until(at(5))).outer_is(), OuterIs::Busy(at(5)));
    assert_eq!(within(busy_until(at(0))).outer_is(), OuterIs::Wanted);
    assert_eq!(within(Outer::default()).outer_is(), OuterIs::Busy(at(1)), "not read yet");
    assert_eq!(within(own_until(at(5))).outer_is(), OuterIs::Own);
}

#[test]
fn both_locks_are_free_with_the_later_one() {
    let inner = Some(at(3));
    assert_eq!(within(busy_until(at(5))).both_free_at(inner), Some(at(5)));
    assert_eq!(within(busy_until(at(1))).both_free_at(inner), Some(at(3)));
    assert_eq!(within(busy_until(at(1))).both_free_at(None), None);
    assert_eq!(within(Outer::default()).both_free_at(inner), None, "not read yet");
    assert_eq!(within(own_until(at(9))).both_free_at(inner), Some(at(3)));
    assert_eq!(elector().both_free_at(inner), Some(at(3)), "there is one lock");
}

/// Who is about to give it up does not take it again for a lease.
#[test]
fn an_elector_that_gives_its_lock_up_leaves_it_to_others() {
    let mut outer = elector();
    assert_eq!(outer.as_outer().free_at, Some(Moment::ZERO), "at any time");
    outer.begin(false, false, None);
    assert_eq!(outer.as_outer().free_at, Some(at(15)));
    outer.retirement = None;
    outer.finished = true;
    assert_eq!(outer.as_outer().free_at, Some(at(15)));
}

#[test]
fn the_outer_lock_is_kept_for_a_term_that_has_lapsed_only() {
    let mut inner = within(own_until(at(60)));
    writes(&mut inner, 1, at(0));
    assert_eq!(inner.keeps_outer_until(), Moment::ZERO);
    assert!(inner.catch_up(at(10)));
    assert_eq!(inner.keeps_outer_until(), at(20), "a renew deadline after its end");
    // What is asked each retry period would wake it a second later.
    let effects = inner.step(at(19), Event::Timer);
    assert_eq!(effects.last(), Some(&Effect::WakeAt(at(20))));
    let effects = inner.step(at(20), Event::Timer);
    assert_ne!(
        effects.last(),
        Some(&Effect::WakeAt(at(20) + Duration::from_millis(1))),
        "it is over"
    );
    writes(&mut inner, 2, at(12));
    assert_eq!(inner.keeps_outer_until(), Moment::ZERO, "it is believed in again");
}

/// A claim is not given up because the outer lock turns out not to be free for a moment.
#[test]
fn a_claim_is_pursued_until_the_renew_deadline() {
    for (free_at, again_at) in [(at(0), Some(at(10))), (at(4), Some(at(4))), (at(10), None)] {
        let mut inner = within(busy_until(free_at));
        inner.claim_after_outer(SECOND * 15);
        inner.pursue();
        assert_eq!(inner.pursuit.map(|pursuit| pursuit.again_at), again_at, "{free_at}");
    }
}

/// I10, I16: whoever is asked while nothing moves goes by the moment in the view.
#[test]
fn what_is_shown_ends_with_the_earlier_deadline() {
    for (outer, until) in [(at(5), at(5)), (at(60), at(10))] {
        let mut inner = within(own_until(outer));
        writes(&mut inner, 1, at(0));
        let view = inner.view();
        assert_eq!(view.term.as_ref().map(|term| term.until), Some(until));
        assert!(view.leads(until - Duration::from_millis(1)) && !view.leads(until));
    }
}
