//! The kinds of object that this server knows.

use std::fmt;

/// What a request wants, in the words of Kubernetes' own authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many objects.
    List,
    /// Follow changes.
    Watch,
    /// Make a new object.
    Create,
    /// Replace an object.
    Update,
    /// Change parts of an object.
    Patch,
    /// Remove an object.
    Delete,
}

impl Verb {
    /// The verb as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of object and the rules that its registry follows.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version within the group.
    pub version: &'static str,
    /// The name in paths, such as `leases`.
    pub plural: &'static str,
    /// The name for one, such as `lease`.
    pub singular: &'static str,
    /// The name in objects, such as `Lease`.
    pub kind: &'static str,
    /// Abbreviations that kubectl takes.
    pub short_names: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Whether a PUT makes an object that does not exist.
    pub create_on_update: bool,
    /// Whether a PUT without a resourceVersion replaces whatever is there.
    pub unconditional_update: bool,
    /// What can be done with it.
    pub verbs: &'static [Verb],
}

const EVERY_VERB: &[Verb] =
    &[Verb::Create, Verb::Delete, Verb::Get, Verb::List, Verb::Patch, Verb::Update, Verb::Watch];

const CORE: Resource = Resource {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    short_names: &[],
    namespaced: true,
    create_on_update: false,
    unconditional_update: true,
    verbs: EVERY_VERB,
};

/// `configmaps` of the core group.
pub static CONFIGMAPS: Resource = Resource {
    plural: "configmaps",
    singular: "configmap",
    kind: "ConfigMap",
    short_names: &["cm"],
    ..CORE
};

/// `endpoints` of the core group.
pub static ENDPOINTS: Resource = Resource {
    plural: "endpoints",
    singular: "endpoints",
    kind: "Endpoints",
    short_names: &["ep"],
    create_on_update: true,
    ..CORE
};

/// `events` of the core group.
pub static EVENTS: Resource = Resource {
    plural: "events",
    singular: "event",
    kind: "Event",
    short_names: &["ev"],
    create_on_update: true,
    ..CORE
};

/// `leases` of `coordination.k8s.io`.
pub static LEASES: Resource = Resource {
    group: "coordination.k8s.io",
    plural: "leases",
    singular: "lease",
    kind: "Lease",
    create_on_update: true,
    unconditional_update: false,
    ..CORE
};

/// `namespaces` of the core group. A namespace that nobody made appears with its first object.
pub static NAMESPACES: Resource = Resource {
    plural: "namespaces",
    singular: "namespace",
    kind: "Namespace",
    short_names: &["ns"],
    namespaced: false,
    verbs: &[Verb::Create, Verb::Get, Verb::List, Verb::Patch, Verb::Update, Verb::Watch],
    ..CORE
};

/// `pods` of the core group.
pub static PODS: Resource =
    Resource { plural: "pods", singular: "pod", kind: "Pod", short_names: &["po"], ..CORE };

/// Every kind, in the order of discovery.
pub static RESOURCES: [&Resource; 6] =
    [&CONFIGMAPS, &ENDPOINTS, &EVENTS, &NAMESPACES, &PODS, &LEASES];

impl Resource {
    /// The kind with that plural name in that group and version.
    pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
        RESOURCES
            .into_iter()
            .find(|r| r.group == group && r.version == version && r.plural == plural)
    }

    /// `v1` or `coordination.k8s.io/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `leases.coordination.k8s.io`, as error messages name it.
    pub fn qualified(&self) -> String {
        qualify(self.plural, self.group)
    }

    /// `Pod` or `Lease.coordination.k8s.io`, as validation messages name it.
    pub fn qualified_kind(&self) -> String {
        qualify(self.kind, self.group)
    }

    /// Whether the verb can be used with this kind.
    pub fn allows(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb)
    }
}

fn qualify(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
