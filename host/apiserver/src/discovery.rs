//! What kubectl and client libraries read before they ask for objects.

use serde_json::{Value, json};

use crate::answer::{self, HttpResponse};
use crate::openapi;
use crate::resource::{RESOURCES, Resource, Verb};

const GROUPS: [(&str, &str); 2] = [("authorization.k8s.io", "v1"), ("coordination.k8s.io", "v1")];

/// The document at that path, if there is one.
pub(crate) fn document(path: &str, server: &str) -> Option<HttpResponse> {
    let object = match path.trim_end_matches('/') {
        "/healthz" | "/readyz" | "/livez" => return Some(answer::text(200, "ok")),
        "/version" => version(),
        "/api" => core_versions(server),
        "/apis" => groups(),
        "/openapi/v3" => openapi::index(),
        "" => json!({"paths": paths()}),
        path => return below(path).map(|object| answer::json(200, &object)),
    };
    Some(answer::json(200, &object))
}

fn below(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["api", "v1"] => Some(resources("", "v1")),
        ["apis", group] => known(group, None).then(|| self::group(group)),
        ["apis", group, version] => known(group, Some(version)).then(|| resources(group, version)),
        ["openapi", "v3", "api", "v1"] => Some(openapi::document("", "v1")),
        ["openapi", "v3", "apis", group, version] => {
            known(group, Some(version)).then(|| openapi::document(group, version))
        }
        _ => None,
    }
}

fn known(group: &str, version: Option<&str>) -> bool {
    GROUPS.iter().any(|(g, v)| *g == group && version.is_none_or(|version| version == *v))
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "gitVersion": concat!("v1.36.0+hotseat.", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn core_versions(server: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server}],
    })
}

fn groups() -> Value {
    let groups: Vec<Value> = GROUPS
        .iter()
        .map(|(name, _)| {
            let mut group = group(name);
            // Within a list the items carry no kind of their own.
            if let Some(fields) = group.as_object_mut() {
                fields.remove("kind");
                fields.remove("apiVersion");
            }
            group
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": [version],
        "preferredVersion": version,
    })
}

fn resources(group: &str, version: &str) -> Value {
    let mut resources: Vec<Value> = RESOURCES
        .into_iter()
        .filter(|r| r.group == group && r.version == version)
        .map(describe)
        .collect();
    if group == "authorization.k8s.io" {
        resources.push(json!({
            "name": "selfsubjectaccessreviews",
            "singularName": "selfsubjectaccessreview",
            "namespaced": false,
            "kind": "SelfSubjectAccessReview",
            "verbs": ["create"],
        }));
    }
    let group_version =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": resources,
    })
}

fn describe(resource: &'static Resource) -> Value {
    let verbs: Vec<&str> = resource.verbs.iter().map(|v: &Verb| v.as_str()).collect();
    let mut description = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs,
    });
    if !resource.short_names.is_empty() {
        description["shortNames"] = resource.short_names.into();
    }
    description
}

fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis"].map(str::to_owned).into();
    for (group, version) in GROUPS {
        paths.push(format!("/apis/{group}"));
        paths.push(format!("/apis/{group}/{version}"));
    }
    for path in ["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"] {
        paths.push(path.to_owned());
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_that_is_listed_is_there() {
        for path in paths() {
            assert!(document(&path, "").is_some(), "{path}");
        }
        for path in ["/apis/apps", "/apis/apps/v1", "/apis/coordination.k8s.io/v2", "/x", "/api/v2"]
        {
            assert!(document(path, "").is_none(), "{path}");
        }
    }

    #[test]
    fn leases_are_described() {
        let list = resources("coordination.k8s.io", "v1");
        assert_eq!(list["groupVersion"], "coordination.k8s.io/v1");
        let lease = &list["resources"][0];
        assert_eq!((&lease["kind"], &lease["namespaced"]), (&json!("Lease"), &json!(true)));
    }
}
