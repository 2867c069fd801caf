use super::*;
use hotseat_kubernetes::{ROSTER_MOST, ROSTER_MOST_BYTES};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Noon by the wall's clock is 1,000 s by the local one.
fn at(seconds: u64) -> Now {
    let noon: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
    let wall = noon.checked_add(SignedDuration::from_secs(seconds.cast_signed())).unwrap();
    Now { moment: Moment::from_secs(1000 + seconds), wall }
}

/// A lock of 15 s that was renewed so many seconds after noon.
struct Lock {
    holder: &'static str,
    renewed: u64,
    annotations: Value,
    transitions: u64,
}

impl Lock {
    fn of(holder: &'static str, renewed: u64) -> Lock {
        Lock { holder, renewed, annotations: json!({}), transitions: 0 }
    }

    fn with(self, key: &str, value: &Value) -> Lock {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut annotations = self.annotations;
        annotations[key] = json!(text);
        Lock { annotations, ..self }
    }

    fn seen(&self, name: &str, version: u64) -> SeenLease {
        let renewed = format!("{:.6}", at(self.renewed).wall);
        // client-go's release: a second, and both times alike.
        let (seconds, acquired) = match self.holder {
            "" => (1, renewed.clone()),
            _ => (15, "2026-11-26T11:00:00.000000Z".to_owned()),
        };
        read(json!({
            "metadata": {
                "name": name, "namespace": "web", "uid": "u",
                "resourceVersion": version.to_string(), "annotations": self.annotations,
            },
            "spec": {
                "holderIdentity": self.holder, "leaseDurationSeconds": seconds,
                "acquireTime": acquired, "renewTime": renewed,
                "leaseTransitions": self.transitions,
            },
        }))
    }
}

fn read(object: Value) -> SeenLease {
    SeenLease::read(object).unwrap()
}

/// What a candidate publishes, written so many seconds after noon.
fn candidate(lease: &str, version: u64, written: u64, identity: &str, policy: Value) -> SeenLease {
    let said = json!({"election": "shop", "identity": identity, "policy": policy});
    entry(lease, version, written, &said)
}

fn entry(lease: &str, version: u64, written: u64, said: &Value) -> SeenLease {
    read(json!({
        "metadata": {
            "name": lease, "namespace": "web", "uid": "u", "resourceVersion": version.to_string(),
            "labels": {"hotseat.dev/roster": said["election"]},
            "annotations": {"hotseat.dev/candidate": said.to_string()},
        },
        "spec": {"renewTime": at(written).wall.to_string()},
    }))
}

fn fleet() -> Fleet {
    Fleet::new(at(0).moment)
}

fn shop() -> ElectionName {
    ElectionName::new("web", "shop")
}

fn one(fleet: &mut Fleet, now: u64, lease: SeenLease) {
    fleet.take(at(now), LeaseNews::One(lease));
}

fn gone(fleet: &mut Fleet, now: u64, name: &str) {
    let (namespace, name) = ("web".to_owned(), name.to_owned());
    fleet.take(at(now), LeaseNews::Gone { namespace, name });
}

/// Who led, and why, the oldest first.
fn story(fleet: &Fleet, now: u64) -> Vec<(String, String)> {
    let leaders = fleet.find(&shop()).unwrap().leaders(at(now));
    leaders.into_iter().map(|change| (change.name, change.why)).collect()
}

fn pairs<'a>(all: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect()
}

#[test]
fn each_change_has_the_reason_that_the_lock_shows() {
    let mut fleet = fleet();
    one(&mut fleet, 1, Lock::of("anna", 1).seen("shop", 1));
    let asks = json!({"to": "ben", "by": "ann", "until": "x"});
    one(&mut fleet, 2, Lock::of("anna", 1).with("hotseat.dev/transfer", &asks).seen("shop", 2));
    let left = Lock::of("", 3).with("hotseat.dev/successor", &json!("ben"));
    one(&mut fleet, 3, left.seen("shop", 3));
    one(&mut fleet, 4, Lock::of("ben", 4).seen("shop", 4));
    one(&mut fleet, 5, Lock::of("", 5).seen("shop", 5));
    one(&mut fleet, 6, Lock::of("cleo", 6).seen("shop", 6));
    one(&mut fleet, 7, Lock::of("dora", 7).seen("shop", 7));
    gone(&mut fleet, 8, "shop");
    assert_eq!(
        story(&fleet, 9),
        pairs(&[
            ("anna", "it holds the lock already"),
            ("", "anna handed over to ben, as ann asked"),
            ("ben", "the seat was left to it"),
            ("", "ben gave the seat up"),
            ("cleo", "it took the free seat"),
            ("dora", "it took the seat after cleo"),
            ("", "the lock was deleted"),
        ])
    );
    // The first has led for longer than anybody looked.
    let leaders = fleet.find(&shop()).unwrap().leaders(at(9));
    assert_eq!((leaders[0].ago_ms, leaders[1].ago_ms), (1_000_000 + 9_000, 6_000));
}

#[test]
fn a_lease_that_nobody_renews_runs_out_and_an_annotation_renews_none() {
    let mut fleet = fleet();
    one(&mut fleet, 1, Lock::of("anna", 1).seen("shop", 1));
    one(&mut fleet, 10, Lock::of("anna", 1).with("note", &json!("x")).seen("shop", 2));
    assert_eq!(fleet.pass(at(15)), at(16).moment);
    assert_eq!(fleet.find(&shop()).unwrap().leader(), "anna");
    assert_eq!(fleet.pass(at(16)), Moment::NEVER);
    assert_eq!(fleet.find(&shop()).unwrap().leader(), "");
    // Read anew as it was it has not been renewed.
    let leases = vec![Lock::of("anna", 1).with("note", &json!("x")).seen("shop", 2)];
    fleet.take(at(17), LeaseNews::All { leases, cut: false });
    assert_eq!(fleet.find(&shop()).unwrap().leader(), "");
    one(&mut fleet, 20, Lock::of("anna", 20).seen("shop", 3));
    assert_eq!(
        story(&fleet, 21)[1..],
        pairs(&[
            ("", "anna did not renew: its lease ran out"),
            ("anna", "it renewed its lease after all"),
        ])
    );
}

#[test]
fn what_ran_out_before_anybody_looked_is_no_leader() {
    let mut fleet = fleet();
    one(&mut fleet, 100, Lock::of("anna", 1).seen("shop", 1));
    assert_eq!(story(&fleet, 100), pairs(&[("", "anna did not renew: its lease ran out")]));
    // What is left of it counts, and no more; a clock that is ahead makes it no longer than it is.
    one(&mut fleet, 100, Lock::of("ben", 90).seen("bank", 1));
    one(&mut fleet, 100, Lock::of("cleo", 500).seen("mint", 1));
    let left = |name: &str| {
        let election = fleet.find(&ElectionName::new("web", name)).unwrap();
        election.lock().unwrap().remaining(at(100).moment).as_secs()
    };
    assert_eq!((left("bank"), left("mint")), (5, 15));
}

#[test]
fn a_list_tells_what_is_gone() {
    let mut fleet = fleet();
    one(&mut fleet, 1, Lock::of("anna", 1).seen("shop", 1));
    one(&mut fleet, 1, candidate("shop-1", 1, 1, "anna", Value::Null));
    one(&mut fleet, 1, candidate("shop-2", 2, 1, "ben", Value::Null));
    assert_eq!(fleet.elections().count(), 1, "a candidate's Lease is no election");
    assert_eq!(fleet.find(&shop()).unwrap().candidates.names(), ["anna", "ben"]);
    let leases = vec![candidate("shop-2", 2, 1, "ben", Value::Null)];
    fleet.take(at(2), LeaseNews::All { leases, cut: false });
    let election = fleet.find(&shop()).unwrap();
    assert!(election.lock().is_none() && election.candidates.names() == ["ben"]);
    // Nobody is left: it is remembered for an hour.
    gone(&mut fleet, 3, "shop-2");
    fleet.pass(at(2 + 3599));
    assert!(fleet.find(&shop()).is_some());
    fleet.pass(at(2 + 3600));
    assert!(fleet.find(&shop()).is_none());
}

/// By the entry's own time where it was written before anybody looked; the table of candidates has the rest.
#[test]
fn a_candidate_is_silent_three_minutes_after_its_entry_was_written() {
    let mut fleet = fleet();
    one(&mut fleet, 200, candidate("shop-1", 1, 10, "anna", Value::Null));
    one(&mut fleet, 200, candidate("shop-2", 1, 100, "ben", Value::Null));
    let names = |fleet: &Fleet| fleet.find(&shop()).unwrap().candidates.names().join(" ");
    assert_eq!(names(&fleet), "ben");
    assert_eq!(fleet.pass(at(279)), at(280).moment);
    one(&mut fleet, 279, Lock::of("ben", 279).seen("shop", 9));
    fleet.pass(at(280));
    assert_eq!(names(&fleet), "");
    one(&mut fleet, 282, candidate("shop-2", 2, 282, "ben", Value::Null));
    one(&mut fleet, 283, candidate("x-1", 1, 283, "ben", Value::Null));
    assert_eq!(names(&fleet), "ben");
    assert_eq!(fleet.find(&shop()).unwrap().candidates.roster(&shop(), at(283)).left_out, 1);
}

/// Whoever may make Leases could else fill the memory of whoever looks at them.
#[test]
fn what_candidates_say_is_bounded_in_bytes() {
    let mut fleet = fleet();
    let policy = json!({"digest": "d".repeat(250), "state": "s".repeat(250)});
    for number in 0..ROSTER_MOST {
        let wide = "v".repeat(250);
        let name = format!("anna-{number}");
        let said = json!({
            "election": "shop", "identity": name, "zone": wide, "version": wide, "policy": policy,
            "signals": [["one", "t".repeat(1000)], ["two", "t".repeat(1000)]],
        });
        one(&mut fleet, 1, entry(&format!("shop-{number}"), 1, 1, &said));
    }
    let election = fleet.find(&shop()).unwrap();
    let (kept, left_out) =
        (election.candidates.len(), election.candidates.roster(&shop(), at(1)).left_out);
    assert!((150..=ROSTER_MOST_BYTES / 3000).contains(&kept), "{kept}");
    assert_eq!(kept + left_out as usize, ROSTER_MOST);
}

#[test]
fn swaps_and_refusals_are_seen_with_their_stage() {
    let mut fleet = fleet();
    let policy = |digest: &str, state: &str, candidate: Option<&str>, why: Option<&str>| {
        let objection = why.map(|why| json!({"digest": candidate, "why": why}));
        json!({"digest": digest, "state": state, "candidate": candidate, "objection": objection})
    };
    let told = [
        policy("aa", "active", None, None),
        policy("aa", "compile", Some("bb"), None),
        policy("bb", "active", None, None),
        policy("bb", "refused", Some("cc"), Some("refused it at settings: no")),
        policy("aa", "restored", Some("bb"), Some("fell back from it")),
    ];
    for (second, policy) in (1..).zip(told) {
        one(&mut fleet, second, candidate("shop-1", second, second, "anna", policy));
    }
    let candidates = &fleet.find(&shop()).unwrap().candidates;
    let mut seen: Vec<_> = candidates
        .swaps()
        .map(|swap| (swap.stage.as_str(), swap.digest.as_str(), swap.why.as_deref()))
        .collect();
    seen.reverse();
    assert_eq!(
        seen,
        [
            ("compile", "bb", None),
            ("active", "bb", None),
            ("refused", "cc", Some("refused it at settings: no")),
            ("restored", "aa", Some("fell back from it")),
        ]
    );
    let failed: Vec<bool> = candidates.marks(at(9)).iter().map(|mark| mark.failed).collect();
    assert_eq!(failed, [false, true, false]);
}

#[test]
fn a_crowd_is_bounded() {
    let mut fleet = fleet();
    for number in 0..MOST as u64 + 10 {
        one(&mut fleet, 1, Lock::of("anna", 1).seen(&format!("shop-{number}"), number));
    }
    assert_eq!(fleet.elections().count(), MOST);
    assert!(fleet.is_cut());
    // A candidate takes room too, also in an election that is known.
    let said = json!({"election": "shop-0", "identity": "anna"});
    one(&mut fleet, 1, entry("candidate-0", 1, 1, &said));
    assert!(fleet.rosters.is_empty(), "{:?}", fleet.rosters);
}
