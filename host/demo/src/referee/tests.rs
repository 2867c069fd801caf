//! Answers in, elections, gaps and overlaps out.

use super::*;

const ANNA: usize = 0;
const BEN: usize = 1;

/// An answer between two milliseconds; a term is named by its number.
fn answer(candidate: usize, before: u64, after: u64, term: Option<u64>) -> Reading {
    Reading {
        candidate,
        before: Moment::from_millis(before),
        after: Moment::from_millis(after),
        leads: term,
    }
}

fn judge(readings: &[Reading]) -> Referee {
    let mut referee = Referee::new(3, Moment::ZERO);
    for reading in readings {
        referee.read(reading);
    }
    referee
}

fn millis(duration: u64) -> Duration {
    Duration::from_millis(duration)
}

#[test]
fn the_first_gap_counts_from_the_start() {
    let referee = judge(&[answer(ANNA, 10, 11, None), answer(BEN, 200, 203, Some(7))]);
    let first = Election { cause: Cause::Start, before: None, leader: BEN, gap: millis(203) };
    assert_eq!(referee.elections(), [first]);
    assert_eq!(referee.open(), None);
}

#[test]
fn a_death_counts_from_the_last_answer_and_a_departure_from_the_signal() {
    let mut referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, Some(1))]);
    referee.harm(Cause::Killed, Moment::from_millis(28));
    let open = Open { cause: Cause::Killed, before: Some(ANNA), since: Moment::from_millis(28) };
    assert_eq!(referee.open(), Some(open));
    let found = referee.read(&answer(BEN, 4025, 4030, Some(2))).unwrap();
    assert_eq!(found.gap, millis(4010));
    assert_eq!((found.before, found.leader), (Some(ANNA), BEN));

    referee.harm(Cause::Released, Moment::from_millis(5000));
    // Still leading while it makes ready to leave.
    assert_eq!(referee.read(&answer(BEN, 5003, 5004, Some(2))), None);
    let found = referee.read(&answer(ANNA, 5010, 5012, Some(3))).unwrap();
    assert_eq!((found.cause, found.gap), (Cause::Released, millis(12)));
    assert_eq!(referee.overlap(), Duration::ZERO);
}

#[test]
fn a_leader_whose_application_is_silent_leads_on_until_it_resigns() {
    let mut referee = judge(&[answer(ANNA, 10, 11, Some(1))]);
    referee.harm(Cause::Silenced, Moment::from_millis(15));
    for at in [20, 1020, 2020] {
        assert_eq!(referee.read(&answer(ANNA, at, at + 1, Some(1))), None);
    }
    referee.read(&answer(ANNA, 2030, 2031, None));
    let found = referee.read(&answer(BEN, 2040, 2045, Some(2))).unwrap();
    assert_eq!((found.cause, found.gap), (Cause::Silenced, millis(25)));
}

#[test]
fn a_leader_that_nobody_harmed_has_lost() {
    let referee = judge(&[
        answer(ANNA, 10, 11, Some(1)),
        answer(ANNA, 20, 21, None),
        answer(BEN, 90, 92, Some(2)),
    ]);
    assert_eq!(referee.open(), None);
    let last = referee.elections()[1];
    assert_eq!((last.cause, last.gap), (Cause::Lost, millis(82)));
}

#[test]
fn a_term_that_goes_on_is_no_election() {
    let mut referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, None)]);
    assert_eq!(referee.open().map(|open| open.cause), Some(Cause::Lost));
    referee.read(&answer(ANNA, 30, 31, Some(1)));
    assert_eq!(referee.open(), None);
    assert_eq!(referee.elections().len(), 1);
}

#[test]
fn the_same_name_in_another_term_is_an_election() {
    let referee = judge(&[answer(ANNA, 10, 11, Some(1)), answer(ANNA, 20, 21, Some(2))]);
    assert_eq!(referee.elections().len(), 2);
    assert_eq!(referee.overlap(), Duration::ZERO);
}

#[test]
fn an_answer_between_two_of_another_term_proves_an_overlap() {
    let referee = judge(&[
        answer(ANNA, 10, 11, Some(1)),
        answer(BEN, 15, 16, Some(2)),
        answer(ANNA, 20, 21, Some(1)),
        answer(BEN, 25, 26, None),
    ]);
    assert_eq!(referee.overlap(), Duration::from_nanos(1));
    // Both still led in their own eyes, and that is one election, not three.
    assert_eq!(referee.elections().len(), 2);
}

#[test]
fn an_overlap_lasts_as_long_as_both_are_proven() {
    let both = [
        answer(ANNA, 10, 11, Some(1)),
        answer(BEN, 15, 16, Some(2)),
        answer(ANNA, 40, 41, Some(1)),
        answer(BEN, 50, 51, Some(2)),
    ];
    assert_eq!(judge(&both).overlap(), millis(24));
    // Told at the end and while it lasts alike.
    let mut ended = judge(&both);
    ended.read(&answer(BEN, 60, 61, None));
    assert_eq!(ended.overlap(), millis(24));
    ended.read(&answer(ANNA, 70, 71, None));
    assert_eq!(ended.overlap(), millis(24));
}

#[test]
fn answers_that_may_have_been_true_in_turn_prove_nothing() {
    // Ben's slow question was open while Anna still led; he may have led after her.
    let referee = judge(&[
        answer(ANNA, 10, 11, Some(1)),
        answer(ANNA, 20, 21, Some(1)),
        answer(BEN, 15, 30, Some(2)),
        answer(BEN, 31, 32, Some(2)),
        answer(ANNA, 33, 34, None),
    ]);
    assert_eq!(referee.overlap(), Duration::ZERO);
}

#[test]
fn a_no_between_two_answers_breaks_the_proof() {
    let referee = judge(&[
        answer(ANNA, 10, 11, Some(1)),
        answer(ANNA, 14, 15, None),
        answer(BEN, 20, 21, Some(2)),
        answer(BEN, 22, 23, None),
        answer(ANNA, 30, 31, Some(1)),
    ]);
    assert_eq!(referee.overlap(), Duration::ZERO);
}

#[test]
fn an_overlap_with_a_very_long_term_is_not_forgotten() {
    let mut referee = judge(&[answer(ANNA, 10, 11, Some(1))]);
    for hour in 0..24 {
        let start = hour * 3_600_000 + 1000;
        referee.read(&answer(BEN, start, start + 1, Some(100 + hour)));
        referee.read(&answer(BEN, start + 11, start + 12, Some(100 + hour)));
        referee.read(&answer(BEN, start + 20, start + 21, None));
    }
    referee.read(&answer(ANNA, 90_000_000, 90_000_001, Some(1)));
    referee.read(&answer(ANNA, 90_000_010, 90_000_011, None));
    assert_eq!(referee.overlap(), millis(240));
}

#[test]
fn what_is_over_is_forgotten() {
    let mut referee = Referee::new(2, Moment::ZERO);
    for minute in 0..100_u64 {
        let (who, start) = (usize::from(minute % 2 == 1), minute * 60_000);
        referee.read(&answer(who, start, start + 1, Some(minute)));
        referee.read(&answer(who, start + 50_000, start + 50_001, None));
    }
    assert_eq!(referee.elections().len(), 100);
    assert!(referee.ended.len() < 5, "{}", referee.ended.len());
}
