//! I7, edit by edit: what is not proof begins a full wait, by a candidate that saw the leader's
//! record a moment before, by one that has just started, and by one that was cut off.

use super::*;

/// The leader's record as its third write left it, at version 13.
fn leading() -> Record {
    marked("bing", 15, 3, 13, Some(12))
}

/// What a hand leaves of it, at version 14: the mark no longer fits.
fn edited(edit: impl FnOnce(&mut Record)) -> Lock {
    let mut record = Record { version: Version("14".to_owned()), mark: None, ..leading() };
    edit(&mut record);
    Lock::Present(record)
}

fn edits() -> Vec<(&'static str, Lock)> {
    let emptied = |record: &mut Record| {
        record.holder = None;
        record.released = true;
        record.duration = Some(Duration::from_secs(1));
        record.times = "now now".to_owned();
    };
    vec![
        (
            "the spec is gone",
            edited(|record| {
                record.holder = None;
                record.duration = None;
                record.times.clear();
                record.transitions = 0;
            }),
        ),
        ("the duration is 1 s", edited(|record| record.duration = Some(Duration::from_secs(1)))),
        ("the duration is gone", edited(|record| record.duration = None)),
        (
            "holder and duration are gone",
            edited(|record| {
                record.holder = None;
                record.duration = None;
            }),
        ),
        (
            "the holder is gone, the duration 1 s",
            edited(|record| {
                record.holder = None;
                record.duration = Some(Duration::from_secs(1));
            }),
        ),
        ("the times are gone", edited(|record| record.times.clear())),
        ("the mark alone is gone", edited(|_| {})),
        ("the renew time alone is another", edited(|record| record.times = "edited".to_owned())),
        ("another is named", edited(|record| record.holder = Some("bar".to_owned()))),
        ("client-go's release over it", edited(emptied)),
        ("an older record is back", Lock::Present(marked("bing", 15, 2, 14, Some(9)))),
        ("an older record of 1 s is back", Lock::Present(marked("bing", 1, 2, 14, Some(9)))),
        (
            "an older release is back",
            Lock::Present(Record { released: true, ..marked("", 1, 2, 14, Some(9)) }),
        ),
        (
            "the object was replaced",
            Lock::Present(Record { uid: "other".to_owned(), ..marked("bar", 1, 1, 14, None) }),
        ),
        ("the object is gone", Lock::Absent(Some(Version("14".to_owned())))),
    ]
}

/// Nobody takes the seat within a lease of the sight.
fn waits(stage: &mut Stage, edit: &str) {
    let seen = stage.now;
    stage.writes();
    while stage.now.since(seen) < millis(14_900) {
        stage.pass(millis(20));
        for write in stage.writes() {
            assert_eq!(
                write.purpose,
                Purpose::Reserve,
                "{edit}: taken {:?}",
                stage.now.since(seen)
            );
            stage.fails(&write, Outcome::Denied);
        }
    }
}

/// And takes it then, unless it is to be put back first.
fn then_takes(stage: &mut Stage, edit: &str) {
    let missing = matches!(stage.lock, Some(Lock::Absent(_)));
    stage.pass(millis(800));
    let taken = stage.writes().iter().any(|write| write.purpose == Purpose::Acquire);
    assert!(taken || missing, "{edit}: never taken");
}

#[test]
fn i7_an_edit_is_waited_out_by_whoever_saw_the_leader_a_moment_before() {
    for (edit, lock) in edits() {
        let mut stage = Stage::new();
        stage.starts_with(Lock::Present(marked("bing", 15, 2, 12, Some(11))));
        stage.pass(millis(2000));
        stage.sees(Lock::Present(leading()));
        // Long enough that a wait from the leader's record would be over too soon.
        stage.pass(millis(500));
        stage.sees(lock);
        waits(&mut stage, edit);
        then_takes(&mut stage, edit);
    }
}

#[test]
fn i7_an_edit_is_waited_out_by_whoever_has_just_started() {
    for (edit, lock) in edits() {
        if matches!(lock, Lock::Absent(_)) {
            // A missing lock is a new election to it: docs/limits.md names that.
            continue;
        }
        let mut stage = Stage::new();
        stage.starts_with(lock);
        waits(&mut stage, edit);
        then_takes(&mut stage, edit);
    }
}

#[test]
fn i7_an_edit_is_waited_out_by_whoever_was_cut_off_for_a_lease() {
    for (edit, lock) in edits() {
        let mut stage = Stage::new();
        stage.answers = false;
        stage.starts_with(Lock::Present(marked("bar", 15, 1, 5, None)));
        stage.pass(millis(60_000));
        stage.answers = true;
        stage.starts_with(lock);
        waits(&mut stage, edit);
        then_takes(&mut stage, edit);
    }
}

/// A record that equals what was seen last, in another version, after a gap: its holder may have
/// renewed between, and it may have been put back.
#[test]
fn i7_the_same_record_after_a_gap_begins_a_new_wait() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(leading()));
    stage.answers = false;
    stage.lock = None;
    stage.pass(millis(14_000));
    stage.answers = true;
    stage.starts_with(Lock::Present(Record { version: Version("20".to_owned()), ..leading() }));
    waits(&mut stage, "the same record");
}

/// The price of that must not be that a controller which labels the object each second keeps a
/// dead leader's seat empty for ever.
#[test]
fn i7_an_edit_beside_the_seat_does_not_begin_the_wait_anew() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(leading()));
    for version in 14..29 {
        assert_eq!(stage.writes(), []);
        let version = Version(version.to_string());
        stage.sees(Lock::Present(Record { version, ..leading() }));
        stage.pass(millis(1000));
    }
    stage.pass(millis(50));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

/// A true release right after the start: the leader's renewal on the version seen first proves that
/// it leads, so that its release on the next one proves that nobody does.
#[test]
fn i7_a_true_release_is_taken_at_once_soon_after_the_start() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(leading()));
    stage.pass(millis(500));
    stage.sees(Lock::Present(Record { released: true, ..marked("", 1, 4, 14, Some(13)) }));
    stage.pass(millis(25));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

/// An old release that is put back names an older version as its base.
/// Whom a hand names over a Hotseat's record may have led, and so may anybody else: that it gives up says
/// nothing of them.
#[test]
fn i7_the_release_of_whoever_a_hand_named_is_waited_out() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(leading()));
    stage.pass(millis(3_000));
    stage.sees(edited(|record| record.holder = Some("bar".to_owned())));
    stage.pass(millis(1_000));
    let released = Record { released: true, ..record("", 1) };
    stage.sees(Lock::Present(Record { version: Version("15".to_owned()), ..released }));
    assert_eq!(sight::last_seat(&mut stage).free_in, 14_000);
}

#[test]
fn i7_an_old_release_over_a_successor_is_no_proof() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(leading()));
    stage.pass(millis(500));
    stage.sees(Lock::Present(Record { released: true, ..marked("", 1, 4, 14, Some(12)) }));
    waits(&mut stage, "an old release");
}

/// A leader whose annotation is removed, or whose renew time is edited, believed until it saw
/// that, so that nobody else can: it goes on at once, in a new term.
#[test]
fn i7_a_leader_whose_record_was_edited_goes_on_at_once() {
    for (edit, lock) in edits() {
        let named = lock.record().and_then(|record| record.holder.clone());
        if named.is_some_and(|name| name != "bing") || matches!(lock, Lock::Absent(_)) {
            // One that names another elector makes that one lead; a missing one has scenes of its
            // own.
            continue;
        }
        let mut stage = Stage::with(Config { identity: "bing".to_owned(), ..config() });
        stage.lead();
        // The host's own pace of writes is another matter.
        stage.pass(millis(600));
        stage.sees(lock);
        assert!(!stage.leads(), "{edit}: what is read may end belief, never keep it");
        stage.pass(millis(60));
        let writes = stage.writes();
        let [acquire] = writes.as_slice() else { panic!("{edit}: {writes:?}") };
        assert_eq!(
            (acquire.purpose, acquire.token),
            (Purpose::Acquire, Fencing::New(Token(2))),
            "{edit}"
        );
        stage.succeeds(acquire, 15);
        assert!(stage.leads());
    }
}

/// A record that names another is waited out even by the leader: an elector of another kind that
/// reads its name leads.
#[test]
fn i7_a_leader_whose_record_names_another_waits() {
    let mut stage = Stage::new();
    stage.lead();
    stage.sees(edited(|record| record.holder = Some("bar".to_owned())));
    waits(&mut stage, "another is named");
}

/// I8: the death of an earlier process of this site ends the promise to it, and to nobody else.
#[test]
fn i8_a_dead_predecessors_old_record_frees_nothing() {
    let incarnation = Incarnation { site: "here".to_owned(), nonce: "0".to_owned(), home: None };
    let note = LastWrite { uid: "uid".to_owned(), version: Version("9".to_owned()) };
    let mut stage = Stage::with(Config { predecessor: Some(note), ..config() });
    stage.starts_with(Lock::Present(leading()));
    stage.pass(millis(500));
    let old = Record {
        version: Version("14".to_owned()),
        mark: Some(Mark { incarnation, serial: 1, base: Some(Version("8".to_owned())) }),
        ..record("baz", 15)
    };
    stage.sees(Lock::Present(old));
    waits(&mut stage, "the dead predecessor's record");
}

/// I8: so does what it created, though it stands under the version that it noted. The lock was missing,
/// because somebody deleted it under a leader that may still believe: what the dead process put back, or
/// created by a request that was late, it had to wait out itself.
#[test]
fn i8_what_a_dead_predecessor_created_frees_nothing() {
    for holder in [Some("baz".to_owned()), None] {
        let incarnation =
            Incarnation { site: "here".to_owned(), nonce: "0".to_owned(), home: None };
        let note = LastWrite { uid: "uid".to_owned(), version: Version("14".to_owned()) };
        let mut stage = Stage::with(Config { predecessor: Some(note), ..config() });
        let created = Record {
            version: Version("14".to_owned()),
            mark: Some(Mark { incarnation, serial: 1, base: None }),
            holder,
            ..record("baz", 15)
        };
        stage.starts_with(Lock::Present(created));
        waits(&mut stage, "what the dead predecessor created");
    }
}

/// A leader that heard nothing for longer than a lease, and its acquiring write, at version 11.
fn a_leader_that_was_cut_off() -> (Stage, Write) {
    let mut stage = Stage::new();
    let write = stage.lead();
    stage.answers = false;
    stage.lock = None;
    stage.pass(millis(40_000));
    stage.answers = true;
    stage.writes();
    (stage, write)
}

/// I14: the record of this living process, put back after it missed its successor, is waited out.
#[test]
fn i14_an_own_record_under_another_version_is_waited_out() {
    let (mut stage, write) = a_leader_that_was_cut_off();
    let copy = Record { version: Version("30".to_owned()), ..Stage::stored(&write, 11) };
    stage.starts_with(Lock::Present(copy));
    waits(&mut stage, "the own record");
}

/// I14: so is that of a write whose answer is still awaited when it can give no belief any more.
#[test]
fn i14_an_awaited_record_under_another_version_is_waited_out() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(marked("bing", 15, 1, 10, None)));
    stage.sees(Lock::Present(Record { released: true, ..marked("", 1, 2, 11, Some(10)) }));
    let (acquire, sent) = stage.next_write();
    stage.sees(Lock::Present(Stage::stored(&acquire, 12)));
    // The process stands still, another takes over, and a hand puts this one's record back.
    stage.now = sent + Duration::from_secs(16);
    stage.starts_with(Lock::Present(Stage::stored(&acquire, 14)));
    stage.succeeds(&acquire, 12);
    assert!(!stage.leads());
    stage.lock = Some(Lock::Present(Stage::stored(&acquire, 14)));
    waits(&mut stage, "the awaited record");
}

/// I14: under the very version that it wrote, it goes on with the term.
#[test]
fn i14_an_own_record_under_its_own_version_continues_the_term() {
    let (mut stage, write) = a_leader_that_was_cut_off();
    stage.starts_with(Lock::Present(Stage::stored(&write, 11)));
    stage.pass(millis(2500));
    let renewal = stage.one_write();
    // A token of its own: what the store reports may be older than what it reported.
    assert_eq!((renewal.purpose, renewal.token), (Purpose::Renew, Fencing::New(Token(2))));
}

/// A release that may have landed ends what this process knows: its own record under a new version
/// may have been put back over a successor's.
#[test]
fn i14_nothing_is_released_twice_on_a_record_that_was_put_back() {
    let mut stage = Stage::new();
    let write = stage.lead();
    stage.effects.clear();
    stage.tell(Event::Stop);
    let release = stage.one_write();
    stage.fails(&release, Outcome::TimedOut);
    stage.reads(Lock::Present(Record {
        version: Version("15".to_owned()),
        ..Stage::stored(&write, 11)
    }));
    stage.pass(millis(5000));
    assert_eq!(stage.writes(), [], "a release of another's term");
}

/// I9: tokens grow whatever the object says of itself.
#[test]
fn i9_a_new_term_has_a_larger_token_than_any_seen() {
    let lost = |transitions| Record {
        version: Version("14".to_owned()),
        transitions,
        token: Token(0),
        ..record("bing", 15)
    };
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(Record { token: Token(41), transitions: 5, ..leading() }));
    stage.sees(Lock::Present(lost(0)));
    stage.pass(millis(15_100));
    let write = stage.one_write();
    assert_eq!((write.token, write.transitions), (Fencing::New(Token(42)), 6));
    // Every JSON parser keeps the largest one whole.
    assert_eq!(Token::LARGEST.0, 9_007_199_254_740_991);
}

/// The API stores transitions in 32 bits, and refuses more.
#[test]
fn i9_transitions_stay_at_what_the_api_can_store() {
    let most = i32::MAX as u64;
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(Record { transitions: most, ..record("bing", 15) }));
    stage.pass(millis(15_100));
    assert_eq!(stage.one_write().transitions, most);
}
