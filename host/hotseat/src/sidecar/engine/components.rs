//! Components under their digest: bytes until they are compiled, then code.

use super::lock;
use hotseat_core::policy::Input;
use hotseat_election::Publication;
use hotseat_engine::{LoadedPolicy, STANDARD, STANDARD_LABEL, Source};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// All components that the election's rollout still needs. Cheap to clone; all clones are one: the
/// threads that take policies through their stages share it with the engine.
#[derive(Clone, Default)]
pub(super) struct Components(Arc<Mutex<BTreeMap<String, Component>>>);

#[derive(Default)]
struct Component {
    label: String,
    bytes: Option<Arc<[u8]>>,
    loaded: Option<LoadedPolicy>,
    /// The question on which it is tried, with the memory that it would take up.
    trial: Option<Input>,
}

impl Components {
    /// Keeps what was published, unless it is there already.
    pub(super) fn keep(&self, publication: &Publication) {
        let mut components = lock(&self.0);
        let component = components.entry(publication.component.digest.clone()).or_default();
        component.label.clone_from(&publication.source);
        // A policy with its interpreter has 18 MB that nobody needs once it is compiled.
        if component.loaded.is_none() && publication.component.bytes.is_some() {
            component.bytes.clone_from(&publication.component.bytes);
        }
    }

    pub(super) fn forget(&self, digest: &str) {
        let forgotten = lock(&self.0).remove(digest);
        // Its code is unmapped here, and not while the lock is held.
        drop(forgotten);
    }

    /// The compiled policy of that digest.
    pub(super) fn loaded(&self, digest: &str) -> Option<LoadedPolicy> {
        lock(&self.0).get(digest)?.loaded.clone()
    }

    /// What is to be compiled; none if its bytes are not there any more.
    pub(super) fn source(&self, digest: &str) -> Option<Source> {
        let components = lock(&self.0);
        let component = components.get(digest);
        let kept = component.and_then(|it| Some((it.label.clone(), it.bytes.as_ref()?.to_vec())));
        let is_standard = || digest == super::standard_digest();
        let brought = || is_standard().then(|| (STANDARD_LABEL.to_owned(), STANDARD.to_vec()));
        let (label, bytes) = kept.or_else(brought)?;
        Some(Source::checked(label, digest.to_owned(), bytes))
    }

    /// It is compiled, so its bytes may go.
    pub(super) fn compiled(&self, digest: &str, policy: LoadedPolicy) {
        let mut components = lock(&self.0);
        let component = components.entry(digest.to_owned()).or_default();
        component.bytes = None;
        component.loaded = Some(policy);
    }

    /// The question on which it is tried.
    pub(super) fn set_trial(&self, digest: &str, input: Input) {
        if let Some(component) = lock(&self.0).get_mut(digest) {
            component.trial = Some(input);
        }
    }

    pub(super) fn trial(&self, digest: &str) -> Option<Input> {
        lock(&self.0).get(digest)?.trial.clone()
    }

    /// The memory with which it begins in shadow.
    pub(super) fn trial_memory(&self, digest: &str) -> Vec<u8> {
        self.trial(digest).map(|input| input.memory).unwrap_or_default()
    }
}
