//! An API server that answers late: a leader that is answered within half its renew deadline holds.

use super::*;
use hotseat_simulator::{Network, World};

/// A leader and a standby at an API server that holds each write, and each read, for so long.
fn holds(timing: Timing, writes: Duration, reads: Duration) {
    for seed in 0..3 {
        let mut world = World::new(seed, Network::perfect());
        for name in ["anna", "ben"] {
            let index =
                world.add(Config { timing, ..candidate(name, Duration::ZERO) }, by_rule(), 0);
            world.start(index);
        }
        world.run_for(timing.lease_duration).unwrap();
        assert!(world.leader().is_some());
        world.network = Network { held_writes: writes, held_reads: reads, ..Network::perfect() };
        world.run_for(timing.lease_duration * 20).unwrap();
        let down: Vec<_> = world
            .notices
            .iter()
            .filter(|(_, _, notice)| matches!(notice, Notice::SteppedDown(_)))
            .collect();
        assert!(down.is_empty(), "seed {seed}, writes held for {writes:?}: {down:?}");
        assert_eq!(world.terms(), 1);
    }
}

fn timings() -> [Timing; 2] {
    [Timing::client_go(), Timing::new(millis(4000), millis(3000), millis(500))]
}

/// A latency in hundredths of the renew deadline: from below a third of it to just below its half.
fn latencies(timing: Timing) -> impl Iterator<Item = Duration> {
    (30..50).map(move |share| timing.renew_deadline * share / 100)
}

#[test]
fn a_leader_holds_while_writes_take_up_to_half_the_renew_deadline() {
    for timing in timings() {
        for latency in latencies(timing) {
            holds(timing, latency, Duration::ZERO);
        }
    }
}

#[test]
fn a_leader_holds_while_writes_and_reads_take_up_to_half_the_renew_deadline() {
    for timing in timings() {
        for latency in latencies(timing) {
            holds(timing, latency, latency);
        }
    }
}

#[test]
fn an_election_begins_though_each_request_takes_almost_half_the_renew_deadline() {
    let mut world = World::new(1, Network::perfect());
    let held = millis(4900);
    world.network = Network { held_writes: held, held_reads: held, ..Network::perfect() };
    let index = world.add(candidate("anna", Duration::ZERO), by_rule(), 0);
    world.start(index);
    world.run_for(Duration::from_secs(15)).unwrap();
    assert_eq!(world.leader(), Some(index));
}

/// I1: the answer that nobody waits for any more counts from the sending of its write.
#[test]
fn a_late_answer_extends_belief_from_the_sending_of_its_write() {
    let mut stage = Stage::new();
    stage.lead();
    stage.lock = None;
    let (renewal, sent) = stage.next_write();
    stage.pass(millis(3300));
    assert!(!stage.reading, "the first third of the deadline is the write's");
    stage.pass(millis(100));
    assert!(stage.reading, "after that the lock is read");
    stage.now = sent + millis(4900);
    stage.succeeds(&renewal, 12);
    assert_eq!(stage.view.term.clone().unwrap().until, sent + Duration::from_secs(10));
    // Nor is anything waited for that was begun because of the silence.
    assert_eq!(stage.one_write().base, Base::Replace(Version("12".to_owned())));
}

/// A write that may be lost is not waited for: the next one is sent as early as ever, and is given
/// up when the first turns out to have landed, since it can only fail.
#[test]
fn a_renewal_whose_base_is_gone_is_not_waited_for() {
    for by_watch in [false, true] {
        let mut stage = Stage::new();
        stage.lead();
        let (first, sent) = stage.next_write();
        let (second, again) = stage.next_write();
        assert!(again.since(sent) < millis(3334 + 1000), "{:?}", again.since(sent));
        assert_eq!(second.base, first.base);
        stage.now = again + millis(100);
        if by_watch {
            stage.sees(Lock::Present(Stage::stored(&first, 12)));
        } else {
            stage.succeeds(&first, 12);
        }
        let (third, at) = stage.next_write();
        assert_eq!(third.base, Base::Replace(Version("12".to_owned())));
        assert!(at.since(again) < millis(510), "writes are paced to a quarter of the retry period");
        // The refusal of the second one means nothing any more.
        stage.fails(&second, Outcome::Conflict);
        stage.succeeds(&third, 13);
        let until = stage.view.term.clone().unwrap().until;
        assert!(until.since(at) > millis(9990), "it counts, from its own sending");
    }
}

/// A late answer to a write that another's record has overtaken gives nothing back.
#[test]
fn a_late_answer_does_not_outweigh_what_was_seen_since() {
    let mut stage = Stage::new();
    stage.lead();
    let (renewal, _) = stage.next_write();
    stage.pass(millis(3400));
    stage.reads(Lock::Present(Record { version: Version("13".to_owned()), ..record("bing", 15) }));
    assert!(!stage.leads());
    stage.succeeds(&renewal, 12);
    assert!(!stage.leads());
    assert_eq!(stage.view.leader(stage.now), "bing");
}

/// A late refusal settles the write: a candidate that stops need not read for it.
#[test]
fn a_late_refusal_settles_a_write() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    stage.pass(millis(25));
    let write = stage.one_write();
    stage.lock = None;
    stage.pass(millis(3400));
    stage.reads(Lock::Absent(None));
    assert!(stage.elector.situation().unsure);
    stage.fails(&write, Outcome::Denied);
    assert!(!stage.elector.situation().unsure);
}
