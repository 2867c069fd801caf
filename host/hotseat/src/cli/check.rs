//! From arguments as written to settings that can be run, with everything checked on the way.

use super::names::{election, namespace, pods_namespace};
use super::sidecar_args::{Probes, SidecarArgs};
use super::{lock_args, needs};
use crate::sidecar::engine;
use crate::sidecar::identity::hostname;
use crate::sidecar::observers::JournalFile;
use crate::sidecar::own_pod::{self, PodFeatures, variable};
use crate::sidecar::probes::{MOST_PROBES, Probe};
use crate::sidecar::rights::Uses;
use crate::sidecar::source::{PolicyOptions, known};
use crate::sidecar::{ElectionSettings, PodName, Settings};
use anyhow::{anyhow, bail};
use hotseat_core::config::Timing;
use hotseat_election::ElectionName;
use hotseat_election::roster::READY;
use hotseat_kubernetes::{Credentials, NodeName};
use hotseat_rollout::{Allowance, Gate, ShadowPeriod};
use hotseat_sources::{Origin, PolicyKey, PolicyRef, RefError, Registries, SettingsSource};
use hotseat_text::parse_duration;
use std::path::PathBuf;
use std::time::Duration;

/// The longest name of a candidate, in bytes: as of an object in Kubernetes.
const LONGEST_NAME: usize = 253;
/// The smallest size of a journal's file, in bytes.
const SMALLEST_JOURNAL: u64 = 64 * 1024;

pub(super) fn settings(args: SidecarArgs) -> anyhow::Result<Settings> {
    let timing = timing(&args)?;
    let lock = lock_args::options(&args.lock, &timing)?;
    let pod_features = pod_features(&args)?;
    let policy = policy(&args)?;
    let access = args.http_detail.into();
    let election = election(args.election)?;
    let name = ElectionName::new(&namespace(args.election_namespace)?, &election);
    Ok(Settings {
        election: ElectionSettings {
            name,
            identity: identity(args.id)?,
            pod: own_pod(),
            timing,
            lock,
            pod_features,
            roster: args.roster.roster,
            credentials: match args.use_cluster_credentials {
                true => Credentials::Cluster,
                false => Credentials::Search,
            },
            policy,
            shadow: shadow(&args.shadow)?,
            gate: gate(&args.shadow_differences)?,
            turns: args.turns.options()?,
            warm_up: args.warm_up,
            preemptions_per_hour: args.preemptions_per_hour,
            on_failure: args.on_policy_failure.overrules(),
            failure_share: args.policy_failure_share,
            givers: needs::words,
            probes: probes(args.probe, args.ready_probe)?,
            limits: args.limits.within(&args.time),
            compiler: engine::compiler(),
        },
        http: Some(args.http).filter(|address| !address.is_empty()),
        access,
        journal: journal(args.journal, args.journal_size)?,
        companions: args.companions.settings(&timing)?,
        controls: controls(),
    })
}

/// The page of the demonstration that started this process.
#[cfg(feature = "demo")]
fn controls() -> Option<String> {
    hotseat_demo::controls_of_parent()
}

/// A program without a demonstration is part of none.
#[cfg(not(feature = "demo"))]
fn controls() -> Option<String> {
    None
}

/// What a sidecar with these flags, in pods of that namespace, uses of the API. Nothing else of the
/// flags is looked at: files that only the pod has need not be there.
pub(super) fn uses(args: &SidecarArgs, pods: Option<&str>) -> anyhow::Result<Uses> {
    let election = election(args.election.clone())?;
    let pods = match pods {
        Some(given) => pods_namespace(given)?,
        None => namespace(None)?,
    };
    let flag = args.election_namespace.clone().filter(|name| !name.is_empty());
    let of_lock = namespace(Some(flag.unwrap_or_else(|| pods.clone())))?;
    Ok(Uses {
        election: ElectionName::new(&of_lock, &election),
        pod_namespace: Some(pods),
        lock: lock_args::written(&args.lock)?,
        pods: args.pod.features(),
        roster: args.roster.roster
            || args.turns.options()?.is_some()
            || args.pod.features().facts.seats,
        policy: policy_reference(&args.policy, &args.registries.registries())?,
        settings: SettingsSource::parse(&args.policy_settings)
            .map_err(|why| anyhow!("--policy-settings: {why}"))?
            .config_map()
            .cloned(),
    })
}

fn journal(path: Option<PathBuf>, size: u64) -> anyhow::Result<Option<JournalFile>> {
    let Some(path) = path else { return Ok(None) };
    if size < SMALLEST_JOURNAL {
        bail!("--journal-size {size}: give 64KiB or more");
    }
    Ok(Some(JournalFile { path, size }))
}

/// This pod, where the manifest hands its name and its UID in by the downward API.
pub(super) fn own_pod() -> Option<PodName> {
    let namespace = own_pod::namespace()?;
    Some(PodName { namespace, name: variable("POD_NAME")?, uid: variable("POD_UID")? })
}

fn identity(flag: Option<String>) -> anyhow::Result<String> {
    let pod = || std::env::var("POD_NAME").ok().filter(|name| !name.is_empty());
    let name = match flag {
        Some(name) if name.is_empty() => {
            bail!("--id cannot be empty: leave it out for the pod's name, or give one")
        }
        Some(name) => name,
        None => pod().unwrap_or_else(hostname_of_pod),
    };
    // An image whose entrypoint runs no shell hands `$(hostname)` on as it stands, and then every
    // replica has one name.
    if name.contains("$(") {
        bail!("--id {name}: this was not expanded: leave --id out for the pod's name");
    }
    if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        bail!(
            "--id {}: has {} bytes or control characters: give at most {LONGEST_NAME} printable ones",
            name.escape_debug(),
            name.len()
        );
    }
    Ok(name)
}

/// The hostname, for want of a name. In a pod that is mostly the pod's.
fn hostname_of_pod() -> String {
    let name = hostname();
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        tracing::warn!(
            identity = %name,
            "POD_NAME is not set, so the hostname is this candidate's name: with hostNetwork that is the node's, and all pods there have it; hand metadata.name in as POD_NAME, as the manifests do"
        );
    }
    name
}

pub(super) fn timing(args: &SidecarArgs) -> anyhow::Result<Timing> {
    let client_go = Timing::client_go();
    let mut timing = match args.ttl {
        Some(ttl) => Timing::from_ttl(ttl),
        None => Timing::new(
            args.lease_duration.unwrap_or(client_go.lease_duration),
            args.renew_deadline.unwrap_or(client_go.renew_deadline),
            args.retry_period.unwrap_or(client_go.retry_period),
        ),
    };
    if !(0.0..50.0).contains(&args.clock_error) {
        bail!("--clock-error {}: give a percentage from 0 to below 50", args.clock_error);
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked above"
    )]
    let ppm = (args.clock_error * 10_000.0).round() as u32;
    timing.clock_error_ppm = ppm;
    timing.reaction = args.reaction_time.unwrap_or_default();
    timing.shortest_lease = args.shortest_lease.unwrap_or(timing.lease_duration);
    timing.longest_lease = args.longest_lease.unwrap_or(timing.lease_duration);
    let longest = Duration::from_secs(u64::from(u32::MAX / 2));
    if timing.longest_lease > longest {
        bail!(
            "the lease duration {:?} does not fit into a Lease: give {longest:?} or less",
            timing.longest_lease
        );
    }
    timing.check()?;
    Ok(timing)
}

/// Where leases are waited out, what is left of one gives an application time that nobody thought
/// about. Where deaths are seen, there is the reaction time and nothing else.
fn pod_features(args: &SidecarArgs) -> anyhow::Result<PodFeatures> {
    let features = args.pod.features();
    if features.facts.node == Some(NodeName::OfPod) && !features.facts.pod {
        bail!(
            "--facts node: which node that is, is not known: set NODE_NAME from spec.nodeName by the downward API, or give --facts pod,node"
        );
    }
    if features.watch && args.reaction_time.is_none() {
        bail!(
            "--watch-pods: give --reaction-time too, for how long the application goes on when 4040 no longer answers: no lease is waited out for it; 0s if it ends with this process"
        );
    }
    Ok(features)
}

pub(super) fn policy(args: &SidecarArgs) -> anyhow::Result<PolicyOptions> {
    let written = &args.policy;
    let registries = args.registries.registries();
    let policy = policy_reference(written, &registries)?;
    let key = policy_key(args.policy_key.as_deref())?;
    if key.is_some() && matches!(policy.origin, Origin::Builtin(_)) {
        bail!(
            "--policy-key: the builtin policy has no signature: leave the key out, or name another policy"
        );
    }
    let settings = settings_source("--policy-settings", &args.policy_settings)?;
    Ok(PolicyOptions { policy, settings, key, poll: args.policy_poll, registries })
}

fn policy_reference(written: &str, registries: &Registries) -> anyhow::Result<PolicyRef> {
    let policy: PolicyRef = written.parse().map_err(|error| {
        let why = refused_reference(&error, registries);
        anyhow!("--policy {written}: {why}")
    })?;
    known(&policy).map_err(|error| anyhow!("--policy {written}: {error}"))?;
    Ok(policy)
}

/// Settings that can be used as they are now, or that are read through the API.
pub(super) fn settings_source(flag: &str, written: &str) -> anyhow::Result<SettingsSource> {
    let source = SettingsSource::parse(written).map_err(|why| anyhow!("{flag}: {why}"))?;
    if source.config_map().is_some() {
        return Ok(source);
    }
    let found = source.read().and_then(|settings| settings.text());
    found.map_err(|error| anyhow!("{flag}: {error}"))?;
    Ok(source)
}

/// The key that policies are signed with, if one is given. An empty one comes of a secret that is
/// missing, and must not let policies without a signature in.
pub(super) fn policy_key(given: Option<&str>) -> anyhow::Result<Option<PolicyKey>> {
    match given {
        None => Ok(None),
        Some("") => bail!(
            "--policy-key is empty, and unsigned policies would be accepted: give the key, or leave it out"
        ),
        Some(key) => match PolicyKey::from_argument(key) {
            Ok(key) => Ok(Some(key)),
            Err(error) => bail!("--policy-key {key}: {error}"),
        },
    }
}

/// For a tag, the registry is asked what to write instead.
fn refused_reference(error: &RefError, registries: &Registries) -> String {
    let RefError::Tag(tag) = error else { return error.to_string() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(registries.refuse_tag(tag)),
        Err(_) => error.to_string(),
    }
}

fn probes(given: Vec<Probes>, ready: Option<Probe>) -> anyhow::Result<Vec<Probe>> {
    let probes: Vec<Probe> = given.into_iter().flatten().chain(ready).collect();
    if probes.len() > MOST_PROBES {
        bail!("--probe: {} probes, at most {MOST_PROBES} are made: leave some out", probes.len());
    }
    for (index, probe) in probes.iter().enumerate() {
        if probes[..index].iter().any(|other| other.key == probe.key) {
            bail!("--probe: {} is given twice: give each probe a name of its own", probe.key);
        }
        if probe.key.as_str() == "probe.ready" && probes.iter().any(|it| it.key.as_str() == READY) {
            bail!(
                "--probe: probe.ready would be one with --ready-probe in the metrics: give it another name"
            );
        }
    }
    Ok(probes)
}

/// `50` decisions, or `30s`; 0 of either: none.
fn shadow(written: &str) -> anyhow::Result<Option<ShadowPeriod>> {
    if let Ok(decisions) = written.parse::<u32>() {
        return Ok((decisions > 0).then_some(ShadowPeriod::Decisions(decisions)));
    }
    match parse_duration(written) {
        Ok(Duration::ZERO) => Ok(None),
        Ok(time) => Ok(Some(ShadowPeriod::Time(time))),
        Err(error) => bail!(
            "--shadow {written}: {error}: give a number of decisions such as 50, or a duration such as 30s"
        ),
    }
}

/// How many decisions of a policy in shadow may differ: `5`, or `10%`.
fn gate(written: &str) -> anyhow::Result<Gate> {
    let refused = || {
        anyhow!(
            "--shadow-differences {written}: give a number of decisions such as 5, or a share from 0% to 100%"
        )
    };
    let differences = match written.strip_suffix('%') {
        Some(percent) => match percent.parse() {
            Ok(percent @ 0..=100) => Allowance::Percent(percent),
            _ => return Err(refused()),
        },
        None => Allowance::Count(written.parse().map_err(|_| refused())?),
    };
    Ok(Gate { differences, ..Gate::default() })
}
