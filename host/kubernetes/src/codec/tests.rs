//! What comes out of a Lease, whoever wrote it.

mod hands;

use super::*;
use hotseat_core::event::{Base, Fencing};
use hotseat_core::time::Moment;
use serde_json::Value;

const LEASES: LockKind = LockKind::Leases;

fn none() -> Extras {
    Extras::default()
}

pub(super) fn write(purpose: Purpose, holder: Option<&str>) -> Write {
    Write {
        purpose,
        mark: Mark {
            incarnation: Incarnation { site: "s".to_owned(), nonce: "n".to_owned(), home: None },
            serial: 3,
            base: None,
        },
        base: Base::Create,
        holder: holder.map(str::to_owned),
        duration: Duration::from_millis(14_500),
        transitions: 2,
        token: Fencing::Keep(Token(7)),
        successor: None,
        reply: hotseat_core::request::Reply::default(),
        deadline: Moment::NEVER,
    }
}

/// What a server would have stored.
fn stored(mut object: DynamicObject) -> DynamicObject {
    object.metadata.resource_version = Some("41".to_owned());
    object.metadata.uid = Some("u".to_owned());
    object
}

fn now() -> Timestamp {
    "2026-11-22T08:00:00.123456Z".parse().unwrap()
}

#[test]
fn a_write_comes_back_as_it_was_meant() {
    let object =
        stored(encode(LEASES, "shop", None, &write(Purpose::Acquire, Some("a")), &none(), now()));
    assert_eq!(object.data["spec"]["renewTime"], "2026-11-22T08:00:00.123456Z");
    assert_eq!(object.data["spec"]["leaseDurationSeconds"], 15, "rounded up");
    let record = decode(LEASES, &object);
    assert_eq!(record.holder.as_deref(), Some("a"));
    assert_eq!(record.duration, Some(Duration::from_secs(15)));
    assert_eq!(record.transitions, 2);
    assert_eq!(record.mark, Some(write(Purpose::Acquire, None).mark));
    assert!(!record.released);
}

/// I15: where the end of its writer would be reported goes with a write.
#[test]
fn a_home_comes_back_as_it_was_meant() {
    for container in [None, Some("hotseat".to_owned())] {
        let mut write = write(Purpose::Acquire, Some("a"));
        let (pod, uid) = ("web-0".to_owned(), "u-0".to_owned());
        let reaction = Duration::from_millis(1500);
        write.mark.incarnation.home = Some(Home { pod, uid, container, reaction });
        let record = decode(LEASES, &stored(encode(LEASES, "shop", None, &write, &none(), now())));
        assert_eq!(record.mark, Some(write.mark));
    }
    let write = write(Purpose::Acquire, Some("a"));
    let object = stored(encode(LEASES, "shop", None, &write, &none(), now()));
    let stamp = &object.metadata.annotations.unwrap()[WRITE];
    assert!(!stamp.contains("pod"), "{stamp}");
}

/// I4: the version and the UID that were read are what is replaced.
#[test]
fn an_update_names_what_it_replaces_and_keeps_what_is_not_its_own() {
    let mut base =
        stored(encode(LEASES, "shop", None, &write(Purpose::Acquire, Some("a")), &none(), now()));
    base.metadata.labels = Some([("team".to_owned(), "x".to_owned())].into());
    base.data["spec"]["preferredHolder"] = json!("b");
    let later = "2026-11-22T08:00:02Z".parse().unwrap();
    let update =
        encode(LEASES, "shop", Some(&base), &write(Purpose::Renew, Some("a")), &none(), later);
    assert_eq!(update.metadata.resource_version.as_deref(), Some("41"));
    assert_eq!(update.metadata.uid.as_deref(), Some("u"));
    assert_eq!(update.metadata.labels, base.metadata.labels);
    assert_eq!(update.data["spec"]["preferredHolder"], "b");
    assert_eq!(update.data["spec"]["acquireTime"], base.data["spec"]["acquireTime"]);
    assert_ne!(update.data["spec"]["renewTime"], base.data["spec"]["renewTime"]);
}

#[test]
fn a_release_is_distinguished_from_a_holder_that_was_emptied_by_hand() {
    let held =
        stored(encode(LEASES, "shop", None, &write(Purpose::Acquire, Some("a")), &none(), now()));
    let released =
        encode(LEASES, "shop", Some(&held), &write(Purpose::Release, None), &none(), now());
    assert!(decode(LEASES, &released).released);
    let mut emptied = held.clone();
    emptied.data["spec"]["holderIdentity"] = json!("");
    let record = decode(LEASES, &emptied);
    assert!(!record.released && record.mark.is_none() && record.holder.is_none());
    // client-go's candidates give up by a record of one second.
    let mut object = DynamicObject::new("shop", &LEASES.api_resource());
    let time = "2026-11-22T08:00:00.000000Z";
    object.data = json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1,
        "acquireTime": time, "renewTime": time, "leaseTransitions": 4}});
    assert!(decode(LEASES, &object).released);
}

/// I7: a lock that was put back is waited out for the time that stands in it.
#[test]
fn a_lock_that_was_put_back_is_no_release() {
    let object =
        stored(encode(LEASES, "shop", None, &write(Purpose::Reserve, None), &none(), now()));
    let record = decode(LEASES, &object);
    assert!(!record.released && record.holder.is_none());
    assert_eq!(record.duration, Some(Duration::from_secs(15)));
    assert_eq!(record.mark, Some(write(Purpose::Reserve, None).mark));
    let taken =
        encode(LEASES, "shop", Some(&object), &write(Purpose::Acquire, Some("a")), &none(), now());
    let text = taken.metadata.annotations.unwrap()[WRITE].clone();
    assert!(!text.contains("reserve"), "{text}");
}

#[test]
fn a_record_that_another_elector_wrote_over_ours_is_not_ours() {
    let mut object =
        stored(encode(LEASES, "shop", None, &write(Purpose::Acquire, Some("a")), &none(), now()));
    object.data["spec"]["renewTime"] = json!("2026-11-22T08:00:09.000000Z");
    assert_eq!(decode(LEASES, &object).mark, None);
}

#[test]
fn an_object_with_nothing_in_it_can_be_taken() {
    let mut object = DynamicObject::new("shop", &LEASES.api_resource());
    for data in [json!({}), json!({"spec": {}}), json!({"spec": {"leaseDurationSeconds": 0}})] {
        object.data = data;
        let record = decode(LEASES, &object);
        assert!(!record.released && record.holder.is_none() && record.duration.is_none());
    }
    let write = write(Purpose::Acquire, Some("a"));
    assert_eq!(
        decode(LEASES, &encode(LEASES, "shop", Some(&object), &write, &none(), now()))
            .holder
            .as_deref(),
        Some("a")
    );
}

/// The mark covers all that says something of the seat.
#[test]
fn an_edit_of_any_field_of_the_seat_takes_the_mark_away() {
    let held =
        stored(encode(LEASES, "shop", None, &write(Purpose::Acquire, Some("a")), &none(), now()));
    assert!(decode(LEASES, &held).mark.is_some());
    for (key, value) in [
        ("holderIdentity", json!("b")),
        ("holderIdentity", json!(null)),
        ("leaseDurationSeconds", json!(1)),
        ("leaseDurationSeconds", json!(null)),
        ("acquireTime", json!("2026-11-22T08:00:00.123457Z")),
        ("renewTime", json!(null)),
        ("leaseTransitions", json!(0)),
        ("leaseTransitions", json!(null)),
    ] {
        let mut edited = held.clone();
        edited.data["spec"][key] = value;
        let record = decode(LEASES, &edited);
        assert!(record.mark.is_none() && !record.released, "{key}");
        assert_eq!(
            record.token,
            decode(LEASES, &held).token,
            "{key}: the token counts all the same"
        );
    }
}

/// I9: the wall clock lifts a new term's token, and nothing else.
#[test]
fn a_new_terms_token_is_not_below_the_wall_clock() {
    let millis = Token(1_795_334_400_123);
    let token = |token| {
        let write = Write { token, ..write(Purpose::Acquire, Some("a")) };
        decode(LEASES, &stored(encode(LEASES, "shop", None, &write, &none(), now()))).token
    };
    assert_eq!(token(Fencing::New(Token(7))), millis);
    assert_eq!(token(Fencing::New(millis.next())), millis.next(), "a larger one was seen");
    assert_eq!(token(Fencing::Keep(Token(7))), Token(7));
}

/// A hand's nonsense must not use the tokens up.
#[test]
fn a_token_out_of_all_proportion_counts_only_under_a_mark_that_holds() {
    let mut write = write(Purpose::Renew, Some("a"));
    write.token = Fencing::Keep(Token::LARGEST);
    let mut object = stored(encode(LEASES, "shop", None, &write, &none(), now()));
    assert_eq!(decode(LEASES, &object).token, Token::LARGEST);
    object.data["spec"]["holderIdentity"] = json!("b");
    assert_eq!(decode(LEASES, &object).token, Token::default());
}

/// The same by an edit of the token alone, which leaves the seat as it was.
#[test]
fn a_token_that_a_hand_changed_breaks_the_mark() {
    let mut write = write(Purpose::Renew, Some("a"));
    write.token = Fencing::Keep(Token(7));
    let object = stored(encode(LEASES, "shop", None, &write, &none(), now()));
    let with = |token: Value| {
        let mut object = object.clone();
        let annotations = object.metadata.annotations.as_mut().unwrap();
        let mut stamp: Value = serde_json::from_str(&annotations[WRITE]).unwrap();
        stamp["token"] = token;
        annotations.insert(WRITE.to_owned(), stamp.to_string());
        let record = decode(LEASES, &object);
        (record.token, record.mark.is_some())
    };
    assert_eq!(with(json!(7)), (Token(7), true));
    assert_eq!(with(json!(Token::LARGEST.0)), (Token::default(), false));
    // A larger one within bounds is taken: tokens may grow by any hand, and never go back.
    assert_eq!(with(json!(8)), (Token(8), false));
}

/// `leaseTransitions` is an int32: one more, and the API server refuses each write for ever.
#[test]
fn transitions_stay_within_what_the_api_stores() {
    let mut write = write(Purpose::Acquire, Some("a"));
    write.transitions = hotseat_core::lock::MOST_TRANSITIONS + 1;
    let object = encode(LEASES, "shop", None, &write, &none(), now());
    assert_eq!(object.data["spec"]["leaseTransitions"], 2_147_483_647);
}
