//! Names of elections and namespaces, as they are given.

use crate::sidecar::own_pod;
use anyhow::{Context as _, bail};
use hotseat_sources::names::{self, NAME_RULE, NAMESPACE_RULE};

/// The name of an election, as it is given.
pub(super) fn election(name: Option<String>) -> anyhow::Result<String> {
    let name = name.unwrap_or_default();
    if name.is_empty() {
        bail!("--election cannot be empty: give the name of the Lease to campaign for");
    }
    check_object("--election", &name)?;
    Ok(name)
}

/// The namespace of an election: the flag's, else the pod's own, else `default`.
pub(super) fn namespace(flag: Option<String>) -> anyhow::Result<String> {
    let named = flag.filter(|name| !name.is_empty());
    let name = named.or_else(own_pod::mounted_namespace).map(|name| name.trim().to_owned());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned());
    check_name("--election-namespace", &name, names::is_namespace, NAMESPACE_RULE)?;
    Ok(name)
}

/// The same for a person, whose kubeconfig may name one: where no flag and no pod does.
pub(super) fn namespace_of_person(flag: Option<String>) -> anyhow::Result<String> {
    let named = flag.filter(|name| !name.is_empty());
    let mounted = || own_pod::mounted_namespace().filter(|name| !name.trim().is_empty());
    let name = match named.or_else(mounted) {
        Some(name) => Some(name),
        None => hotseat_kubernetes::context_namespace().context(
            "--namespace is not given, and the kubeconfig that may name one is of no use",
        )?,
    };
    namespace(name)
}

/// The namespace of pods, if it is given.
pub(super) fn pods_namespace(given: &str) -> anyhow::Result<String> {
    check_name("--namespace", given, names::is_namespace, NAMESPACE_RULE)?;
    Ok(given.to_owned())
}

/// A name of an object in Kubernetes, which then needs no quotes in YAML either.
pub(super) fn check_object(flag: &str, name: &str) -> anyhow::Result<()> {
    check_name(flag, name, names::is_object, NAME_RULE)
}

/// A name that Kubernetes takes.
fn check_name(flag: &str, name: &str, takes: fn(&str) -> bool, rule: &str) -> anyhow::Result<()> {
    if takes(name) {
        return Ok(());
    }
    bail!("{flag} {}: not a valid name in Kubernetes: {rule}", name.escape_debug())
}
