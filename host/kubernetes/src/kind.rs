//! The kinds of object that can be a lock.

use hotseat_election::Right;
use kube::core::ApiResource;
use std::fmt;

/// A kind of object that can be a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockKind {
    /// `leases` of `coordination.k8s.io`, the seat in their `spec`.
    Leases,
    /// `endpoints` of the core group, the seat in an annotation: the lock of the 0.4 image.
    Endpoints,
    /// `configmaps` of the core group, the seat in an annotation.
    ConfigMaps,
}

impl LockKind {
    /// The resource, in the plural: the name of the kind in flags and in Roles.
    pub fn resource(self) -> &'static str {
        match self {
            LockKind::Leases => "leases",
            LockKind::Endpoints => "endpoints",
            LockKind::ConfigMaps => "configmaps",
        }
    }

    /// The kind as objects name it.
    pub fn kind(self) -> &'static str {
        match self {
            LockKind::Leases => "Lease",
            LockKind::Endpoints => "Endpoints",
            LockKind::ConfigMaps => "ConfigMap",
        }
    }

    /// What the lock is called where people read of it.
    pub(super) fn what(self) -> &'static str {
        match self {
            LockKind::Leases => "the lock",
            LockKind::Endpoints => "the lock in Endpoints",
            LockKind::ConfigMaps => "the lock in a ConfigMap",
        }
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            LockKind::Leases => "coordination.k8s.io",
            LockKind::Endpoints | LockKind::ConfigMaps => "",
        }
    }

    /// `v1` or `coordination.k8s.io/v1`, as objects name it.
    pub fn api_version(self) -> &'static str {
        match self {
            LockKind::Leases => "coordination.k8s.io/v1",
            LockKind::Endpoints | LockKind::ConfigMaps => "v1",
        }
    }

    /// Whether the seat is in the annotation that client-go and the 0.4 image wrote. Their readers
    /// wait for their own lease duration, whatever the record says.
    pub fn is_annotated(self) -> bool {
        self != LockKind::Leases
    }

    /// The rights that a lock of this kind needs, on the object of that name and for creating it.
    pub fn rights(self, namespace: &str, name: &str) -> Vec<Right> {
        let right = |verb, named: bool| Right {
            group: self.group(),
            resource: self.resource(),
            verb,
            namespace: namespace.to_owned(),
            name: named.then(|| name.to_owned()),
        };
        vec![
            right("get", true),
            right("list", true),
            right("watch", true),
            right("update", true),
            right("create", false),
        ]
    }

    pub(super) fn api_resource(self) -> ApiResource {
        ApiResource {
            group: self.group().to_owned(),
            version: "v1".to_owned(),
            api_version: self.api_version().to_owned(),
            kind: self.kind().to_owned(),
            plural: self.resource().to_owned(),
        }
    }
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource())
    }
}
