//! What a lock object gets beside the seat: labels and an owner.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::DynamicObject;
use std::collections::BTreeMap;

/// By which tools and people tell who made an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What a write puts on the object beside the seat. Labels and owners of others stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) owner: Option<OwnerReference>,
}

impl Extras {
    pub(super) fn put_on(&self, object: &mut DynamicObject, created: bool) {
        if created {
            let labels = object.metadata.labels.get_or_insert_default();
            labels.insert(MANAGED_BY.to_owned(), "hotseat".to_owned());
        }
        if !self.labels.is_empty() {
            let labels = object.metadata.labels.get_or_insert_default();
            labels.extend(self.labels.clone());
        }
        let Some(owner) = &self.owner else { return };
        let owners = object.metadata.owner_references.get_or_insert_default();
        // One of the same name and another UID is gone, and would have the object deleted.
        let same = |known: &OwnerReference| known.kind == owner.kind && known.name == owner.name;
        match owners.iter_mut().find(|known| same(known)) {
            Some(known) => known.uid.clone_from(&owner.uid),
            None => owners.push(owner.clone()),
        }
    }
}
