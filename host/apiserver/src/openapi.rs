//! As much OpenAPI as kubectl needs before it creates or changes an object: that every kind
//! exists, and that the server checks fields itself.

use serde_json::{Map, Value, json};

use crate::resource::{RESOURCES, Resource};

/// The list of documents.
pub(crate) fn index() -> Value {
    let mut paths = Map::new();
    for resource in RESOURCES {
        let path = root(resource);
        let url = format!("/openapi/v3/{path}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// The document of one group and version.
pub(crate) fn document(group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    let fitting = RESOURCES.into_iter().filter(|r| r.group == group && r.version == version);
    for resource in fitting {
        let place = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("/{}{place}/{}/{{name}}", root(resource), resource.plural);
        let operation = operation(resource);
        paths.insert(path, json!({"put": operation, "patch": operation}));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths,
        "components": {"schemas": {}},
    })
}

fn operation(resource: &Resource) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    json!({
        "parameters": [parameter("dryRun"), parameter("fieldValidation")],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-group-version-kind": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
        },
    })
}

fn root(resource: &Resource) -> String {
    if resource.group.is_empty() {
        format!("api/{}", resource.version)
    } else {
        format!("apis/{}/{}", resource.group, resource.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_path() {
        for resource in RESOURCES {
            let document = document(resource.group, resource.version);
            let paths = document["paths"].as_object().unwrap();
            let end = format!("/{}/{{name}}", resource.plural);
            assert!(paths.keys().any(|p| p.ends_with(&end)), "{}", resource.plural);
            assert!(index()["paths"].get(root(resource)).is_some());
        }
    }
}
