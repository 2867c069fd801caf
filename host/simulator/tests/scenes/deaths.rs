//! I15: the reported end of the very process that holds the seat frees it after S. Everything else
//! that may be reported of a process frees nothing.

use super::*;
use hotseat_core::lock::Home;
use hotseat_simulator::{Network, World};

/// The leader's process, as [`marked`] names it.
fn leader() -> Incarnation {
    Incarnation { site: "there".to_owned(), nonce: "1".to_owned(), home: None }
}

/// The leader's record as its third write left it, at version 13.
fn leading() -> Record {
    marked("bing", 15, 3, 13, Some(12))
}

fn config_with_reaction(millis: u64) -> Config {
    let mut config = config();
    config.timing.reaction = Duration::from_millis(millis);
    config
}

/// A standby that has just watched the leader renew.
fn standby(config: Config) -> Stage {
    let mut stage = Stage::with(config);
    stage.starts_with(Lock::Present(marked("bing", 15, 2, 12, Some(11))));
    stage.pass(millis(2000));
    stage.sees(Lock::Present(leading()));
    stage.pass(millis(100));
    assert_eq!(stage.writes(), [], "the seat is taken");
    stage
}

fn deaths(stage: &Stage) -> usize {
    stage.told(|notice| matches!(notice, Notice::HolderDied { holder, .. } if holder == "bing"))
}

/// Nobody takes the seat before the lease that began at `seen` is over, though the policy is asked at
/// once whether it may be taken.
#[track_caller]
fn waits_it_out(stage: &mut Stage, seen: Moment, what: &str) {
    stage.writes();
    ask_now(stage);
    while stage.now.since(seen) < millis(14_900) {
        stage.pass(millis(20));
        assert_eq!(stage.writes(), [], "{what}: {:?} after", stage.now.since(seen));
    }
}

#[test]
fn i15_the_seat_of_a_dead_process_is_taken_at_once() {
    let mut stage = standby(config());
    stage.tell(Event::Died(leader()));
    let (write, _) = stage.next_write();
    assert_eq!((write.purpose, write.base), (Purpose::Acquire, Base::Replace(leading().version)));
    assert_eq!(deaths(&stage), 1);
}

#[test]
fn i15_the_application_of_a_dead_process_has_its_reaction_time() {
    let mut stage = standby(config_with_reaction(3000));
    let reported = stage.now;
    stage.tell(Event::Died(leader()));
    stage.pass(millis(1500));
    // Said again, the time does not begin again.
    stage.tell(Event::Died(leader()));
    let (_, at) = stage.next_write();
    let waited = at.since(reported).as_millis();
    // S by a clock that may be 1 % fast.
    assert!((3030..3300).contains(&waited), "{waited} ms");
    assert_eq!(deaths(&stage), 1);
}

/// The longer of the two: of the dead process's application, as it said, and of those around here.
#[test]
fn i15_the_reaction_time_that_counts_is_the_dead_processs_own() {
    for (own, said, expected) in [(1000, 3000, 3030..3300), (3000, 1000, 3030..3300)] {
        let home = Home {
            pod: "bing".to_owned(),
            uid: "1".to_owned(),
            container: None,
            reaction: millis(said),
        };
        let dead = Incarnation { home: Some(home), ..leader() };
        let mut stage = standby(config_with_reaction(own));
        let mark =
            Mark { incarnation: dead.clone(), serial: 4, base: Some(Version("13".to_owned())) };
        let record = Record { version: Version("14".to_owned()), mark: Some(mark), ..leading() };
        stage.sees(Lock::Present(Record { times: "written 4".to_owned(), ..record }));
        let reported = stage.now;
        stage.tell(Event::Died(dead));
        let (_, at) = stage.next_write();
        let waited = at.since(reported).as_millis();
        assert!(expected.contains(&waited), "{own}, {said}: {waited} ms");
    }
}

#[test]
fn i15_what_is_left_of_the_lease_is_never_lengthened() {
    let mut stage = standby(config_with_reaction(4500));
    let seen = stage.now - millis(100);
    stage.pass(millis(13_000));
    stage.tell(Event::Died(leader()));
    assert_eq!(deaths(&stage), 0, "there is nothing to shorten");
    let (_, at) = stage.next_write();
    let waited = at.since(seen).as_millis();
    assert!((15_000..15_300).contains(&waited), "{waited} ms");
}

/// Whose end is reported, and what is seen before it: none of it frees the seat.
#[test]
fn i15_the_end_of_another_process_frees_nothing() {
    let home = |uid: &str| {
        let (pod, uid) = ("bing".to_owned(), uid.to_owned());
        Some(Home { pod, uid, container: Some("hotseat".to_owned()), reaction: Duration::ZERO })
    };
    let others = [
        ("an earlier process of the pod", Incarnation { nonce: "0".to_owned(), ..leader() }),
        ("of another pod", Incarnation { site: "elsewhere".to_owned(), ..leader() }),
        ("one whose pod is known", Incarnation { home: home("1"), ..leader() }),
        ("its own", config().incarnation),
    ];
    for (what, dead) in others {
        let mut stage = standby(config());
        let seen = stage.now - millis(100);
        stage.tell(Event::Died(dead));
        assert_eq!(stage.told(|notice| matches!(notice, Notice::HolderDied { .. })), 0, "{what}");
        waits_it_out(&mut stage, seen, what);
    }
}

/// The process restarts in its pod and takes its own record over (I8); then the end of the one
/// before it is reported.
#[test]
fn i15_the_end_of_the_process_before_says_nothing_of_the_one_that_leads() {
    let mut stage = standby(config());
    let next = Incarnation { nonce: "2".to_owned(), ..leader() };
    let mark = Mark { incarnation: next, serial: 1, base: Some(Version("13".to_owned())) };
    let taken = Record { version: Version("14".to_owned()), mark: Some(mark), ..leading() };
    stage.sees(Lock::Present(Record { times: "by the next".to_owned(), ..taken }));
    let seen = stage.now;
    stage.tell(Event::Died(leader()));
    waits_it_out(&mut stage, seen, "the process before");
}

/// What the dead process had sent may arrive after it. The record is a new one, and so is the wait,
/// until its end is reported again.
#[test]
fn i15_a_write_that_outlives_its_process_is_waited_out_until_the_end_is_reported_again() {
    let mut stage = standby(config_with_reaction(3000));
    stage.tell(Event::Died(leader()));
    stage.pass(millis(1000));
    stage.sees(Lock::Present(marked("bing", 15, 4, 14, Some(13))));
    let seen = stage.now;
    stage.pass(millis(5000));
    assert_eq!(stage.writes(), []);
    stage.tell(Event::Died(leader()));
    let (write, at) = stage.next_write();
    assert_eq!(write.base, Base::Replace(Version("14".to_owned())));
    assert!(at.since(seen).as_millis() >= 8000, "{:?}", at.since(seen));
}

/// After a gap an earlier record of the dead process may have been put back over that of a leader
/// that was never seen here.
#[test]
fn i15_after_a_gap_a_death_frees_nothing() {
    for requested in [false, true] {
        let mut stage = Stage::new();
        let via = Via::Read { asked: stage.now, requested };
        stage.tell(Event::Observed { lock: Lock::Present(leading()), via });
        let seen = stage.now;
        stage.tell(Event::Died(leader()));
        assert_eq!(deaths(&stage), 0);
        waits_it_out(&mut stage, seen, "at the start");
    }
    let mut stage = standby(config());
    stage.reads(Lock::Present(Record { version: Version("15".to_owned()), ..leading() }));
    let seen = stage.now;
    stage.tell(Event::Died(leader()));
    waits_it_out(&mut stage, seen, "under another version");
}

/// The process is dead, but the record that names it is not its last: a hand wrote it there.
#[test]
fn i15_a_record_that_was_put_back_is_waited_out_though_its_writer_is_dead() {
    let put_back = || Record { times: "again".to_owned(), ..marked("bing", 15, 2, 14, Some(9)) };
    let mut stage = standby(config());
    stage.sees(Lock::Present(put_back()));
    let seen = stage.now;
    stage.tell(Event::Died(leader()));
    waits_it_out(&mut stage, seen, "over the leader's");
    let mut stage = Stage::new();
    stage.lead();
    stage.sees(Lock::Present(put_back()));
    assert!(!stage.leads());
    let seen = stage.now;
    stage.tell(Event::Died(leader()));
    waits_it_out(&mut stage, seen, "over the own");
}

/// A record that names nobody, or that a hand edited, is nobody's.
#[test]
fn i15_a_record_that_the_dead_process_does_not_hold_is_waited_out() {
    let mark = leading().mark;
    let records = [
        ("emptied", Record { holder: None, mark: mark.clone(), ..marked("", 15, 3, 14, Some(9)) }),
        ("without the mark", Record { mark: None, ..marked("bing", 15, 3, 14, None) }),
    ];
    for (what, record) in records {
        let mut stage = standby(config());
        stage.sees(Lock::Present(Record { times: "edited".to_owned(), ..record }));
        let seen = stage.now;
        stage.tell(Event::Died(leader()));
        waits_it_out(&mut stage, seen, what);
    }
}

/// A label that somebody edits meanwhile changes nothing of what the record promises.
#[test]
fn i15_an_edit_beside_the_seat_does_not_hide_a_death() {
    let mut stage = standby(config());
    stage.sees(Lock::Present(Record { version: Version("14".to_owned()), ..leading() }));
    stage.tell(Event::Died(leader()));
    let (write, _) = stage.next_write();
    assert_eq!(write.base, Base::Replace(Version("14".to_owned())));
}

/// A leader does not give up because some process is dead, nor for its own earlier one.
#[test]
fn i15_a_leader_goes_on() {
    let mut stage = Stage::new();
    stage.lead();
    stage.tell(Event::Died(leader()));
    stage.tell(Event::Died(config().incarnation));
    stage.tell(Event::Died(Incarnation { nonce: "0".to_owned(), ..config().incarnation }));
    assert!(stage.leads());
}

/// The figure in the large: who follows a process whose end is reported after half a second, and
/// when, at a lease of 15 s.
#[test]
fn i15_a_crash_costs_the_report_and_not_the_lease() {
    let mut world = World::new(7, Network::perfect());
    for name in ["a", "b", "c"] {
        let mut config = candidate(name, millis(1000));
        config.timing.reaction = millis(1000);
        world.add(config, by_rule(), 0);
    }
    (0..3).for_each(|index| world.start(index));
    world.run_for(millis(9500)).unwrap();
    let dead = world.leader().unwrap();
    world.kill(dead);
    let killed = world.now;
    world.run_for(millis(500)).unwrap();
    world.report_ends(dead, Duration::ZERO);
    while world.leader().is_none() {
        assert!(world.now.since(killed) < Duration::from_secs(60), "nobody follows");
        world.run_for(millis(1)).unwrap();
    }
    let took = world.now.since(killed).as_millis();
    assert!((1500..2000).contains(&took), "{took} ms");
    assert_ne!(world.leader(), Some(dead));
}
