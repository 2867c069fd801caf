//! Objects as rows: what `kubectl get` shows.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::age;
use crate::meta;
use crate::resource::{CONFIGMAPS, ENDPOINTS, EVENTS, LEASES, NAMESPACES, PODS, Resource};

/// A column: its name, and 1 if only `-o wide` shows it.
type Column = (&'static str, u8);

/// Makes a Table. `include` is the parameter `includeObject`; `headed` says whether columns are
/// described, which a watch does in its first event only.
pub(crate) fn of<'a>(
    resource: &Resource,
    objects: impl IntoIterator<Item = &'a Value>,
    version: &str,
    include: &str,
    headed: bool,
) -> Value {
    let now = Timestamp::now();
    let rows: Vec<Value> = objects
        .into_iter()
        .map(|object| {
            let cells = cells(resource, object, now);
            match include {
                "None" => json!({"cells": cells}),
                "Object" => json!({"cells": cells, "object": object}),
                _ => json!({"cells": cells, "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": object["metadata"],
                }}),
            }
        })
        .collect();
    let mut table = json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": null,
        "rows": rows,
    });
    if headed {
        table["columnDefinitions"] = columns(resource).iter().map(describe).collect();
    }
    table
}

fn describe(column: &Column) -> Value {
    let (name, priority) = column;
    let format = if *name == "Name" { "name" } else { "" };
    let kind = if *name == "Count" { "integer" } else { "string" };
    json!({
        "name": name, "type": kind, "format": format, "description": "", "priority": priority,
    })
}

fn columns(resource: &Resource) -> &'static [Column] {
    if resource == &LEASES {
        &[("Name", 0), ("Holder", 0), ("Age", 0)]
    } else if resource == &EVENTS {
        &[
            ("Last Seen", 0),
            ("Type", 0),
            ("Reason", 0),
            ("Object", 0),
            ("Subobject", 1),
            ("Source", 1),
            ("Message", 0),
            ("First Seen", 1),
            ("Count", 1),
            ("Name", 1),
        ]
    } else if resource == &PODS {
        &[
            ("Name", 0),
            ("Ready", 0),
            ("Status", 0),
            ("Restarts", 0),
            ("Age", 0),
            ("IP", 1),
            ("Node", 1),
        ]
    } else if resource == &CONFIGMAPS {
        &[("Name", 0), ("Data", 0), ("Age", 0)]
    } else if resource == &ENDPOINTS {
        &[("Name", 0), ("Endpoints", 0), ("Age", 0)]
    } else if resource == &NAMESPACES {
        &[("Name", 0), ("Status", 0), ("Age", 0)]
    } else {
        &[("Name", 0), ("Age", 0)]
    }
}

fn cells(resource: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    let name = meta::field(object, "name");
    let born = age::since(object["metadata"]["creationTimestamp"].as_str(), now);
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let three = |middle: String| vec![name.into(), middle.into(), born.clone().into()];
    if resource == &LEASES {
        three(text(&object["spec"]["holderIdentity"]))
    } else if resource == &EVENTS {
        event(object, now)
    } else if resource == &PODS {
        pod(object, &born)
    } else if resource == &CONFIGMAPS {
        let count = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
        three((count("data") + count("binaryData")).to_string())
    } else if resource == &ENDPOINTS {
        three(endpoints(object))
    } else if resource == &NAMESPACES {
        three(text(&object["status"]["phase"]))
    } else {
        vec![name.into(), born.into()]
    }
}

fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let time = |fields: &[&Value]| {
        let first = fields.iter().find_map(|value| value.as_str());
        Value::from(age::since(first, now))
    };
    let (series, involved) = (&object["series"], &object["involvedObject"]);
    let first_seen = [&object["firstTimestamp"], &object["eventTime"]];
    let last_seen =
        [&series["lastObservedTime"], &object["lastTimestamp"], first_seen[0], first_seen[1]];
    let count =
        [&series["count"], &object["count"]].into_iter().find_map(Value::as_i64).unwrap_or(1);
    let kind = text(&involved["kind"]).to_lowercase();
    let about = match text(&involved["name"]) {
        name if name.is_empty() => kind,
        name => format!("{kind}/{name}"),
    };
    let source = [
        first_of(object, "component", "reportingComponent"),
        first_of(object, "host", "reportingInstance"),
    ];
    let source: Vec<String> = source.into_iter().filter(|s| !s.is_empty()).collect();
    vec![
        time(&last_seen),
        text(&object["type"]).into(),
        text(&object["reason"]).into(),
        about.into(),
        text(&involved["fieldPath"]).into(),
        source.join(", ").into(),
        text(&object["message"]).trim().into(),
        time(&first_seen),
        count.into(),
        meta::field(object, "name").into(),
    ]
}

fn first_of(event: &Value, source: &str, reporting: &str) -> String {
    match event["source"][source].as_str() {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => event[reporting].as_str().unwrap_or("").to_owned(),
    }
}

fn pod(object: &Value, born: &str) -> Vec<Value> {
    let status = &object["status"];
    let statuses = status["containerStatuses"].as_array();
    let ready = statuses.map_or(0, |all| all.iter().filter(|c| c["ready"] == true).count());
    let restarts: i64 =
        statuses.map_or(0, |all| all.iter().filter_map(|c| c["restartCount"].as_i64()).sum());
    let containers = object["spec"]["containers"].as_array().map_or(0, Vec::len);
    let or_none = |value: &Value| match value.as_str() {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => "<none>".to_owned(),
    };
    vec![
        meta::field(object, "name").into(),
        format!("{ready}/{containers}").into(),
        status["phase"].as_str().unwrap_or("").into(),
        restarts.to_string().into(),
        born.into(),
        or_none(&status["podIP"]).into(),
        or_none(&object["spec"]["nodeName"]).into(),
    ]
}

/// The first three addresses, and how many more there are.
fn endpoints(object: &Value) -> String {
    let empty = Vec::new();
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for subset in object["subsets"].as_array().unwrap_or(&empty) {
        let (addresses, ports) = (array(&subset["addresses"]), array(&subset["ports"]));
        for address in &addresses {
            let ip = address["ip"].as_str().unwrap_or("").to_owned();
            if ports.is_empty() {
                all.push(ip);
                continue;
            }
            all.extend(ports.iter().map(|port| format!("{ip}:{}", port["port"])));
        }
    }
    match all.len() {
        0 => "<none>".to_owned(),
        1..=3 => all.join(","),
        more => format!("{} + {} more...", all[..3].join(","), more - 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(resource: &Resource, object: Value) -> Vec<Value> {
        let table = of(resource, [&object], "7", "", true);
        let cells = table["rows"][0]["cells"].as_array().cloned().unwrap();
        assert_eq!(cells.len(), columns(resource).len());
        assert_eq!(table["columnDefinitions"].as_array().unwrap().len(), cells.len());
        cells
    }

    #[test]
    fn a_lease_shows_its_holder() {
        let lease = json!({"metadata": {"name": "x"}, "spec": {"holderIdentity": "a"}});
        assert_eq!(row(&LEASES, lease), [json!("x"), json!("a"), json!("<unknown>")]);
    }

    #[test]
    fn an_event_shows_what_it_is_about() {
        let now = Timestamp::now().to_string();
        let event = json!({
            "metadata": {"name": "x.1"}, "lastTimestamp": now, "type": "Normal",
            "reason": "LeaderElection", "message": "a became leader\n", "count": 2,
            "involvedObject": {"kind": "Lease", "name": "x"}, "source": {"component": "hotseat"},
        });
        let cells = row(&EVENTS, event);
        let shown: Vec<&str> = cells.iter().filter_map(Value::as_str).collect();
        let expected = [
            "0s",
            "Normal",
            "LeaderElection",
            "lease/x",
            "",
            "hotseat",
            "a became leader",
            "<unknown>",
            "x.1",
        ];
        assert_eq!(shown, expected);
        assert_eq!(cells[8], 2);
    }

    #[test]
    fn other_kinds() {
        let subsets = json!([{"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}],
                              "ports": [{"port": 80}, {"port": 443}]}]);
        let object = json!({"metadata": {"name": "x"}, "subsets": subsets});
        assert_eq!(row(&ENDPOINTS, object)[1], "10.0.0.1:80,10.0.0.1:443,10.0.0.2:80 + 1 more...");
        assert_eq!(row(&ENDPOINTS, json!({}))[1], "<none>");
        assert_eq!(row(&CONFIGMAPS, json!({"data": {"a": "", "b": ""}}))[1], "2");
        assert_eq!(row(&NAMESPACES, json!({"status": {"phase": "Active"}}))[1], "Active");
        let pod = json!({"spec": {"containers": [{}, {}]}, "status": {"phase": "Running",
            "containerStatuses": [{"ready": true, "restartCount": 2}]}});
        assert_eq!(row(&PODS, pod)[1..4], [json!("1/2"), json!("Running"), json!("2")]);
    }

    #[test]
    fn later_events_of_a_watch_have_no_columns() {
        let table = of(&LEASES, [&json!({})], "7", "None", false);
        assert_eq!(table["columnDefinitions"], Value::Null);
        assert_eq!(table["rows"][0].get("object"), None);
    }
}
