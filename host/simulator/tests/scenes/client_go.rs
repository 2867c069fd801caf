//! client-go's case matrix (`leaderelection_test.go`: self is baz, the other is bing), as far as it
//! speaks of the algorithm: what is written, and when.

use super::*;

#[test]
fn case_1_no_object_is_created_with_no_transition() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    stage.pass(millis(25));
    let write = stage.one_write();
    assert_eq!((write.base.clone(), write.transitions), (Base::Create, 0));
    stage.succeeds(&write, 11);
    assert!(stage.leads());
}

/// Here Hotseat differs: client-go takes an object without a record at once. A hand may have
/// emptied it while its holder still leads, and a candidate that has just started cannot know.
#[test]
fn case_2_an_object_without_a_record_is_waited_out() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("", 0)));
    stage.pass(millis(14_990));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(50));
    let write = stage.one_write();
    assert_eq!(write.base, Base::Replace(Version("10".to_owned())));
    assert_eq!(write.transitions, 1);
}

/// Here Hotseat differs: a shorter duration than the own one counts only if the holder provably
/// wrote it. Another elector's record proves nothing, so a hand may have shortened it.
#[test]
fn case_3_the_records_duration_counts_where_the_holder_wrote_it() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 3)));
    stage.pass(millis(14_990));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(50));
    assert_eq!(stage.one_write().transitions, 1);

    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(marked("bing", 15, 1, 10, None)));
    stage.pass(millis(100));
    stage.sees(Lock::Present(marked("bing", 3, 2, 11, Some(10))));
    stage.pass(millis(2990));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(50));
    assert_eq!(stage.one_write().transitions, 1);
}

#[test]
fn cases_4_and_6_a_seat_that_its_holder_gave_up_is_taken_at_once() {
    // By another elector, whose candidate was watched for a lease.
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    for version in 11..20 {
        stage.pass(millis(2000));
        let times = version.to_string();
        let version = Version(version.to_string());
        stage.sees(Lock::Present(Record { version, times, ..record("bing", 15) }));
    }
    let released = Record {
        released: true,
        version: Version("20".to_owned()),
        times: "later".to_owned(),
        ..record("", 1)
    };
    stage.sees(Lock::Present(released));
    stage.pass(millis(25));
    assert_eq!(stage.one_write().transitions, 1);

    // By a Hotseat.
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(marked("bing", 15, 1, 10, None)));
    stage.pass(millis(100));
    let released = Record { released: true, ..marked("", 1, 2, 11, Some(10)) };
    stage.sees(Lock::Present(released));
    stage.pass(millis(25));
    assert_eq!(stage.one_write().transitions, 1);
}

#[test]
fn case_5_a_record_that_was_observed_long_ago_is_taken() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    for _ in 0..16 {
        stage.pass(millis(1000));
        stage.reads(Lock::Present(record("bing", 15)));
    }
    assert_eq!(stage.one_write().transitions, 1);
}

#[test]
fn case_7_a_fresh_record_is_left_alone_and_its_holder_reported() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(record("bing", 15)));
    assert_eq!(stage.told(|notice| *notice == Notice::LeaderChanged("bing".to_owned())), 1);
    stage.pass(millis(14_900));
    assert_eq!(stage.writes(), []);
    assert_eq!(stage.view.leader(stage.now), "bing");
}

/// Here Hotseat differs: client-go takes any record of its own name at once. A name proves
/// nothing, and an old record may have been put back. Only the very version that the dead process
/// of this site wrote last is taken at once; the transitions stay as they are in both.
#[test]
fn case_8_an_own_name_is_taken_at_once_only_from_a_dead_process_of_the_same_site() {
    let mark = |site: &str| {
        let incarnation = Incarnation { site: site.to_owned(), nonce: "0".to_owned(), home: None };
        Some(Mark { incarnation, serial: 9, base: Some(Version("9".to_owned())) })
    };
    let note = |version: &str| {
        Some(LastWrite { uid: "uid".to_owned(), version: Version(version.to_owned()) })
    };
    let mine = |mark| Lock::Present(Record { transitions: 7, mark, ..record("baz", 15) });
    let mut stage = Stage::with(Config { predecessor: note("10"), ..config() });
    stage.starts_with(mine(mark("here")));
    stage.pass(millis(25));
    assert_eq!(stage.one_write().transitions, 7);

    for (mark, note) in [
        (mark("here"), None),
        (mark("here"), note("9")),
        (mark("elsewhere"), note("10")),
        (None, note("10")),
    ] {
        let mut stage = Stage::with(Config { predecessor: note, ..config() });
        stage.starts_with(mine(mark));
        stage.pass(millis(14_990));
        assert_eq!(stage.writes(), []);
        assert_eq!(
            stage.view.leader(stage.now),
            "",
            "the own name is not given for another process"
        );
        // The read of a silent watch comes in between.
        let seen = stage.view.seen.clone();
        stage.pass(millis(40));
        assert!(seen.is_some_and(|seen| seen.foreign));
        assert_eq!(stage.one_write().transitions, 7);
    }
}

#[test]
fn cases_11_to_13_a_release_empties_the_record_and_is_retried_after_a_conflict() {
    let mut stage = Stage::new();
    stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    assert!(!stage.leads());
    let release = stage.one_write();
    assert_eq!((release.purpose, release.holder.clone()), (Purpose::Release, None));
    assert_eq!(release.duration, Duration::from_secs(1));
    stage.fails(&release, Outcome::Conflict);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Read { .. })));
    // Somebody only edited a label: the record is still this process's.
    let mine = stage.view.seen.clone().unwrap();
    assert!(!mine.foreign);
    let relabelled = Stage::stored(&first_write(), 14);
    stage.sees(Lock::Present(relabelled.clone()));
    stage.reads(Lock::Present(relabelled));
    let again = stage.one_write();
    assert_eq!(again.base, Base::Replace(Version("14".to_owned())));
    stage.succeeds(&again, 15);
    assert!(stage.effects.contains(&Effect::Finished));
    assert_eq!(stage.told(|notice| *notice == Notice::Released), 1);
}

/// What the first acquiring write of a stage looks like.
fn first_write() -> Write {
    let mut stage = Stage::new();
    Write { transitions: 0, ..stage.lead() }
}

#[test]
fn case_14_a_stop_during_a_write_still_releases() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Absent(None));
    stage.pass(millis(25));
    let acquire = stage.one_write();
    stage.tell(Event::Stop);
    assert_eq!(stage.writes(), [], "one operation at a time");
    stage.succeeds(&acquire, 11);
    assert!(!stage.leads(), "a stopping candidate does not begin to lead");
    let release = stage.one_write();
    assert_eq!(release.purpose, Purpose::Release);
    assert_eq!(release.base, Base::Replace(Version("11".to_owned())));
    stage.succeeds(&release, 12);
    assert!(stage.effects.contains(&Effect::Finished));
}

#[test]
fn case_15_a_stop_during_a_read_still_releases() {
    let mut stage = Stage::new();
    let acquire = stage.lead();
    stage.pass(millis(2000));
    let renewal = stage.one_write();
    stage.fails(&renewal, Outcome::TimedOut);
    stage.effects.clear();
    stage.tell(Event::Stop);
    assert_eq!(stage.writes(), []);
    stage.reads(Lock::Present(Stage::stored(&acquire, 11)));
    let release = stage.one_write();
    assert_eq!(release.purpose, Purpose::Release);
}

#[test]
fn cases_17_and_18_renewals_write_with_the_version_at_hand_and_read_only_after_a_conflict() {
    let mut stage = Stage::new();
    let acquire = stage.lead();
    stage.pass(millis(2000));
    let renewal = stage.one_write();
    assert_eq!(renewal.base, Base::Replace(Version("11".to_owned())));
    stage.fails(&renewal, Outcome::Conflict);
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Read { .. })));
    stage.reads(Lock::Present(Record {
        version: Version("13".to_owned()),
        ..Stage::stored(&acquire, 11)
    }));
    stage.pass(millis(2000));
    assert_eq!(stage.one_write().base, Base::Replace(Version("13".to_owned())));
    assert!(stage.leads());
}

/// I6: the application may still act on the last answer of the dead process before, which this one
/// followed at once.
#[test]
fn i6_a_term_that_begins_during_the_stop_is_drained_before_its_release() {
    let note = LastWrite { uid: "uid".to_owned(), version: Version("10".to_owned()) };
    let drain = Duration::from_secs(3);
    let mut stage = Stage::with(Config { predecessor: Some(note), drain, ..config() });
    let incarnation = Incarnation { site: "here".to_owned(), nonce: "0".to_owned(), home: None };
    // It replaced another record: of one that created the lock, its death would prove nothing.
    let mark = Some(Mark { incarnation, serial: 9, base: Some(Version("9".to_owned())) });
    let seen = stage.now;
    stage.starts_with(Lock::Present(Record { mark, ..record("baz", 15) }));
    let (acquire, sent) = stage.next_write();
    assert!(sent.since(seen) < millis(100), "followed only {:?} later", sent.since(seen));
    stage.tell(Event::Stop);
    stage.pass(millis(10));
    stage.succeeds(&acquire, 11);
    stage.pass((sent + drain).since(stage.now) - millis(1));
    assert_eq!(stage.writes(), []);
    stage.pass(millis(100));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}
