//! `hotseat policy run`: a question of a person's own, and what a policy answers.

use super::scene::{self, LARGEST, Mismatch, Scene};
use super::{failed, loader, plain, prepare, words};
use anyhow::{Context, anyhow, bail};
use hotseat_engine::{Container, Limits, LoadedPolicy, Loader};
use hotseat_sources::Registries;
use serde::Serialize;
use std::fs::File;
use std::io::{Read, stdin};

/// What is asked, and how.
#[derive(Clone, Debug)]
pub struct Run {
    /// The policy: `builtin`, a component's path, or an artifact in a registry.
    pub policy: String,
    /// How registries are asked.
    pub registries: Registries,
    /// Files of scenes, `-` for standard input.
    pub scenes: Vec<String>,
    /// The settings where a scene has none of its own.
    pub settings: String,
    /// What one call of the policy may use.
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Each scene, in its order.
    pub scenes: Vec<SceneReport>,
    /// Those whose answer is another than they expect, or that have none.
    pub failed: usize,
}

/// One scene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SceneReport {
    /// Its file.
    pub file: String,
    /// What it is called.
    pub name: String,
    /// Whether the answer is as expected, and there is one where nothing is expected.
    pub ok: bool,
    /// Whether something is expected of it.
    pub expected: bool,
    /// The decision, or the failure, in a few words.
    pub answer: String,
    /// Units of fuel, where there is a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Time by the wall clock in microseconds, where there is a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micros: Option<u128>,
    /// Where the answer is another than expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
}

/// Asks a policy the questions of scenes.
///
/// # Errors
///
/// A scene cannot be read or says something unknown; the policy does not load, or refuses its
/// settings. What a question comes to is in the report.
pub fn run(run: &Run) -> anyhow::Result<RunReport> {
    // Before the policy: what is wrong with a scene is said at once, and compiling takes a while.
    let mut scenes = Vec::new();
    for file in &run.scenes {
        let text = read(file)?;
        let read = scene::read(&text).map_err(|error| anyhow!("{file}: {error}"))?;
        scenes.extend(read.into_iter().map(|scene| (file, scene)));
    }
    let loader = loader(run.limits.clone(), Container::of_this_process())?;
    let policy = prepare(&loader, &run.policy, &run.registries)?;
    let mut report = RunReport::default();
    let mut accepted: Option<String> = None;
    for (file, mut scene) in scenes {
        if !scene.has_settings {
            scene.input.settings.clone_from(&run.settings);
        }
        let settings = &scene.input.settings;
        if accepted.as_ref() != Some(settings) {
            loader.accept(&policy, settings).map_err(|error| {
                anyhow!(
                    "{file}: {}: {error}: write `settings:` into the scene, or give --settings",
                    scene.name
                )
            })?;
            accepted = Some(settings.clone());
        }
        let scene = ask(&loader, &policy, file, scene);
        report.failed += usize::from(!scene.ok);
        report.scenes.push(scene);
    }
    Ok(report)
}

fn ask(loader: &Loader, policy: &LoadedPolicy, file: &str, scene: Scene) -> SceneReport {
    let Scene { name, input, expected, .. } = scene;
    let answer = loader.decide(policy, &input);
    let spent = answer.as_ref().ok().map(|(_, spent)| *spent);
    let answer = answer.map(|(decision, _)| decision);
    let mismatches = expected.as_ref().map(|it| it.compare(&answer)).unwrap_or_default();
    SceneReport {
        file: plain(file),
        name: plain(&name),
        ok: mismatches.is_empty() && (answer.is_ok() || expected.is_some()),
        expected: expected.is_some(),
        answer: answer.as_ref().map_or_else(failed, words),
        fuel: spent.map(|spent| spent.fuel),
        micros: spent.map(|spent| spent.wall.as_micros()),
        mismatches,
    }
}

fn read(name: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    // One more, to see that there is more.
    let read = match name {
        "-" => stdin().lock().take(LARGEST + 1).read_to_string(&mut text),
        _ => File::open(name).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text)),
    };
    read.with_context(|| {
        format!("{name}: cannot be read: give a scene's file, or - for standard input")
    })?;
    if text.len() as u64 > LARGEST {
        bail!("{name}: is larger than {}: it is not a scene", hotseat_text::bytes(LARGEST));
    }
    Ok(text)
}

impl RunReport {
    /// Lines for people: each scene and its answer, each difference, and a summary where something
    /// is expected.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for scene in &self.scenes {
            let verdict = match (scene.ok, scene.expected) {
                (true, true) => "ok    ",
                (true, false) => "answer",
                (false, _) => "FAILED",
            };
            let cost = match (scene.fuel, scene.micros) {
                (Some(fuel), Some(micros)) => format!("; {fuel} fuel, {micros} us"),
                _ => String::new(),
            };
            text += &format!("{verdict} {}: {}{cost}\n", scene.name, scene.answer);
            for Mismatch { field, expected, found } in &scene.mismatches {
                let (expected, found) = (plain(expected), plain(found));
                text += &format!("  {field}\n    expected  {expected}\n    is        {found}\n");
            }
        }
        if self.scenes.iter().any(|scene| scene.expected) || self.failed > 0 {
            text += &format!("{} scenes, {} failed\n", self.scenes.len(), self.failed);
        }
        text
    }
}
