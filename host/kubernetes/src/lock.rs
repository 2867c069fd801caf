//! An object as the election's lock: reading it, and writing it by compare-and-swap.

use super::codec::{Extras, decode, encode, trimmed};
use super::connection::Connection;
use super::exchange::{Channel, Failure, Lane};
use super::kind::LockKind;
use super::lock_error::plain;
use super::owner::Owner;
use super::regarding::Regarding;
use super::target::{Pace, Target, Which};
use super::warm::keep_warm;
use super::watch::watch;
use hotseat_core::event::{Base, Event, LockError, Write};
use hotseat_core::lock::{Lock, Record, Version};
use hotseat_core::policy::Outcome;
use hotseat_core::time::Moment;
use hotseat_election::clock;
use hotseat_election::{Facts, Future};
use jiff::Timestamp;
use kube::Resource as _;
use kube::api::PostParams;
use kube::core::params::GetParams;
use kube::core::{DynamicObject, Request, request};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

/// How many versions of the object are kept as bases of writes.
const KEPT: usize = 4;

/// One object as a lock. Cheap to clone.
#[derive(Clone)]
pub struct ObjectLock(Arc<Inner>);

/// How a lock is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowPace {
    /// The pace of polling where watching is forbidden.
    pub poll: Duration,
    /// How long the server may take for an answer of the watch.
    pub answer: Duration,
    /// How long it may take for a read that keeps a connection open.
    pub warm: Duration,
}

/// What lock objects get beside the seat.
#[derive(Clone, Debug, Default)]
pub struct LockExtras {
    /// Labels, put on with each write.
    pub labels: BTreeMap<String, String>,
    /// Whose deletion takes the lock objects away, once it is known; none: nobody's.
    pub owner: Option<Owner>,
}

struct Inner {
    pace: FollowPace,
    kind: LockKind,
    extras: LockExtras,
    channel: Channel,
    collection: Request,
    name: String,
    regarding: Regarding,
    /// The last objects seen, so that a write can keep what is not its own.
    seen: Mutex<VecDeque<DynamicObject>>,
    /// When the lock was last read or written.
    used: Mutex<Moment>,
}

impl ObjectLock {
    /// The object of that kind of the election whose facts these are.
    pub fn new(
        kind: LockKind,
        connection: Connection,
        facts: Facts,
        pace: FollowPace,
        extras: LockExtras,
    ) -> Self {
        let election = facts.election().clone();
        let (namespace, name) = (election.namespace(), election.name());
        ObjectLock(Arc::new(Inner {
            pace,
            kind,
            extras,
            channel: Channel::new(connection, Lane::Lock, facts),
            collection: Request::new(DynamicObject::url_path(
                &kind.api_resource(),
                Some(namespace),
            )),
            name: name.to_owned(),
            regarding: Regarding::lock(kind, &election),
            seen: Mutex::new(VecDeque::new()),
            used: Mutex::new(Moment::ZERO),
        }))
    }

    /// The object as Events name it, with its UID once it was read.
    pub fn regarding(&self) -> Regarding {
        self.0.regarding.clone()
    }

    /// Reads the object, consistently.
    ///
    /// # Errors
    ///
    /// What went wrong; never [`Outcome::Conflict`].
    pub(super) async fn read_now(&self, deadline: Moment) -> Result<Lock, LockError> {
        let request = self.0.collection.get(&self.0.name, &GetParams::default());
        let read = self.ask("get", deadline, request).await;
        self.use_now();
        match read {
            Ok(object) => Ok(self.take(object)),
            Err(failure) if failure.is_not_found() => Ok(Lock::Absent(None)),
            Err(failure) => Err(failure.error),
        }
    }

    /// What a follower of the object follows.
    pub(super) fn target(&self, pace: Pace) -> Target {
        Target {
            what: self.0.kind.what(),
            channel: self.0.channel.clone(),
            collection: self.0.collection.clone(),
            which: Which::Named(self.0.name.clone()),
            verbs: ("list", "watch"),
            pace,
        }
    }

    /// Carries out a write. What is sent names the version that it replaces, or creates (I4).
    ///
    /// # Errors
    ///
    /// What went wrong. After [`Outcome::TimedOut`] and [`Outcome::Unreachable`] the write may
    /// have landed, or may still.
    async fn write_now(&self, write: &Write) -> Result<Record, LockError> {
        let Inner { collection, name, .. } = &*self.0;
        let params = PostParams::default();
        let (kind, extras) = (self.0.kind, self.extras());
        let (verb, request) = match &write.base {
            Base::Create => {
                let object = bytes(&encode(kind, name, None, write, &extras, Timestamp::now()))?;
                ("create", collection.create(&params, object))
            }
            Base::Replace(version) => {
                let Some(base) = self.seen(version) else {
                    let detail = format!("version {version} of the lock is not at hand any more");
                    return Err(plain(Outcome::Conflict, detail));
                };
                let object =
                    bytes(&encode(kind, name, Some(&base), write, &extras, Timestamp::now()))?;
                ("update", collection.replace(name, &params, object))
            }
        };
        let object = self.ask(verb, write.deadline, request).await;
        self.use_now();
        match self.take(object.map_err(|failure| failure.error)?) {
            Lock::Present(record) => Ok(record),
            Lock::Absent(_) => Err(plain(Outcome::Unreachable, "an empty answer".to_owned())),
        }
    }

    fn extras(&self) -> Extras {
        let LockExtras { labels, owner } = &self.0.extras;
        let owner = owner.as_ref().and_then(Owner::reference);
        Extras { labels: labels.clone(), owner }
    }

    /// When the lock was last read or written, by a request that leaves its connection to the next.
    pub(super) fn used(&self) -> Moment {
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_now(&self) {
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner) = clock::now();
    }

    /// Keeps an object as a base for later writes, and says what it means.
    pub(super) fn take(&self, object: DynamicObject) -> Lock {
        let record = decode(self.0.kind, &object);
        self.0.regarding.learn(object.metadata.uid.as_deref());
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|kept| kept.metadata.resource_version != object.metadata.resource_version);
        seen.push_back(trimmed(object));
        if seen.len() > KEPT {
            seen.pop_front();
        }
        Lock::Present(record)
    }

    fn seen(&self, version: &Version) -> Option<DynamicObject> {
        let seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Some(version.0.as_str());
        seen.iter().find(|kept| kept.metadata.resource_version.as_deref() == wanted).cloned()
    }

    /// One request about the object, by its deadline.
    async fn ask(
        &self,
        verb: &'static str,
        deadline: Moment,
        request: Result<http::Request<Vec<u8>>, request::Error>,
    ) -> Result<DynamicObject, Failure> {
        let request = request.map_err(|error| Failure::unsendable(&error.to_string()))?;
        let object: DynamicObject =
            self.0.channel.ask(verb, clock::until(deadline), request).await?;
        if object.metadata.name.as_ref() != Some(&self.0.name) {
            let other = object.metadata.name.unwrap_or_default();
            let other = hotseat_text::one_line(&other, 253);
            let detail = format!(
                "the answer is about another object, {other:?}: check what is between here and the API server"
            );
            return Err(Failure::broken(plain(Outcome::Unreachable, detail)));
        }
        Ok(object)
    }
}

impl hotseat_election::Lock for ObjectLock {
    fn read(&self, deadline: Moment) -> Future<Result<Lock, LockError>> {
        let lock = self.clone();
        Box::pin(async move { lock.read_now(deadline).await })
    }

    fn write(&self, write: Write) -> Future<Result<Record, LockError>> {
        let lock = self.clone();
        Box::pin(async move { lock.write_now(&write).await })
    }

    fn follow(&self, events: Sender<Event>, restart: Arc<Notify>) -> Future<()> {
        let lock = self.clone();
        let FollowPace { poll, answer, warm } = self.0.pace;
        Box::pin(async move {
            // The connection is kept open for as long as the watch lasts.
            tokio::select! {
                () = watch(lock.clone(), events, restart, poll, answer) => {}
                () = keep_warm(lock, warm) => {}
            }
        })
    }
}

fn bytes(object: &DynamicObject) -> Result<Vec<u8>, LockError> {
    serde_json::to_vec(object).map_err(|error| Failure::unsendable(&error.to_string()).error)
}
