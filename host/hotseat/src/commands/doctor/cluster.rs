//! The API server, the rights, the latency and the lock.

use super::{Check, Report, Settings};
use crate::commands::lock_tool::{ago, document};
use crate::sidecar::rights::role_name;
use hotseat_core::time::millis;
use hotseat_election::{Right, ServiceAccount};
use hotseat_kubernetes::{Connection, Inspector, LockKind, Roles, Sight};
use jiff::Timestamp;
use std::time::Duration;

/// The checks of this file, in their order.
pub(super) const NAMES: [&str; 5] = ["api", "clock", "rights", "latency", "lock"];
/// How often the lock is read.
const READS: usize = 10;

pub(super) async fn check(
    settings: &Settings,
    connection: &Connection,
    inspectors: &[(LockKind, Inspector)],
    report: &mut Report,
) {
    let Some((_, inspector)) = inspectors.first() else { return };
    let greeting = match inspector.greet().await {
        Ok(greeting) => greeting,
        Err(error) => {
            report.add(Check::failed("api", format!("{}: {error}", connection.url())));
            for name in &NAMES[1..] {
                report.add(Check::skipped(name, "the API server does not answer"));
            }
            return;
        }
    };
    let found = format!(
        "{}, {} answers in {} ms",
        connection.url(),
        greeting.version,
        millis(greeting.took)
    );
    report.add(
        Check::ok("api", found).with("version", greeting.version).with("url", connection.url()),
    );
    report.add(clock(greeting.date, greeting.took));
    report.add(rights(settings, inspector).await);
    for (kind, inspector) in inspectors {
        let (latency, lock) = lock(settings, *kind, inspector).await;
        report.add(latency.with("kind", kind.resource()));
        report.add(lock.with("kind", kind.resource()));
    }
}

/// No rule of an election reads another machine's clock, so a difference is only good to know: it
/// shows in the times of a record, and tokens and certificates have times, too.
fn clock(date: Option<Timestamp>, took: Duration) -> Check {
    let Some(date) = date else {
        return Check::note("clock", "the API server does not tell its time");
    };
    // Its answer has whole seconds, and was on its way for a part of the time.
    let ahead =
        Timestamp::now().duration_since(date).as_secs_f64() - took.as_secs_f64() / 2.0 - 0.5;
    let found = format!(
        "this machine's is {:.1} s {} the API server's, to a second: no rule of an election compares them",
        ahead.abs(),
        if ahead < 0.0 { "behind" } else { "ahead of" }
    );
    Check::note("clock", found).with("ahead_seconds", (ahead * 10.0).round() / 10.0)
}

async fn rights(settings: &Settings, inspector: &Inspector) -> Check {
    let election = &settings.election;
    let rights = settings.uses.rights();
    let user = inspector.account().await;
    let who = user.clone().unwrap_or_else(|| "this account".to_owned());
    match inspector.missing(&rights).await {
        Ok(missing) if missing.is_empty() => {
            Check::ok("rights", format!("{who} has all {} that are needed", rights.len()))
                .with("account", user)
        }
        Ok(missing) => {
            let account = user.as_deref().and_then(ServiceAccount::of_user);
            let words: Vec<String> = missing.iter().map(in_words).collect();
            let name = role_name(election);
            let home = account.as_ref().map_or(election.namespace(), |account| &account.namespace);
            let account = account.as_ref();
            let role = Roles { name: &name, home, rights: &rights, account }.yaml();
            Check::failed("rights", format!("{who} may not {}", words.join(", ")))
                .with_remedy(format!("apply this:\n{role}"))
                .with("account", user)
                .with("missing", words)
                .with("role", role)
        }
        Err(error) => Check::failed("rights", format!("they cannot be checked: {error}")),
    }
}

fn in_words(right: &Right) -> String {
    let name = right.name.as_deref().map_or(String::new(), |name| format!(" {name}"));
    let place = match right.namespace.as_str() {
        "" => "the cluster",
        namespace => namespace,
    };
    format!("{} {}{name} in {place}", right.verb, right.resource)
}

/// How long reads of the lock take, and what is in it.
async fn lock(settings: &Settings, kind: LockKind, inspector: &Inspector) -> (Check, Check) {
    let mut took = Vec::new();
    let mut seen = None;
    for _ in 0..READS {
        let begun = std::time::Instant::now();
        match inspector.look().await {
            Ok(sight) => {
                took.push(begun.elapsed());
                seen = sight;
            }
            Err(error) => {
                let failed = Check::failed("lock", format!("it cannot be read: {error}"));
                return (Check::skipped("latency", "the lock cannot be read"), failed);
            }
        }
    }
    (latency(settings, took), record(settings, kind, seen.as_ref()))
}

/// Three requests have to fit into the renew deadline D.
fn latency(settings: &Settings, mut took: Vec<Duration>) -> Check {
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    let longest = took.last().copied().unwrap_or_default();
    let (deadline, third) = (settings.timing.renew_deadline, settings.timing.request_timeout());
    let found = format!(
        "a read of the lock takes {} ms, the longest of {} took {} ms; the renew deadline is {deadline:?}",
        millis(median),
        took.len(),
        millis(longest)
    );
    let check = match longest < third {
        true => Check::ok("latency", found),
        false => Check::failed("latency", found).with_remedy(format!(
            "give a renew deadline of more than {:?}, three times as long, and a lease duration to match, or find out what slows the API server down",
            longest * 3
        )),
    };
    let micros = |it: Duration| u64::try_from(it.as_micros()).unwrap_or(u64::MAX);
    check
        .with("median_us", micros(median))
        .with("longest_us", micros(longest))
        .with("renew_deadline_ms", millis(deadline))
}

fn record(settings: &Settings, kind: LockKind, sight: Option<&Sight>) -> Check {
    let Some(sight) = sight else {
        return Check::note(
            "lock",
            format!(
                "the {} {} is not there: the first candidate makes it",
                kind.kind(),
                settings.election
            ),
        );
    };
    let record = &sight.record;
    let longest = settings.timing.longest_lease;
    let found = match &record.holder {
        Some(holder) => format!(
            "{holder} holds it, renewed {}, for {:?}, token {}",
            ago(sight.renewed()),
            record.duration.unwrap_or_default(),
            record.token
        ),
        None => format!("nobody holds it; last written {}", ago(sight.renewed())),
    };
    let check = match (&record.holder, record.duration) {
        (Some(_), Some(lease)) if lease > longest => Check::failed("lock", found).with_remedy(
            format!(
                "the holder's lease {lease:?} is longer than the longest of this timing, {longest:?}: give all candidates of an election the same --longest-lease"
            ),
        ),
        (Some(_), _) if record.requests.paused => {
            Check::note("lock", format!("{found}; paused: nobody is to move"))
        }
        _ => Check::ok("lock", found),
    };
    check.with("record", document(sight))
}
