//! `hotseat rbac` against the real server's RBAC: with its Role a sidecar with the same flags works and
//! is denied nothing, and with one verb less it says which.

use std::time::Duration;

use hotseat_tests::cluster::{Caller, Cluster, Rights, account_user};
use hotseat_tests::process::{Launch, Stream, hotseat_binary};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::printed;

/// The account that the scenes' candidates have.
const ACCOUNT: &str = "candidate";
/// The ConfigMap with a policy.
const MAP: &str = "rules";
/// How long the server may take to learn of a Role.
const IN_FORCE: Duration = Duration::from_secs(30);
/// A debug build takes its time for the first policy.
const ACTIVE: Duration = Duration::from_secs(120);

/// What a combination of features is made of: flags of the sidecar, and those of `rbac` alone.
struct Mix {
    name: &'static str,
    sidecar: &'static [&'static str],
    only: &'static [&'static str],
}

/// Old candidates see whole seconds, and their locks want more than one between L and D.
const MIXES: [Mix; 9] = [
    Mix { name: "all-builtin", sidecar: &[], only: &[] },
    Mix { name: "lease", sidecar: &[], only: &["--for=lease"] },
    Mix { name: "all-by-map", sidecar: &["--policy=configmap:rules"], only: &[] },
    Mix {
        name: "no-events",
        sidecar: &["--policy=configmap:rules"],
        only: &["--for=lease,configmap"],
    },
    // The policy needs the roster, and no flag says so.
    Mix {
        name: "rules",
        sidecar: &["--policy=builtin:rules", "--policy-settings=rank: others.size()"],
        only: &[],
    },
    Mix { name: "roster", sidecar: &["--roster"], only: &[] },
    Mix { name: "endpoints", sidecar: &["--lock=endpoints", "--lease-duration=4s"], only: &[] },
    Mix {
        name: "two-locks",
        sidecar: &["--lock=configmapsleases", "--lease-duration=4s"],
        only: &[],
    },
    Mix {
        name: "pods",
        sidecar: &[
            "--watch-pods",
            "--reaction-time=0s",
            "--label-leader=role=leader",
            "--pod-deletion-cost=7",
        ],
        only: &[],
    },
];

/// All at once.
const EVERYTHING: Mix = Mix {
    name: "everything",
    sidecar: &[
        "--lock=endpointsleases",
        "--lease-duration=4s",
        "--policy=configmap:rules",
        "--watch-pods",
        "--reaction-time=0s",
        "--label-leader=role=leader",
    ],
    only: &[],
};

/// The objects that `hotseat rbac` prints for this mix in the scene's namespace.
fn roles(api: &Api, mix: &Mix) -> Vec<Value> {
    let election = format!("--election={ELECTION}");
    let namespace = format!("--namespace={}", api.namespace());
    let account = format!("--service-account={ACCOUNT}");
    let mut flags = vec![&*election, &*namespace, &*account];
    flags.extend(mix.sidecar);
    flags.extend(mix.only);
    printed(&flags)
}

/// Makes the objects, and waits until what the Role grants is in force.
fn grant(api: &Api, objects: &[Value]) {
    for object in objects {
        let plural = if object["kind"] == "Role" { "roles" } else { "rolebindings" };
        api.create(&format!("rbac.authorization.k8s.io/v1/{plural}"), object).unwrap();
    }
    for (group, resource, verb, name) in rights(&objects[0]) {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": account_user(api.namespace(), ACCOUNT),
                "resourceAttributes": {"group": group, "resource": resource, "verb": verb,
                                       "namespace": api.namespace(), "name": name},
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        until("a right to be in force", IN_FORCE, || {
            match api.ask(Method::POST, path, Some(&review)).unwrap().1 {
                answer if answer["status"]["allowed"] == true => Ok(()),
                answer => Err(answer),
            }
        });
    }
}

/// Group, resource, verb and name of each right of a Role.
fn rights(role: &Value) -> Vec<(String, String, String, String)> {
    let mut rights = Vec::new();
    for rule in role["rules"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for verb in rule["verbs"].as_array().unwrap() {
            rights.push((
                text(&rule["apiGroups"][0]),
                text(&rule["resources"][0]),
                text(verb),
                text(&rule["resourceNames"][0]),
            ));
        }
    }
    rights
}

/// Publishes the standard policy as a ConfigMap.
fn publish(api: &Api) {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.encode(hotseat_engine::STANDARD);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MAP},
                     "binaryData": {"policy.wasm": bytes}});
    api.create("v1/configmaps", &map).unwrap();
}

fn start(api: &Api, mix: &Mix) -> Candidate {
    let flags: Vec<&str> = QUICK.iter().chain(mix.sidecar).copied().collect();
    Candidate::start_with(api, "anna", &flags, |launch| {
        launch
            .env("POD_NAME", "anna")
            .env("POD_NAMESPACE", api.namespace())
            .env("POD_UID", "9e1c0c5e-0000-4000-8000-000000000001")
    })
    .unwrap()
}

#[test]
fn with_the_role_that_it_prints_a_sidecar_works_and_is_denied_nothing() {
    let cluster = Cluster::shared();
    for mix in &MIXES {
        let api = Api::of(cluster, &format!("rbac-{}", mix.name), Rights::None).unwrap();
        publish(&api);
        grant(&api, &roles(&api, mix));
        let since = Timestamp::now();
        let mut anna = start(&api, mix);
        until("the lead", ACTIVE, || match anna.leader() {
            Ok(answer) if answer["self"] == true => Ok(()),
            other => Err(other),
        });
        until("the policy", ACTIVE, || match anna.json("/v1/policy") {
            Ok(answer) if answer["active"].is_object() => Ok(()),
            other => Err(other),
        });
        anna.end();
        let user = account_user(api.namespace(), ACCOUNT);
        let denied: Vec<String> = cluster
            .requests(since, Caller::User(&user))
            .unwrap()
            .into_iter()
            .filter(|request| request.code == 403)
            .map(|request| format!("{} {}", request.verb, request.resource))
            .collect();
        let events = mix.only.iter().any(|only| !only.contains("events"));
        let expected = |denied: &String| events && denied == "create events";
        assert!(denied.iter().all(expected), "{}: {denied:?}", mix.name);
        assert_eq!(anna.log().contains("rights are missing"), events, "{}", anna.process);
    }
}

#[test]
fn with_one_verb_less_it_says_which() {
    let all = &EVERYTHING;
    let api = Api::of(Cluster::shared(), "rbac-less", Rights::None).unwrap();
    let whole = roles(&api, all);
    let count = rights(&whole[0]).len();
    // Five for each lock, two for the policy, three for pods, and Events.
    assert_eq!(count, 16, "{whole:?}");
    drop(api);
    for missing in 0..count {
        let api =
            Api::of(Cluster::shared(), &format!("rbac-less-{missing}"), Rights::None).unwrap();
        publish(&api);
        let mut objects = roles(&api, all);
        let (_, resource, verb, name) = rights(&objects[0]).swap_remove(missing);
        remove(&mut objects[0], missing);
        grant(&api, &objects);
        let anna = start(&api, all);
        let on = if name.is_empty() { resource } else { format!("{resource} {name}") };
        let said = format!("to {verb} on {on} in namespace {}; this gives all", api.namespace());
        let line = anna.process.wait_line("rights are missing", SOON);
        assert!(line.text.contains(&said), "{said:?}: {line}");
        let missing = until("the answer of /v1/leader", SOON, || {
            let answer = anna.leader().unwrap()["missing_rights"].clone();
            if answer.is_string() { Ok(answer) } else { Err(answer) }
        });
        assert_eq!(missing, format!("{verb} on {on} in namespace {}", api.namespace()));
    }
}

/// Takes the verb of that number out of a Role.
fn remove(role: &mut Value, number: usize) {
    let mut left = number;
    let rules = role["rules"].as_array_mut().unwrap();
    for rule in rules.iter_mut() {
        let verbs = rule["verbs"].as_array_mut().unwrap();
        if left < verbs.len() {
            verbs.remove(left);
            break;
        }
        left -= verbs.len();
    }
    rules.retain(|rule| !rule["verbs"].as_array().unwrap().is_empty());
}

#[test]
fn the_yaml_is_what_the_server_takes_and_gives_all() {
    let api = super::restricted("rbac-yaml", Rights::None);
    let flags = ["--election=seat", "--service-account=pods", "--with-account"];
    let mut command = std::process::Command::new(hotseat_binary().unwrap());
    let namespace = format!("-n={}", api.namespace());
    let output = command.arg("rbac").args(flags).arg(&namespace).output().unwrap();
    let yaml = String::from_utf8(output.stdout).unwrap();
    let admin = Cluster::shared().admin_kubeconfig();
    let stored = hotseat_tests::kubetools::dry_run(&admin, api.namespace(), &yaml).unwrap();
    let mut all = flags.to_vec();
    all.push(&namespace);
    let printed = printed(&all);
    let kinds = |objects: &[Value]| -> Vec<Value> {
        objects.iter().map(|object| object["kind"].clone()).collect()
    };
    assert_eq!(kinds(&stored), ["ServiceAccount", "Role", "RoleBinding"]);
    assert_eq!(kinds(&stored), kinds(&printed));
    assert_eq!(super::grants(&stored, ""), super::grants(&printed, ""));
    assert_eq!(stored[2]["subjects"], printed[2]["subjects"]);
}

#[test]
fn what_cannot_be_printed_is_refused_with_the_reason() {
    for (flags, why) in [
        (&["--election="][..], "--election cannot be empty"),
        (&["--election=shop", "--for=configmap"], "does not use that: give some of lease, events"),
        (&["--election=shop", "--service-account=A b"], "--service-account A b: not a valid name"),
        (&["--election=shop", "--role=x,y"], "--role x,y: not a valid name"),
        (&["--election=shop", "-n=Web"], "--namespace Web: not a valid name"),
        (&["--election=shop", "--policy=nowhere"], "--policy nowhere: "),
        (&["--election=shop", "--with-account"], "--service-account"),
    ] {
        let mut process = Launch::hotseat().unwrap().arg("rbac").args(flags).start().unwrap();
        assert!(!process.wait_exit(SOON).success(), "{flags:?}: {process}");
        assert!(process.output(Stream::Stderr).contains(why), "{flags:?}: {process}");
        assert_eq!(process.output(Stream::Stdout), "", "{flags:?}");
    }
}
