//! Asking an election for something from outside of it: what people want, written onto the lock.

use super::codec::{PAUSE, PauseNote, SKIP, SkipNote, TRANSFER, TransferNote, notes, skip_note};
use super::exchange::Failure;
use super::inspect::{Inspector, NotWritten, Sight};
use hotseat_core::policy::Outcome;
use hotseat_election::Right;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Resource as _;
use kube::core::params::GetParams;
use kube::core::{DynamicObject, PartialObjectMeta, Request};
use serde_json::json;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// That another candidate leads.
    Transfer(TransferNote),
    /// That it need not any more.
    NoTransfer,
    /// That the leader stays.
    Pause(PauseNote),
    /// That it need not any more.
    Resume,
    /// That no candidate waits with a policy for others.
    Skip(SkipNote),
}

/// What a pod is to whoever asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodIs {
    /// It is there.
    There,
    /// It is being deleted.
    Ending,
    /// There is none of that name.
    Missing,
    /// It could not be looked at, for this reason.
    Unknown(String),
}

impl Asking {
    fn put_on(&self, object: &mut DynamicObject) {
        let annotations = object.metadata.annotations.get_or_insert_default();
        match self {
            Asking::Transfer(note) => {
                annotations.insert(TRANSFER.to_owned(), json!(note).to_string());
            }
            Asking::NoTransfer => drop(annotations.remove(TRANSFER)),
            Asking::Pause(note) => {
                annotations.insert(PAUSE.to_owned(), json!(note).to_string());
            }
            Asking::Resume => drop(annotations.remove(PAUSE)),
            Asking::Skip(note) => {
                annotations.insert(SKIP.to_owned(), json!(note).to_string());
            }
        }
    }
}

impl Inspector {
    /// Asks for something on the lock as it was read, by a compare-and-swap on its version and UID, and
    /// with all else as it is. Gives the lock as it is then.
    ///
    /// # Errors
    ///
    /// The lock has changed since, or the server refuses.
    pub async fn ask_for(&self, sight: &Sight, asking: &Asking) -> Result<Sight, NotWritten> {
        let mut object = sight.object.clone();
        asking.put_on(&mut object);
        self.replace(object).await
    }

    /// What the pod of that name is, in the lock's namespace.
    pub async fn pod(&self, name: &str) -> PodIs {
        let pods = Request::new(Pod::url_path(&(), Some(&self.namespace)));
        let request = match pods.get(name, &GetParams::default()) {
            Ok(request) => request,
            Err(error) => {
                return PodIs::Unknown(Failure::unsendable(&error.to_string()).error.detail);
            }
        };
        match self.fetch::<PartialObjectMeta>("get", request).await {
            Ok(pod) if pod.metadata.deletion_timestamp.is_some() => PodIs::Ending,
            Ok(_) => PodIs::There,
            Err(failure) if failure.is_not_found() => PodIs::Missing,
            Err(failure) => PodIs::Unknown(failure.error.detail),
        }
    }

    /// Whether the lock's namespace is there; none where this account may not know.
    pub async fn has_namespace(&self) -> Option<bool> {
        let namespaces = Request::new(Namespace::url_path(&(), None));
        let request = namespaces.get(&self.namespace, &GetParams::default()).ok()?;
        match self.fetch::<PartialObjectMeta>("get", request).await {
            Ok(_) => Some(true),
            Err(failure) if failure.is_not_found() => Some(false),
            Err(_) => None,
        }
    }

    /// The rights that asking needs on this lock: it is read, and written as it was read.
    pub fn rights_to_ask(&self) -> Vec<Right> {
        self.rights(&["get", "update"])
    }

    /// The right that looking at the lock needs.
    pub fn rights_to_look(&self) -> Vec<Right> {
        self.rights(&["get"])
    }

    fn rights(&self, verbs: &[&str]) -> Vec<Right> {
        let all = self.kind.rights(&self.namespace, &self.name);
        all.into_iter().filter(|right| verbs.contains(&right.verb)).collect()
    }
}

impl Sight {
    /// The request for another leader that stands on it.
    pub fn transfer(&self) -> Option<TransferNote> {
        notes(&self.object).0
    }

    /// The pause that stands on it.
    pub fn pause(&self) -> Option<PauseNote> {
        notes(&self.object).1
    }

    /// The policy with which nobody has to wait, if somebody asked for that.
    pub fn skip(&self) -> Option<SkipNote> {
        skip_note(&self.object)
    }
}

impl NotWritten {
    pub(super) fn of(failure: Failure) -> NotWritten {
        let detail = failure.error.detail;
        match failure.error.outcome {
            Outcome::Conflict => NotWritten::Changed(detail),
            _ => NotWritten::Other(detail),
        }
    }
}
