//! What happens, in words for somebody who has never heard of a lease.

use super::referee::{Cause, Election, Open};
use super::swap::Swapped;
use hotseat_core::time::millis_up;
use std::time::Duration;

/// The names of the candidates, by their numbers.
pub type Names<'a> = &'a [&'static str];

/// How an election ended.
pub fn elected(election: &Election, names: Names) -> String {
    let leader = names[election.leader];
    let gap = duration(election.gap);
    let old = election.before.map_or("the last leader", |index| names[index]);
    match election.cause {
        Cause::Start => format!("{leader} leads after {gap}: it was the first to take the lease"),
        Cause::Killed => {
            format!("{leader} leads after {gap}: nobody may lead before {old}'s lease runs out")
        }
        Cause::Released => format!("{leader} leads after {gap}: {old} gave the seat up"),
        Cause::Silenced => {
            format!("{leader} leads after {gap}: {old} stepped down, as its policy says")
        }
        Cause::Lost => {
            format!("{leader} leads after {gap}: {old} could not renew the lease in time")
        }
    }
}

/// The election under way.
pub fn waiting(open: &Open, names: Names) -> String {
    let old = open.before.map_or("the last leader", |index| names[index]);
    match open.cause {
        Cause::Start => "Nobody leads yet: the candidates are starting.".to_owned(),
        Cause::Killed => {
            format!("Nobody leads: {old} is dead, but until its lease runs out nobody can be sure.")
        }
        Cause::Released => format!("Nobody leads for a moment: {old} is giving the seat up."),
        Cause::Silenced | Cause::Lost => "Nobody leads at the moment.".to_owned(),
    }
}

/// What a swap of the policy took.
pub fn swapped(swapped: &Swapped) -> String {
    let took = duration(Duration::from_millis(swapped.ms));
    let missed = match swapped.missed_heartbeats {
        0 => "no heartbeat was missed".to_owned(),
        some => format!("{} missed", count(some, "heartbeat")),
    };
    format!("it decides in all candidates after {took}: {missed}")
}

/// Whom these are, as in `anna, ben and cleo`.
pub fn list(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// A duration as people say it: `12 ms`, `4.1 s`.
pub fn duration(duration: Duration) -> String {
    // Rounded up, as the figures are.
    match millis_up(duration) {
        millis @ 0..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// The age of the demonstration: `00:06`.
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// One or more of something: `1 heartbeat`, `2 heartbeats`.
pub fn count(number: u64, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::time::Moment;

    const NAMES: [&str; 3] = ["anna", "ben", "cleo"];

    #[test]
    fn elections_say_who_and_why() {
        let gap = Duration::from_millis(4120);
        let killed = Election { cause: Cause::Killed, before: Some(0), leader: 1, gap };
        assert_eq!(
            elected(&killed, &NAMES),
            "ben leads after 4.1 s: nobody may lead before anna's lease runs out"
        );
        let gap = Duration::from_millis(12);
        let released = Election { cause: Cause::Released, before: Some(1), leader: 2, gap };
        assert_eq!(elected(&released, &NAMES), "cleo leads after 12 ms: ben gave the seat up");
        let open = Open { cause: Cause::Killed, before: Some(1), since: Moment::ZERO };
        assert!(waiting(&open, &NAMES).contains("ben is dead"));
    }

    #[test]
    fn swaps_say_what_they_cost() {
        let digest = "sha256:00".to_owned();
        let mut swap = Swapped { digest, ms: 83, missed_heartbeats: 0 };
        assert_eq!(
            swapped(&swap),
            "it decides in all candidates after 83 ms: no heartbeat was missed"
        );
        swap.missed_heartbeats = 2;
        assert!(swapped(&swap).ends_with(": 2 heartbeats missed"));
    }

    #[test]
    fn small_words() {
        assert_eq!(list(&NAMES), "anna, ben and cleo");
        assert_eq!(list(&NAMES[..1]), "anna");
        assert_eq!(list(&[]), "nobody");
        assert_eq!(clock(Duration::from_secs(3725)), "62:05");
        assert_eq!(count(1, "heartbeat"), "1 heartbeat");
        assert_eq!(count(0, "heartbeat"), "0 heartbeats");
        assert_eq!(duration(Duration::from_millis(999)), "999 ms");
    }
}
