//! A value of the wrong type, in the words of a real server.

use serde_json::Value;

/// The words of Go's JSON decoder for a value of the wrong type.
pub(crate) fn mismatch(value: &Value, field: &str, wanted: &str) -> String {
    let found = match value {
        Value::String(_) => "string".to_owned(),
        Value::Number(n) if wanted == "int32" => format!("number {n}"),
        Value::Number(_) => "number".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
        Value::Null => "null".to_owned(),
    };
    format!("json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")
}
