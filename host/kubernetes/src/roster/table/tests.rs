use super::super::codec;
use super::*;

fn at(seconds: u64) -> Moment {
    Moment::at(Duration::from_secs(seconds))
}

fn table() -> Table {
    Table::of_others("web-0", "shop-0")
}

fn entry(identity: &str, lag: i64) -> Entry {
    let signals =
        vec![("lag".to_owned(), Value::Integer(lag)), ("a".to_owned(), Value::Flag(true))];
    Entry { identity: identity.to_owned(), signals, ..Entry::default() }
}

/// Seen at a moment as it was just written.
fn seen(now: u64, lease: &str, version: u32, entry: &Entry) -> Seen {
    let said = codec::read("shop", &codec::write("shop", entry).0);
    Seen { said: Some(said), ..taken_back(now, lease, version) }
}

fn taken_back(now: u64, lease: &str, version: u32) -> Seen {
    let version = ("u".to_owned(), version.to_string());
    Seen { lease: lease.to_owned(), version, at: at(now), said: None }
}

fn take(table: &mut Table, now: u64, lease: &str, version: u32, entry: &Entry) -> Option<Entry> {
    table.take(at(now), seen(now, lease, version, entry))
}

fn names(table: &Table) -> Vec<&str> {
    table.listed().into_iter().map(|one| one.entry.identity.as_str()).collect()
}

#[test]
fn a_candidate_is_as_old_as_its_last_change_and_a_signal_as_its_value() {
    let mut table = table();
    assert_eq!(take(&mut table, 10, "shop-1", 1, &entry("web-1", 5)), None);
    let before = take(&mut table, 70, "shop-1", 2, &entry("web-1", 6));
    assert_eq!(before, Some(entry("web-1", 5)));
    // Read anew, as after a watch that broke: nothing is younger for that.
    table.take_all(at(80), vec![seen(80, "shop-1", 2, &entry("web-1", 6))]);
    let listed = table.find("shop-1").unwrap();
    assert_eq!((listed.at, &listed.since), (at(70), &vec![at(70), at(10)]));
}

#[test]
fn who_is_silent_for_three_minutes_is_left_out_and_may_come_back() {
    let mut table = table();
    take(&mut table, 10, "shop-1", 1, &entry("web-1", 5));
    take(&mut table, 100, "shop-2", 1, &entry("web-2", 5));
    assert_eq!(table.forget(at(189)), at(190));
    assert_eq!(names(&table), ["web-1", "web-2"]);
    assert_eq!(table.forget(at(190)), at(280));
    assert_eq!(names(&table), ["web-2"]);
    // Read anew it is as silent as before.
    let still = seen(195, "shop-1", 1, &entry("web-1", 5));
    table.take_all(at(195), vec![still, seen(195, "shop-2", 1, &entry("web-2", 5))]);
    assert_eq!(names(&table), ["web-2"]);
    // What it said before it fell silent is not what it said just before.
    assert_eq!(take(&mut table, 200, "shop-1", 2, &entry("web-1", 5)), None);
    assert_eq!(names(&table), ["web-1", "web-2"]);
    assert_eq!(table.forget(at(500)), Moment::NEVER);
}

/// Whoever looks for the first time knows from the entry itself when it was written.
#[test]
fn an_entry_that_was_written_long_ago_is_silent_at_once() {
    let mut table = Table::default();
    let old =
        |now, version| Seen { at: at(20), ..seen(now, "shop-1", version, &entry("web-1", 5)) };
    table.take(at(199), old(199, 1));
    assert_eq!(table.forget(at(199)), at(200), "from when it was written");
    table.take(at(210), old(210, 2));
    assert_eq!(names(&table), [""; 0]);
    table.take(at(211), old(211, 2));
    assert_eq!((names(&table).len(), table.left_out().len()), (0, 0), "silent, and not refused");
    take(&mut table, 212, "shop-1", 3, &entry("web-1", 5));
    assert_eq!(names(&table), ["web-1"]);
}

#[test]
fn who_takes_itself_back_or_is_not_read_any_more_is_gone() {
    let mut table = table();
    for number in 1..4 {
        take(&mut table, 1, &format!("shop-{number}"), 1, &entry(&format!("web-{number}"), 0));
    }
    table.take_out("shop-1");
    table.take(at(2), taken_back(2, "shop-2", 2));
    assert_eq!(names(&table), ["web-3"]);
    table.take_all(at(3), Vec::new());
    assert!(table.is_empty());
}

#[test]
fn forged_entries_are_left_out_with_the_reason() {
    let mut table = table();
    take(&mut table, 1, "shop-1", 1, &entry("web-1", 0));
    for (lease, said, why) in [
        ("x-1", seen(2, "x-1", 1, &entry("web-0", 0)).said, "own name"),
        ("x-2", seen(2, "x-2", 1, &entry("web-1", 0)).said, "another candidate's name"),
        ("x-3", Some(Err("EOF".to_owned())), "EOF"),
    ] {
        table.take(at(2), Seen { said, ..taken_back(2, lease, 1) });
        assert!(table.left_out()[lease].contains(why), "{:?}", table.left_out());
    }
    assert_eq!(names(&table), ["web-1"]);
    // The own Lease is no other candidate, whatever it says.
    take(&mut table, 2, "shop-0", 1, &entry("web-9", 0));
    assert_eq!((table.len(), table.left_out().len()), (1, 3));
    // One that becomes unreadable does not stay as it was.
    table.take(at(3), Seen { said: Some(Err("no".to_owned())), ..taken_back(3, "shop-1", 2) });
    assert!(table.is_empty());
    take(&mut table, 4, "x-2", 2, &entry("web-1", 0));
    assert_eq!(names(&table), ["web-1"]);
    assert!(!table.left_out().contains_key("x-2"), "{:?}", table.left_out());
}

#[test]
fn to_who_does_not_campaign_all_candidates_are_others() {
    let mut table = Table::default();
    take(&mut table, 1, "shop-0", 1, &entry("web-0", 0));
    take(&mut table, 1, "shop-1", 1, &entry("", 0));
    assert_eq!(names(&table), ["web-0"]);
    assert!(table.left_out()["shop-1"].contains("identity"), "{:?}", table.left_out());
}

#[test]
fn a_crowd_of_entries_is_bounded_in_number_and_size() {
    let mut table = table();
    let crowd = |table: &mut Table, now, value: &str| {
        for number in 0..2 * MOST_ENTRIES {
            let signals = vec![("a".to_owned(), Value::Text(value.to_owned())); 8];
            let identity = format!("web-{now}-{number}");
            let entry = Entry { identity, signals, ..Entry::default() };
            take(table, now, &format!("x-{now}-{number}"), 1, &entry);
        }
    };
    crowd(&mut table, 1, "");
    assert_eq!((table.len(), table.left_out().len()), (MOST_ENTRIES, MOST_ENTRIES));
    // Those that fell silent make room.
    crowd(&mut table, 200, &"x".repeat(1000));
    let entries = table.listed();
    let bytes: usize = entries.iter().map(|it| codec::write("shop", &it.entry).0.len()).sum();
    assert!(bytes <= MOST_BYTES && entries.len() > 50, "{} of {bytes} bytes", entries.len());
    // One that is there already may change, and its own size does not count twice.
    let first = entries[0].entry.clone();
    let lease = first.identity.replace("web", "x");
    assert_eq!(take(&mut table, 201, &lease, 2, &first), Some(first));
}

/// Whatever is remembered of Leases that are not listed has a bound too.
#[test]
fn what_is_remembered_of_those_that_are_left_out_is_bounded() {
    let mut table = table();
    for round in 0..3 {
        let now = 1 + 200 * round;
        for number in 0..MOST_ENTRIES {
            let name = format!("{round}-{number}");
            take(&mut table, now, &name, 1, &entry(&name, 0));
            let unreadable = Some(Err("no".to_owned()));
            table.take(
                at(now),
                Seen { said: unreadable, ..taken_back(now, &format!("x{name}"), 1) },
            );
        }
    }
    assert_eq!((table.len(), table.silent.len()), (MOST_ENTRIES, MOST_ENTRIES));
    assert_eq!(table.left_out().len(), MOST_ENTRIES);
}
