//! I7 among electors of other kinds: what their records, and client-go's releases, prove of whom.

use super::*;

/// Another elector's record, at that version.
fn held(by: &str, version: u64) -> Lock {
    let times = format!("written {version}");
    Lock::Present(Record { version: Version(version.to_string()), times, ..record(by, 15) })
}

/// What client-go leaves when it releases, at that version.
fn released(version: u64) -> Lock {
    let version = Version(version.to_string());
    Lock::Present(Record { released: true, version, times: "later".to_owned(), ..record("", 1) })
}

/// A candidate that has watched bing renew for longer than a lease, up to version 19: nobody else may believe.
fn after_a_lease() -> Stage {
    let mut stage = Stage::new();
    stage.starts_with(held("bing", 10));
    for version in 11..20 {
        stage.pass(millis(2000));
        stage.sees(held("bing", version));
    }
    stage.writes();
    stage
}

fn takes_at_once(stage: &mut Stage) {
    stage.pass(millis(25));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

fn takes_after_a_lease(stage: &mut Stage) {
    let end = stage.now + millis(14_800);
    while stage.now < end {
        stage.pass(millis(20));
        assert_eq!(stage.writes(), [], "{:?} too early", end.since(stage.now));
    }
    stage.pass(millis(300));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

#[test]
fn who_took_a_free_seat_releases_it_for_all() {
    let mut stage = Stage::new();
    stage.starts_with(Lock::Present(marked("bing", 15, 1, 10, None)));
    stage.sees(Lock::Present(Record { released: true, ..marked("", 1, 2, 11, Some(10)) }));
    stage.sees(held("carl", 12));
    stage.writes();
    stage.sees(released(13));
    takes_at_once(&mut stage);
}

/// The one before may not have seen it: its lease is waited out.
#[test]
fn who_took_a_held_seat_releases_it_for_itself_alone() {
    let mut stage = after_a_lease();
    stage.sees(held("carl", 20));
    stage.sees(released(21));
    takes_after_a_lease(&mut stage);
}

/// Others may have held it in between, and one of them may not have seen its successor.
#[test]
fn after_a_gap_a_release_is_of_its_holder_alone() {
    let mut stage = after_a_lease();
    stage.starts_with(held("bing", 30));
    stage.sees(released(31));
    takes_after_a_lease(&mut stage);
}

/// As the one who is seen all the time: nobody held it in between.
#[test]
fn without_a_gap_a_release_is_of_the_only_one() {
    let mut stage = after_a_lease();
    stage.sees(released(20));
    takes_at_once(&mut stage);
}
