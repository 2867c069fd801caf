//! The metadata of an object: what a request may set and what the server sets.

use jiff::Timestamp;
use serde_json::Value;

use crate::key::Key;
use crate::lease;
use crate::names;
use crate::resource::{EVENTS, LEASES, NAMESPACES, Resource};
use crate::status::{Cause, Status};

/// The text of a metadata field; empty if it is missing.
pub(crate) fn field<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or("")
}

/// Sets a metadata field.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    object["metadata"][name] = value.into();
}

/// Checks and fills the namespace from the path.
pub(crate) fn settle_namespace(object: &mut Value, namespace: &str) -> Result<(), Status> {
    let given = field(object, "namespace");
    if namespace.is_empty() {
        if let Some(meta) = object["metadata"].as_object_mut() {
            meta.remove("namespace");
        }
        return Ok(());
    }
    if given.is_empty() {
        set(object, "namespace", namespace);
    } else if given != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the \
             request",
        ));
    }
    Ok(())
}

/// Gives a new object its identity: name, uid and birthday.
pub(crate) fn be_born(object: &mut Value) {
    let prefix = field(object, "generateName");
    if field(object, "name").is_empty() && !prefix.is_empty() {
        let name = names::generate(prefix);
        set(object, "name", name);
    }
    set(object, "uid", names::new_uid());
    set(object, "creationTimestamp", now_in_seconds());
}

/// Carries over what an update can never change.
pub(crate) fn inherit(object: &mut Value, old: &Value) {
    for name in ["uid", "creationTimestamp", "generation"] {
        if let Some(value) = old["metadata"].get(name) {
            set(object, name, value.clone());
        }
    }
}

/// The rules that an object breaks, as one refusal.
pub(crate) fn validate(resource: &Resource, object: &Value) -> Result<(), Status> {
    let mut causes = Vec::new();
    let name = field(object, "name");
    if name.is_empty() {
        let why = "name or generateName is required";
        causes.push(Cause::required("metadata.name", why));
    } else {
        let faults = if resource == &NAMESPACES {
            names::label_faults(name)
        } else {
            names::subdomain_faults(name)
        };
        causes.extend(faults.iter().map(|why| Cause::invalid("metadata.name", name, why)));
    }
    let namespace = field(object, "namespace");
    if resource.namespaced {
        let faults = names::label_faults(namespace);
        causes
            .extend(faults.iter().map(|why| Cause::invalid("metadata.namespace", namespace, why)));
    }
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or("");
        causes.extend(names::key_value_faults(key, value).into_iter().map(|(of_key, why)| {
            let shown = if of_key { key } else { value };
            Cause::invalid("metadata.labels", shown, &why)
        }));
    }
    if resource == &LEASES {
        causes.extend(lease::causes(object));
    }
    if resource == &EVENTS {
        let involved = object["involvedObject"]["namespace"].as_str().unwrap_or("");
        let matches = match involved {
            "" => namespace == "default",
            involved => involved == namespace,
        };
        if !matches {
            let why = "does not match event.namespace";
            causes.push(Cause::invalid("involvedObject.namespace", involved, why));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid(resource, name, &causes)) }
}

/// The place of an object in the store.
pub(crate) fn key(resource: &'static Resource, object: &Value) -> Key {
    Key::new(resource, field(object, "namespace"), field(object, "name"))
}

/// The time of day, in whole seconds, as creation timestamps carry it.
pub(crate) fn now_in_seconds() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_namespace_of_the_path_wins_or_refuses() {
        let mut object = json!({"metadata": {}});
        settle_namespace(&mut object, "le").unwrap();
        assert_eq!(object["metadata"]["namespace"], "le");
        assert_eq!(settle_namespace(&mut object, "other").unwrap_err().code, 400);
    }

    #[test]
    fn an_event_lives_with_what_it_is_about() {
        let event = json!({
            "metadata": {"name": "e", "namespace": "a"},
            "involvedObject": {"namespace": "b"},
        });
        let status = validate(&EVENTS, &event).unwrap_err();
        assert_eq!(
            status.message,
            "Event \"e\" is invalid: involvedObject.namespace: Invalid value: \"b\": does not \
             match event.namespace"
        );
    }
}
