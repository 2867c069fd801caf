//! Lock objects to records, and writes to lock objects.
//!
//! They are handled as untyped objects, so that fields which this version does not know, the subsets
//! of Endpoints and the data of a ConfigMap, and all labels and annotations of others, survive an
//! update.

mod extras;
mod requests;
mod seat;

pub(crate) use extras::Extras;
pub use requests::{PAUSE, PauseNote, SKIP, SkipNote, TRANSFER, TransferNote};
pub use seat::LEADER;
use seat::Seat;

use crate::kind::LockKind;
use hotseat_core::event::{Purpose, Write};
use hotseat_core::lock::{Home, Incarnation, Mark, Record, Token, Version};
use hotseat_text::Digest;
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Which process made the last write. Holds only for as long as the record is as that write left it,
/// in each field that says something of the seat: other electors and hands change one or another.
pub const WRITE: &str = "hotseat.dev/write";
/// Whom the last leader named to follow it.
pub const SUCCESSOR: &str = "hotseat.dev/successor";

/// The largest token that is taken from an annotation whose mark does not hold, so that a hand which
/// writes nonsense there leaves room for more terms than there will ever be.
const LARGEST_UNPROVEN: Token = Token(Token::LARGEST.0 / 2);

/// The annotation [`WRITE`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stamp {
    site: String,
    nonce: String,
    /// Where the end of the process is reported (I15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<Pod>,
    serial: u64,
    /// The version that the write replaced: what tells it from a copy that is put back later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    kind: Kind,
    /// The fencing token of the last term. It counts also where the rest no longer holds.
    token: u64,
    /// Of nonce, serial and token: a hand that changes the token alone leaves a mark that does not hold.
    #[serde(default)]
    check: String,
    #[serde(flatten)]
    seat: Seat,
}

/// The pod of a process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    name: String,
    uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    reaction_millis: u64,
}

impl Stamp {
    /// What [`check`](Stamp::check) is. No secret: whoever may write the object can write it, too.
    fn checked(&self) -> String {
        let Stamp { nonce, serial, token, .. } = self;
        let mut check = Digest::of(format!("{nonce} {serial} {token}").as_bytes()).hex();
        check.truncate(16);
        check
    }
}

impl From<Home> for Pod {
    fn from(home: Home) -> Pod {
        let Home { pod, uid, container, reaction } = home;
        // Others wait for this long: never for less.
        let reaction_millis = u64::try_from(reaction.as_nanos().div_ceil(1_000_000));
        let reaction_millis = reaction_millis.unwrap_or(u64::MAX);
        Pod { name: pod, uid, container, reaction_millis }
    }
}

impl From<Pod> for Home {
    fn from(pod: Pod) -> Home {
        let Pod { name, uid, container, reaction_millis } = pod;
        Home { pod: name, uid, container, reaction: Duration::from_millis(reaction_millis) }
    }
}

/// What a write did with the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Took or kept it.
    Claim,
    /// Gave it up.
    Release,
    /// Put a missing lock back without a holder, for all to wait out: no release.
    Reserve,
}

impl Kind {
    fn of(purpose: Purpose) -> Kind {
        match purpose {
            Purpose::Acquire | Purpose::Renew => Kind::Claim,
            Purpose::Release => Kind::Release,
            Purpose::Reserve => Kind::Reserve,
        }
    }
}

/// When the holder took the seat and last renewed it, as it wrote that.
pub(super) fn times(kind: LockKind, object: &DynamicObject) -> [String; 2] {
    let seat = Seat::of(kind, object);
    [seat.acquire_time, seat.renew_time]
}

/// The request for another leader, and the pause, as they stand there.
pub(super) fn notes(object: &DynamicObject) -> (Option<TransferNote>, Option<PauseNote>) {
    (requests::transfer(object), requests::pause(object))
}

/// The policy with which nobody has to wait, as it stands there.
pub(super) fn skip_note(object: &DynamicObject) -> Option<SkipNote> {
    requests::skip(object)
}

/// A lock object without its holder, and with all else as it is.
pub(super) fn without_holder(kind: LockKind, object: &DynamicObject) -> DynamicObject {
    let mut object = object.clone();
    Seat::take_holder_out(kind, &mut object);
    object
}

/// What a lock object says.
pub(super) fn decode(kind: LockKind, object: &DynamicObject) -> Record {
    let seat = Seat::of(kind, object);
    let annotation = |key: &str| object.metadata.annotations.as_ref()?.get(key).cloned();
    let stamp = annotation(WRITE).and_then(|text| serde_json::from_str::<Stamp>(&text).ok());
    let told = stamp.as_ref().map_or(Token::default(), |stamp| Token(stamp.token));
    let stamp = stamp.filter(|stamp| stamp.seat == seat && stamp.check == stamp.checked());
    let largest = if stamp.is_some() { Token::LARGEST } else { LARGEST_UNPROVEN };
    let given_up = match &stamp {
        Some(stamp) => stamp.kind == Kind::Release,
        None => seat.is_given_up_as_by_client_go(),
    };
    Record {
        version: Version(object.metadata.resource_version.clone().unwrap_or_default()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        duration: seat.seconds.map(Duration::from_secs),
        transitions: seat.transitions,
        token: if told <= largest { told } else { Token::default() },
        released: seat.holder.is_empty() && given_up,
        mark: stamp.map(|stamp| Mark {
            incarnation: Incarnation {
                site: stamp.site,
                nonce: stamp.nonce,
                home: stamp.pod.map(Home::from),
            },
            serial: stamp.serial,
            base: stamp.base.map(Version),
        }),
        times: match (seat.acquire_time.as_str(), seat.renew_time.as_str()) {
            ("", "") => String::new(),
            (acquired, renewed) => format!("{acquired} {renewed}"),
        },
        holder: (!seat.holder.is_empty()).then_some(seat.holder),
        successor: annotation(SUCCESSOR).filter(|name| !name.is_empty()),
        requests: requests::read(kind, object),
    }
}

/// The object that a write puts in place of `base`, or creates.
pub(super) fn encode(
    kind: LockKind,
    name: &str,
    base: Option<&DynamicObject>,
    write: &Write,
    extras: &Extras,
    now: Timestamp,
) -> DynamicObject {
    let mut object = match base {
        Some(base) => base.clone(),
        None => DynamicObject::new(name, &kind.api_resource()),
    };
    // I4: `metadata.resourceVersion` and `metadata.uid` stay as they were read. The version makes
    // it a compare-and-swap, without which an API server replaces any Endpoints or ConfigMap; the
    // UID keeps an update of a deleted object from creating it.
    object.metadata.managed_fields = None;
    if !object.data.is_object() {
        object.data = json!({});
    }
    Seat::put(kind, &mut object, write, now);
    extras.put_on(&mut object, base.is_none());
    let mut stamp = Stamp {
        site: write.mark.incarnation.site.clone(),
        nonce: write.mark.incarnation.nonce.clone(),
        pod: write.mark.incarnation.home.clone().map(Pod::from),
        serial: write.mark.serial,
        base: write.mark.base.as_ref().map(|version| version.0.clone()),
        kind: Kind::of(write.purpose),
        // I9. The wall clock serves for nothing else.
        token: write.token.at(u64::try_from(now.as_millisecond()).unwrap_or(0)).0,
        check: String::new(),
        seat: Seat::of(kind, &object),
    };
    stamp.check = stamp.checked();
    let annotations = object.metadata.annotations.get_or_insert_default();
    annotations.insert(WRITE.to_owned(), json!(stamp).to_string());
    match (&write.successor, write.purpose) {
        (Some(successor), _) => drop(annotations.insert(SUCCESSOR.to_owned(), successor.clone())),
        (None, Purpose::Renew) => {}
        (None, _) => drop(annotations.remove(SUCCESSOR)),
    }
    requests::answer(kind, &mut object, &write.reply);
    object
}

/// An object without what only the server reads, to be kept as the base of a later write.
pub(super) fn trimmed(mut object: DynamicObject) -> DynamicObject {
    object.metadata.managed_fields = None;
    object
}

#[cfg(test)]
mod annotation_tests;
#[cfg(test)]
mod tests;
