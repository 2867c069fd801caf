//! The API server's side: one Lease, as `host/kubernetes/src/codec.rs` reads and writes it.

use hotseat_core::event::{Base, Fencing, Purpose, Write};
use hotseat_core::lock::{Incarnation, Lock, Mark, Record, Token, Version};
use hotseat_core::request::{Reply, Requests, TransferRequest};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// A name in the lock: that of a candidate, or [`Name::FOREIGN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub u8);

impl Name {
    /// An elector of another kind, which keeps to none of our rules.
    pub const FOREIGN: Name = Name(b'x' - b'a');

    /// The name as it stands in a record.
    pub fn text(self) -> String {
        char::from(b'a' + self.0).to_string()
    }
}

/// As the text of a name hashes, so that both are renamed alike: see [`crate::cell::Renamed`].
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&[b'a' + self.0]);
    }
}

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Its name.
    pub name: Name,
    /// Which of the places where processes of this name lived.
    pub site: u8,
    /// Which process of this name, from 1.
    pub nonce: u8,
}

impl Process {
    /// As the core knows it.
    pub fn incarnation(self) -> Incarnation {
        let site = format!("{}{}", self.name.text(), self.site);
        Incarnation { site, nonce: self.nonce.to_string(), home: None }
    }
}

/// What a record says of the seat. Times are numbers: each moment that was ever written has another,
/// 0 is a missing one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reported {
    /// `spec.holderIdentity`.
    pub holder: Option<Name>,
    /// `spec.leaseDurationSeconds`.
    pub duration: Option<u16>,
    /// `spec.acquireTime`.
    pub acquired: u32,
    /// `spec.renewTime`.
    pub renewed: u32,
    /// `spec.leaseTransitions` is there, whatever it counts.
    pub transitions: bool,
}

/// The annotation that says which write made the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Which process.
    pub writer: Process,
    /// The number of the write among all of that process.
    pub serial: u64,
    /// The version that it replaced.
    pub base: Option<u64>,
    /// What for.
    pub purpose: Purpose,
    /// The fencing token of the last term.
    pub token: u64,
    /// What it said. It holds for as long as the record says the same.
    pub said: Reported,
}

/// What people ask, as annotations: a pause, and that a candidate leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    /// That the leader stays.
    pub paused: bool,
    /// Who shall lead.
    pub transfer: Option<Name>,
    /// The leader has answered that it does not carry it out.
    pub refused: bool,
    /// `spec.preferredHolder`.
    pub preferred: Option<Name>,
}

impl Asked {
    /// How long a request for another leader holds: a few ticks of most settings.
    const WITHIN: Duration = Duration::from_secs(3);

    fn decode(self) -> Requests {
        let transfer = self.transfer.map(|to| TransferRequest {
            to: to.text(),
            by: "somebody".to_owned(),
            within: Asked::WITHIN,
            until: String::new(),
            refused: self.refused.then(|| "refused".to_owned()),
        });
        let preferred = self.preferred.map(Name::text);
        // No elector looks at what is to be skipped.
        Requests { transfer, preferred, paused: self.paused, skip: None }
    }

    /// What a write leaves of it.
    fn answered(self, answer: ReplyKind) -> Asked {
        match answer {
            ReplyKind::Leave => self,
            ReplyKind::Remove => Asked { transfer: None, refused: false, ..self },
            ReplyKind::Refuse => Asked { refused: self.transfer.is_some(), ..self },
            ReplyKind::Unprefer => Asked { preferred: None, ..self },
        }
    }
}

/// [`Reply`] without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// [`Reply::Leave`].
    Leave,
    /// [`Reply::Remove`].
    Remove,
    /// [`Reply::Refuse`].
    Refuse,
    /// [`Reply::Unprefer`].
    Unprefer,
}

impl ReplyKind {
    fn of(reply: &Reply) -> ReplyKind {
        match reply {
            Reply::Leave => ReplyKind::Leave,
            Reply::Remove => ReplyKind::Remove,
            Reply::Refuse(_) => ReplyKind::Refuse,
            Reply::Unprefer => ReplyKind::Unprefer,
        }
    }
}

/// The Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// `metadata.resourceVersion`.
    pub version: u64,
    /// `metadata.uid`.
    pub uid: u32,
    /// The record.
    pub said: Reported,
    /// The annotation.
    pub stamp: Option<Stamp>,
    /// What people ask.
    pub asked: Asked,
}

impl Object {
    /// What the core gets to see.
    pub fn decode(&self) -> Record {
        let Reported { holder, duration, acquired, renewed, transitions } = self.said;
        let stamp = self.stamp.filter(|stamp| stamp.said == self.said);
        let client_go = duration == Some(1) && renewed != 0 && acquired == renewed;
        let given_up = stamp.map_or(client_go, |stamp| stamp.purpose == Purpose::Release);
        Record {
            version: Version(self.version.to_string()),
            uid: self.uid.to_string(),
            holder: holder.map(Name::text),
            duration: duration.filter(|s| *s > 0).map(|s| Duration::from_secs(s.into())),
            transitions: u64::from(transitions),
            token: Token(self.stamp.map_or(0, |stamp| stamp.token)),
            mark: stamp.map(|stamp| Mark {
                incarnation: stamp.writer.incarnation(),
                serial: stamp.serial,
                base: stamp.base.map(|base| Version(base.to_string())),
            }),
            released: holder.is_none() && given_up,
            times: match (acquired, renewed) {
                (0, 0) => String::new(),
                (acquired, renewed) => format!("{acquired} {renewed}"),
            },
            successor: None,
            requests: self.asked.decode(),
        }
    }

    /// The same but for its version.
    pub fn same_content(&self, other: &Object) -> bool {
        Object { version: 0, ..*self } == Object { version: 0, ..*other }
    }
}

/// A write on its way to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// Who sent it.
    pub writer: Process,
    /// The serial in its mark.
    pub serial: u64,
    /// Why.
    pub purpose: Purpose,
    /// The version that it replaces; none: it creates.
    pub base: Option<u64>,
    /// Goes into the record.
    pub holder: Option<Name>,
    /// Goes into the record, in seconds.
    pub duration: u16,
    /// Goes into the record.
    pub token: u64,
    /// The token is a new one.
    pub new_token: bool,
    /// What becomes of what people ask.
    pub answer: ReplyKind,
}

impl Wire {
    /// What a candidate wants written. A new token is still to be raised to the wall clock.
    pub fn new(writer: Process, write: &Write) -> Self {
        Wire {
            token: write.token.at(0).0,
            new_token: matches!(write.token, Fencing::New(_)),
            writer,
            serial: write.mark.serial,
            purpose: write.purpose,
            base: match &write.base {
                Base::Create => None,
                Base::Replace(version) => Some(number(&version.0)),
            },
            holder: write.holder.as_ref().map(|_| writer.name),
            answer: ReplyKind::of(&write.reply),
            // A Lease counts whole seconds, rounded up.
            duration: u16::try_from(write.duration.as_millis().div_ceil(1000)).unwrap_or(u16::MAX),
        }
    }
}

/// A number in a text of the core's; 0 if it is none.
pub(crate) fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    /// The lock.
    pub object: Option<Object>,
    /// The version of the last change.
    pub version: u64,
    /// How many objects there were.
    pub objects: u32,
    /// How many moments were written.
    pub times: u32,
    /// The last changes, oldest first: what a watch may still tell. None: it was deleted.
    pub history: Vec<(u64, Option<Object>)>,
    /// An earlier state that somebody kept, with its version.
    pub archive: Option<Object>,
    /// What wall clocks show, in the unit of tokens. It does not move within a tick.
    pub clock: u64,
}

impl Store {
    /// An election that nobody has begun.
    pub fn new() -> Self {
        Store {
            object: None,
            version: 1,
            objects: 0,
            times: 0,
            history: Vec::new(),
            archive: None,
            clock: 0,
        }
    }

    /// What a read finds.
    pub fn read(&self) -> Lock {
        lock(self.object.as_ref(), None)
    }

    /// Another moment of somebody's wall clock.
    pub fn moment(&mut self) -> u32 {
        self.times += 1;
        self.times
    }

    /// Stores the object under a new version.
    pub fn put(&mut self, object: Object) {
        self.version += 1;
        let object = Object { version: self.version, ..object };
        self.object = Some(object);
        self.history.push((self.version, Some(object)));
    }

    /// Deletes the object.
    pub fn delete(&mut self) {
        self.version += 1;
        self.object = None;
        self.history.push((self.version, None));
    }

    /// Another object with this content takes the place of the one that is there, if there is one: two
    /// changes, which a watch tells one by one.
    pub fn replace(&mut self, content: Object) {
        if self.object.is_some() {
            self.delete();
        }
        self.objects += 1;
        self.put(Object { uid: self.objects, ..content });
    }

    /// The whole store as it was when the archive was made: versions count on from there, and the
    /// watches begin anew.
    pub fn restore(&mut self, archive: Object) {
        self.version = archive.version;
        self.object = Some(archive);
        self.history = vec![(archive.version, Some(archive))];
    }

    /// Whether a write can never land any more.
    pub fn is_doomed(&self, wire: &Wire, deletions: bool) -> bool {
        match (wire.base, self.object) {
            (Some(base), Some(object)) => base != object.version,
            (Some(_), None) => true,
            (None, Some(_)) => !deletions,
            (None, None) => false,
        }
    }

    /// Carries a write out (I4: a compare-and-swap or a create); none: a conflict.
    pub fn apply(&mut self, wire: &Wire) -> Option<Object> {
        let uid = match (wire.base, self.object) {
            (None, None) => {
                self.objects += 1;
                self.objects
            }
            (Some(base), Some(object)) if base == object.version => object.uid,
            _ => return None,
        };
        let now = self.moment();
        let acquired = match self.object {
            Some(Object { said, .. }) if wire.purpose == Purpose::Renew && said.acquired != 0 => {
                said.acquired
            }
            _ => now,
        };
        let said = Reported {
            holder: wire.holder,
            duration: Some(wire.duration),
            acquired,
            renewed: now,
            transitions: true,
        };
        let Wire { writer, serial, base, purpose, token, .. } = *wire;
        let stamp = Stamp { writer, serial, base, purpose, token, said };
        let asked = self.object.map(|object| object.asked).unwrap_or_default();
        let asked = asked.answered(wire.answer);
        self.put(Object { version: 0, uid, said, stamp: Some(stamp), asked });
        self.object
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

/// An object, or the lack of one since this version, as the core gets to see it.
pub(crate) fn lock(object: Option<&Object>, gone: Option<u64>) -> Lock {
    match object {
        Some(object) => Lock::Present(object.decode()),
        None => Lock::Absent(gone.map(|version| Version(version.to_string()))),
    }
}
