//! Finds the smallest limits of memory of a container in which policies work: `make limits`.
//!
//! For each policy a sidecar leads by the standard policy in a control group with the limit, the
//! policy is published, takes over and decides; then the container starts anew with it. The limit
//! holds if all of that comes about and the kernel kills nobody. Rules are the program's own policy, so
//! they lead from the start, and other rules are published. And policies that take what they get lead
//! in the smallest container, which has to survive them.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use hotseat_engine::{Builtin, digest};
use hotseat_tests::cgroup::Group;
use hotseat_tests::guests;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidate, QUICK};
use hotseat_tests::wait::try_until;

/// The limits that are tried, in MiB, as people set them.
const LIMITS: [u64; 15] = [24, 32, 40, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512, 640, 768];
/// A policy with its interpreter takes the compiler minutes on a busy machine.
const COMPILED: Duration = Duration::from_secs(600);
/// So many decisions show that it decides.
const DECISIONS: u64 = 3;

/// The smallest of them, which docs/limits.md names, too.
const SMALLEST: u64 = LIMITS[0];
/// In the order of docs/limits.md.
const ALL: [&str; 8] =
    ["standard", "rust-wasip2", "c", "go", "javascript", "python", "rules", "hostile"];
/// As many expressions as people write, each for another field.
const RULES: &str = include_str!("../../../host/engine/tests/five-rules.json");
/// What the hostile policy does to use up its container.
const MISBEHAVIORS: [&str; 5] =
    ["memory-bomb", "fill", "memory-megabyte", "reason-megabyte", "publish-flood"];

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = match wanted.is_empty() {
        true => ALL.to_vec(),
        false => wanted.iter().map(String::as_str).collect(),
    };
    for name in names {
        match name {
            "hostile" => {
                MISBEHAVIORS
                    .iter()
                    .try_for_each(|misbehavior| survives(misbehavior).context(*misbehavior))?;
                println!("hostile: {SMALLEST} MiB holds");
            }
            "rules" => search(name, rules_work_within),
            "standard" => search_for(name, &guests::standard_marked(1)),
            "c" => search_for(name, &guests::in_c()?),
            name if ALL.contains(&name) => search_for(name, &fs::read(guests::language(name)?)?),
            name => bail!("{name}: there are {}", ALL.join(", ")),
        }
    }
    Ok(())
}

fn search_for(name: &str, component: &[u8]) {
    search(name, |limit| works_within(limit, component));
}

/// Prints the smallest limit that holds: whatever holds at one holds at every larger one.
fn search(name: &str, works: impl Fn(u64) -> anyhow::Result<()>) {
    let (mut fails, mut holds) = (None, None);
    let (mut low, mut high) = (0, LIMITS.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let limit = LIMITS[middle];
        match works(limit << 20) {
            Ok(()) => (high, holds) = (middle, Some(limit)),
            Err(error) => {
                let error = format!("{error:#}");
                eprintln!("hotseat-limits: {name}: {limit} MiB: {error}");
                (low, fails) = (middle + 1, Some((limit, error)));
            }
        }
    }
    match holds {
        Some(limit) => println!("{name}: {limit} MiB holds"),
        None => println!("{name}: no limit that was tried holds: {fails:?}"),
    }
}

fn works_within(limit: u64, component: &[u8]) -> anyhow::Result<()> {
    let api = Api::embedded("limits")?;
    let folder = ScratchDir::new("hotseat-limits-")?;
    let file = folder.path().join("policy.wasm");
    let group = Group::new(limit)?;
    let before = guests::standard_marked(2);
    guests::publish(&file, &before)?;
    let mut candidate = start(&api, &group, &file)?;
    decides_by(&candidate, &group, &before).context("the standard policy")?;
    guests::publish(&file, component)?;
    decides_by(&candidate, &group, component).context("after the swap")?;
    candidate.end();
    let mut candidate = start(&api, &group, &file)?;
    decides_by(&candidate, &group, component).context("after a start with it")?;
    candidate.end();
    Ok(())
}

fn rules_work_within(limit: u64) -> anyhow::Result<()> {
    let api = Api::embedded("limits")?;
    let folder = ScratchDir::new("hotseat-limits-")?;
    let file = folder.path().join("rules.json");
    let group = Group::new(limit)?;
    let rules = Builtin::find(Some("rules")).context("no builtin:rules")?.component()?;
    let settings = format!("--policy-settings=@{}", file.display());
    let start = || Candidate::of("anna", launch(&api, &group, "builtin:rules")?.arg(&settings));
    guests::publish(&file, br#"{"campaign": "true"}"#)?;
    let mut candidate = start()?;
    decides_by(&candidate, &group, &rules).context("the first rules")?;
    let first = candidate.json("/v1/policy")?["active"]["settings"].clone();
    guests::publish(&file, RULES.as_bytes())?;
    let changed = try_until(COMPILED, || match candidate.json("/v1/policy") {
        Ok(report) if report["active"]["settings"] != first => Ok(()),
        other => Err(format!("{other:?}")),
    });
    if let Err(seen) = changed {
        bail!("other rules: {} kills, and the last that was seen is {seen}", group.kills()?);
    }
    decides_by(&candidate, &group, &rules).context("by other rules")?;
    candidate.end();
    let mut candidate = start()?;
    decides_by(&candidate, &group, &rules).context("after a start with them")?;
    candidate.end();
    Ok(())
}

/// A leader whose policy misbehaves fails three times, and goes on by the standard policy.
fn survives(misbehavior: &str) -> anyhow::Result<()> {
    let api = Api::embedded("hostile")?;
    let group = Group::new(SMALLEST << 20)?;
    let settings = format!("--policy-settings=\"{misbehavior}@leader\"");
    let policy = format!("file:{}", guests::file("hostile")?.display());
    let launch = launch(&api, &group, &policy)?.arg(settings);
    let mut candidate = Candidate::of("anna", launch)?;
    let restored = try_until(COMPILED, || match candidate.json("/v1/policy") {
        Ok(report) if report["stage"] == "restored" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    if let Err(seen) = restored {
        bail!("{} kills, and the last that was seen is {seen}", group.kills()?);
    }
    if group.kills()? > 0 {
        bail!("the kernel killed a process");
    }
    candidate.end();
    Ok(())
}

fn start(api: &Api, group: &Group, file: &Path) -> anyhow::Result<Candidate> {
    Candidate::of("anna", launch(api, group, &format!("file:{}", file.display()))?)
}

fn launch(api: &Api, group: &Group, policy: &str) -> anyhow::Result<Launch> {
    let launch = Candidate::launch_in(api, "anna", &group.processes())?.args(QUICK);
    Ok(launch.arg(format!("--policy={policy}")).arg("--policy-poll=200ms"))
}

/// Waits until the policy of these bytes is active and has decided; fails as soon as it cannot be.
fn decides_by(candidate: &Candidate, group: &Group, component: &[u8]) -> anyhow::Result<()> {
    let digest = digest(component);
    let ended = try_until(COMPILED, || {
        if group.kills().unwrap_or_default() > 0 {
            return Ok(Err("the kernel killed a process".to_owned()));
        }
        let report = match candidate.json("/v1/policy") {
            Ok(report) => report,
            Err(error) if candidate.process.memory().is_err() => {
                return Ok(Err(format!("the sidecar ended: {error}: {}", candidate.log())));
            }
            Err(error) => return Err(error.to_string()),
        };
        let candidate_is = report["candidate"]["digest"] == digest.as_str();
        if candidate_is && let Some(error) = report["error"].as_str() {
            return Ok(Err(error.to_owned()));
        }
        let active = report["active"]["digest"] == digest.as_str();
        match active && report["decisions"].as_u64() >= Some(DECISIONS) {
            true => Ok(Ok(())),
            false => Err(report.to_string()),
        }
    });
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => bail!("{error}"),
        Err(seen) => bail!("not within {COMPILED:?}: {seen}"),
    }
}
