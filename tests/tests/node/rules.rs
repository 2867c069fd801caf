//! README's rules in a ConfigMap, in pods: with the Role that the program prints for them, in as little
//! memory as docs/limits.md recommends, and changed while they run.

use std::fs;

use hotseat_tests::wait::until;
use serde_json::Value;

use super::belief::{Belief, PACE};
use super::memory::{RULES, recommended};
use super::policy::with_policy;
use super::readme::{Person, block, commands};
use super::sidecar::LABELS;
use super::space::{Pod, SOON, Space, file};

/// README's sidecar in that block, whose Role has the roster's rights.
const FLAGS: [&str; 2] = ["--policy=builtin:rules", "--policy-settings=configmap:shop-rules"];

/// What `hotseat status` shows of the settings in force in a pod: their digest.
fn settings(space: &Space, pod: &Pod) -> Value {
    let active = super::policy::active(space, &pod.name);
    assert!(active.is_null() || active["name"] == "rules", "{active}");
    active["settings"].clone()
}

/// The application in the pod reports how far it lags.
fn reports_lag(space: &Space, pod: &Pod, lag: &str) {
    // The pause keeps the connection open until the answer is there.
    let request = format!(
        "printf 'PUT /v1/signals/app.lag HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: {}\\r\\nConnection: close\\r\\n\\r\\n{lag}'",
        lag.len()
    );
    let line = format!("({request}; sleep 1) | nc 127.0.0.1 4040");
    until("the report to be taken", SOON, || {
        let said = space.try_kubectl(&["exec", &pod.name, "-c=shop", "--", "/bin/sh", "-c", &line]);
        match said {
            Ok(answer) if answer.starts_with("HTTP/1.1 20") => Ok(()),
            other => Err(other),
        }
    });
}

#[test]
fn readmes_rules_decide_in_pods_and_are_changed_while_they_run() {
    let space = Space::new("rules", true);
    let person = Person::administrator(&space);
    let publish = |rules: &str| {
        fs::write(person.folder().join("rules.yaml"), rules).unwrap();
        let all = commands("kubectl create configmap shop-rules");
        let line = all.iter().find(|line| line.starts_with("kubectl ")).unwrap();
        person.types(person.folder(), line);
    };
    let rules = block("# rules.yaml");
    publish(&rules);
    let manifest = file("deploy/manifests/sidecar.yaml");
    space.apply(&with_policy(&manifest, &FLAGS, &recommended(RULES)));
    space.grant("shop", "shop", &FLAGS);
    space.rolled_out("shop", 3);
    let pods = space.pods(LABELS);
    let belief = Belief::watch(&space, LABELS, PACE);
    let first: Vec<Value> = pods
        .iter()
        .map(|pod| {
            until("the rules to decide", SOON, || match settings(&space, pod) {
                Value::Null => Err(()),
                settings => Ok(settings),
            })
        })
        .collect();

    // As they say, nobody leads whose lag is not known or large.
    assert!(pods.iter().all(|pod| pod.get("/leader").is_ok_and(|answer| answer.0 == 503)));
    let [one, two, _] = &pods[..] else { panic!("{pods:?}") };
    reports_lag(&space, one, "5");
    assert_eq!(space.leader(LABELS, None).name, one.name);
    reports_lag(&space, two, "2e6");

    // Others by one publication: who led goes, and who lags takes the seat.
    let changed = format!("{rules}resign: identity == '{}'\n", one.name)
        .replace("< 1e6", &format!("< 1e7 && identity != '{}'", one.name));
    publish(&changed);
    assert_eq!(space.leader(LABELS, Some(&one.name)).name, two.name);
    for (pod, first) in pods.iter().zip(first) {
        until("the changed rules to decide", SOON, || match settings(&space, pod) {
            settings if !settings.is_null() && settings != first => Ok(()),
            settings => Err(settings),
        });
    }
    belief.end().assert_no_overlap();
    for pod in space.pods(LABELS) {
        assert_eq!(pod.container("hotseat")["restartCount"], 0, "{}", pod.object);
    }
}
