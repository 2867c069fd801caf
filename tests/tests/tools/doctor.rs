//! `hotseat doctor`.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use serde_json::Value;

use super::{command, election, ran};

/// What it says for programs, and whether all is fine.
fn doctor(api: &Api, flags: &[&str]) -> (i32, Value, String) {
    let [name, namespace] = election(api);
    let words = [&["doctor", &name, &namespace, "--output=json"][..], flags].concat();
    let (code, out, error) = ran(command(api, &words));
    (code, serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}{error}")), error)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {report}"))
}

/// Nobody answers there.
const NO_SIDECAR: &str = "--address=127.0.0.1:1";

pub fn nothing_is_wrong_with_an_election_that_works(api: &Api) {
    let anna = Candidate::start(api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    let address = format!("--address={}", anna.process.http_addr());
    let (code, report, error) = doctor(api, &[&QUICK[..], &[&address]].concat());
    assert_eq!((code, &report["ok"]), (0, &true.into()), "{report}{error}");
    let names: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let all =
        ["sidecar", "credentials", "api", "clock", "rights", "latency", "lock", "policy", "memory"];
    assert_eq!(names, all);
    assert_eq!(check(&report, "sidecar")["leads"], true);
    assert_eq!(check(&report, "lock")["record"]["holder"], "anna");
    assert!(check(&report, "latency")["median_us"].as_u64().unwrap() > 0);
    assert!(check(&report, "clock")["ahead_seconds"].as_f64().unwrap().abs() < 30.0, "{report}");
    assert!(check(&report, "policy")["digest"].as_str().unwrap().starts_with("sha256:"));

    // In words, and with the election of the sidecar that answers.
    let (code, out, error) = ran(command(api, &["doctor", &address]));
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.contains("ok      sidecar      anna leads\n"), "{out}");
}

/// The whole of it can be applied: Role and binding.
#[test]
fn missing_rights_are_named_with_what_gives_them() {
    let api = Api::of(Cluster::shared(), "doctor-rights", Rights::ReadOnly).unwrap();
    let (code, report, _) = doctor(&api, &[NO_SIDECAR]);
    assert_eq!(code, 1);
    let rights = check(&report, "rights");
    assert_eq!(rights["outcome"], "failed", "{report}");
    let account = format!("system:serviceaccount:{}:candidate", api.namespace());
    assert_eq!(rights["account"], account.as_str());
    let role = rights["role"].as_str().unwrap();
    for part in ["kind: Role\n", "kind: RoleBinding\n", "update]", "name: candidate"] {
        assert!(role.contains(part), "{part} is missing: {role}");
    }
    // The Role is whole, as a Role that is applied replaces one; only what it adds is missing.
    let missing = rights["missing"].to_string();
    assert!(missing.contains("update") && !missing.contains("watch"), "{report}");
    // What does not hang on them is looked at all the same.
    assert_eq!(check(&report, "policy")["outcome"], "ok");
    assert_eq!(check(&report, "lock")["outcome"], "note", "{report}");
}

#[test]
fn an_api_server_that_does_not_answer_is_reported_with_the_reason() {
    let api = Api::embedded("doctor-down").unwrap();
    api.pause().unwrap();
    let (code, report, _) = doctor(&api, &[NO_SIDECAR]);
    assert_eq!(code, 1);
    let found = check(&report, "api")["found"].as_str().unwrap();
    assert!(found.contains("check the server's address"), "{found}");
    assert_eq!(check(&report, "rights")["outcome"], "skipped");
    assert_eq!(check(&report, "policy")["outcome"], "ok", "{report}");
}

#[test]
fn a_policy_a_memory_limit_and_an_election_that_do_not_fit_are_reported() {
    let api = Api::embedded("doctor-unfit").unwrap();
    let anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    let address = format!("--address={}", anna.process.http_addr());
    let other =
        ["--election=other", "--policy=file:/no/such.wasm", "--container-memory=8Mi", &address];
    let (code, report, _) = doctor(&api, &other);
    assert_eq!(code, 1);
    for (name, words) in
        [("sidecar", "not in"), ("policy", "/no/such.wasm"), ("memory", "the limit is only 8 MiB")]
    {
        let found = check(&report, name);
        assert_eq!(found["outcome"], "failed", "{found}");
        assert!(found["found"].as_str().unwrap().contains(words), "{found}");
    }
}

/// A source in the cluster is asked as the sidecar would.
#[test]
fn a_policy_in_a_config_map_is_looked_at() {
    let api = Api::real("doctor-map").unwrap();
    let flags = ["--policy=configmap:rules", NO_SIDECAR];
    let (code, report, _) = doctor(&api, &flags);
    assert_eq!(code, 1);
    assert_eq!(check(&report, "policy")["outcome"], "failed", "{report}");
    let map = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rules"},
        "data": {"policy.wasm": "not a component"},
    });
    api.create("v1/configmaps", &map).unwrap();
    let (_, report, _) = doctor(&api, &flags);
    let found = check(&report, "policy")["found"].as_str().unwrap();
    assert!(found.contains("stage parse"), "{found}");
}

#[test]
fn without_credentials_what_is_on_this_machine_is_looked_at() {
    let launch = hotseat_tests::process::Launch::hotseat().unwrap();
    let launch = launch.args(["doctor", "--election=e", NO_SIDECAR, "--output=json"]);
    let (code, out, error) = ran(launch.env("KUBECONFIG", "/no/such/kubeconfig"));
    assert_eq!(code, 1, "{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(check(&report, "credentials")["outcome"], "failed");
    assert_eq!(check(&report, "lock")["outcome"], "skipped");
    assert_eq!(check(&report, "policy")["outcome"], "ok", "{report}");
}

/// It looks at what the sidecar's flags use, and at nothing else.
#[test]
fn two_locks_are_looked_at_where_there_are_two() {
    let api = Api::of(Cluster::shared(), "doctor-locks", Rights::Full).unwrap();
    let (code, report, _) = doctor(&api, &["--lock=endpointsleases", NO_SIDECAR]);
    assert_eq!(code, 1);
    let checks = report["checks"].as_array().unwrap();
    let kinds: Vec<&Value> =
        checks.iter().filter(|it| it["name"] == "lock").map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["endpoints", "leases"], "{report}");
    let missing = check(&report, "rights")["missing"].to_string();
    assert!(missing.contains("get endpoints seat") && !missing.contains("leases"), "{missing}");
}
