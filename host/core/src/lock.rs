//! The lock as the core sees it: what one object in Kubernetes says about the seat.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// A resource version as the API server gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub String);

impl Version {
    /// Which of two versions is the newer one, where the server numbers them (all do; the API
    /// promises it since Kubernetes 1.35). None if either is no number.
    pub fn order(&self, other: &Version) -> Option<Ordering> {
        let (mine, theirs) = (self.0.parse::<u64>().ok()?, other.0.parse::<u64>().ok()?);
        Some(mine.cmp(&theirs))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One process among all that ever had its name (I8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Incarnation {
    /// The place where at most one process of an identity lives at a time: the pod, or the
    /// machine's boot and network namespace.
    pub site: String,
    /// Fresh for each process.
    pub nonce: String,
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.site, self.nonce)
    }
}

/// Which write of which process put a record there. Never given to two writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The process.
    pub incarnation: Incarnation,
    /// Its how manieth write, from 1.
    pub serial: u64,
}

/// What the lock object says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The object's resource version.
    pub version: Version,
    /// The object's UID; a deleted and created lock has another.
    pub uid: String,
    /// The name in it; none if it is empty.
    pub holder: Option<String>,
    /// The lease duration in it; none if it is missing or not positive.
    pub duration: Option<Duration>,
    /// How often the holder changed.
    pub transitions: u64,
    /// Which Hotseat write this is. The shell gives it only if the record still is as that write
    /// left it: another elector's write or a hand's edit of holder or times takes it away.
    pub mark: Option<Mark>,
    /// The record was given up by its holder, as its mark or client-go's one-second record says.
    pub released: bool,
    /// The times in the record as text. A change marker: never compared with a clock.
    pub times: String,
    /// Whom the last leader, or a person, asked to follow.
    pub successor: Option<String>,
    /// A person asked that nobody moves.
    pub paused: bool,
}

impl Record {
    /// Whether anybody ever held it: an object that somebody made without times or duration is as
    /// good as none.
    pub fn was_held(&self) -> bool {
        self.duration.is_some() && !self.times.is_empty()
    }

    /// Whether the holder did anything between these two: a label or annotation that somebody
    /// else edits makes a new version but no new content.
    pub fn same_content(&self, other: &Record) -> bool {
        self.holder == other.holder
            && self.times == other.times
            && self.transitions == other.transitions
            && self.duration == other.duration
            && self.mark == other.mark
            && self.uid == other.uid
    }
}

/// The lock, there or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// The object as read.
    Present(Record),
    /// No such object; with the version at which it went, if that is known.
    Absent(Option<Version>),
}

impl Lock {
    /// The version of the object, or of its end.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Lock::Present(record) => Some(&record.version),
            Lock::Absent(version) => version.as_ref(),
        }
    }

    /// The record, if there is one.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Lock::Present(record) => Some(record),
            Lock::Absent(_) => None,
        }
    }
}
