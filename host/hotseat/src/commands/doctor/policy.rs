//! The policy, as a sidecar with these flags would get it, and the memory that it needs.

use super::{Check, Report, Settings};
use crate::commands::policy_tools::{self, Check as PolicyCheck, CheckReport, PolicyReport};
use crate::sidecar::needs::not_given;
use crate::sidecar::source::Source as PolicySource;
use hotseat_election::{Facts, PolicySource as _, Publication, Sourced};
use hotseat_engine::{MemoryLeft, STANDARD, Source};
use hotseat_kubernetes::Connection;
use hotseat_sources::Origin;
use std::time::Duration;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;

/// How long a source may take to give what it has.
const FOUND_WITHIN: Duration = Duration::from_secs(15);
/// Below this limit of memory a policy in Rust does not compile beside the sidecar; `make limits`
/// measures it.
const LEAST_MEMORY: u64 = 24 << 20;
/// The same for the policy `builtin:rules`, which has an evaluator in it.
const LEAST_FOR_RULES: u64 = 128 << 20;

pub(super) async fn check(
    settings: &Settings,
    connection: Option<Connection>,
    facts: &Facts,
    report: &mut Report,
) {
    let wanted = settings.policy.policy.to_string();
    let by_map = settings.policy.settings.config_map().is_some();
    let check = match connection {
        _ if settings.policy.policy.is_local() && !by_map => judged(settings, &local(settings)),
        Some(connection) => match fetch(settings, connection, facts).await {
            Ok(report) => judged(settings, &report),
            Err(check) => check,
        },
        None => Check::skipped("policy", "there are no credentials"),
    };
    report.add(check.with("source", wanted));
}

/// What the stages of `policy check` say of a policy on this machine.
fn local(settings: &Settings) -> Result<CheckReport, String> {
    let file = settings.policy.policy.to_string();
    let checked = settings.policy.settings.read().map_err(|error| error.to_string());
    let checked = checked.and_then(|read| stages(settings, &file, read));
    checked.map_err(|error| format!("{file}: {error}"))
}

fn stages(
    settings: &Settings,
    file: &str,
    read: hotseat_sources::Settings,
) -> Result<CheckReport, String> {
    let check = PolicyCheck {
        file: file.to_owned(),
        settings: read,
        key: settings.policy.key.clone(),
        registries: settings.policy.registries.clone(),
        limits: settings.limits.clone(),
        container: settings.container.clone(),
        givers: settings.givers.words,
    };
    policy_tools::check(&check).map_err(|error| format!("{error:#}"))
}

/// Gets what the source has, and takes it through the stages that follow.
async fn fetch(
    settings: &Settings,
    connection: Connection,
    facts: &Facts,
) -> Result<Result<CheckReport, String>, Check> {
    let namespace = settings.election.namespace();
    let source = PolicySource::new(settings.policy.clone(), namespace, connection, facts.clone())
        .map_err(|error| Check::failed("policy", error.to_string()))?;
    let (tell, mut sourced) = channel(1);
    let following = tokio::spawn(Box::new(source).follow(tell));
    let found = timeout(FOUND_WITHIN, sourced.recv()).await;
    following.abort();
    match found {
        Ok(Some(Sourced::Found(publication))) => Ok(found_elsewhere(settings, publication)),
        Ok(Some(Sourced::Refused { source, refusal })) => Err(Check::failed(
            "policy",
            format!("{source}: stage {}: {}", refusal.stage, refusal.why),
        )),
        Ok(Some(Sourced::Unavailable(why))) => Err(Check::failed("policy", why).with_remedy(
            "until the source gives one, nobody campaigns, unless --on-policy-failure is standard",
        )),
        Ok(None) | Err(_) => Err(Check::failed(
            "policy",
            format!("its source has given nothing within {FOUND_WITHIN:?}"),
        )),
    }
}

/// What was found passed size, digest and signature; the file is for the stages that follow.
fn found_elsewhere(settings: &Settings, publication: Publication) -> Result<CheckReport, String> {
    let Publication { source, component, settings: given } = publication;
    let bytes = component.bytes.map_or_else(|| STANDARD.to_vec(), |bytes| bytes.to_vec());
    let source = Source::checked(source, component.digest, bytes);
    let (limits, container) = (settings.limits.clone(), settings.container.clone());
    let givers = settings.givers.words;
    let checked = policy_tools::check_found(&source, &given, limits, container, givers);
    checked.map_err(|error| format!("{error:#}"))
}

fn judged(settings: &Settings, checked: &Result<CheckReport, String>) -> Check {
    let report = match checked {
        Ok(report) => report,
        Err(error) => return Check::failed("policy", error.clone()),
    };
    let wanted = &settings.policy.policy;
    if let (Some(stage), Some(error)) = (report.stage, &report.error) {
        return Check::failed("policy", format!("{wanted}: stage {stage}: {error}"))
            .with("stage", stage)
            .with_remedy(
                "try it with `hotseat policy check`; what was active stays until another passes",
            );
    }
    let digest = report.digest.clone().unwrap_or_default();
    let policy = report.policy.as_ref();
    let name = policy.map_or(String::new(), |it| format!("{} {}", it.name, it.version));
    let found = format!("{wanted} has {name}, {digest}, and passes every stage");
    let lacks = policy.map_or(String::new(), |policy| lacks(settings, policy));
    // It decides all the same, and may be meant to.
    let check = match lacks.is_empty() {
        true => Check::ok("policy", found),
        false => Check::note("policy", format!("{found}, but needs {lacks}")),
    };
    check.with("digest", digest)
}

/// What the policy needs and these flags do not give, with what would; empty: nothing.
fn lacks(settings: &Settings, policy: &PolicyReport) -> String {
    let facts: Vec<String> = policy.needs.iter().map(|need| need.key.clone()).collect();
    not_given(&settings.givers.needs(&facts))
}

/// What is left of the container's memory.
pub(super) fn memory(settings: &Settings) -> Check {
    let Some(MemoryLeft { limit, left }) = settings.container.memory_left() else {
        return Check::note("memory", "this container has no limit of memory");
    };
    let rules = matches!(settings.policy.policy.origin, Origin::Builtin(Some(_)));
    judged_memory(rules, limit, left).with("limit_bytes", limit).with("left_bytes", left)
}

/// Whether a limit is enough for policies in Rust, or for `builtin:rules`.
fn judged_memory(rules: bool, limit: u64, left: u64) -> Check {
    let least = if rules { LEAST_FOR_RULES } else { LEAST_MEMORY };
    match limit < least {
        false => Check::ok("memory", in_mib("the limit is", limit, left)),
        true => Check::failed("memory", in_mib("the limit is only", limit, left)).with_remedy(
            "give the container 32Mi for policies in Rust or C, 128Mi for builtin:rules, 256Mi for Go, 512Mi for JavaScript, 850Mi for Python",
        ),
    }
}

fn in_mib(what: &str, limit: u64, left: u64) -> String {
    let mib = |bytes: u64| bytes / (1 << 20);
    format!("{what} {} MiB, and a compiler could take {} MiB of it now", mib(limit), mib(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_want_more_memory_than_the_standard_policy() {
        let failed = |rules, mib: u64| {
            let check = judged_memory(rules, mib << 20, 4 << 20);
            let named = |it: &String| it.contains("128Mi for builtin:rules");
            assert!(check.remedy.as_ref().is_none_or(named), "{check:?}");
            check.remedy.is_some()
        };
        assert!(failed(false, 23) && !failed(false, 24));
        assert!(failed(true, 127) && !failed(true, 128));
    }
}
