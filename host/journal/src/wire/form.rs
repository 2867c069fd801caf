//! Parts of a record by themselves, for tools that make questions and show answers in the journal's
//! own form.

use super::answer::DecisionDef;
use super::input::InputDef;
use hotseat_core::policy::{Decision, Input};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A question as it stands in a record; its settings are beside it there, and left out here.
pub fn input_form(input: &Input) -> Value {
    #[derive(Serialize)]
    struct Lent<'a>(#[serde(with = "InputDef")] &'a Input);
    // Nothing in a record can fail to be written as JSON.
    serde_json::to_value(Lent(input)).unwrap_or_default()
}

/// A question from such a form, with empty settings.
///
/// # Errors
///
/// What is missing or of another type. Fields that there are none of are passed over, unless the
/// deserializer refuses them: it is given the names of those that there are.
pub fn read_input<'de, D: Deserializer<'de>>(from: D) -> Result<Input, D::Error> {
    #[derive(Deserialize)]
    struct Owned(#[serde(with = "InputDef")] Input);
    Owned::deserialize(from).map(|Owned(input)| input)
}

/// A decision as it stands in a record.
pub fn decision_form(decision: &Decision) -> Value {
    #[derive(Serialize)]
    struct Lent<'a>(#[serde(with = "DecisionDef")] &'a Decision);
    serde_json::to_value(Lent(decision)).unwrap_or_default()
}
