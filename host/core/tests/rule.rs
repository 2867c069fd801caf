//! The built-in rule, case by case and number by number.
//!
//! The engine's conformance suite holds it to the standard policy; this holds it to what it says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hotseat_core::policy::{
    Action, Attempts, Cause, Claim, Decision, Input, Observation, Outcome, Pace, SeatView,
};
use hotseat_core::rule::{JITTER_MS, decide};

/// The tags of the due times in a memory.
const JITTER: u8 = 1;
const RENEWAL_RETRY: u8 = 2;
const CAMPAIGN_RETRY: u8 = 3;

const UPTIME: u64 = 100_000;
/// Draws jitter of 12 ms, a quarter of 500 + 107 ms, and a back-off of 2000 + 600 ms.
const ENTROPY: u64 = (256 << 32) + 831;
const DRAWN: u64 = 12;
/// Draws no jitter, and otherwise nearly the same.
const AT_ONCE: u64 = ENTROPY - 1;

fn seat() -> SeatView {
    SeatView {
        holder: None,
        age: 60_000,
        duration: 15_000,
        free_in: 0,
        transitions: 3,
        held_for: 0,
        successor: None,
        transfer: None,
        paused: false,
        extra: Vec::new(),
    }
}

/// A standby before a free seat, with nothing in its memory.
fn input() -> Input {
    Input {
        settings: String::new(),
        memory: Vec::new(),
        entropy: ENTROPY,
        timing: Pace {
            lease_duration: 15_000,
            renew_deadline: 10_000,
            retry_period: 2_000,
            shortest_lease: 15_000,
            longest_lease: 15_000,
        },
        observation: Observation {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: "me".to_owned(),
            uptime: UPTIME,
            seats: 0,
            causes: Cause::Timer.into(),
            seat: Some(seat()),
            claim: None,
            attempts: Attempts::default(),
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}

fn memory(tag: u8, due: u64) -> Vec<u8> {
    [&[tag][..], &due.to_le_bytes()].concat()
}

fn failed(last: Outcome) -> Attempts {
    Attempts { last, failures: 1, since_success: None }
}

/// Decides with these changes, and compares all that a decision says.
#[track_caller]
fn says(change: impl FnOnce(&mut Input), action: Action, wake: u64, remember: Vec<u8>, why: &str) {
    let mut input = input();
    change(&mut input);
    let Decision { action: did, wake_after, lease_duration, reason, publish, memory, extra } =
        decide(&input);
    let expected = (action, wake, remember, why);
    assert_eq!((did, wake_after, memory, reason.as_str()), expected, "{input:#?}");
    assert_eq!((lease_duration, publish, extra), (None, Vec::new(), Vec::new()));
}

#[test]
fn who_stops_resigns_in_favour_of_nobody() {
    let resign = Action::Resign(None);
    for leads in [true, false] {
        let stop = |input: &mut Input| {
            input.observation.causes = Cause::Stopping.into();
            input.observation.claim = leads.then_some(Claim { held_for: 9, valid_for: 0 });
        };
        says(stop, resign.clone(), 2_000, Vec::new(), "stopping");
    }
}

#[test]
fn a_standby_without_a_lock_waits() {
    let unread = |input: &mut Input| input.observation.seat = None;
    says(unread, Action::Wait, 2_000, Vec::new(), "the lock was not read yet");
}

/// A pause keeps the leader; where there is none, one is wanted as ever.
#[test]
fn an_empty_seat_is_taken_although_the_election_is_paused() {
    for entropy in 0..100_u64 {
        let mut paused = Input { entropy: entropy.wrapping_mul(0x9e37_79b9_7f4a_7c15), ..input() };
        let running = decide(&paused);
        paused.observation.seat = Some(SeatView { paused: true, ..seat() });
        assert_eq!(decide(&paused), running);
    }
}

#[test]
fn a_taken_seat_is_waited_for_with_jitter_behind_it() {
    for (holder, why) in
        [(Some("other"), "the seat is taken"), (None, "the last holder may still believe")]
    {
        for free_in in [1, 7_000] {
            let taken = |input: &mut Input| {
                let holder = holder.map(str::to_owned);
                input.observation.seat = Some(SeatView { holder, free_in, ..seat() });
            };
            let wake = free_in + DRAWN;
            says(taken, Action::Wait, wake, memory(JITTER, UPTIME + wake), why);
            let at_once = |input: &mut Input| {
                taken(input);
                input.entropy = AT_ONCE;
            };
            says(at_once, Action::Wait, free_in, memory(JITTER, UPTIME + free_in), why);
        }
    }
}

/// The memory of whoever has just campaigned: not again before this, if it fails.
fn ran() -> Vec<u8> {
    memory(CAMPAIGN_RETRY, UPTIME + 2_600)
}

#[test]
fn a_free_seat_is_taken_when_the_jitter_is_due() {
    let free = "the seat is free";
    let drew = "waits a random delay for the free seat";
    says(|_| (), Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
    let at_once = |input: &mut Input| input.entropy = AT_ONCE;
    says(at_once, Action::Campaign, 2_600, ran(), free);
    for due in [0, UPTIME - 1, UPTIME] {
        let due = |input: &mut Input| input.memory = memory(JITTER, due);
        says(due, Action::Campaign, 2_600, ran(), free);
    }
    for left in [1, JITTER_MS] {
        let remembered = memory(JITTER, UPTIME + left);
        let soon = |input: &mut Input| input.memory.clone_from(&remembered);
        says(soon, Action::Wait, left, remembered.clone(), drew);
    }
    // Jitter that was drawn for a seat which was to fall free later is drawn anew.
    let later = |input: &mut Input| input.memory = memory(JITTER, UPTIME + JITTER_MS + 1);
    says(later, Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
    // What is not memory of this rule's is none.
    for odd in [vec![JITTER], memory(4, 0), memory(0, 0), [memory(JITTER, 0), vec![0]].concat()] {
        let odd = |input: &mut Input| input.memory = odd;
        says(odd, Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
    }
    let of_a_leader = |input: &mut Input| input.memory = memory(RENEWAL_RETRY, 0);
    says(of_a_leader, Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
}

#[test]
fn after_a_failed_campaign_the_next_has_its_time() {
    let due = UPTIME + 1_234;
    let again = |attempts: Attempts, due: u64| {
        move |input: &mut Input| {
            input.observation.attempts = attempts;
            input.memory = memory(CAMPAIGN_RETRY, due);
        }
    };
    for outcome in [Outcome::Denied, Outcome::TimedOut, Outcome::Unreachable, Outcome::Throttled] {
        let kept = memory(CAMPAIGN_RETRY, due);
        says(again(failed(outcome), due), Action::Wait, 1_234, kept, "a campaign failed");
        for due in [UPTIME, UPTIME - 1] {
            let free = "the seat is free";
            says(again(failed(outcome), due), Action::Campaign, 2_600, ran(), free);
        }
    }
    // A conflict is news and no failure, and a success forgets what was.
    for attempts in [failed(Outcome::Conflict), Attempts::default()] {
        for due in [due, UPTIME] {
            let drew = "waits a random delay for the free seat";
            says(again(attempts, due), Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
        }
    }
}

#[test]
fn a_successor_takes_the_seat_at_once_and_others_leave_it_to_it() {
    let named = |name: &str, age: u64| {
        let successor = Some(name.to_owned());
        move |input: &mut Input| {
            input.observation.seat = Some(SeatView { successor, age, ..seat() })
        }
    };
    for age in [0, 1_999, 60_000] {
        says(named("me", age), Action::Campaign, 2_600, ran(), "named as the successor");
    }
    for age in [0, 1_999] {
        let wake = 2_000 - age + DRAWN;
        let left = "the seat is left to its successor";
        says(named("other", age), Action::Wait, wake, memory(JITTER, UPTIME + wake), left);
    }
    for age in [2_000, 60_000] {
        let drew = "waits a random delay for the free seat";
        says(named("other", age), Action::Wait, DRAWN, memory(JITTER, UPTIME + DRAWN), drew);
    }
}

fn leads(attempts: Attempts, memory: Vec<u8>) -> impl FnOnce(&mut Input) {
    move |input| {
        input.observation.claim = Some(Claim { held_for: 60_000, valid_for: 8_000 });
        input.observation.seat = Some(SeatView { holder: Some("me".to_owned()), ..seat() });
        input.observation.attempts = attempts;
        input.memory = memory;
    }
}

#[test]
fn a_leader_renews_at_each_retry_period() {
    let after = |since| Attempts { last: Outcome::Written, failures: 0, since_success: since };
    for since in [None, Some(2_000), Some(9_000)] {
        let retry = memory(RENEWAL_RETRY, UPTIME + 607);
        says(leads(after(since), Vec::new()), Action::Renew, 2_000, retry, "renewal is due");
    }
    for since in [0, 1_999] {
        let wake = 2_000 - since;
        let early = leads(after(Some(since)), Vec::new());
        says(early, Action::Wait, wake, Vec::new(), "renewed recently");
    }
}

#[test]
fn a_leader_retries_a_failed_renewal_sooner() {
    let unknown = failed(Outcome::TimedOut);
    let retry = memory(RENEWAL_RETRY, UPTIME + 607);
    for due in [UPTIME, UPTIME - 1, 0] {
        let due = leads(unknown, memory(RENEWAL_RETRY, due));
        says(due, Action::Renew, 2_000, retry.clone(), "retrying a failed renewal");
    }
    let kept = memory(RENEWAL_RETRY, UPTIME + 300);
    let early = leads(unknown, kept.clone());
    says(early, Action::Wait, 300, kept, "a renewal failed");
    for odd in [Vec::new(), memory(CAMPAIGN_RETRY, 0), memory(JITTER, 0)] {
        let fresh = leads(unknown, odd);
        says(fresh, Action::Wait, 607, retry.clone(), "a renewal failed");
    }
}

/// Whatever is drawn, it lies within what the rule says of it.
#[test]
fn what_is_drawn_stays_in_its_range() {
    let mut counts = [0_u32; JITTER_MS as usize + 1];
    for entropy in 0..2_000_u64 {
        let spread = Input { entropy: entropy.wrapping_mul(0x9e37_79b9_7f4a_7c15), ..input() };
        let drawn = decide(&spread);
        let jitter = if drawn.action == Action::Campaign { 0 } else { drawn.wake_after };
        counts[usize::try_from(jitter).unwrap()] += 1;
        if drawn.action == Action::Campaign {
            assert!((2_000..=4_400).contains(&drawn.wake_after), "client-go's jitter");
        }
        let mut failing = spread;
        leads(failed(Outcome::TimedOut), Vec::new())(&mut failing);
        assert!((500..1_000).contains(&decide(&failing).wake_after));
    }
    assert!(counts[1..].iter().all(|count| *count > 10), "{counts:?}");
    assert!((1_400..1_600).contains(&counts[0]), "three of four go at once: {counts:?}");
}

/// Timing at the ends of what a number can say is no overflow.
#[test]
fn extreme_timing_is_answered() {
    for retry_period in [0, 1, 3, u64::MAX] {
        let mut extreme = input();
        extreme.timing.retry_period = retry_period;
        extreme.entropy = u64::MAX;
        extreme.observation.uptime = u64::MAX;
        assert!(decide(&extreme).wake_after >= 1);
        leads(failed(Outcome::TimedOut), Vec::new())(&mut extreme);
        assert!(decide(&extreme).wake_after >= 1);
    }
}
