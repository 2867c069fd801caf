//! The settings as they are written: expressions as text, and durations.

use hotseat_policy::Issue;
use serde_json::{Map, Value};

use crate::issues::Issues;
use crate::nearest::hint;

/// For tools and people; `validate` is what holds.
pub(crate) const SCHEMA: &str = include_str!("../settings.schema.json");

/// The longest expression, in bytes.
pub(crate) const LONGEST_EXPRESSION: usize = 2_048;
/// The largest settings, in bytes.
pub(crate) const LARGEST_SETTINGS: usize = 16_384;
/// As many as a decision may have.
const MOST_PUBLISHED: usize = 16;
/// The longest key of what is published, in bytes.
const LONGEST_KEY: usize = 128;
/// A day: no duration is longer.
const LONGEST_MS: u64 = 86_400_000;

/// The rules, in the order in which they are checked.
pub(crate) const RULES: [&str; 7] =
    ["campaign", "resign", "successor", "rank", "wait", "lease", "pause"];
/// All settings.
pub(crate) const NAMES: [&str; 13] = [
    "campaign",
    "resign",
    "successor",
    "rank",
    "wait",
    "lease",
    "pause",
    "publish",
    "step_ms",
    "longest_wait_ms",
    "settle_ms",
    "rest_ms",
    "longest_rest_ms",
];

/// What the operator wrote, with defaults where nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The text of each rule of [`RULES`] that was given.
    pub(crate) rules: [Option<String>; 7],
    /// What is published: keys and the text of their expressions.
    pub(crate) publish: Vec<(String, String)>,
    /// How long one rank waits for the one before it; none: half of the operator's retry period.
    pub(crate) step_ms: Option<u64>,
    /// The longest that rank and wait may make together.
    pub(crate) longest_wait_ms: u64,
    /// How long a term lasts at least before a leader that might go on resigns.
    pub(crate) settle_ms: u64,
    /// How long a candidate stays away after it has resigned by its rule; doubles with each time.
    pub(crate) rest_ms: u64,
    /// Where the doubling ends.
    pub(crate) longest_rest_ms: u64,
}

impl Settings {
    /// Reads JSON; nothing is an object without anything in it.
    pub(crate) fn read(text: &str) -> Result<Settings, Vec<Issue>> {
        if text.len() > LARGEST_SETTINGS {
            let message = format!(
                "the settings have {} bytes: at most {LARGEST_SETTINGS} are read, so that a decision stays cheap",
                text.len()
            );
            return Err(vec![Issue::whole(message)]);
        }
        let object = object(text).map_err(|why| vec![Issue::whole(why)])?;
        let mut issues = Issues::default();
        for name in object.keys().filter(|name| !NAMES.contains(&name.as_str())) {
            issues.add(&[name], format!("there is no setting {name}: {}", hint(name, &NAMES)));
        }
        let rules = RULES.map(|name| expression(object.get(name)?, &[name], &mut issues));
        let publish = published(object.get("publish"), &mut issues);
        let mut duration = |name: &str, least: u64, default: u64| {
            let given = object.get(name)?;
            let found = given.as_u64().filter(|ms| (least..=LONGEST_MS).contains(ms));
            if found.is_none() {
                let unless = format!("give whole milliseconds from {least} to {LONGEST_MS}");
                issues.add(&[name], format!("{unless}, such as {default}"));
            }
            found
        };
        let settings = Settings {
            rules,
            publish,
            step_ms: duration("step_ms", 0, 1_000),
            longest_wait_ms: duration("longest_wait_ms", 0, 60_000).unwrap_or(60_000),
            settle_ms: duration("settle_ms", 1_000, 60_000).unwrap_or(60_000),
            rest_ms: duration("rest_ms", 1_000, 5_000).unwrap_or(5_000),
            longest_rest_ms: duration("longest_rest_ms", 1_000, 300_000).unwrap_or(300_000),
        };
        if settings.longest_rest_ms < settings.rest_ms {
            let message = format!("give at least rest_ms, that is {}", settings.rest_ms);
            issues.add(&["longest_rest_ms"], message);
        }
        issues.end(settings)
    }

    /// The text of one of the [`RULES`].
    pub(crate) fn rule(&self, name: &str) -> Option<&str> {
        let at = RULES.iter().position(|rule| *rule == name)?;
        self.rules[at].as_deref()
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("give an object, such as {\"campaign\": \"zone == 'a'\"}".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

/// An expression is text; a flag or a number that was written without quotes is one, too.
fn expression(given: &Value, at: &[&str], issues: &mut Issues) -> Option<String> {
    let text = match given {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => given.to_string(),
        Value::Null => return None,
        Value::Array(_) | Value::Object(_) => {
            issues.add(at, "give an expression as text, such as \"zone == 'a'\"".to_owned());
            return None;
        }
    };
    if text.len() > LONGEST_EXPRESSION {
        let size = text.len();
        issues
            .add(at, format!("the expression has {size} bytes: give at most {LONGEST_EXPRESSION}"));
        return None;
    }
    if text.trim().is_empty() {
        issues.add(at, "the expression is empty: leave the setting out, or write one".to_owned());
        return None;
    }
    Some(text)
}

fn published(given: Option<&Value>, issues: &mut Issues) -> Vec<(String, String)> {
    let object = match given {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Object(object)) => object,
        Some(_) => {
            let example = "{\"lag\": \"signal('app.lag', 0)\"}";
            issues
                .add(&["publish"], format!("give keys with an expression each, such as {example}"));
            return Vec::new();
        }
    };
    if object.len() > MOST_PUBLISHED {
        let count = object.len();
        issues.add(
            &["publish"],
            format!("{count} signals: at most {MOST_PUBLISHED} can be published"),
        );
    }
    let mut published = Vec::new();
    for (key, text) in object {
        let at = ["publish", key];
        if key.is_empty() || key.len() > LONGEST_KEY {
            issues.add(&at, format!("give a key of 1 to {LONGEST_KEY} bytes"));
        } else if let Some(text) = expression(text, &at, issues) {
            published.push((key.clone(), text));
        }
    }
    published
}
