//! Which rights a sidecar needs: one list, which its own check of its account and `hotseat rbac` share.
//!
//! Whatever uses the API is a feature here, so that no use goes without its right and no right is asked
//! for that nothing uses.

use crate::sidecar::ElectionSettings;
use crate::sidecar::locks::LockOptions;
use crate::sidecar::own_pod::{FactsWanted, OwnPod, PodFeatures};
use crate::sidecar::roster::FEATURE;
use crate::sidecar::source;
use hotseat_election::{ElectionName, Right};
use hotseat_kubernetes::{
    LockKind, config_map_rights, event_rights, leases_rights, rights_to_see_events, roster_rights,
};
use hotseat_sources::{ConfigMapRef, PolicyRef};

/// What of a sidecar's settings decides which rights it needs.
#[derive(Clone, Debug)]
pub struct Uses {
    /// The election, which is its lock's name and namespace.
    pub election: ElectionName,
    /// The namespace of the pod, where it has one.
    pub pod_namespace: Option<String>,
    /// Which objects are the lock, and what they get.
    pub lock: LockOptions,
    /// What is done with pods.
    pub pods: PodFeatures,
    /// Whether the roster is kept whatever the policy needs.
    pub roster: bool,
    /// Where the policy comes from.
    pub policy: PolicyRef,
    /// The ConfigMap that has its settings, where one does.
    pub settings: Option<ConfigMapRef>,
}

/// Something that a sidecar does by the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it is called where features are chosen.
    pub name: &'static str,
    /// The rights that it needs, in the order in which they are used.
    pub rights: Vec<Right>,
}

/// What the Role of an election's sidecars is called.
pub fn role_name(election: &ElectionName) -> String {
    format!("hotseat-{}", election.name())
}

/// All there are. Each says whether it is in use, and what it needs.
const FEATURES: [fn(&Uses) -> Option<Feature>; 10] = [
    lease,
    endpoints,
    config_maps,
    owner,
    events,
    config_map,
    watch_pods,
    label_leader,
    facts,
    roster,
];

impl Uses {
    /// What a sidecar with these settings uses.
    pub fn of(settings: &ElectionSettings) -> Uses {
        Uses {
            election: settings.name.clone(),
            pod_namespace: settings.pod.as_ref().map(|pod| pod.namespace.clone()),
            lock: settings.lock.clone(),
            pods: settings.pod_features.clone(),
            roster: settings.keeps_roster(),
            policy: settings.policy.policy.clone(),
            settings: settings.policy.settings.config_map().cloned(),
        }
    }

    /// The features that are in use.
    pub fn features(&self) -> Vec<Feature> {
        FEATURES.iter().filter_map(|feature| feature(self)).collect()
    }

    /// What people need, and no sidecar, to ask something of the election.
    pub fn of_people(&self) -> Vec<Feature> {
        let election = &self.election;
        let of_lock = |verbs: &[&str]| -> Vec<Right> {
            let kinds = self.lock.choice.kinds().into_iter();
            let all = kinds.flat_map(|kind| kind.rights(election.namespace(), election.name()));
            all.filter(|right| verbs.contains(&right.verb)).collect()
        };
        // Both look at the roster, where there is one.
        let with_roster = |mut rights: Vec<Right>| {
            rights.extend(self.to_look_at_roster());
            rights
        };
        let to_look = [of_lock(&["get"]), rights_to_see_events(election.namespace())].concat();
        vec![
            Feature { name: "people", rights: with_roster(of_lock(&["get", "update"])) },
            Feature { name: "status", rights: with_roster(to_look) },
            Feature { name: "ui", rights: leases_rights(Some(election.namespace())) },
        ]
    }

    fn to_look_at_roster(&self) -> Vec<Right> {
        let all = roster_rights(self.election.namespace()).into_iter();
        all.filter(|right| self.keeps_roster() && right.verb == "list").collect()
    }

    /// Whether the roster is kept: the flags want it, or the policy is known to need it.
    fn keeps_roster(&self) -> bool {
        self.roster || source::needs_roster(&self.policy)
    }

    /// All the rights that they need, each once: several may need the same one.
    pub fn rights(&self) -> Vec<Right> {
        each_once(self.features().into_iter().flat_map(|feature| feature.rights))
    }
}

/// The same rights in the same order, each once.
fn each_once(all: impl IntoIterator<Item = Right>) -> Vec<Right> {
    let mut rights: Vec<Right> = Vec::new();
    for right in all {
        if !rights.contains(&right) {
            rights.push(right);
        }
    }
    rights
}

/// The lock: without it there is no election.
fn lease(uses: &Uses) -> Option<Feature> {
    lock(uses, LockKind::Leases, "lease")
}

/// The lock of the 0.4 image.
fn endpoints(uses: &Uses) -> Option<Feature> {
    lock(uses, LockKind::Endpoints, "endpoints")
}

/// The lock of old controllers; a policy in a ConfigMap is another feature.
fn config_maps(uses: &Uses) -> Option<Feature> {
    lock(uses, LockKind::ConfigMaps, "configmaps")
}

fn lock(uses: &Uses, kind: LockKind, name: &'static str) -> Option<Feature> {
    let election = &uses.election;
    let takes_part = uses.lock.choice.kinds().contains(&kind);
    takes_part.then(|| Feature { name, rights: kind.rights(election.namespace(), election.name()) })
}

/// What the lock objects are deleted with, whose UID is read.
fn owner(uses: &Uses) -> Option<Feature> {
    let owner = uses.lock.owner.as_ref()?;
    Some(Feature { name: "owner", rights: vec![owner.right(uses.election.namespace())] })
}

/// Events on the lock, and on the pod. The election goes on without them.
fn events(uses: &Uses) -> Option<Feature> {
    let of_lock = uses.election.namespace();
    let mut rights = event_rights(of_lock);
    if let Some(of_pod) = uses.pod_namespace.as_deref().filter(|of_pod| *of_pod != of_lock) {
        rights.extend(event_rights(of_pod));
    }
    Some(Feature { name: "events", rights })
}

/// A policy in a ConfigMap, and settings in one.
fn config_map(uses: &Uses) -> Option<Feature> {
    let maps = uses.policy.config_map().into_iter().chain(&uses.settings);
    let of = |map: &ConfigMapRef| {
        let namespace = map.namespace().unwrap_or(uses.election.namespace());
        config_map_rights(namespace, map.name())
    };
    let rights: Vec<Right> = maps.flat_map(of).collect();
    (!rights.is_empty()).then_some(Feature { name: "configmap", rights })
}

/// The ends of other candidates' processes (I15).
fn watch_pods(uses: &Uses) -> Option<Feature> {
    let watch = uses.pods.watch;
    of_pods(uses, PodFeatures { watch, ..PodFeatures::default() }, "watch-pods")
}

/// What the leader's pod says of it.
fn label_leader(uses: &Uses) -> Option<Feature> {
    let facts = FactsWanted::default();
    of_pods(uses, PodFeatures { watch: false, facts, ..uses.pods.clone() }, "label-leader")
}

/// What the policy may know of this pod and its node.
fn facts(uses: &Uses) -> Option<Feature> {
    let facts = uses.pods.facts.clone();
    of_pods(uses, PodFeatures { facts, ..PodFeatures::default() }, "facts")
}

/// The candidates' Leases. A policy from elsewhere that asks for them needs the same rights, and what it
/// asks for is not known before it is loaded.
fn roster(uses: &Uses) -> Option<Feature> {
    let rights = || roster_rights(uses.election.namespace());
    uses.keeps_roster().then(|| Feature { name: FEATURE, rights: rights() })
}

fn of_pods(uses: &Uses, features: PodFeatures, name: &'static str) -> Option<Feature> {
    let namespace = uses.pod_namespace.as_deref().unwrap_or(uses.election.namespace());
    let rights = each_once(OwnPod::in_namespace(namespace).rights(&features));
    (!rights.is_empty()).then_some(Feature { name, rights })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::locks::LockChoice;
    use hotseat_sources::SettingsSource;

    fn uses(pod_namespace: &str, policy: &str) -> Uses {
        Uses {
            election: ElectionName::new("web", "shop"),
            pod_namespace: Some(pod_namespace.to_owned()),
            lock: LockOptions::default(),
            pods: PodFeatures::default(),
            roster: false,
            policy: policy.parse().unwrap(),
            settings: None,
        }
    }

    fn names(uses: &Uses) -> Vec<&'static str> {
        uses.features().iter().map(|feature| feature.name).collect()
    }

    #[test]
    fn only_what_is_in_use_asks_for_rights() {
        assert_eq!(names(&uses("web", "builtin")), ["lease", "events"]);
        assert_eq!(names(&uses("web", "file:/policy.wasm")), ["lease", "events"]);
        let by_map = uses("web", "configmap:platform/policy");
        assert_eq!(names(&by_map), ["lease", "events", "configmap"]);
        let rights = by_map.rights();
        assert_eq!(rights.len(), 8);
        assert!(rights[6..].iter().all(|right| right.namespace == "platform"), "{rights:?}");
        let settings = SettingsSource::parse("configmap:shop-rules").unwrap();
        let settings = settings.config_map().cloned();
        let by_settings = Uses { settings: settings.clone(), ..uses("web", "builtin:rules") };
        assert_eq!(names(&by_settings), ["lease", "events", "configmap", "roster"]);
        let rights = by_settings.rights();
        let of_settings = rights.iter().filter(|right| right.resource == "configmaps");
        assert!(of_settings.clone().all(|right| right.namespace == "web"), "{rights:?}");
        assert_eq!(of_settings.count(), 2, "{rights:?}");
        assert_eq!(Uses { settings, ..by_map }.rights().len(), 10);
    }

    #[test]
    fn each_choice_of_locks_needs_the_rights_of_its_locks_and_no_others() {
        for (choice, wanted) in [
            (LockChoice::Leases, &["lease", "events"][..]),
            (LockChoice::Endpoints, &["endpoints", "events"]),
            (LockChoice::ConfigMaps, &["configmaps", "events"]),
            (LockChoice::EndpointsLeases, &["lease", "endpoints", "owner", "events"]),
            (LockChoice::ConfigMapsLeases, &["lease", "configmaps", "events"]),
        ] {
            let owner = wanted.contains(&"owner").then(|| "deployment/shop".parse());
            let owner = owner.transpose().unwrap();
            let lock = LockOptions { choice, owner, ..LockOptions::default() };
            assert_eq!(names(&Uses { lock, ..uses("web", "builtin") }), wanted, "{choice}");
        }
    }

    #[test]
    fn the_roster_takes_rights_on_leases_of_any_name() {
        let uses = Uses { roster: true, ..uses("web", "builtin") };
        assert_eq!(names(&uses), ["lease", "events", "roster"]);
        let rights = uses.features().pop().unwrap().rights;
        assert!(rights.iter().all(|right| right.resource == "leases" && right.name.is_none()));
        let verbs: Vec<&str> = rights.iter().map(|right| right.verb).collect();
        assert_eq!(verbs, ["create", "list", "watch", "patch", "delete"]);
    }

    #[test]
    fn a_policy_of_the_program_that_needs_the_roster_takes_its_rights() {
        let of = |uses: &Uses| {
            let feature = uses.features().into_iter().find(|feature| feature.name == FEATURE);
            feature.map(|feature| feature.rights)
        };
        let by_rules = uses("web", "builtin:rules");
        let by_flag = Uses { roster: true, ..uses("web", "builtin") };
        assert_eq!(of(&by_rules), of(&by_flag));
        assert!(of(&by_rules).is_some());
        // Whoever looks at such an election sees its candidates.
        assert_eq!(by_rules.of_people(), by_flag.of_people());
        for policy in ["builtin", "builtin:standard", "file:/policy.wasm", "configmap:policy"] {
            assert_eq!(of(&uses("web", policy)), None, "{policy}");
        }
    }

    #[test]
    fn a_right_that_two_features_need_is_there_once() {
        let label = Some(("role".to_owned(), "leader".to_owned()));
        let pods = PodFeatures { watch: true, label, ..PodFeatures::default() };
        let rights = Uses { pods, ..uses("web", "builtin") }.rights();
        let lists = rights.iter().filter(|right| (right.resource, right.verb) == ("pods", "list"));
        assert_eq!(lists.count(), 1, "{rights:?}");
    }

    #[test]
    fn a_pod_elsewhere_needs_a_right_there_for_events_on_itself() {
        let namespaces = |uses: &Uses| {
            let events = uses.features().into_iter().find(|feature| feature.name == "events");
            let rights = events.unwrap().rights;
            rights.into_iter().map(|right| right.namespace).collect::<Vec<_>>()
        };
        assert_eq!(namespaces(&uses("web", "builtin")), ["web"]);
        assert_eq!(namespaces(&uses("shop", "builtin")), ["web", "shop"]);
    }
}
