//! Settings and the JSON Schema that a policy has for them.
//!
//! The schema is a stranger's, and how long judging by one takes is bounded by nothing in it: a few
//! references to references double the work with each. So it is done in the compiler's child, within
//! limits of its own, and a schema made to choke it ends only the child. Nothing is fetched: a
//! reference out of the schema is an error, and the child could not reach anything.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// The task's name in the child's environment.
pub(crate) const TASK: &str = "settings";

/// So many issues are given.
const MOST_ISSUES: usize = 8;
/// How much of one issue is given, in bytes: it quotes the value.
const LONGEST_ISSUE: usize = 256;

/// The length of the schema, and both.
pub(crate) fn framed(schema: &str, settings: &str) -> Vec<u8> {
    let length = (schema.len() as u64).to_le_bytes();
    [&length, schema.as_bytes(), settings.as_bytes()].concat()
}

/// What the child does with its input: the issues, a line each.
///
/// # Errors
///
/// The schema is none.
pub(crate) fn judge_framed(input: &[u8]) -> Result<String, String> {
    let (schema, settings) = unframed(input).ok_or("it did not come whole")?;
    let schema: Value =
        serde_json::from_str(schema).map_err(|error| format!("it is not JSON: {error}"))?;
    let validator = jsonschema::options().build(&schema).map_err(|error| {
        let place = pointer(error.instance_path().as_str());
        cut(&format!("{place}: {error}"))
    })?;
    if settings.trim().is_empty() {
        return Ok(String::new());
    }
    Ok(issues(&schema, &validator, settings))
}

fn unframed(input: &[u8]) -> Option<(&str, &str)> {
    let (length, rest) = input.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (schema, settings) = rest.split_at_checked(length)?;
    Some((str::from_utf8(schema).ok()?, str::from_utf8(settings).ok()?))
}

fn issues(schema: &Value, validator: &Validator, settings: &str) -> String {
    let settings: Value = match serde_json::from_str(settings) {
        Ok(settings) => settings,
        Err(error) => return format!("they are not JSON: {error}"),
    };
    let mut lines = Vec::new();
    for error in validator.iter_errors(&settings) {
        if lines.len() == MOST_ISSUES {
            lines.push("and more".to_owned());
            break;
        }
        let place = pointer(error.instance_path().as_str());
        lines.push(cut(&format!("{place}: {error}{}", hint(schema, &error))));
    }
    lines.join("\n")
}

/// Behind a setting that there is not: the one that was meant, or those that there are.
fn hint(schema: &Value, error: &ValidationError<'_>) -> String {
    let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() else {
        return String::new();
    };
    // Nothing is said where the way to the schema's part leads over a reference.
    let part = error.schema_path().as_str().rsplit_once('/').map(|(part, _)| part);
    let known = part.and_then(|part| schema.pointer(part)?.get("properties")?.as_object());
    let Some(known) = known.filter(|known| !known.is_empty()) else { return String::new() };
    let names = || known.keys().map(String::as_str);
    let near = unexpected.iter().filter_map(|name| hotseat_text::nearest(name, names()));
    let near: Vec<&str> = near.collect();
    if near.is_empty() {
        let known: Vec<&str> = names().collect();
        return format!(": there are {}", known.join(", "));
    }
    format!(": did you mean {}?", near.join(", "))
}

/// The root's own pointer is empty, which nobody sees.
fn pointer(pointer: &str) -> &str {
    if pointer.is_empty() { "the whole" } else { pointer }
}

fn cut(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_ISSUE)
}
