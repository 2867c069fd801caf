//! The exit-code fence: the sidecar's part, and its manifests on a real API server.

use std::time::{Duration, Instant};

use hotseat_tests::cluster::{Cluster, Kind};
use hotseat_tests::process::{Launch, send};
use hotseat_tests::scene::{self, Api, Candidate, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::admission::dry_run;
use super::ran;

/// With half of the reaction time for the application.
const FENCED: [&str; 5] = [
    "--lease-duration=3s",
    "--renew-deadline=2s",
    "--retry-period=500ms",
    "--fence-exit-code=88",
    "--reaction-time=800ms",
];
/// With time for a test on a busy machine.
const PATIENT: [&str; 6] = [
    "--lease-duration=40s",
    "--renew-deadline=5s",
    "--retry-period=500ms",
    "--fence-exit-code=88",
    "--reaction-time=32s",
    "--fence-after=30s",
];

fn start(api: &Api, name: &str, flags: &[&str]) -> Candidate {
    let candidate = Candidate::start(api, name, flags).unwrap();
    candidate.process.wait_line("became leader", SOON);
    candidate
}

/// The application says that it has let go of the term.
fn let_go(candidate: &Candidate, token: &Value) -> (u16, String) {
    let path = format!("/v1/released?token={token}");
    let answer = send(candidate.process.http_addr(), "PUT", &path, "").unwrap();
    (answer.status, answer.text())
}

#[test]
fn an_application_that_does_not_let_go_of_a_lost_term_is_fenced() {
    let api = Api::embedded("fence-lost").unwrap();
    let mut anna = start(&api, "anna", &FENCED);
    api.pause().unwrap();
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(88), "{}", anna.process);
    anna.process.wait_line("has not let go of its term", SOON);
    api.resume().unwrap();
    assert_eq!(api.spec("holderIdentity").unwrap(), "anna", "the seat is not released");
}

#[test]
fn an_application_that_lets_go_is_not() {
    let api = Api::embedded("fence-let-go").unwrap();
    let anna = start(&api, "anna", &PATIENT);
    let token = anna.leader().unwrap()["token"].clone();
    assert_eq!(anna.process.get("/v1/released").unwrap().status, 200);
    api.pause().unwrap();
    // As a liveness probe for older clusters asks.
    let late = until("a term that is over", SOON, || match anna.process.get("/v1/released") {
        Ok(answer) if answer.status == 503 => Ok(answer.text()),
        other => Err(format!("{other:?}")),
    });
    assert!(late.contains(&token.to_string()), "{late}");
    assert_eq!(let_go(&anna, &token), (200, "ok\n".to_owned()));
    assert_eq!(anna.process.get("/v1/released").unwrap().status, 200);
    api.resume().unwrap();
    // It lives, and leads again.
    until("another term", SOON, || match anna.leader() {
        Ok(leader) if leader["self"] == true && leader["token"] != token => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// The kubelet ends the pod, and the application has ended before its sidecar is asked.
#[test]
fn a_candidate_that_is_asked_to_end_is_not_fenced() {
    let api = Api::embedded("fence-end").unwrap();
    // The fence of `FENCED`, which would be there before the release, and more time for that.
    let flags = [&scene::PATIENT[..], &FENCED[3..]].concat();
    let mut anna = start(&api, "anna", &flags);
    anna.end();
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

/// The reaction time is what an application may take, and not what each hand-over has to.
#[test]
fn an_application_that_lets_go_shortens_the_hand_over() {
    let api = Api::embedded("let-go-early").unwrap();
    let reaction = Duration::from_secs(25);
    let flags = ["--lease-duration=40s", "--renew-deadline=5s", "--reaction-time=25s"];
    let anna = start(&api, "anna", &flags);
    let ben = Candidate::start(&api, "ben", &flags).unwrap();
    ben.process.wait_line("anna is the leader", SOON);
    let token = anna.leader().unwrap()["token"].clone();
    // A leader whose application lets go resigns.
    let asked = Instant::now();
    assert_eq!(let_go(&anna, &token).0, 200);
    let next = ben.process.wait_line("became leader", SOON);
    anna.process.wait_line("the application has let go", SOON);
    assert!(next.at - asked < reaction, "{:?}", next.at - asked);
    let (code, why) = let_go(&ben, &json!(ben.leader().unwrap()["token"].as_u64().unwrap() + 1));
    assert_eq!(code, 409, "{why}");
    assert!(why.contains("this candidate's last term has the token"), "{why}");
}

fn manifest(more: &[&str]) -> String {
    let words = [&["fence", "exit-code", "deployment/shop"][..], more].concat();
    let (code, text, error) = ran(Launch::hotseat().unwrap().args(words));
    assert_eq!(code, 0, "{error}");
    text
}

/// The API server knows every field, and what the patch becomes is what the sidecar takes.
#[test]
fn the_manifests_are_taken_by_the_api_server() {
    let cluster = Cluster::shared();
    let api = Api::real("fence-manifest").unwrap();
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {
                    "initContainers": [{"name": "hotseat", "image": concat!("hotseat:", env!("CARGO_PKG_VERSION")),
                        "restartPolicy": "Always", "args": ["--election=shop"]}],
                    "containers": [{"name": "shop", "image": "example/shop:1"}],
                },
            },
        },
    });
    api.create("apps/v1/deployments", &deployment).unwrap();
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/shop", api.namespace());
    if cluster.kind() == Kind::Newest {
        let patched = dry_run(cluster, &path, &manifest(&[])).unwrap();
        let sidecar = &patched["spec"]["template"]["spec"]["initContainers"][0];
        assert_eq!(sidecar["args"], json!(["--election=shop"]), "what was there is kept");
        let rule = json!([{"action": "RestartAllContainers",
            "exitCodes": {"operator": "In", "values": [88]}}]);
        assert_eq!(sidecar["restartPolicyRules"], rule, "{sidecar}");
        let env = sidecar["env"].as_array().unwrap();
        let has = |name: &str, value: &str| {
            env.iter().any(|it| it["name"] == name && it["value"] == value)
        };
        assert!(has("HOTSEAT_FENCE_EXIT_CODE", "88") && has("HOTSEAT_REACTION_TIME", "4000ms"));
        assert!(has("HOTSEAT_FENCE_AFTER", "2000ms"), "{sidecar}");
    }
    let patched = dry_run(cluster, &path, &manifest(&["--older"])).unwrap();
    let probe = &patched["spec"]["template"]["spec"]["containers"][0]["livenessProbe"];
    assert_eq!(probe["httpGet"]["path"], "/v1/released?after=2000ms", "{probe}");
    let wrong = manifest(&[]).replace("restartPolicyRules", "restartPolicyRule");
    assert!(dry_run(cluster, &path, &wrong).is_err(), "an unknown field is taken");
}
