//! What a sidecar says of itself, in lines for people.

use hotseat_http::{CandidateAnswer, LeaderAnswer, PolicyAnswer, PolicyName};
use hotseat_text::visible;
use std::fmt::Write as _;

/// A line for each fact, for people.
pub(super) fn describe(leader: &LeaderAnswer, policy: &PolicyAnswer) -> String {
    let mut lines = vec![
        ("leader", leading(leader)),
        ("this pod", role(leader)),
        ("lock", lock(leader)),
        ("lease", lease(leader)),
    ];
    if let Some(error) = &leader.error {
        lines.push(("last error", format!("{}: {}", error.kind, error.detail)));
    }
    if let Some(missing) = &leader.missing_rights {
        lines.push(("rights", format!("missing: {missing}; hotseat rbac prints the Role")));
    }
    if let Some(token) = leader.token {
        lines.push(("fencing token", token.to_string()));
    }
    lines.push(("policy", deciding(policy)));
    lines.push(("decisions", decisions(policy)));
    lines.push(("last failure", failure(policy)));
    if let Some(candidate) = &policy.candidate {
        lines.push(("candidate", trying(candidate)));
    }
    let needs = policy.active.iter().flat_map(|active| &active.needs).filter(|need| !need.given);
    lines.extend(needs.map(|need| ("lacks", format!("{}: {}", need.fact, need.from))));
    if let Some(error) = &policy.error {
        lines.push(("last load", format!("failed at {}: {}", policy.stage, error)));
    }
    if let Some(error) = &policy.source_error {
        lines.push(("source", error.clone()));
    }
    if let Some(lost) = &policy.memory_lost {
        lines.push(("memory", format!("began empty: {}", lost)));
    }
    let mut text = String::new();
    for (what, answer) in lines {
        // Names and reasons come from elsewhere: each fact stays one line and steers no terminal.
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what:<14} {}", visible(&answer));
    }
    text
}

fn leading(leader: &LeaderAnswer) -> String {
    match (leader.name.as_str(), leader.held_ms) {
        ("", _) => "nobody is known to lead".to_owned(),
        (name, Some(held)) => format!("{}, for {}", name, duration(held)),
        (name, None) => name.to_owned(),
    }
}

fn role(leader: &LeaderAnswer) -> String {
    let role = match (leader.leads, leader.state.as_str(), &leader.successor) {
        (true, _, Some(to)) => format!("leads, and hands over to {to} once that is ready"),
        (true, ..) => "leads".to_owned(),
        (false, "draining", _) => "leads no longer, and gives the seat up".to_owned(),
        (false, "warming", _) => "stands by, and is the next leader".to_owned(),
        (false, ..) => "stands by".to_owned(),
    };
    format!("{}, {role}", leader.identity)
}

fn lock(leader: &LeaderAnswer) -> String {
    let lock = format!("{}/{}", leader.lock.namespace, leader.lock.name);
    match (leader.transitions, leader.observed_ms) {
        (Some(count), Some(age)) => {
            format!("{lock}, {count} transitions, confirmed {} ago", duration(age))
        }
        _ if is_denied(leader) => format!("{lock}, not allowed to read it"),
        _ => format!("{lock}, not read yet"),
    }
}

fn lease(leader: &LeaderAnswer) -> String {
    match (&leader.holder, leader.name.is_empty()) {
        (_, false) => format!("{} left unless it is renewed", duration(leader.remaining_ms)),
        (Some(holder), true) => format!("{} held it last", holder),
        (None, true) if leader.observed_ms.is_some() => "free".to_owned(),
        (None, true) if is_denied(leader) => "not known: not allowed to read the lease".to_owned(),
        (None, true) => "not known until it is read".to_owned(),
    }
}

/// The API server refused the last request for the lock.
fn is_denied(leader: &LeaderAnswer) -> bool {
    leader.error.as_ref().is_some_and(|error| error.kind == "denied")
}

fn deciding(policy: &PolicyAnswer) -> String {
    match &policy.active {
        Some(active) => {
            let PolicyName { name, version, digest } = &active.policy;
            let settings = with_settings(&active.settings);
            format!("{name} {version}, {digest}{settings}, from {}", active.source)
        }
        None => format!("none yet, {}; wanted: {}", until_then(policy), policy.source),
    }
}

/// Settings where there are any, by their digest: candidates that differ here follow different rules.
fn with_settings(digest: &str) -> String {
    match digest {
        "" => String::new(),
        digest => format!(", settings {digest}"),
    }
}

/// What decides before the first policy, by the word that `/v1/policy` has for it.
fn until_then(policy: &PolicyAnswer) -> &'static str {
    match policy.on_failure.as_str() {
        "hold" | "resign" => "so this candidate waits",
        _ => "so the built-in rule decides",
    }
}

fn trying(candidate: &CandidateAnswer) -> String {
    let mut text = match candidate.policy.name.as_str() {
        "" => candidate.policy.digest.clone(),
        name => format!("{name} {}, {}", candidate.policy.version, candidate.policy.digest),
    };
    let _ = write!(text, "{}, stage {}", with_settings(&candidate.settings), candidate.stage);
    if candidate.shadow_decisions > 0 {
        let (decisions, differences) = (candidate.shadow_decisions, candidate.shadow_differences);
        let _ = write!(text, ", {differences} differences in {decisions} decisions");
    }
    if !candidate.waits_for.is_empty() {
        let _ = write!(text, ", waits for {}", candidate.waits_for.join(", "));
    }
    text
}

fn decisions(policy: &PolicyAnswer) -> String {
    let mut text = format!("{} by the policy", policy.decisions);
    if policy.rule_decisions > 0 {
        let _ = write!(text, ", {} by the built-in rule", policy.rule_decisions);
    }
    for (word, count) in [("hold", policy.hold_decisions), ("resign", policy.resign_decisions)] {
        if count > 0 {
            let _ = write!(text, ", {count} by on-failure {word}");
        }
    }
    if !policy.last_reason.is_empty() {
        let _ = write!(text, "; the last: {}", policy.last_reason);
    }
    text
}

fn failure(policy: &PolicyAnswer) -> String {
    let total: u64 = policy.failures.values().sum();
    match &policy.last_failure {
        Some(last) => format!("{}: {} ({total} in all)", last.kind, last.detail),
        None => "none".to_owned(),
    }
}

/// A duration for people.
pub(crate) fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", millis % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers() -> (serde_json::Value, serde_json::Value) {
        let leader = json!({
            "name": "web-0", "self": true, "identity": "web-0", "holder": "web-0",
            "token": 4711, "lock": {"namespace": "shop", "name": "web", "uid": "u-1"},
            "transitions": 3, "remaining_ms": 8_250, "observed_ms": 1_900, "held_ms": 124_000,
            "policy": {"name": "standard", "version": "0.1.0", "digest": "sha256:ab"},
        });
        let policy = json!({
            "active": {"name": "standard", "version": "0.1.0", "digest": "sha256:ab",
                "summary": "s", "source": "builtin", "settings": "sha256:44"},
            "previous": null, "candidate": null, "source": "builtin", "source_error": null,
            "stage": "active", "error": null, "decisions": 80, "rule_decisions": 2,
            "hold_decisions": 3, "resign_decisions": 0, "on_failure": "hold",
            "failures": {"trapped": 2},
            "failures_in_a_row": 0, "last_failure": {"kind": "trapped", "detail": "unreachable"},
            "last_reason": "renewal is due", "decide_us": 11, "decide_fuel": 900,
            "compile_ms": 40, "swap_pause_us": 7, "swaps": 1, "memory_lost": null,
            "since_ms": 124_000,
        });
        (leader, policy)
    }

    fn told(leader: serde_json::Value, policy: serde_json::Value) -> String {
        let leader = serde_json::from_value(leader).expect("a leader's answer");
        describe(&leader, &serde_json::from_value(policy).expect("a policy's answer"))
    }

    #[test]
    fn a_leader_is_described() {
        let (leader, policy) = answers();
        assert_eq!(
            told(leader, policy),
            "leader         web-0, for 2 min 4 s\n\
             this pod       web-0, leads\n\
             lock           shop/web, 3 transitions, confirmed 1.9 s ago\n\
             lease          8.2 s left unless it is renewed\n\
             fencing token  4711\n\
             policy         standard 0.1.0, sha256:ab, settings sha256:44, from builtin\n\
             decisions      80 by the policy, 2 by the built-in rule, 3 by on-failure hold; the last: renewal is due\n\
             last failure   trapped: unreachable (2 in all)\n"
        );
    }

    #[test]
    fn a_standby_without_a_policy_is_described() {
        let (mut leader, mut policy) = answers();
        for key in ["token", "held_ms", "transitions", "observed_ms", "holder"] {
            leader[key] = json!(null);
        }
        (leader["name"], leader["self"]) = (json!(""), json!(false));
        (policy["active"], policy["last_failure"]) = (json!(null), json!(null));
        (policy["error"], policy["stage"]) = (json!("too\nbig"), json!("size"));
        policy["candidate"] = json!({
            "name": "calm", "version": "2.0.0", "digest": "sha256:cd", "source": "s",
            "stage": "shadow", "error": null, "compile_ms": 31, "shadow_decisions": 40,
            "shadow_differences": 2,
        });
        let text = told(leader.clone(), policy.clone());
        for line in [
            "leader         nobody is known to lead\n",
            "this pod       web-0, stands by\n",
            "lock           shop/web, not read yet\n",
            "lease          not known until it is read\n",
            "policy         none yet, so this candidate waits; wanted: builtin\n",
            "last failure   none\n",
            "candidate      calm 2.0.0, sha256:cd, stage shadow, 2 differences in 40 decisions\n",
            "last load      failed at size: too\\nbig\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in {text}");
        }
        assert!(!text.contains("fencing"), "{text}");
        (policy["candidate"]["stage"], policy["candidate"]["shadow_decisions"]) =
            (json!("turn"), json!(0));
        policy["candidate"]["waits_for"] = json!(["web-1", "web-2"]);
        policy["candidate"]["settings"] = json!("sha256:55");
        let line = "candidate      calm 2.0.0, sha256:cd, settings sha256:55, stage turn, waits for web-1, web-2\n";
        assert!(told(leader, policy).contains(line));
    }

    #[test]
    fn what_the_policy_needs_and_does_not_get_is_described() {
        let (leader, mut policy) = answers();
        policy["active"]["needs"] = json!([
            {"fact": "roster", "given": true, "from": "the roster"},
            {"fact": "host.weekday", "given": false, "from": "--facts time"},
        ]);
        let text = told(leader, policy);
        assert!(text.contains("lacks          host.weekday: --facts time\n"), "{text}");
        assert_eq!(text.matches("lacks").count(), 1, "{text}");
    }

    #[test]
    fn a_lease_that_may_not_be_read_is_not_called_free() {
        let (mut leader, policy) = answers();
        for key in ["token", "held_ms", "transitions", "observed_ms", "holder"] {
            leader[key] = json!(null);
        }
        (leader["name"], leader["self"]) = (json!(""), json!(false));
        leader["error"] = json!({"kind": "denied", "detail": "403 Forbidden: no"});
        leader["missing_rights"] = json!("get on leases web in namespace shop");
        let text = told(leader.clone(), policy.clone());
        for line in [
            "lock           shop/web, not allowed to read it\n",
            "lease          not known: not allowed to read the lease\n",
            "last error     denied: 403 Forbidden: no\n",
            "rights         missing: get on leases web in namespace shop; hotseat rbac prints the Role\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in {text}");
        }
        leader["error"] = json!(null);
        (leader["transitions"], leader["observed_ms"]) = (json!(0), json!(10));
        assert!(told(leader, policy).contains("lease          free\n"));
    }

    #[test]
    fn lengths_are_for_people() {
        let told = [0, 950, 59_999, 60_000, 3_600_000, 90_000_000].map(duration);
        assert_eq!(told, ["0.0 s", "0.9 s", "59.9 s", "1 min 0 s", "1 h 0 min", "1 d 1 h"]);
    }
}
