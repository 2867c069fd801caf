//! What a candidate makes of what it sees of its two locks.

use super::*;
use std::sync::{Arc, Mutex};

/// Where the serials of the outer lock's writes begin.
const OUTER_SERIALS: u64 = 1 << 48;

#[test]
fn two_holders_are_no_leader() {
    let mut world = World::new(1, Network::perfect());
    held_by("x", &mut world.outer, 0);
    held_by("y", &mut world.store, 0);
    world.add_on(Locks::Both, config("a"), by_rule(), 0);
    world.start(0);
    world.run_for(A_WHILE).unwrap();
    assert_eq!(world.answer(0), "");
    let view = world.view(0);
    let now = view.seen.as_ref().unwrap().heard;
    assert_eq!((view.leader(now), view.remaining(now)), ("", Duration::ZERO));
}

/// The policy sees one seat: the inner lock's holder, and where nobody holds that one, whoever else holds
/// the outer one.
#[test]
fn the_policy_sees_who_holds_the_inner_lock_or_else_the_outer_one() {
    for (outer, inner, told) in [
        (Some("x"), Some("y"), Some("y")),
        (Some("x"), None, Some("x")),
        (None, Some("y"), Some("y")),
        (None, None, None),
    ] {
        let mut world = World::new(1, Network::perfect());
        outer.into_iter().for_each(|name| held_by(name, &mut world.outer, 0));
        inner.into_iter().for_each(|name| held_by(name, &mut world.store, 0));
        let (policy, seen) = listener();
        world.add_on(Locks::Both, config("a"), policy, 0);
        world.start(0);
        world.run_for(A_WHILE).unwrap();
        assert_eq!(seen.lock().unwrap().as_deref(), told, "{outer:?} {inner:?}");
    }
    // Nor does it see itself by the outer lock that it still has.
    for (left, told) in [(None, None), (Some("y"), Some("y"))] {
        let mut world = world(&[Locks::Both]);
        let (policy, seen) = listener();
        world.swap(0, policy);
        world.store.edit(|record| {
            record.holder = left.map(str::to_owned);
            record.mark = None;
        });
        world.announce();
        world.run_for(Duration::from_millis(20)).unwrap();
        assert_eq!(holder(&world.outer).as_deref(), Some("a"));
        assert_eq!(seen.lock().unwrap().as_deref(), told);
    }
}

/// A policy that wants nothing, and the holder that it was last shown.
fn listener() -> (Policy, Arc<Mutex<Option<String>>>) {
    let seen = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&seen);
    let policy: Policy = Box::new(move |input| {
        *noted.lock().unwrap() =
            input.observation.seat.as_ref().and_then(|seat| seat.holder.clone());
        Ok(Decision { action: Action::Wait, ..rule::decide(input) })
    });
    (policy, seen)
}

/// Each edit of the outer lock asks its elector, which has nothing to do.
#[test]
fn the_outer_lock_is_renewed_once_in_a_retry_period_however_often_it_is_edited() {
    let mut world = world(&[Locks::Both]);
    world.recorded.as_mut().unwrap().clear();
    for edit in 0..300 {
        world.outer.edit(|record| record.requests.paused = edit % 2 == 0);
        world.announce();
        world.run_for(Duration::from_millis(100)).unwrap();
    }
    assert!(world.leads(0));
    let effects = world.recorded.iter().flatten();
    let renewals = effects.filter(|(_, _, effect)| sends(Purpose::Renew)(effect)).count();
    // Of either lock one each two seconds, for thirty of them.
    assert!((28..=34).contains(&renewals), "{renewals}");
}

/// What is asked between two renewals waits for the rest of the retry period, and no longer.
#[test]
fn an_edit_of_the_outer_lock_neither_puts_its_renewal_off_nor_wakes_anybody_for_nothing() {
    let mut world = world(&[Locks::Both]);
    world.run_for(A_WHILE).unwrap();
    world.recorded.as_mut().unwrap().clear();
    for edit in 0..20 {
        world.outer.edit(|record| record.requests.paused = edit % 2 == 0);
        world.announce();
        world.run_for(Duration::from_millis(5300)).unwrap();
    }
    let effects = || world.recorded.iter().flatten();
    let outer = |effect: &Effect| matches!(effect, Effect::Write(write) if write.mark.serial >= OUTER_SERIALS);
    let renewals: Vec<Moment> =
        effects().filter(|(_, _, effect)| outer(effect)).map(|(at, _, _)| *at).collect();
    let pauses = renewals.windows(2).map(|pair| pair[1].since(pair[0]));
    let longest = pauses.max().unwrap();
    let retry = config("a").timing.retry_period;
    assert!(longest < retry + retry / 10, "{longest:?}");
    let wakes = effects().filter(|(_, _, effect)| matches!(effect, Effect::WakeAt(_))).count();
    assert!(wakes < 2000, "{wakes} in 106 s");
}

/// I8: what the process before wrote last is known of each lock by itself.
#[test]
fn who_starts_again_takes_both_locks_at_once_by_what_was_noted_of_each() {
    for noted in [true, false] {
        let mut world = world(&[Locks::Both]);
        // The first record is created and proves nothing.
        world.run_for(A_WHILE).unwrap();
        let [inner, outer] = [Which::Inner, Which::Outer].map(|which| world.note_of(0, which));
        assert!(inner.is_some() && outer.is_some());
        let incarnation = Incarnation { nonce: "again".to_owned(), ..config("a").incarnation };
        let again = Config { incarnation, predecessor: inner, ..config("a") };
        world.restart_on(0, Locks::Both, again, outer.filter(|_| noted));
        world.run_for(A_WHILE).unwrap();
        assert_eq!(world.leads(0), noted);
    }
}
