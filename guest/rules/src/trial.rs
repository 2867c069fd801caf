//! Rules are tried before they are taken: in a few situations, by which one that mistakes a text for a
//! number is found while its author looks on, and not when a leader is lost.

use cel::Context;
use hotseat_policy::testing::Scene;
use hotseat_policy::{Input, Issue, Signal, cause};

use crate::facts::{Facts, Remembered, Surroundings};
use crate::failure::Failure;
use crate::functions::context;
use crate::issues::Issues;
use crate::rules::Rules;

/// What is wrong with the rules, each by the name of its rule: what is wrong in every situation is an
/// error, and what can happen a warning.
pub(crate) fn run(rules: &Rules) -> Vec<Issue> {
    let mut issues = Issues::default();
    for (name, scene) in situations() {
        let Input { mut observation, timing, .. } = scene.input();
        let surroundings = Surroundings::take(&mut observation);
        let facts = Facts::new(&observation, &timing, Remembered::default(), surroundings);
        let context = context(&facts);
        for Failure { at, why, certain } in failures(rules, &context) {
            let at: Vec<&str> = at.iter().map(String::as_str).collect();
            if certain {
                return vec![Issue::at(crate::issues::pointer(&at), why)];
            }
            issues.warn(&at, format!("{why}, as {name}: the policy then fails"));
        }
    }
    issues.into_vec()
}

fn failures(rules: &Rules, context: &Context) -> Vec<Failure> {
    [
        rules.campaign(context).err(),
        rules.resign(context).err(),
        rules.successor(context).err(),
        rules.rank(context).err(),
        rules.wait(context).err(),
        rules.lease(context).err(),
        rules.pause(context).err(),
        rules.published(context).err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn situations() -> [(&'static str, Scene); 5] {
    let others = |scene: Scene| {
        let published = |text: &str| vec![Signal::new("key", text)];
        let scene = scene.candidate("b", 1_000, published("b"));
        let scene = scene.with_candidate(|it| {
            it.ready = Some(true);
            it.zone = Some("zone".into());
            it.policy = Some("sha256:00".into());
        });
        scene.candidate("c", 1_000, published("c"))
    };
    [
        ("where nobody leads and nobody else is there", Scene::new().vacant()),
        ("where another leads", others(Scene::new().held_by("b", 9_000))),
        ("where nobody leads", others(Scene::new().vacant())),
        ("where this candidate leads", others(Scene::new().leading(100))),
        ("at the end of the process", Scene::new().leading(100).cause(cause::STOPPING)),
    ]
}
