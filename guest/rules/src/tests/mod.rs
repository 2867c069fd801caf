//! What the policy says of settings, and what it makes of a question.

mod loops;
mod questions;
mod settings;
mod writes;

use hotseat_policy::Action;
use hotseat_policy::testing::Scene;

use super::ByRules;

fn rules(text: &[(&str, &str)]) -> String {
    let object: serde_json::Map<_, _> =
        text.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    serde_json::Value::Object(object).to_string()
}

/// What the expression is as `campaign`, with all signals.
fn holds(scene: Scene, expression: &str) -> bool {
    let settings = rules(&[("campaign", expression)]);
    let action = scene.settings(&settings).ask::<ByRules>().unwrap().action;
    action == Action::Campaign
}
