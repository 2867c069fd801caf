//! kubeconform finds nothing in `deploy/`, by schemas made from the server's own OpenAPI: every field
//! is one that the server has, with a value of its type.

use std::fs;
use std::path::Path;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::kubeconform;
use hotseat_tests::scene::Api;
use http::Method;
use serde_json::{Value, json};

use super::server::texts;

/// The file with all definitions, which the others refer to.
const DEFINITIONS: &str = "_definitions.json";

/// Writes the schemas of all kinds as kubeconform looks for them: by kind, group and version.
fn write_schemas(folder: &Path) {
    let api = Api::of(Cluster::shared(), "openapi", Rights::None).unwrap();
    let (code, openapi) = api.ask(Method::GET, "/openapi/v2", None).unwrap();
    assert_eq!(code, 200, "{openapi}");
    let mut definitions = openapi["definitions"].clone();
    for (name, definition) in definitions.as_object_mut().unwrap() {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array().cloned();
        for kind in kinds.unwrap_or_default() {
            write_kind(folder, name, &kind);
        }
        close(definition);
    }
    let all = json!({"definitions": definitions});
    fs::write(folder.join(DEFINITIONS), all.to_string()).unwrap();
}

fn write_kind(folder: &Path, definition: &str, kind: &Value) {
    let part = |key: &str| kind[key].as_str().unwrap().to_lowercase();
    // As kubeconform does: the first part of the group alone, and none of the core group's.
    let (group, version) = (part("group"), part("version"));
    let suffix = match group.split('.').next().unwrap_or_default() {
        "" => version,
        first => format!("{first}-{version}"),
    };
    let file = format!("{}-{suffix}.json", part("kind"));
    let schema = json!({"$ref": format!("{DEFINITIONS}#/definitions/{definition}")});
    fs::write(folder.join(file), schema.to_string()).unwrap();
}

/// A field that the definition does not have is a mistake; and a number may be text where it is
/// either.
fn close(schema: &mut Value) {
    if schema["format"] == "int-or-string" {
        *schema = json!({"oneOf": [{"type": "string"}, {"type": "integer"}]});
    }
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        fields.values_mut().for_each(close);
        schema["additionalProperties"] = json!(false);
    }
}

#[test]
fn kubeconform_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_schemas(folder.path());
    for (name, text) in texts("web") {
        let valid = kubeconform(folder.path(), &text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(valid > 0, "{name}");
    }
    // It looks: a field that is not there, and a value of another type.
    let text = &texts("web")["manifests/sidecar.yaml"];
    for (right, wrong) in [
        ("terminationMessagePolicy", "terminationMessagesPolicy"),
        ("containerPort: 4040", "containerPort: four"),
        ("replicas: 3", "replicas: many"),
        ("kind: RoleBinding", "kind: RoleBindings"),
    ] {
        assert!(text.contains(right), "{right}");
        assert!(kubeconform(folder.path(), &text.replace(right, wrong)).is_err(), "{wrong}");
    }
}
