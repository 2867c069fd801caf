//! From the JSON of a client to the form in which an object is kept.

use serde_json::{Map, Value, json};

use crate::lease;
use crate::mismatch::mismatch;
use crate::resource::{EVENTS, LEASES, Resource};
use crate::status::{Cause, Status};

/// Brings a body into the form in which it is kept, or says why it is no such object.
pub(crate) fn object(resource: &Resource, object: &mut Value) -> Result<(), Status> {
    let kind = object["kind"].as_str().unwrap_or("").to_owned();
    let version = object["apiVersion"].as_str().unwrap_or("").to_owned();
    let expected = resource.api_version();
    let cannot = |why: &str| {
        let kind = if kind.is_empty() { resource.kind } else { &kind };
        let version = version.rsplit('/').next().filter(|v| !v.is_empty());
        let version = version.unwrap_or(resource.version);
        Status::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: {why}",
            resource.kind
        ))
    };
    if !kind.is_empty() && kind != resource.kind {
        return Err(cannot("it is of another kind"));
    }
    if !version.is_empty() && version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version \
             ({expected})"
        )));
    }
    fields(resource, object).map_err(|why| cannot(&why))
}

/// The same for an object that a patch has made, with the refusal that patches get.
pub(crate) fn patched(resource: &Resource, name: &str, object: &mut Value) -> Result<(), Status> {
    fields(resource, object).map_err(|why| {
        let cause = Cause::invalid("patch", object.to_string(), &why);
        Status::invalid(resource, name, &[cause])
    })
}

/// Checks the types of the fields that this server reads. The error is that of Go's decoder.
fn fields(resource: &Resource, object: &mut Value) -> Result<(), String> {
    let meta = match object.get_mut("metadata").map(Value::take) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(meta)) => meta,
        Some(other) => {
            let field = format!("{}.metadata", resource.kind);
            return Err(mismatch(&other, &field, "v1.ObjectMeta"));
        }
    };
    object["metadata"] = Value::Object(tidy(meta)?);
    object["kind"] = resource.kind.into();
    object["apiVersion"] = resource.api_version().into();
    if resource == &LEASES {
        lease::normalise(object)?;
    }
    if resource == &EVENTS {
        fill_event(object);
    }
    Ok(())
}

/// Drops nulls and empty maps, and checks the fields that this server reads.
fn tidy(meta: Map<String, Value>) -> Result<Map<String, Value>, String> {
    const TEXTS: [&str; 5] = ["name", "namespace", "generateName", "uid", "resourceVersion"];
    let mut tidy = Map::new();
    for (key, value) in meta {
        let field = format!("ObjectMeta.metadata.{key}");
        let map = key == "labels" || key == "annotations";
        match &value {
            Value::Null => continue,
            Value::Object(entries) if map => {
                if let Some(wrong) = entries.values().find(|v| !v.is_string()) {
                    return Err(mismatch(wrong, &field, "string"));
                }
                if entries.is_empty() {
                    continue;
                }
            }
            other if map => return Err(mismatch(other, &field, "map[string]string")),
            Value::String(text) if text.is_empty() => continue,
            Value::String(_) => {}
            other if TEXTS.contains(&key.as_str()) => {
                return Err(mismatch(other, &field, "string"));
            }
            _ => {}
        }
        tidy.insert(key, value);
    }
    Ok(tidy)
}

/// The fields that an Event always shows.
fn fill_event(event: &mut Value) {
    let Some(fields) = event.as_object_mut() else {
        return;
    };
    for (name, empty) in [
        ("eventTime", Value::Null),
        ("firstTimestamp", Value::Null),
        ("lastTimestamp", Value::Null),
        ("involvedObject", json!({})),
        ("reportingComponent", json!("")),
        ("reportingInstance", json!("")),
        ("source", json!({})),
    ] {
        fields.entry(name).or_insert(empty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_versions_must_fit_the_path() {
        let mut pod = json!({"kind": "Pod", "apiVersion": "v1"});
        assert_eq!(object(&LEASES, &mut pod).unwrap_err().code, 400);
        let mut old = json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1beta1"});
        let status = object(&LEASES, &mut old).unwrap_err();
        assert_eq!(
            status.message,
            "the API version in the data (coordination.k8s.io/v1beta1) does not match the \
             expected API version (coordination.k8s.io/v1)"
        );
    }

    #[test]
    fn metadata_has_types() {
        for bad in
            [json!({"labels": {"a": 1}}), json!({"labels": []}), json!({"name": 1}), json!([])]
        {
            let mut bad = json!({"metadata": bad});
            assert_eq!(object(&LEASES, &mut bad).unwrap_err().code, 400, "{bad}");
            assert_eq!(patched(&LEASES, "x", &mut json!({"metadata": 1})).unwrap_err().code, 422);
        }
        let mut fine = json!({"metadata": {"labels": {}, "annotations": null, "name": "x"}});
        object(&LEASES, &mut fine).unwrap();
        assert_eq!(fine["metadata"], json!({"name": "x"}));
    }

    #[test]
    fn an_event_has_its_usual_fields() {
        let mut event = json!({"source": {"component": "c"}});
        object(&EVENTS, &mut event).unwrap();
        assert_eq!(event["source"]["component"], "c");
        assert_eq!(event["eventTime"], Value::Null);
        assert_eq!(event["reportingComponent"], "");
    }
}
