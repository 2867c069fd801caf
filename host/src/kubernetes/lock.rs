//! The Lease as the election's lock: reading it, and writing it by compare-and-swap.

use super::codec::{decode, encode, lease, trimmed};
use super::connection::Connection;
use super::trouble::{plain, timed_out, trouble};
use crate::clock;
use crate::metrics::Metrics;
use hotseat_core::event::{Base, Trouble, Write};
use hotseat_core::lock::{Lock, Record, Version};
use hotseat_core::policy::Outcome;
use hotseat_core::time::Moment;
use jiff::Timestamp;
use kube::api::{Api, ListParams, PostParams};
use kube::core::DynamicObject;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many versions of the object are kept as bases of writes.
const KEPT: usize = 4;

/// One Lease. Cheap to clone.
#[derive(Clone)]
pub struct LeaseLock(Arc<Inner>);

struct Inner {
    connection: Connection,
    metrics: Metrics,
    namespace: String,
    name: String,
    /// The last objects seen, so that a write can keep what is not its own.
    seen: Mutex<VecDeque<DynamicObject>>,
}

impl LeaseLock {
    /// The Lease of that name.
    pub fn new(connection: Connection, metrics: Metrics, namespace: &str, name: &str) -> Self {
        LeaseLock(Arc::new(Inner {
            connection,
            metrics,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            seen: Mutex::new(VecDeque::new()),
        }))
    }

    /// Reads the Lease, consistently.
    ///
    /// # Errors
    ///
    /// What went wrong; never [`Outcome::Conflict`].
    pub async fn read(&self, deadline: Moment) -> Result<Lock, Trouble> {
        let read =
            self.request("get", deadline, || async { self.api().get_opt(&self.0.name).await });
        Ok(match read.await? {
            Some(object) => self.take(object),
            None => Lock::Absent(None),
        })
    }

    /// Reads the Lease by a list, which also tells the version at which a watch can begin.
    ///
    /// # Errors
    ///
    /// As [`LeaseLock::read`].
    pub(super) async fn list(&self, deadline: Moment) -> Result<(Lock, String), Trouble> {
        let params = ListParams::default().fields(&self.selector());
        let list = self.request("list", deadline, || async { self.api().list(&params).await });
        let list = list.await?;
        let version = list.metadata.resource_version.unwrap_or_default();
        let lock = match list.items.into_iter().next() {
            Some(object) => self.take(object),
            None => Lock::Absent(None),
        };
        Ok((lock, version))
    }

    /// Carries out a write. What is sent names the version that it replaces, or creates (I4).
    ///
    /// # Errors
    ///
    /// What went wrong. After [`Outcome::TimedOut`] and [`Outcome::Unreachable`] the write may
    /// have landed, or may still.
    pub async fn write(&self, write: &Write) -> Result<Record, Trouble> {
        let params = PostParams::default();
        let object = match &write.base {
            Base::Create => encode(&self.0.name, None, write, Timestamp::now()),
            Base::Replace(version) => {
                let Some(base) = self.seen(version) else {
                    let detail = format!("version {version} of the lock is not at hand any more");
                    return Err(plain(Outcome::Conflict, detail));
                };
                encode(&self.0.name, Some(&base), write, Timestamp::now())
            }
        };
        let verb = if write.base == Base::Create { "create" } else { "update" };
        let sent = self.request(verb, write.deadline, || async {
            match write.base {
                Base::Create => self.api().create(&params, &object).await,
                Base::Replace(_) => self.api().replace(&self.0.name, &params, &object).await,
            }
        });
        match self.take(sent.await?) {
            Lock::Present(record) => Ok(record),
            Lock::Absent(_) => Err(plain(Outcome::Unreachable, "an empty answer".to_owned())),
        }
    }

    pub(super) fn api(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.0.connection.lock(), &self.0.namespace, &lease())
    }

    pub(super) fn selector(&self) -> String {
        format!("metadata.name={}", self.0.name)
    }

    /// Keeps an object as a base for later writes, and says what it means.
    pub(super) fn take(&self, object: DynamicObject) -> Lock {
        let record = decode(&object);
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

    /// One request by its deadline.
    pub(super) async fn request<T, F, Fut>(
        &self,
        verb: &'static str,
        deadline: Moment,
        send: F,
    ) -> Result<T, Trouble>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = kube::Result<T>>,
    {
        let within = clock::until(deadline);
        self.0.metrics.api_request(verb);
        match tokio::time::timeout(within, send()).await {
            Ok(result) => result.map_err(|error| trouble(&error)),
            Err(_) => Err(timed_out(within)),
        }
    }
}
