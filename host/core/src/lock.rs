//! The lock as the core sees it: what one object in Kubernetes says about the seat.

use crate::request::Requests;
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// A resource version as the API server gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub String);

impl Version {
    /// Which of two versions is the newer one, where the server numbers them (all do; the API
    /// promises it since Kubernetes 1.35). None if either is not a number.
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
    /// Where its end would be reported; none where nothing that is reported would prove it.
    pub home: Option<Home>,
}

/// The pod that a process runs in, as far as its end can be proved by what is reported of the pod
/// (I15). The core only compares it: a process has one, and keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    /// The pod's name: where to look, and a proof of nothing.
    pub pod: String,
    /// The pod's UID.
    pub uid: String,
    /// The name of the container whose end is the end of the process. None where the process does
    /// not know its container beyond doubt: then only the end of the whole pod is its end.
    pub container: Option<String>,
    /// S of its application, in whole milliseconds: how long it acts after the end.
    pub reaction: Duration,
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
    /// The number of the write among all of that process, from 1.
    pub serial: u64,
    /// The version that the write replaced; none if it created the object.
    pub base: Option<Version>,
}

/// The last write of a process that has died, as it noted it for the next process of its site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastWrite {
    /// The UID of the object.
    pub uid: String,
    /// The version that the write got.
    pub version: Version,
}

/// A fencing token (I9): larger for each later term, whatever happens to the object. A resource
/// that remembers the largest one it saw can refuse a leader of the past.
///
/// Zero where there has been no term. Below 2^53, so that every JSON parser keeps it whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

impl Token {
    /// The largest token that JSON carries safely.
    pub const LARGEST: Token = Token((1 << 53) - 1);

    /// The smallest token that is larger; the largest one has none, and stays.
    #[must_use]
    pub fn next(self) -> Token {
        Token(self.0.saturating_add(1)).min(Token::LARGEST)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The most transitions that the API stores: `leaseTransitions` is an int32.
pub const MOST_TRANSITIONS: u64 = i32::MAX as u64;

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
    /// The fencing token of the last term that a Hotseat began, also where others wrote since.
    pub token: Token,
    /// Which Hotseat write this is. The shell gives it only if the record still is as that write
    /// left it: another elector's write or a hand's edit of holder, duration, times or transitions
    /// takes it away.
    pub mark: Option<Mark>,
    /// The record looks given up: by the release in its mark or, without a mark, as client-go's
    /// one-second record. Whether that proves anything depends on the record before it (I7).
    pub released: bool,
    /// The times in the record as text. A change marker: never compared with a clock.
    pub times: String,
    /// Whom the last leader named to follow it.
    pub successor: Option<String>,
    /// What people ask of the election.
    pub requests: Requests,
}

impl Record {
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
#[allow(clippy::large_enum_variant, reason = "it is there nearly always, and seldom copied")]
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
