//! The short ways to write signals, the roster and causes.

use serde_json::{Map, Value, json};

/// Writes out what is short in a question: `signals: {app.lag: 12.5}` is a list of records in the
/// journal's form, and so is a roster by its names.
pub(super) fn write_out(question: &mut Value) {
    let Some(observation) = question["observation"].as_object_mut() else { return };
    // What the journal called it, and what one cause reads like.
    if let Some(one) = observation.remove("cause") {
        observation.insert("causes".to_owned(), one);
    }
    if let Some(roster) = observation.get_mut("roster") {
        by_name(roster, "identity", |candidate| candidate);
        for candidate in roster.as_array_mut().into_iter().flatten() {
            for part in ["signals", "extra"] {
                candidate.get_mut(part).into_iter().for_each(signals);
            }
        }
    }
    let seat = observation.get_mut("seat").and_then(|seat| seat.get_mut("extra"));
    seat.into_iter().for_each(signals);
    for part in ["signals", "extra"] {
        observation.get_mut(part).into_iter().for_each(signals);
    }
}

/// Signals or other pairs of a key and a value, each a value or a record with one.
pub(super) fn signals(listed: &mut Value) {
    by_name(listed, "key", |signal| match signal {
        Value::Object(fields) if fields.contains_key("value") => Value::Object(fields),
        value => json!({ "value": value }),
    });
    for signal in listed.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(value) = signal.get_mut("value") {
            *value = tagged(value.take());
        }
        // It cannot have had its value for less long than it was reported.
        if let (Some(age), None) = (signal.get("age_ms"), signal.get("unchanged_for_ms")) {
            let age = age.clone();
            signal.insert("unchanged_for_ms".to_owned(), age);
        }
    }
}

/// A mapping from names as a list of records that have them.
fn by_name(listed: &mut Value, field: &str, record: impl Fn(Value) -> Value) {
    let Value::Object(named) = listed else { return };
    let list = std::mem::take(named).into_iter().map(|(name, value)| {
        let mut fields = match record(value) {
            Value::Object(fields) => fields,
            Value::Null => Map::new(),
            // Refused where it is read.
            other => return other,
        };
        fields.insert(field.to_owned(), name.into());
        Value::Object(fields)
    });
    *listed = list.collect();
}

/// A value with its kind, as the journal has it.
fn tagged(value: Value) -> Value {
    match value {
        Value::Bool(flag) => json!({ "flag": flag }),
        Value::Number(number) if number.is_i64() => json!({ "integer": number }),
        Value::Number(number) => json!({ "number": number }),
        Value::String(text) => json!({ "text": text }),
        Value::Array(texts) => json!({ "texts": texts }),
        Value::Object(mut kind) => {
            if let Some(json) = kind.get_mut("json").filter(|json| !json.is_string()) {
                *json = json.to_string().into();
            }
            // With its kind already, or refused where it is read.
            Value::Object(kind)
        }
        Value::Null => Value::Null,
    }
}
