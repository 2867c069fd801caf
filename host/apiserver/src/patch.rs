//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

/// Applies the patch: objects are merged, null removes, all else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else {
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key).or_insert(Value::Null), change);
        }
    }
}

/// Whether a strategic merge patch means the same as a merge patch: it has no list, whose merging
/// needs the schema, and no directive.
pub(crate) fn is_plain(patch: &Value) -> bool {
    match patch {
        Value::Array(_) => false,
        Value::Object(fields) => {
            fields.iter().all(|(key, value)| !key.starts_with('$') && is_plain(value))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merging() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "d": [1, 2], "e": "x"});
        merge(
            &mut object,
            &json!({"a": {"b": null, "f": {"g": null, "h": 1}}, "d": [3], "e": {"i": 1}}),
        );
        assert_eq!(object, json!({"a": {"c": 2, "f": {"h": 1}}, "d": [3], "e": {"i": 1}}));
    }

    #[test]
    fn only_plain_patches_are_alike() {
        assert!(is_plain(&json!({"spec": {"holderIdentity": ""}, "x": null})));
        assert!(!is_plain(&json!({"spec": {"containers": []}})));
        assert!(!is_plain(&json!({"spec": {"$patch": "replace"}})));
    }
}
