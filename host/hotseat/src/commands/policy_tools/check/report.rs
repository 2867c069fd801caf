//! What `policy check` found out, for programs and for people.

use super::super::plain;
use super::super::usage::Usage;
use crate::sidecar::needs::{Words, giver};
use serde::Serialize;
use std::fmt::Write as _;

/// What was found out, up to the stage that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Every stage was passed.
    pub ok: bool,
    /// The stage that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<&'static str>,
    /// Why it failed, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The component, as it was named.
    pub file: String,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// `sha256:` and the digest of the bytes: what a pin names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The digest of the settings' exact bytes, if there are any: what a signature names to cover
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// The world that it was built for; none if it is another than a policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// What it imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imports: Option<Vec<String>>,
    /// What it exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exports: Option<Vec<String>>,
    /// The time that the compiler took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compile_ms: Option<u128>,
    /// The size of the machine code in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_bytes: Option<u64>,
    /// What the policy says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyReport>,
    /// The sample decisions.
    pub decisions: Vec<SampleReport>,
    /// The most that was used of each limit, as far as the stages were passed.
    pub usage: Vec<Usage>,
    /// The smallest limit of a container's memory, in bytes, of which a sidecar leaves the compiler and each
    /// call what they took here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<u64>,
}

/// What a policy says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub summary: String,
    /// The schema of its memory.
    pub memory_schema: u32,
    /// Whether it has a schema for its settings.
    pub settings_schema: bool,
    /// The facts that it says it cannot do without.
    pub needs: Vec<Need>,
    /// What decides in its place where it fails, unless the operator overrules it.
    pub on_failure: &'static str,
}

/// A fact that a policy needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// `roster`, or a signal's key.
    pub key: String,
    /// Whether this host gives it, or the application can.
    pub known: bool,
    /// Who gives it, or the nearest fact that there is.
    pub from: String,
}

/// A sample decision. Each question was asked twice, and answered the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleReport {
    /// What the question was about.
    pub question: &'static str,
    /// The decision in a few words.
    pub decision: String,
    /// Units of fuel.
    pub fuel: u64,
    /// Time by the wall clock, in microseconds.
    pub micros: u128,
}

impl Need {
    pub(super) fn of(fact: &str, givers: Words) -> Need {
        let (known, from) = match giver(fact) {
            Ok(giver) => (true, givers(giver).to_owned()),
            Err(why) => (false, why),
        };
        Need { key: fact.to_owned(), known, from }
    }
}

impl CheckReport {
    /// After that stage failed; none: all were passed.
    pub(super) fn ended(mut self, failed: Option<(&'static str, String)>) -> CheckReport {
        match failed {
            None => self.ok = true,
            Some((stage, error)) => {
                self.stage = Some(stage);
                self.error = Some(error);
            }
        }
        self
    }

    /// Lines for people, up to the stage that failed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |what: &str, told: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{what:<9} {}", plain(told));
        };
        line("file", &self.file);
        if let (Some(bytes), Some(digest)) = (self.bytes, &self.digest) {
            line("size", &format!("{bytes} bytes"));
            line("digest", digest);
        }
        if let (Some(imports), Some(exports)) = (&self.imports, &self.exports) {
            line("world", self.world.as_deref().unwrap_or("not election of hotseat:policy"));
            line("imports", &listed(imports));
            line("exports", &listed(exports));
        }
        if let Some(time) = self.compile_ms {
            let size =
                self.compiled_bytes.map_or(String::new(), |size| format!(", to {size} bytes"));
            line("compiled", &format!("in {time} ms{size}"));
        }
        if let Some(policy) = &self.policy {
            line("policy", &format!("{} {}: {}", policy.name, policy.version, policy.summary));
            line("memory", &format!("schema {}", policy.memory_schema));
            let settings = if policy.settings_schema { "has a schema" } else { "no schema" };
            let accepted = if self.decisions.is_empty() { "" } else { ", accepted" };
            let digest = self.settings.as_ref().map_or(String::new(), |it| format!(", {it}"));
            line("settings", &format!("{settings}{accepted}{digest}"));
            needs(&policy.needs).iter().for_each(|told| line("needs", told));
            line("failing", policy.on_failure);
        }
        for sample in &self.decisions {
            let SampleReport { question, decision, fuel, micros } = sample;
            line("decides", &format!("{question}: {decision}; {fuel} fuel, {micros} us"));
        }
        for usage in &self.usage {
            line("uses", &usage.to_string());
        }
        if let Some(limit) = self.container {
            line("fits", &fits(limit));
        }
        if self.ok {
            line("ok", "every stage was passed, and equal questions had equal answers");
        }
        text
    }
}

/// A line for each fact. The sample questions have no signals and no roster, so a policy that needs some
/// shows little there.
fn needs(facts: &[Need]) -> Vec<String> {
    let mut lines: Vec<String> =
        facts.iter().map(|it| format!("{}: {}", it.key, it.from)).collect();
    lines.push(match facts {
        [] => "nothing".to_owned(),
        _ => "the questions below lack it: give it in a scene of `hotseat policy run`".to_owned(),
    });
    lines
}

/// What the smallest container is, and what that rests on.
fn fits(limit: u64) -> String {
    let mib = limit >> 20;
    format!(
        "a container with {mib} MiB of memory or more, if no call takes more than those above; a sidecar without a policy, and a reserve, are in it"
    )
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::needs::Giver;

    #[test]
    fn what_a_policy_needs_and_the_questions_lack_is_reported() {
        assert_eq!(needs(&[]), ["nothing"]);
        let need = |fact| Need::of(fact, Giver::plainly);
        let lines = needs(&[need("app.lag"), need("node.zone")]);
        assert_eq!(lines[0], "app.lag: the application, as a signal");
        assert!(lines[1].starts_with("node.zone: this host has no such fact"), "{lines:?}");
        assert!(lines[2].starts_with("the questions below lack it"), "{lines:?}");
    }
}
