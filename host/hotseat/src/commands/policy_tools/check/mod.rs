//! `hotseat policy check`: every stage that a policy passes before it may decide, offline.

mod report;

pub use report::{CheckReport, Need, PolicyReport, SampleReport};

use super::questions::questions;
use super::{ComponentError, component, failed, loader, plain, reference, usage, words};
use crate::sidecar::needs::Words;
use hotseat_core::policy::{Decision, Input};
use hotseat_engine::{
    CompileLimits, Container, Limits, LoadError, LoadedPolicy, Loader, Needed, Source, Spent,
    Surface,
};
use hotseat_sources::{PolicyKey, PolicyRef, Registries, Settings};
use std::time::Instant;

/// The interface of the contract, up to its version.
const CONTRACT: &str = "hotseat:policy/policy@";

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
    /// What has somebody give the facts that it needs.
    pub givers: Words,
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
    let stages = Stages { loader: &loader, limits: &check.limits, givers: check.givers };
    let ended = stages.of(&reference, check, &mut report);
    Ok(report.ended(ended.err().map(|Failed { stage, error }| (stage, error))))
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
    givers: Words,
) -> anyhow::Result<CheckReport> {
    let loader = loader(limits.clone(), container)?;
    let mut report = CheckReport { file: plain(source.label()), ..CheckReport::default() };
    let stages = Stages { loader: &loader, limits: &limits, givers };
    let ended = stages.of_found(source, settings, &mut report);
    Ok(report.ended(ended.err().map(|Failed { stage, error }| (stage, error))))
}

/// What the stages are taken with.
struct Stages<'a> {
    loader: &'a Loader,
    /// What a call may use where the container does not leave it less.
    limits: &'a Limits,
    givers: Words,
}

impl Stages<'_> {
    fn of(
        &self,
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
        self.of_found(&source, &settings, report)
    }

    /// Those from `parse` on.
    fn of_found(
        &self,
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
        let (policy, needed) = self.load(source, report)?;
        self.loader.accept(&policy, settings)?;
        let mut call = 0;
        for (question, input) in questions(settings) {
            let (decision, spent) = decide_twice(self.loader, &policy, question, &input)?;
            usage::add_call(&mut report.usage, &spent, self.loader.limits());
            call = call.max(spent.memory as u64);
            report.decisions.push(SampleReport {
                question,
                decision: words(&decision),
                fuel: spent.fuel,
                micros: spent.wall.as_micros(),
            });
        }
        let container = |needed: Needed| {
            Needed { call, ..needed }.container(self.limits, &CompileLimits::default())
        };
        report.container = needed.and_then(container);
        Ok(())
    }

    /// Gives what compiling it took as well, where the system tells.
    fn load(
        &self,
        source: &Source,
        report: &mut CheckReport,
    ) -> Result<(LoadedPolicy, Option<Needed>), LoadError> {
        let begun = Instant::now();
        let compiled = self.loader.compile(source)?;
        report.compile_ms = Some(begun.elapsed().as_millis());
        report.compiled_bytes = compiled.size().ok();
        usage::add_compilation(&mut report.usage, &compiled);
        let needed = compiled.spent().zip(report.compiled_bytes).map(|(spent, compiled)| Needed {
            compiling: spent.writable,
            compiled,
            call: 0,
        });
        let policy = self.loader.link(source, &compiled)?;
        let said = policy.descriptor();
        report.policy = Some(PolicyReport {
            name: said.name.clone(),
            version: said.version.clone(),
            summary: said.summary.clone(),
            memory_schema: said.memory_schema,
            settings_schema: !said.settings_schema.is_empty(),
            needs: said.needs.iter().map(|fact| Need::of(fact, self.givers)).collect(),
            on_failure: said.on_failure.as_str(),
        });
        Ok((policy, needed))
    }
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
    fn two_answers_are_distinguished() {
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
    fn the_world_is_recognized_by_the_contract() {
        let surface = |name: &str| Surface { exports: vec![name.to_owned()], ..Surface::default() };
        let told = world(&surface("hotseat:policy/policy@1.2.0"));
        assert_eq!(told.as_deref(), Some("hotseat:policy/election@1.2.0"));
        assert_eq!(world(&surface("acme:other/thing@1.0.0")), None);
    }
}
