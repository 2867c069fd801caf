//! `deploy/monitoring`: what is made of the sources there, and whether they agree with the program and
//! with `docs/operations.md`. That the alerts fire, and that each panel has something to show, is tested
//! with Prometheus in `tests/tests/monitoring.rs`.

use crate::{compare, dashboard, recorded, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const RULE_HEAD: &str = "\
# Made of rules.yaml: `make references` rewrites this file. For Prometheus Operator.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: hotseat
  labels: {app.kubernetes.io/name: hotseat}
spec:
";

fn source(name: &str) -> String {
    let path = root().join("deploy/monitoring").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `rules.yaml` as the object that Prometheus Operator takes.
fn operator_rules(rules: &str) -> String {
    let (_, groups) = rules.split_once("\ngroups:\n").expect("rules.yaml has groups");
    let mut text = RULE_HEAD.to_owned() + "  groups:\n";
    for line in groups.lines() {
        text += &if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    }
    text
}

#[test]
fn the_dashboard_is_made_of_its_source() {
    let made = dashboard::made_of(&source("dashboard.yaml"));
    compare("deploy/monitoring/dashboard.json", &made);
}

#[test]
fn the_operator_s_rules_are_prometheus_own() {
    let (plain, made) = (source("rules.yaml"), operator_rules(&source("rules.yaml")));
    compare("deploy/monitoring/prometheus-rule.yaml", &made);
    let read = |text: &str| serde_saphyr::from_str::<Value>(text).expect("YAML");
    assert_eq!(read(&made)["spec"]["groups"], read(&plain)["groups"]);
}

/// The rules, as objects.
fn rules() -> Vec<Value> {
    let all: Value = serde_saphyr::from_str(&source("rules.yaml")).expect("YAML");
    let groups = all["groups"].as_array().expect("groups").clone();
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

fn alerts() -> Vec<Value> {
    rules().into_iter().filter(|rule| rule["alert"].is_string()).collect()
}

fn name_of(alert: &Value) -> String {
    alert["alert"].as_str().expect("a name").to_owned()
}

/// The words of a query that begin as our metrics do.
fn metrics_in(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| {
        ["hotseat_", "process_", "leader_election_"].iter().any(|start| word.starts_with(start))
    })
}

#[test]
fn each_metric_that_is_asked_for_is_one_of_the_program_s() {
    let text = recorded::everything();
    let names: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let made = dashboard::made_of(&source("dashboard.yaml"));
    let dashboard: Value = serde_json::from_str(&made).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let mut queries: Vec<Value> = targets.map(|target| target["expr"].clone()).collect();
    assert!(queries.len() > 30, "{} queries", queries.len());
    queries.extend(rules().iter().map(|rule| rule["expr"].clone()));
    for query in &queries {
        let query = query.as_str().expect("a query");
        let mut any = query.contains("election:hotseat_");
        for metric in metrics_in(query) {
            assert!(names.contains(metric), "{metric} is not among the metrics: {query}");
            any = true;
        }
        assert!(any, "no metric of the program: {query}");
    }
}

#[test]
fn each_alert_has_its_section_and_each_section_its_alert() {
    let operations = fs::read_to_string(root().join("docs/operations.md")).expect("operations.md");
    let sections = operations.lines().filter_map(|line| line.strip_prefix("### Hotseat"));
    let sections: BTreeSet<String> = sections.map(|rest| format!("Hotseat{rest}")).collect();
    let named: BTreeSet<String> = alerts().iter().map(name_of).collect();
    assert_eq!(sections, named, "docs/operations.md, and rules.yaml");
    for alert in alerts() {
        let name = name_of(&alert);
        let link = alert["annotations"]["runbook_url"].as_str().unwrap_or_default();
        let anchor = format!("docs/operations.md#{}", name.to_lowercase());
        assert!(link.ends_with(&anchor), "{name}: {link} leads to another place");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].is_string(), "{name} has no {annotation}");
        }
        let severity = alert["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
    }
}

#[test]
fn each_alert_is_tested_to_fire_and_not_to() {
    let tests: Value = serde_saphyr::from_str(&source("rules.test.yaml")).expect("YAML");
    let tests = tests["tests"].as_array().expect("tests");
    let checks: Vec<&Value> = tests
        .iter()
        .flat_map(|test| test["promql_expr_test"].as_array().expect("checks"))
        .collect();
    for alert in alerts() {
        let name = name_of(&alert);
        let asked = format!("ALERTS{{alertname=\"{name}\", alertstate=\"firing\"}}");
        let of_it: Vec<bool> = checks
            .iter()
            .filter(|check| check["expr"] == asked.as_str())
            .map(|check| check["exp_samples"].as_array().is_some_and(|all| !all.is_empty()))
            .collect();
        assert!(of_it.contains(&true), "no case in which {name} fires");
        assert!(of_it.contains(&false), "no case in which {name} does not fire");
    }
}
