//! The objects that Events are about.

use crate::kind::LockKind;
use hotseat_election::ElectionName;
use k8s_openapi::api::core::v1::ObjectReference;
use std::sync::{Arc, Mutex, PoisonError};

/// An object as Events name it. Cheap to clone; all clones learn its UID when one does.
#[derive(Clone, Debug)]
pub struct Regarding {
    api_version: &'static str,
    kind: &'static str,
    namespace: String,
    name: String,
    /// None until it is known. `kubectl describe` shows an object the Events with its UID alone.
    uid: Arc<Mutex<Option<String>>>,
}

impl Regarding {
    /// The lock object of that election, whose UID is learned when it is read.
    pub(super) fn lock(kind: LockKind, election: &ElectionName) -> Regarding {
        let (namespace, name) = (election.namespace(), election.name());
        Regarding::new(kind.api_version(), kind.kind(), namespace, name)
    }

    /// A pod of a known UID.
    pub fn pod(namespace: &str, name: &str, uid: &str) -> Regarding {
        let pod = Regarding::new("v1", "Pod", namespace, name);
        pod.learn(Some(uid));
        pod
    }

    fn new(api_version: &'static str, kind: &'static str, namespace: &str, name: &str) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Regarding { api_version, kind, namespace, name, uid: Arc::default() }
    }

    /// The object was seen with this UID. One that was deleted and made anew has another.
    pub(super) fn learn(&self, uid: Option<&str>) {
        if let Some(uid) = uid {
            let mut known = self.uid.lock().unwrap_or_else(PoisonError::into_inner);
            if known.as_deref() != Some(uid) {
                *known = Some(uid.to_owned());
            }
        }
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// As an Event has it, with the UID if that is known by now.
    pub(super) fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: Some(self.api_version.to_owned()),
            kind: Some(self.kind.to_owned()),
            namespace: Some(self.namespace.clone()),
            name: Some(self.name.clone()),
            uid: self.uid.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ..ObjectReference::default()
        }
    }
}
