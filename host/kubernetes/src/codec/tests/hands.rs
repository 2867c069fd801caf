//! Any record that a hand can write gives a promise no shorter than before.

use super::*;
use hotseat_core::config::{Config, Timing};
use hotseat_core::elector::Elector;
use hotseat_core::event::{Effect, Event, Via};
use hotseat_core::lock::Lock;
use proptest::prelude::*;

const LEASE: u64 = 15_000;

/// A leader's first writes as a server stores them, each on the version before it.
fn history(kind: LockKind) -> Vec<DynamicObject> {
    let mut objects: Vec<DynamicObject> = Vec::new();
    for serial in 1..=4_u64 {
        let base = objects.last().cloned();
        let version = |object: &DynamicObject| object.metadata.resource_version.clone();
        let purpose = if serial == 1 { Purpose::Acquire } else { Purpose::Renew };
        let mut write = write(purpose, Some("leader"));
        write.mark.serial = serial;
        write.mark.base = base.as_ref().and_then(version).map(Version);
        let second = i64::try_from(serial).unwrap();
        let at = now().checked_add(jiff::SignedDuration::from_secs(second * 2)).unwrap();
        let mut object = stored(encode(kind, "shop", base.as_ref(), &write, &none(), at));
        object.metadata.resource_version = Some((10 + serial).to_string());
        objects.push(object);
    }
    objects
}

/// What a hand may put into a field.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!("2026-11-22T08:00:08.123456Z")),
        any::<i64>().prop_map(|number| json!(number)),
        (0_u64..40).prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
        "[a-z]{0,8}".prop_map(|text| json!(text)),
    ]
}

#[derive(Clone, Debug)]
enum Edit {
    Field(&'static str, Value),
    Seat(Value),
    Text(String),
    Unmarked,
    Mark(String),
    Label,
    Another(String),
    Earlier(usize),
    ClientGoRelease,
}

fn edit() -> impl Strategy<Value = Edit> {
    let field = prop::sample::select(vec![
        "holderIdentity",
        "leaseDurationSeconds",
        "acquireTime",
        "renewTime",
        "leaseTransitions",
        "leaderTransitions",
        "preferredHolder",
    ]);
    prop_oneof![
        4 => (field, anything()).prop_map(|(field, value)| Edit::Field(field, value)),
        1 => anything().prop_map(Edit::Seat),
        1 => "[ -~]{0,40}".prop_map(Edit::Text),
        1 => Just(Edit::Unmarked),
        1 => "[ -~]{0,40}".prop_map(Edit::Mark),
        1 => Just(Edit::Label),
        1 => "[a-z]{1,8}".prop_map(Edit::Another),
        1 => (0_usize..3).prop_map(Edit::Earlier),
        1 => Just(Edit::ClientGoRelease),
    ]
}

/// The seat's fields as JSON, for a hand.
fn seat(kind: LockKind, object: &DynamicObject) -> Value {
    if !kind.is_annotated() {
        return object.data["spec"].clone();
    }
    let text = object.metadata.annotations.as_ref().and_then(|all| all.get(LEADER));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn put_seat(kind: LockKind, object: &mut DynamicObject, value: Value) {
    if !kind.is_annotated() {
        object.data["spec"] = value;
        return;
    }
    let annotations = object.metadata.annotations.get_or_insert_default();
    annotations.insert(LEADER.to_owned(), value.to_string());
}

fn apply(kind: LockKind, object: &mut DynamicObject, history: &[DynamicObject], edit: &Edit) {
    let annotations = object.metadata.annotations.get_or_insert_default();
    match edit {
        Edit::Field(key, value) => {
            let mut fields = seat(kind, object);
            if !fields.is_object() {
                fields = json!({});
            }
            fields[*key] = value.clone();
            put_seat(kind, object, fields);
        }
        Edit::Seat(value) => put_seat(kind, object, value.clone()),
        Edit::Text(text) => drop(annotations.insert(LEADER.to_owned(), text.clone())),
        Edit::Unmarked => drop(annotations.remove(WRITE)),
        Edit::Mark(text) => drop(annotations.insert(WRITE.to_owned(), text.clone())),
        Edit::Label => object.metadata.labels = Some([("a".into(), "b".into())].into()),
        Edit::Another(uid) => object.metadata.uid = Some(uid.clone()),
        Edit::Earlier(index) => *object = history[*index].clone(),
        Edit::ClientGoRelease => {
            let time = "2026-11-22T08:00:09Z";
            let transitions =
                if kind.is_annotated() { "leaderTransitions" } else { "leaseTransitions" };
            let release = json!({"holderIdentity": "", "leaseDurationSeconds": 1,
                "acquireTime": time, "renewTime": time, transitions: 4});
            put_seat(kind, object, release);
        }
    }
}

/// A standby that watched the leader's writes.
struct Standby {
    kind: LockKind,
    elector: Elector,
    now: Moment,
}

impl Standby {
    fn new(kind: LockKind) -> Standby {
        let config = Config {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: "standby".to_owned(),
            incarnation: Incarnation { site: "t".to_owned(), nonce: "1".to_owned(), home: None },
            predecessor: None,
            timing: Timing::client_go(),
            drain: Duration::ZERO,
            warm_up: Duration::ZERO,
            preemptions_per_hour: 0,
            on_failure: hotseat_core::on_failure::OnFailure::Standard,
            failure_share: 20,
            seed: 1,
        };
        let (elector, now) = (Elector::new(config), Moment::from_millis(1));
        let mut standby = Standby { kind, elector, now };
        standby.elector.step(standby.now, Event::Started);
        standby.sees(&history(kind)[0], Via::Read { asked: standby.now, requested: false });
        standby
    }

    /// How long the seat stays closed after this, in milliseconds; none if the sight of it is
    /// no reason to ask the policy.
    fn sees(&mut self, object: &DynamicObject, via: Via) -> Option<u64> {
        let lock = Lock::Present(decode(self.kind, object));
        let effects = self.elector.step(self.now, Event::Observed { lock, via });
        effects.iter().find_map(|effect| match effect {
            Effect::Account(account) => {
                account.input.observation.seat.as_ref().map(|seat| seat.free_in)
            }
            _ => None,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn whatever_a_hand_writes_is_waited_out_in_full(
        kind in prop::sample::select(vec![LEASES, LockKind::Endpoints, LockKind::ConfigMaps]),
        edits in prop::collection::vec(edit(), 1..4),
        gap in any::<bool>(),
        fresh in any::<bool>(),
    ) {
        let history = history(kind);
        let mut standby = Standby::new(kind);
        // A fresh one saw the first of these writes only, a moment ago.
        for object in history.iter().skip(if fresh { history.len() } else { 1 }) {
            standby.now = standby.now + Duration::from_secs(2);
            standby.sees(object, Via::Watch);
        }
        standby.now = standby.now + Duration::from_millis(500);
        let mut object = history[3].clone();
        for edit in &edits {
            apply(kind, &mut object, &history, edit);
        }
        object.metadata.resource_version = Some("99".to_owned());
        let via = match gap {
            true => Via::Read { asked: standby.now, requested: false },
            false => Via::Watch,
        };
        let left = standby.sees(&object, via);
        // No question at all: an edit beside the seat, which leaves the wait as it was.
        prop_assert!(left.is_none_or(|left| left >= LEASE - 500), "free in {left:?} ms: {kind:?} {edits:?}");
        prop_assert!(left.is_none_or(|left| left >= LEASE || !gap), "free in {left:?} ms: {kind:?} {edits:?}");
    }
}
