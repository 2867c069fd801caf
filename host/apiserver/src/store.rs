//! The objects, under one version counter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::decode;
use crate::history::{Change, History};
use crate::key::Key;
use crate::meta;
use crate::pages::{Pages, Snapshot};
use crate::resource::{NAMESPACES, RESOURCES, Resource};
use crate::status::Status;
use crate::sync::lock;

/// All objects of the server. The public methods act at once and without any check of versions,
/// as a cluster administrator would by hand; watches see their changes.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    pages: Pages,
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<Key, Arc<Value>>,
    history: History,
    version: u64,
}

impl Store {
    pub(crate) fn new(history: usize) -> Store {
        // A version of 0 or 1 means something else in a query, and a store of a real server
        // never starts at its first version either.
        const FIRST: u64 = 100;
        let store = Store {
            state: Mutex::new(State {
                objects: BTreeMap::new(),
                history: History::new(history, FIRST),
                version: FIRST,
            }),
            changed: watch::Sender::new(FIRST),
            pages: Pages::default(),
        };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let seeded = store.create(&NAMESPACES, namespace(name), false);
            debug_assert!(seeded.is_ok(), "{seeded:?}");
        }
        store
    }

    /// The resourceVersion of the last change.
    pub fn version(&self) -> u64 {
        lock(&self.state).version
    }

    /// Follows [`Store::version`], so that a test can wait for a change instead of sleeping.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// One object; the namespace is empty for kinds without one.
    pub fn get(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Value>> {
        let key = Key::new(resource, namespace, name);
        lock(&self.state).objects.get(&key).cloned()
    }

    /// All objects of a kind, of one namespace or (empty) of all, ordered by namespace and name.
    pub fn list(&self, resource: &'static Resource, namespace: &str) -> Vec<Arc<Value>> {
        self.snapshot(resource, namespace).0
    }

    /// Creates the object, or replaces the one of that name whatever its version.
    ///
    /// # Errors
    /// 400 if `kind` and `apiVersion` name no kind of this server, 422 if the object is invalid.
    pub fn put(&self, mut object: Value) -> Result<Arc<Value>, Status> {
        let resource = RESOURCES
            .into_iter()
            .find(|r| object["kind"] == r.kind && object["apiVersion"] == r.api_version().as_str())
            .ok_or_else(|| {
                let (kind, version) = (&object["kind"], &object["apiVersion"]);
                Status::bad_request(format!("this server has no kind {kind} of {version}"))
            })?;
        decode::object(resource, &mut object)?;
        if resource.namespaced && meta::field(&object, "namespace").is_empty() {
            meta::set(&mut object, "namespace", "default");
        }
        let key = meta::key(resource, &object);
        let written = self.update(resource, key, false, |_| Ok(object))?;
        Ok(written.0)
    }

    /// Changes an object in place.
    ///
    /// # Errors
    /// 404 if there is no such object, 422 if it would become invalid.
    pub fn edit(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Status> {
        let key = Key::new(resource, namespace, name);
        let written = self.update(resource, key, false, |old| {
            let mut object = old.cloned().ok_or_else(|| Status::not_found(resource, name))?;
            change(&mut object);
            decode::object(resource, &mut object)?;
            Ok(object)
        })?;
        Ok(written.0)
    }

    /// Removes an object and says whether it was there.
    pub fn remove(&self, resource: &'static Resource, namespace: &str, name: &str) -> bool {
        let key = Key::new(resource, namespace, name);
        self.delete(resource, key, false, |_| Ok(())).is_ok()
    }

    /// Forgets all past changes, as a compaction of etcd does: a watch that wants to start at an
    /// older version than the present one is answered with 410, and so is the next page of a list.
    pub fn forget_history(&self) {
        self.pages.forget();
        let mut state = lock(&self.state);
        let version = state.version;
        state.history.forget(version);
    }

    /// The lists that are given page by page.
    pub(crate) fn pages(&self) -> &Pages {
        &self.pages
    }

    pub(crate) fn snapshot(&self, resource: &'static Resource, namespace: &str) -> Snapshot {
        let state = lock(&self.state);
        let start = Key::new(resource, namespace, "");
        let objects = state
            .objects
            .range(start..)
            .take_while(|(key, _)| key.plural == resource.plural)
            .take_while(|(key, _)| namespace.is_empty() || key.namespace == namespace)
            .map(|(_, object)| object.clone())
            .collect();
        (objects, state.version)
    }

    /// The next change after that version; the error is the oldest version to start from.
    pub(crate) fn change_after(&self, version: u64) -> Result<Option<Change>, u64> {
        lock(&self.state).history.after(version).map(Option::<&Change>::cloned)
    }

    /// Adds a decoded object. With `dry` everything is checked and nothing is kept.
    pub(crate) fn create(
        &self,
        resource: &'static Resource,
        mut object: Value,
        dry: bool,
    ) -> Result<Arc<Value>, Status> {
        meta::be_born(&mut object);
        object["kind"] = resource.kind.into();
        object["apiVersion"] = resource.api_version().into();
        meta::validate(resource, &object)?;
        let key = meta::key(resource, &object);
        let mut state = lock(&self.state);
        if state.objects.contains_key(&key) {
            return Err(Status::already_exists(resource, &key.name));
        }
        Ok(self.commit(&mut state, resource, key, object, dry))
    }

    /// Replaces the object at `key` by what `next` makes of it, in one step. `next` sees nothing
    /// if there is no such object and may make one. Says whether the object is new.
    pub(crate) fn update(
        &self,
        resource: &'static Resource,
        key: Key,
        dry: bool,
        next: impl FnOnce(Option<&Value>) -> Result<Value, Status>,
    ) -> Result<(Arc<Value>, bool), Status> {
        let mut state = lock(&self.state);
        let old = state.objects.get(&key).cloned();
        let mut object = next(old.as_deref())?;
        match &old {
            Some(old) => meta::inherit(&mut object, old),
            None => meta::be_born(&mut object),
        }
        meta::validate(resource, &object)?;
        if let Some(old) = old {
            meta::set(&mut object, "resourceVersion", meta::field(&old, "resourceVersion"));
            // Writing what is there already makes no version and no event.
            if *old == object {
                return Ok((old, false));
            }
            return Ok((self.commit(&mut state, resource, key, object, dry), false));
        }
        Ok((self.commit(&mut state, resource, key, object, dry), true))
    }

    /// Removes the object at `key` if `check` agrees; returns it as it was.
    pub(crate) fn delete(
        &self,
        resource: &'static Resource,
        key: Key,
        dry: bool,
        check: impl FnOnce(&Value) -> Result<(), Status>,
    ) -> Result<Arc<Value>, Status> {
        let mut state = lock(&self.state);
        let Some(old) = state.objects.get(&key).cloned() else {
            return Err(Status::not_found(resource, &key.name));
        };
        check(&old)?;
        if !dry {
            state.objects.remove(&key);
            self.record(&mut state, resource, Some(old.clone()), None);
        }
        Ok(old)
    }

    fn commit(
        &self,
        state: &mut State,
        resource: &'static Resource,
        key: Key,
        mut object: Value,
        dry: bool,
    ) -> Arc<Value> {
        if dry {
            return Arc::new(object);
        }
        self.found_namespace(state, &key.namespace);
        meta::set(&mut object, "resourceVersion", (state.version + 1).to_string());
        let object = Arc::new(object);
        let before = state.objects.insert(key, object.clone());
        self.record(state, resource, before, Some(object.clone()));
        object
    }

    /// Makes the namespace of an object that is about to be written, if there is none: nobody
    /// has to create one here, and kubectl wants to see it.
    fn found_namespace(&self, state: &mut State, name: &str) {
        let key = Key::new(&NAMESPACES, "", name);
        if name.is_empty() || state.objects.contains_key(&key) {
            return;
        }
        let mut object = namespace(name);
        meta::be_born(&mut object);
        self.commit(state, &NAMESPACES, key, object, false);
    }

    fn record(
        &self,
        state: &mut State,
        resource: &'static Resource,
        before: Option<Arc<Value>>,
        after: Option<Arc<Value>>,
    ) {
        state.version += 1;
        state.history.push(Change { version: state.version, resource, before, after });
        self.changed.send_replace(state.version);
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{LEASES, PODS};

    fn lease(name: &str, holder: &str) -> Value {
        json!({
            "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
            "metadata": {"name": name, "namespace": "le"}, "spec": {"holderIdentity": holder},
        })
    }

    #[test]
    fn versions_rise_over_all_kinds() {
        let store = Store::new(8);
        let first = store.put(lease("x", "a")).unwrap();
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}});
        store.put(pod).unwrap();
        let second =
            store.edit(&LEASES, "le", "x", |l| l["spec"]["holderIdentity"] = "b".into()).unwrap();
        let version = |o: &Value| meta::field(o, "resourceVersion").parse::<u64>().unwrap();
        assert_eq!(version(&first) + 2, version(&second));
        assert_eq!(version(&second), store.version());
        assert_eq!(meta::field(&first, "uid"), meta::field(&second, "uid"));
        assert_eq!(store.list(&PODS, "").len(), 1);
    }

    #[test]
    fn writing_the_same_makes_no_version() {
        let store = Store::new(8);
        store.put(lease("x", "a")).unwrap();
        let before = store.version();
        store.edit(&LEASES, "le", "x", |_| {}).unwrap();
        assert_eq!(store.version(), before);
    }

    #[test]
    fn a_namespace_appears_with_its_first_object() {
        let store = Store::new(8);
        assert!(store.get(&NAMESPACES, "", "le").is_none());
        store.put(lease("x", "a")).unwrap();
        assert!(store.get(&NAMESPACES, "", "le").is_some());
    }

    #[test]
    fn a_dry_run_keeps_nothing() {
        let store = Store::new(8);
        let before = store.version();
        store.create(&LEASES, lease("x", "a"), true).unwrap();
        assert_eq!(store.version(), before);
        assert!(store.get(&LEASES, "le", "x").is_none());
    }

    #[test]
    fn lists_keep_to_their_namespace() {
        let store = Store::new(8);
        for (namespace, name) in [("a", "1"), ("ab", "2"), ("a", "3")] {
            let mut object = lease(name, "");
            meta::set(&mut object, "namespace", namespace);
            store.put(object).unwrap();
        }
        assert_eq!(store.list(&LEASES, "a").len(), 2);
        assert_eq!(store.list(&LEASES, "").len(), 3);
        assert!(store.remove(&LEASES, "a", "1"));
        assert!(!store.remove(&LEASES, "a", "1"));
    }
}
