//! A question of a person's own, in a few lines of YAML: only what differs from a question that is
//! there already.
//!
//! The form is the journal's, so that it has each field of the contract as soon as the journal has
//! it. On top of it come short ways to write signals, and what is expected of the answer.

mod expect;
mod short;
mod strict;

use super::questions::{question, states};
use anyhow::{anyhow, bail};
use expect::Expected;
pub use expect::Mismatch;
use hotseat_core::policy::Input;
use hotseat_journal::{input_form, read_input};
use serde_json::{Map, Value};
use strict::{Names, Strict, unknown};

/// Keys of a scene that are not part of the question.
const OWN: [&str; 4] = ["name", "from", "settings", "expect"];
/// Larger texts than this are not scenes, in bytes: a question with the largest memory and settings
/// fits.
pub(super) const LARGEST: u64 = 1 << 20;

/// A question, and what is expected of the answer to it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// What it is called; none: by the question that it differs from.
    pub(super) name: String,
    /// The question. Its settings are empty where the scene has none of its own.
    pub(super) input: Input,
    /// Whether the scene has settings of its own.
    pub(super) has_settings: bool,
    /// What is expected, if anything is.
    pub(super) expected: Option<Expected>,
}

/// Reads the scenes of a text, each a document of YAML. JSON is YAML, too.
///
/// # Errors
///
/// What is wrong with it, the scene's number among several, and the place.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Scene>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        anyhow!("is not YAML: {}", hotseat_text::one_line(&error.to_string(), 1024))
    })?;
    if documents.is_empty() {
        bail!("is empty: give what differs from the question, or at least `from: leader`");
    }
    let several = documents.len() > 1;
    (1..)
        .zip(documents)
        .map(|(number, document)| {
            scene(document).map_err(|error| match several {
                true => anyhow!("scene {number}: {error}"),
                false => error,
            })
        })
        .collect()
}

fn scene(document: Value) -> anyhow::Result<Scene> {
    let Value::Object(mut fields) = document else {
        bail!("is not a mapping: write what differs, such as `from: leader`");
    };
    let names = Names::default();
    let whole = whole(&names)?;
    refuse_unknown(&fields, &names)?;
    let from = text(&mut fields, "from")?.unwrap_or_else(|| states()[1].to_owned());
    let Some((about, base)) = question(&from) else {
        bail!("from: {}", unknown(&from, &states()));
    };
    let name = text(&mut fields, "name")?.unwrap_or_else(|| about.to_owned());
    let settings = fields.remove("settings").map(settings).transpose()?;
    let expected = fields.remove("expect").map(Expected::read).transpose()?;
    let mut patch = nested(fields, &names);
    short::write_out(&mut patch);
    let mut form = input_form(&base);
    merge(&mut form, patch, &whole);
    let mut input =
        read_input(Strict::new(form, &names)).map_err(|unfit| anyhow!("{}", plain(&unfit)))?;
    let has_settings = settings.is_some();
    input.settings = settings.unwrap_or_default();
    Ok(Scene { name, input, has_settings, expected })
}

/// What is wrong, by the place as people write it: the observation's fields stand by themselves.
fn plain(unfit: &impl ToString) -> String {
    let text = unfit.to_string();
    text.strip_prefix("observation.").map_or(text.clone(), str::to_owned)
}

/// A question that has all that a question can have, from which parts are filled up; what its
/// records may have is in `names` afterwards.
fn whole(names: &Names) -> anyhow::Result<Value> {
    let mut whole = input_form(&super::questions::whole());
    read_input(Strict::new(whole.clone(), names)).map_err(|unfit| anyhow!("{unfit}"))?;
    // What a signal says is the one thing that is never left out.
    let observation = &mut whole["observation"];
    for place in
        ["/signals/0", "/roster/0/signals/0", "/roster/0/extra/0", "/seat/extra/0", "/extra/0"]
    {
        if let Some(Value::Object(signal)) = observation.pointer_mut(place) {
            signal.remove("value");
        }
    }
    Ok(whole)
}

/// The names of the fields of the record at a place.
fn names_at(names: &Names, place: &str) -> &'static [&'static str] {
    names.borrow().get(place).copied().unwrap_or_default()
}

fn refuse_unknown(fields: &Map<String, Value>, names: &Names) -> anyhow::Result<()> {
    let all: Vec<&str> = [&OWN, names_at(names, ""), names_at(names, "observation")].concat();
    match fields.keys().find(|name| !all.contains(&name.as_str())) {
        Some(name) => bail!("{}", unknown(name, &all)),
        None => Ok(()),
    }
}

/// The fields of the observation may stand beside those of the question that it is part of.
fn nested(fields: Map<String, Value>, names: &Names) -> Value {
    let (mut outer, mut inner) = (Map::new(), Map::new());
    for (name, value) in fields {
        match value {
            Value::Object(fields) if name == "observation" => inner.extend(fields),
            value if names_at(names, "observation").contains(&name.as_str()) => {
                inner.insert(name, value);
            }
            value => {
                outer.insert(name, value);
            }
        }
    }
    outer.insert("observation".to_owned(), Value::Object(inner));
    Value::Object(outer)
}

/// Puts what differs over a value. Nothing (`null`) takes a field away. What the value lacks is
/// filled up from `whole`, and so is each item of a list, from the first one there.
fn merge(base: &mut Value, patch: Value, whole: &Value) {
    match patch {
        Value::Object(fields) => {
            if !base.is_object() {
                *base = filling(whole);
            }
            let Some(under) = base.as_object_mut() else { return };
            for (name, value) in fields {
                if value.is_null() {
                    under.remove(&name);
                    continue;
                }
                let part = &whole[&name];
                merge(under.entry(name).or_insert(Value::Null), value, part);
            }
        }
        Value::Array(items) => {
            let item = |patch| {
                let mut item = Value::Null;
                merge(&mut item, patch, &whole[0]);
                item
            };
            *base = items.into_iter().map(item).collect();
        }
        value => *base = value,
    }
}

/// What a record that is not there yet begins with: all that it may have, and empty lists.
fn filling(whole: &Value) -> Value {
    let fields = whole.as_object().cloned().unwrap_or_default();
    let filled = fields.into_iter().map(|(name, value)| match value {
        Value::Array(_) => (name, Value::Array(Vec::new())),
        value => (name, value),
    });
    Value::Object(filled.collect())
}

fn text(fields: &mut Map<String, Value>, name: &str) -> anyhow::Result<Option<String>> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => bail!("{name}: is {other}: write a text"),
    }
}

/// As the policy gets them: text as it is, anything else as JSON.
fn settings(value: Value) -> anyhow::Result<String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => {
            let blank = text.trim().is_empty();
            if let (false, Err(error)) = (blank, serde_json::from_str::<Value>(&text)) {
                bail!("settings: are a text that is not JSON ({error}): write them as YAML");
            }
            Ok(text)
        }
        value => Ok(value.to_string()),
    }
}

#[cfg(test)]
mod tests;
