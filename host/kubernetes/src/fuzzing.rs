//! What strangers write, read as an election reads it: the way in for the fuzz targets.

use crate::codec::{Extras, decode, encode};
use crate::kind::LockKind;
use crate::roster::{read_entry, write_entry};
use hotseat_core::event::{Base, Fencing, Purpose, Write};
use hotseat_core::lock::{Incarnation, Mark, Record, Token};
use hotseat_core::request::Reply;
use hotseat_core::time::Moment;
use hotseat_election::roster::Entry;
use jiff::Timestamp;
use std::time::Duration;

/// Who renews.
pub const HOLDER: &str = "web-0";
/// The number of its write.
pub const SERIAL: u64 = 3;

/// What a lock object says, given as JSON, and what it says after a renewal over it. `None` if the bytes are
/// not a Kubernetes object.
pub fn lock(kind: LockKind, object: &[u8]) -> Option<(Record, Record)> {
    let object = serde_json::from_slice(object).ok()?;
    let write = Write {
        purpose: Purpose::Renew,
        mark: Mark {
            incarnation: Incarnation { site: "s".to_owned(), nonce: "n".to_owned(), home: None },
            serial: SERIAL,
            base: None,
        },
        base: Base::Create,
        holder: Some(HOLDER.to_owned()),
        duration: Duration::from_secs(15),
        transitions: 2,
        token: Fencing::Keep(Token(7)),
        successor: None,
        reply: Reply::Leave,
        deadline: Moment::NEVER,
    };
    let extras = Extras::default();
    let renewed = encode(kind, "shop", Some(&object), &write, &extras, Timestamp::UNIX_EPOCH);
    Some((decode(kind, &object), decode(kind, &renewed)))
}

/// An entry on the roster, and what is read of it after it was written again.
///
/// # Errors
///
/// The text is not an entry; the error says why in one line.
pub fn entry(text: &str) -> Result<(Entry, Entry), String> {
    let found = read_entry(text)?;
    let (text, left) = write_entry(&found.election, &found.entry);
    let again = read_entry(&text).map_err(|why| format!("written again: {why}"))?;
    let mut entry = found.entry;
    // As many as had no room.
    entry.signals.truncate(entry.signals.len() - left);
    Ok((entry, again.entry))
}
