//! The fields of a Lease: their types, their canonical form and their rules.

use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::{Map, Value};

use crate::mismatch::mismatch;
use crate::status::Cause;

/// Brings the spec into the form in which a real server stores it: known fields only, no nulls,
/// times in UTC with microseconds. The error is that of the decoder.
pub(crate) fn normalise(object: &mut Value) -> Result<(), String> {
    let given = match object.get_mut("spec").map(Value::take) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(other) => return Err(mismatch(&other, "Lease.spec", "v1.LeaseSpec")),
    };
    let mut spec = Map::new();
    for (key, value) in given {
        if value.is_null() {
            continue;
        }
        let value = match key.as_str() {
            "holderIdentity" => text(&key, value)?,
            "leaseDurationSeconds" | "leaseTransitions" => small_number(&key, value)?,
            "acquireTime" | "renewTime" => time(&key, value)?,
            // A decoder of typed objects drops what it does not know, and a server without the
            // feature gate CoordinatedLeaderElection drops strategy and preferredHolder.
            _ => continue,
        };
        spec.insert(key, value);
    }
    object["spec"] = Value::Object(spec);
    Ok(())
}

/// The rules that a decoded spec breaks.
pub(crate) fn causes(object: &Value) -> Vec<Cause> {
    let spec = &object["spec"];
    let mut causes = Vec::new();
    if let Some(seconds) = spec["leaseDurationSeconds"].as_i64().filter(|s| *s <= 0) {
        let field = "spec.leaseDurationSeconds";
        causes.push(Cause::invalid(field, seconds, "must be greater than 0"));
    }
    if let Some(count) = spec["leaseTransitions"].as_i64().filter(|c| *c < 0) {
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid("spec.leaseTransitions", count, why));
    }
    causes
}

fn text(key: &str, value: Value) -> Result<Value, String> {
    if value.is_string() {
        Ok(value)
    } else {
        Err(mismatch(&value, &format!("LeaseSpec.spec.{key}"), "string"))
    }
}

fn small_number(key: &str, value: Value) -> Result<Value, String> {
    match value.as_i64().filter(|n| i32::try_from(*n).is_ok()) {
        Some(_) => Ok(value),
        None => Err(mismatch(&value, &format!("LeaseSpec.spec.{key}"), "int32")),
    }
}

/// Times carry exactly six digits after the point: Go's parser takes neither fewer nor more.
fn time(key: &str, value: Value) -> Result<Value, String> {
    const FORM: &str = "2006-01-02T15:04:05.000000Z07:00";
    let Some(given) = value.as_str() else {
        let field = format!("LeaseSpec.spec.{key}");
        return Err(mismatch(&value, &field, "string"));
    };
    let rest = given.get(19..).unwrap_or("");
    let digits =
        rest.strip_prefix('.').map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
    let parsed = given.parse::<Timestamp>().ok().filter(|_| digits == 6);
    match parsed.and_then(|time| strtime::format("%Y-%m-%dT%H:%M:%S.%6fZ", time).ok()) {
        Some(canonical) => Ok(canonical.into()),
        None => {
            let (left, wanted) = match digits {
                _ if given.len() < 19 => (given, "2006"),
                7.. => (rest.get(7..).unwrap_or(""), "Z07:00"),
                _ => (rest, ".000000"),
            };
            Err(format!("parsing time {given:?} as {FORM:?}: cannot parse {left:?} as {wanted:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_stored_form_is_canonical() {
        let mut lease = json!({"spec": {
            "holderIdentity": "", "leaseDurationSeconds": 15, "color": "red", "strategy": "x",
            "renewTime": "2026-01-01T02:00:00.123456+02:00",
        }});
        normalise(&mut lease).unwrap();
        assert_eq!(
            lease["spec"],
            json!({
                "holderIdentity": "", "leaseDurationSeconds": 15,
                "renewTime": "2026-01-01T00:00:00.123456Z",
            })
        );
    }

    #[test]
    fn times_want_microseconds() {
        for (bad, tail) in [
            ("2026-01-01T00:00:00Z", "cannot parse \"Z\" as \".000000\""),
            ("2026-01-01T00:00:00.123456789Z", "cannot parse \"789Z\" as \"Z07:00\""),
        ] {
            let error = normalise(&mut json!({"spec": {"renewTime": bad}})).unwrap_err();
            assert!(error.ends_with(tail), "{error}");
        }
    }

    #[test]
    fn types_are_checked() {
        let error = normalise(&mut json!({"spec": {"leaseDurationSeconds": "15"}})).unwrap_err();
        assert_eq!(
            error,
            "json: cannot unmarshal string into Go struct field \
             LeaseSpec.spec.leaseDurationSeconds of type int32"
        );
        assert!(normalise(&mut json!({"spec": {"leaseTransitions": 1u64 << 40}})).is_err());
        assert!(normalise(&mut json!({"spec": {"holderIdentity": 5}})).is_err());
        assert!(normalise(&mut json!({"spec": []})).is_err());
    }

    #[test]
    fn rules() {
        let spec = json!({"spec": {
            "leaseDurationSeconds": 0, "leaseTransitions": -1,
        }});
        let fields: Vec<String> = causes(&spec).into_iter().map(|c| c.field).collect();
        let expected = ["spec.leaseDurationSeconds", "spec.leaseTransitions"];
        assert_eq!(fields, expected);
        assert!(causes(&json!({"spec": {"leaseDurationSeconds": 1}})).is_empty());
    }
}
