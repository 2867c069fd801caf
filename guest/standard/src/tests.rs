//! Each branch of the rule, by the words of its reason.

use hotseat_policy::testing::{Play, Scene};
use hotseat_policy::{Action, Decision, OnFailure, Policy, Timing, cause, outcome};

use super::Standard;
use crate::memory::Memory;

/// Jitter of 9 ms; a share of 512 of 1,024 makes the backoff 2,000 + 1,200 ms; the quarter is 555 ms.
const ENTROPY: u64 = (512 << 32) | 3;
const JITTER: u64 = 1 + ENTROPY / 4 % 20;
/// The same without jitter.
const AT_ONCE: u64 = ENTROPY - 1;
const QUARTER: u64 = 500 + ENTROPY % 500;
const BACKOFF: u64 = 3_200;
/// The scene's uptime.
const NOW: u64 = 60_000;

fn scene() -> Scene {
    Scene::new().entropy(ENTROPY)
}

#[track_caller]
fn expect(scene: Scene, decision: Decision, reason: &str, memory: Memory) {
    let expected = decision.because(reason).remember(memory.write());
    assert_eq!(scene.ask::<Standard>(), Ok(expected));
}

#[test]
fn stopping_resigns_whoever_leads() {
    for scene in [scene().leading(100), scene().vacant()] {
        let scene = scene.cause(cause::STOPPING).memory(Memory::Jitter(1).write());
        let decision = Decision::resign().wake_after(2_000);
        expect(scene, decision, "stopping", Memory::Empty);
    }
}

#[test]
fn a_leader_renews_once_the_retry_period_has_passed() {
    let renew = Decision::renew().wake_after(2_000);
    let next = Memory::Renewal(NOW + QUARTER);
    expect(scene().leading(2_000), renew, "renewal is due", next);
    let early = Decision::wait_for(1);
    expect(scene().leading(1_999), early, "renewed recently", Memory::Empty);
}

#[test]
fn a_leader_that_never_wrote_renews() {
    let mut input = scene().leading(0).input();
    input.observation.attempts.since_success = None;
    let decision = Standard::decide(input).unwrap();
    assert_eq!((decision.action, decision.reason.as_str()), (Action::Renew, "renewal is due"));
}

#[test]
fn a_failed_renewal_is_retried_after_a_quarter_to_half_of_the_period() {
    let failed = || scene().leading(2_100).failed(outcome::TIMED_OUT, 1);
    let wait = Decision::wait_for(QUARTER);
    let due = Memory::Renewal(NOW + QUARTER);
    expect(failed(), wait.clone(), "a renewal failed", due);
    // Memory of another purpose is none.
    expect(failed().memory(Memory::Jitter(1).write()), wait, "a renewal failed", due);

    let later = Memory::Renewal(NOW + 70);
    let scene = failed().memory(later.write());
    expect(scene, Decision::wait_for(70), "a renewal failed", later);

    let scene = failed().memory(Memory::Renewal(NOW).write());
    let renew = Decision::renew().wake_after(2_000);
    expect(scene, renew, "retrying a failed renewal", due);
}

#[test]
fn a_standby_waits_before_the_lock_was_read() {
    let wait = Decision::wait_for(2_000);
    expect(scene(), wait, "the lock was not read yet", Memory::Empty);
}

#[test]
fn an_empty_seat_is_taken_although_the_election_is_paused() {
    let campaign = Decision::campaign().wake_after(BACKOFF);
    let paused = scene().vacant().memory(Memory::Jitter(NOW).write());
    let paused = paused.with_seat(|seat| seat.paused = true);
    expect(paused, campaign, "the seat is free", Memory::Campaign(NOW + BACKOFF));
}

#[test]
fn a_standby_of_a_taken_seat_wakes_at_its_lot_after_the_lease() {
    let wait = Decision::wait_for(9_000 + JITTER);
    let jitter = Memory::Jitter(NOW + 9_000 + JITTER);
    expect(scene().held_by("b", 9_000), wait.clone(), "the seat is taken", jitter);

    let cleared = scene().held_by("b", 9_000).with_seat(|seat| seat.holder = None);
    expect(cleared, wait, "the last holder may still believe", jitter);
}

#[test]
fn a_free_seat_is_left_to_its_successor_for_a_retry_period() {
    let left = |age| {
        scene().vacant().with_seat(|seat| {
            seat.successor = Some("b".into());
            seat.age = age;
        })
    };
    let ms = 1_500 + JITTER;
    let jitter = Memory::Jitter(NOW + ms);
    let wait = Decision::wait_for(ms);
    expect(left(500), wait, "the seat is left to its successor", jitter);
    let wait = Decision::wait_for(JITTER);
    let jitter = Memory::Jitter(NOW + JITTER);
    expect(left(2_000), wait, "waits a random delay for the free seat", jitter);
}

#[test]
fn the_named_successor_campaigns_at_once_but_not_while_it_backs_off() {
    let named = || scene().vacant().with_seat(|seat| seat.successor = Some("a".into()));
    let campaign = Decision::campaign().wake_after(BACKOFF);
    let retry = Memory::Campaign(NOW + BACKOFF);
    expect(named(), campaign.clone(), "named as the successor", retry);

    let due = Memory::Campaign(NOW + 900);
    let failed = |last| named().failed(last, 1).memory(due.write());
    let wait = Decision::wait_for(900);
    expect(failed(outcome::THROTTLED), wait, "a campaign failed", due);
    expect(failed(outcome::CONFLICT), campaign, "named as the successor", retry);
}

#[test]
fn a_free_seat_is_taken_when_the_lot_falls_due() {
    let with = |memory: Memory| scene().vacant().memory(memory.write());
    let campaign = Decision::campaign().wake_after(BACKOFF);
    let retry = Memory::Campaign(NOW + BACKOFF);
    let drawn = Memory::Jitter(NOW + JITTER);
    let wait = Decision::wait_for(JITTER);

    expect(with(Memory::Empty), wait.clone(), "waits a random delay for the free seat", drawn);
    expect(with(Memory::Jitter(NOW)), campaign, "the seat is free", retry);
    let soon = Memory::Jitter(NOW + 20);
    expect(with(soon), Decision::wait_for(20), "waits a random delay for the free seat", soon);
    // Jitter that was chosen for the end of the lease is chosen again if the seat is free sooner.
    expect(with(Memory::Jitter(NOW + 21)), wait, "waits a random delay for the free seat", drawn);
}

#[test]
fn three_of_four_standbys_do_not_wait_for_jitter() {
    let vacant = |memory: Memory| scene().entropy(AT_ONCE).vacant().memory(memory.write());
    let campaign = Decision::campaign().wake_after(BACKOFF);
    let retry = Memory::Campaign(NOW + BACKOFF);
    expect(vacant(Memory::Empty), campaign.clone(), "the seat is free", retry);
    expect(vacant(Memory::Jitter(NOW + 21)), campaign, "the seat is free", retry);

    let wait = Decision::wait_for(9_000);
    let held = scene().entropy(AT_ONCE).held_by("b", 9_000);
    expect(held, wait, "the seat is taken", Memory::Jitter(NOW + 9_000));

    let at_once = (0..1_000).filter(|entropy| {
        let decision = scene().entropy(*entropy).vacant().ask::<Standard>().unwrap();
        decision.action == Action::Campaign
    });
    assert_eq!(at_once.count(), 750);
}

#[test]
fn a_failed_campaign_backs_off_and_a_conflict_does_not() {
    let with = |last, memory: Memory| {
        let scene = scene().vacant().failed(last, 1);
        scene.memory(memory.write())
    };
    let due = Memory::Campaign(NOW + 700);
    let wait = Decision::wait_for(700);
    expect(with(outcome::UNREACHABLE, due), wait, "a campaign failed", due);

    let campaign = Decision::campaign().wake_after(BACKOFF);
    let retry = Memory::Campaign(NOW + BACKOFF);
    let passed = Memory::Campaign(NOW);
    expect(with(outcome::UNREACHABLE, passed), campaign, "the seat is free", retry);

    let wait = Decision::wait_for(JITTER);
    let drawn = Memory::Jitter(NOW + JITTER);
    expect(with(outcome::CONFLICT, passed), wait, "waits a random delay for the free seat", drawn);
}

#[test]
fn absurd_timing_neither_overflows_nor_wakes_at_once() {
    let timing = |retry_period| Timing { retry_period, ..hotseat_policy::testing::TIMING };
    for (scene, entropy) in [(scene().leading(5), 0), (scene().vacant(), u64::MAX)] {
        let scene = scene.entropy(entropy).failed(outcome::TIMED_OUT, 1);
        let none = scene.clone().timing(timing(0)).ask::<Standard>().unwrap();
        assert!(none.wake_after >= 1, "{none:?}");
        let input = scene.uptime(u64::MAX).timing(timing(u64::MAX)).input();
        assert!(Standard::decide(input).unwrap().wake_after >= 1);
    }
}

#[test]
fn the_descriptor_and_the_settings_are_the_contracts() {
    let own = Standard::describe();
    assert_eq!((own.name.as_str(), own.memory_schema), ("standard", 1));
    assert_eq!(own.version, env!("CARGO_PKG_VERSION"));
    assert!(own.settings_schema.is_empty() && own.needs.is_empty());
    assert_eq!(own.on_failure, Some(OnFailure::Standard));
    let issues = Standard::validate("{\"a\": 1}");
    let message = "the standard policy has no settings: give none";
    assert_eq!(issues[0].message, message);
    assert_eq!(Standard::migrate("standard", 1, vec![1]), Ok(vec![1]));
    assert_eq!(Standard::migrate("standard", 2, vec![1]), Ok(vec![]));
    assert_eq!(Standard::migrate("steady", 1, vec![1]), Ok(vec![]));
}

#[test]
fn a_leader_keeps_the_seat_at_the_operators_pace_through_failures() {
    let mut play = Play::<Standard>::new();
    play.run_for(120_000);
    assert!(play.leads());
    assert!((55..=62).contains(&play.done()), "{} writes in 2 minutes", play.done());
    for _ in 0..100 {
        play.next_writes(&[outcome::TIMED_OUT, outcome::UNREACHABLE]);
        play.run_for(10_000);
        assert!(play.leads(), "at {} ms", play.now());
    }
}

#[test]
fn a_release_is_followed_within_the_lot_and_a_crash_after_the_lease() {
    let mut play = Play::<Standard>::new();
    play.rival("b").run_for(60_001);
    assert!(!play.leads());
    play.rival_releases(None).run_for(20 + 5 + 1);
    assert!(play.leads());

    let mut play = Play::<Standard>::new();
    play.rival("b").run_for(60_001);
    play.rival_dies().run_for(14_990);
    assert!(!play.leads());
    play.run_for(60);
    assert!(play.leads());
}
