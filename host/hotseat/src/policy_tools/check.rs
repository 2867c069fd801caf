//! `hotseat policy check`: every stage that a policy passes before it may decide, offline.

use super::needs::Need;
use super::questions::questions;
use super::usage::{self, Usage};
use super::{ComponentError, component, failed, loader, plain, reference, words};
use hotseat_core::policy::{Decision, Input};
use hotseat_engine::{Container, Limits, LoadError, LoadedPolicy, Loader, Source, Spent, Surface};
use hotseat_sources::{PolicyKey, PolicyRef, Registries, Settings};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Instant;

/// The interface of the contract, up to its version.
const CONTRACT: &str = "hotseat:policy/policy@";

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
}

/// What is checked, and how.
#[derive(Clone, Debug)]
pub struct Check {
    /// The component: `builtin`, a path or an artifact in a registry.
    pub file: String,
    /// Its settings.
    pub settings: Settings,
    /// The key that it must be signed with.
    pub key: Option<PolicyKey>,
    /// How registries are asked.
    pub registries: Registries,
    /// What one call of the policy may use.
    pub limits: Limits,
    /// The container whose limit of memory counts.
    pub container: Container,
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

/// A stage that failed.
struct Failed {
    stage: &'static str,
    error: String,
}

impl From<ComponentError> for Failed {
    fn from(error: ComponentError) -> Failed {
        Failed { stage: error.stage(), error: error.to_string() }
    }
}

impl From<LoadError> for Failed {
    fn from(error: LoadError) -> Failed {
        ComponentError::Load(error).into()
    }
}

/// Takes a component through all stages, with its signature if there is a key, as the sidecar would
/// with these limits in that container.
///
/// # Errors
///
/// The component is not named as one is, or the engine does not run on this machine. What is wrong with the
/// component is in the report.
pub fn check(check: &Check) -> anyhow::Result<CheckReport> {
    let reference = reference(&check.file, &check.registries)?;
    let loader = loader(check.limits.clone(), check.container.clone())?;
    let mut report = CheckReport { file: plain(&check.file), ..CheckReport::default() };
    let ended = stages(&loader, &reference, check, &mut report);
    Ok(report.ended(ended))
}

/// Takes a component that a source has given, and checked, through the stages that follow.
///
/// # Errors
///
/// The engine does not run on this machine. What is wrong with the component is in the report.
pub(crate) fn check_found(
    source: &Source,
    settings: &str,
    limits: Limits,
    container: Container,
) -> anyhow::Result<CheckReport> {
    let loader = loader(limits, container)?;
    let mut report = CheckReport { file: plain(source.label()), ..CheckReport::default() };
    let ended = stages_of(&loader, source, settings, &mut report);
    Ok(report.ended(ended))
}

fn stages(
    loader: &Loader,
    reference: &PolicyRef,
    check: &Check,
    report: &mut CheckReport,
) -> Result<(), Failed> {
    let settings = &check.settings;
    let source = component(reference, settings, check.key.clone(), &check.registries)?;
    let digest = settings.digest();
    let settings = settings.text().map_err(ComponentError::from)?;
    if !settings.is_empty() {
        report.settings = Some(digest.to_string());
    }
    stages_of(loader, &source, &settings, report)
}

/// The stages from `parse` on.
fn stages_of(
    loader: &Loader,
    source: &Source,
    settings: &str,
    report: &mut CheckReport,
) -> Result<(), Failed> {
    report.bytes = Some(source.bytes().len());
    report.digest = Some(source.digest().to_owned());
    report.usage = usage::of_component(source);
    let surface = Surface::of(source)?;
    report.world = world(&surface);
    report.imports = Some(surface.imports);
    report.exports = Some(surface.exports);
    let policy = load(loader, source, report)?;
    loader.accept(&policy, settings)?;
    for (question, input) in questions(settings) {
        let (decision, spent) = decide_twice(loader, &policy, question, &input)?;
        usage::add_call(&mut report.usage, &spent, loader.limits());
        report.decisions.push(SampleReport {
            question,
            decision: words(&decision),
            fuel: spent.fuel,
            micros: spent.wall.as_micros(),
        });
    }
    Ok(())
}

fn load(
    loader: &Loader,
    source: &Source,
    report: &mut CheckReport,
) -> Result<LoadedPolicy, LoadError> {
    let begun = Instant::now();
    let compiled = loader.compile(source)?;
    report.compile_ms = Some(begun.elapsed().as_millis());
    report.compiled_bytes = compiled.size().ok();
    usage::add_compilation(&mut report.usage, &compiled);
    let policy = loader.link(source, &compiled)?;
    let said = policy.descriptor();
    report.policy = Some(PolicyReport {
        name: said.name.clone(),
        version: said.version.clone(),
        summary: said.summary.clone(),
        memory_schema: said.memory_schema,
        settings_schema: !said.settings_schema.is_empty(),
        needs: said.needs.iter().map(|key| Need::of(key)).collect(),
        on_failure: said.on_failure.as_str(),
    });
    Ok(policy)
}

/// Equal questions have to have equal answers: swapping, shadowing and replay rest on it.
fn decide_twice(
    loader: &Loader,
    policy: &LoadedPolicy,
    question: &str,
    input: &Input,
) -> Result<(Decision, Spent), Failed> {
    // The first time is slower than all later ones: memory is touched for the first time.
    loader.try_out(policy, input).map_err(|error| Failed {
        stage: error.stage(),
        error: format!("{error} (asked as {question})"),
    })?;
    let ask = || {
        loader.decide(policy, input).map_err(|failure| Failed {
            stage: "dry-run",
            error: format!("{}: {} (asked as {question})", policy.label(), failed(&failure)),
        })
    };
    let (first, second) = (ask()?, ask()?);
    match difference(&first, &second) {
        None => Ok(second),
        Some(difference) => {
            let label = policy.label();
            let error = format!(
                "{label}: the same question had two answers (asked as {question}): {difference}: let the answer depend on the input alone"
            );
            Err(Failed { stage: "repeat", error })
        }
    }
}

/// How two answers to one question differ.
fn difference(first: &(Decision, Spent), second: &(Decision, Spent)) -> Option<String> {
    let ((one, cost), (other, other_cost)) = (first, second);
    if cost.fuel == other_cost.fuel && one.is_the_same(other) {
        return None;
    }
    let (one, other) = (words(one), words(other));
    Some(format!("{one} for {} fuel, then {other} for {} fuel", cost.fuel, other_cost.fuel))
}

pub(super) fn world(surface: &Surface) -> Option<String> {
    let version = surface.exports.iter().find_map(|name| name.strip_prefix(CONTRACT))?;
    Some(format!("hotseat:policy/election@{version}"))
}

impl CheckReport {
    fn ended(mut self, stages: Result<(), Failed>) -> CheckReport {
        match stages {
            Ok(()) => self.ok = true,
            Err(Failed { stage, error }) => {
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

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::policy::Action;
    use std::time::Duration;

    fn answer() -> (Decision, Spent) {
        let decision = Decision {
            action: Action::Renew,
            wake_after: 10,
            lease_duration: None,
            reason: "due".to_owned(),
            publish: Vec::new(),
            memory: vec![1],
            extra: Vec::new(),
        };
        (decision, Spent { fuel: 7, wall: Duration::from_micros(9), ..Spent::default() })
    }

    #[test]
    fn two_answers_are_told_apart() {
        let mut slower = answer();
        slower.1.wall = Duration::from_secs(1);
        assert_eq!(difference(&answer(), &slower), None);
        let changes: [fn(&mut (Decision, Spent)); 3] =
            [|it| it.0.memory = vec![2], |it| it.1.fuel = 8, |it| it.0.action = Action::Wait];
        for change in changes {
            let mut other = answer();
            change(&mut other);
            let told = difference(&answer(), &other).unwrap();
            assert!(told.starts_with("renew, again in 10 ms (due) for 7 fuel, then "), "{told}");
        }
    }

    #[test]
    fn what_a_policy_needs_and_the_questions_lack_is_told() {
        assert_eq!(needs(&[]), ["nothing"]);
        let lines = needs(&[Need::of("app.lag"), Need::of("node.zone")]);
        assert_eq!(lines[0], "app.lag: the application, as a signal, or a probe");
        assert!(lines[1].starts_with("node.zone: this host has no such fact"), "{lines:?}");
        assert!(lines[2].starts_with("the questions below lack it"), "{lines:?}");
    }

    #[test]
    fn the_world_is_told_by_the_contract() {
        let surface = |name: &str| Surface { exports: vec![name.to_owned()], ..Surface::default() };
        let told = world(&surface("hotseat:policy/policy@1.2.0"));
        assert_eq!(told.as_deref(), Some("hotseat:policy/election@1.2.0"));
        assert_eq!(world(&surface("acme:other/thing@1.0.0")), None);
    }
}
