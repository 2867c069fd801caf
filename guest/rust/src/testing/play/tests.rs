use super::*;
use crate::{Action, Descriptor};

/// Campaigns when it may, renews when the operator says so, unless a signal `sleep` is set.
struct Plain;

impl Policy for Plain {
    fn describe() -> Descriptor {
        Descriptor::new("plain", "1.0.0", "")
    }

    fn decide(input: Input) -> Result<Decision, Refusal> {
        let seen = &input.observation;
        if seen.flag("refuse") == Some(true) {
            return Err(Refusal::Other("told to".into()));
        }
        let calls = input.memory.first().map_or(1, |calls| calls.wrapping_add(1));
        let decision = match seen.text("act") {
            Some("sleep") => Decision::wait_for(86_400_000),
            Some("resign") if seen.leads() => Decision::resign_to("b"),
            Some("campaign") => Decision::campaign(),
            _ if seen.leads() && seen.ms_to_renewal(&input.timing) == 0 => Decision::renew(),
            _ if seen.leads() => Decision::wait_for(seen.ms_to_renewal(&input.timing)),
            _ if seen.seat_is_free() => Decision::campaign(),
            _ => Decision::wait_for(500),
        };
        Ok(decision.remember([calls]))
    }
}

#[test]
fn a_write_takes_its_time_and_is_then_seen() {
    let mut play = Play::<Plain>::new();
    play.run_for(WRITE_MS);
    assert!(!play.leads());
    play.run_for(1);
    assert!(play.leads());
    let [first, second] = play.steps() else {
        panic!("two questions, not {:?}", play.steps());
    };
    assert!(first.input.observation.is_asked_for(cause::STARTED));
    assert_eq!(first.effect, Effect::Done);
    let seen = &second.input.observation;
    assert!(seen.is_asked_for(cause::WRITE_FINISHED));
    assert_eq!(seen.attempts.last, outcome::WRITTEN);
    assert_eq!(seen.attempts.since_success, Some(WRITE_MS));
    assert_eq!(second.input.memory, [1]);
}

#[test]
fn belief_ends_at_the_renew_deadline_and_the_seat_is_free_after_the_lease() {
    let mut play = Play::<Plain>::new();
    play.run_for(10);
    play.signal("act", "sleep").run_for(9_985);
    assert!(play.leads());
    play.run_for(5);
    assert!(!play.leads(), "at {} ms", play.now());
    play.signal("act", "campaign");
    assert_eq!(play.steps().last().map(|step| step.effect), Some(Effect::Ignored));
    play.run_for(7_000);
    assert!(play.leads());
}

#[test]
fn a_rival_that_writes_first_makes_a_conflict() {
    let mut play = Play::<Plain>::new();
    play.run_for(2);
    play.rival("b").run_for(10);
    assert!(!play.leads());
    let last = play.steps().last().map(|step| step.input.observation.attempts.clone());
    let last = last.map(|attempts| (attempts.last, attempts.failures));
    assert_eq!(last, Some((outcome::CONFLICT.to_owned(), 1)));
}

#[test]
fn a_rivals_lease_and_its_release_are_seen() {
    let mut play = Play::<Plain>::new();
    play.rival("b").run_for(30_000);
    assert!(!play.leads());
    play.rival_dies().run_for(12_000);
    assert!(!play.leads());
    play.run_for(3_600);
    assert!(play.leads(), "at {} ms", play.now());

    let mut play = Play::<Plain>::new();
    play.rival("b").run_for(1_000);
    play.rival_releases(Some("a"));
    let seat = play.steps().last().and_then(|step| step.input.observation.seat.clone());
    assert_eq!(seat.and_then(|seat| seat.successor), Some("a".into()));
}

#[test]
fn failed_writes_and_a_resignation_have_their_effect() {
    let mut play = Play::<Plain>::new();
    play.next_writes(&[outcome::DENIED, outcome::TIMED_OUT]);
    play.run_for(12);
    let attempts = play.steps().last().map(|step| step.input.observation.attempts.clone());
    assert_eq!(attempts.map(|attempts| attempts.failures), Some(2));
    play.run_for(10);
    assert!(play.leads());

    play.signal("act", "resign");
    assert!(!play.leads());
    let answer = play.steps().last().and_then(|step| step.answer.clone().ok());
    assert_eq!(answer.map(|answer| answer.action), Some(Action::Resign(Some("b".into()))));
}

#[test]
fn a_refusal_is_asked_again_after_the_retry_period() {
    let mut play = Play::<Plain>::new();
    play.signal("refuse", true).run_for(4_001);
    let times: Vec<u64> = play.steps().iter().map(|step| step.at).collect();
    assert_eq!(times, [0, 2_000, 4_000]);
}

#[test]
fn a_pause_is_seen_and_settings_are_handed_on() {
    let mut play = Play::<Plain>::new();
    play.settings("{}").pause(true);
    let input = &play.steps()[0].input;
    assert_eq!(input.settings, "{}");
    assert!(input.observation.seat().is_some_and(|seat| seat.paused));
}

#[test]
fn a_play_is_the_same_each_time() {
    let run = || {
        let mut play = Play::<Plain>::new();
        play.run_for(20_000);
        play.steps().to_vec()
    };
    assert_eq!(run(), run());
}

/// Breaks a bound of the contract.
struct Restless;

impl Policy for Restless {
    fn describe() -> Descriptor {
        Descriptor::new("restless", "1.0.0", "")
    }

    fn decide(_: Input) -> Result<Decision, Refusal> {
        let mut decision = Decision::campaign();
        decision.wake_after = 0;
        Ok(decision)
    }
}

#[test]
#[should_panic(expected = "at 0 ms the host would reject the decision: wake-after is 0 ms")]
fn an_answer_out_of_bounds_ends_the_play() {
    Play::<Restless>::new().run_for(1);
}
