//! A real API server with the definitions of Prometheus Operator takes `deploy/monitoring`.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::kubetools::{deploy, dry_run, kubectl, kustomize};
use hotseat_tests::scene::{Api, SOON};
use hotseat_tests::setup::operator_definitions;
use hotseat_tests::wait::until;
use serde_json::Value;

use super::of_kind;

#[test]
fn the_server_takes_what_is_for_prometheus_operator() {
    let api = Api::of(Cluster::shared(), "monitoring", Rights::None).unwrap();
    let admin = Cluster::shared().admin_kubeconfig();
    let definitions = operator_definitions().unwrap();
    for kind in ["podmonitors", "prometheusrules"] {
        let file = definitions.join(kind).with_extension("yaml");
        kubectl(&admin, &["apply", "--server-side", "-f", &file.to_string_lossy()], "").unwrap();
    }
    let text = kustomize(&deploy().join("monitoring")).unwrap();
    // Some moments pass until a new kind is served.
    let objects = until("objects as the server would store them", SOON, || {
        dry_run(&admin, api.namespace(), &text).map_err(|error| format!("{error:#}"))
    });
    let one = |kind: &str| -> Value {
        let found = of_kind(&objects, kind);
        assert_eq!(found.len(), 1, "{kind} in {objects:?}");
        found[0].clone()
    };
    let endpoints = &one("PodMonitor")["spec"]["podMetricsEndpoints"];
    assert_eq!(endpoints[0]["port"], "hotseat", "as the containers of deploy/ name it");
    let groups = one("PrometheusRule")["spec"]["groups"].as_array().unwrap().len();
    assert_eq!(groups, 2);
    let dashboard = &one("ConfigMap")["data"]["hotseat.json"];
    assert!(dashboard.as_str().unwrap().contains("\"panels\""));

    for (field, wrong) in
        [("podMetricsEndpoints:", "podMetricEndpoints:"), ("expr:", "expression:")]
    {
        let broken = text.replace(field, wrong);
        assert_ne!(broken, text);
        let error = dry_run(&admin, api.namespace(), &broken).unwrap_err().to_string();
        assert!(error.contains(wrong.trim_end_matches(':')), "{error}");
    }
}
