//! `docs/openapi.json` against a running sidecar: schemathesis asks whatever it allows and does not allow.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_tests::kubetools::deploy;
use hotseat_tests::process::{Hotseat, Launch, Stream};
use hotseat_tests::scene::{Api, Candidate, SOON};
use hotseat_tests::setup::schemathesis;
use hotseat_tests::wait::until;
use serde_json::Value;

/// How long all that is asked may take: some seconds on a machine that does nothing else.
const ASKED: Duration = Duration::from_secs(300);
/// The pages whose answers have no end, which nothing can read whole.
const ENDLESS: &str = "/v1/watch";
/// What is looked at in each answer. A text of valid characters may still be too long in bytes, so that
/// not all that the document allows is taken; what it does not allow is refused.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection";
/// What is looked at besides where a page does not take every method.
const METHODS: &str = "unsupported_method,allow_header_conformance";

fn document() -> PathBuf {
    deploy().join("../docs/openapi.json")
}

/// Has schemathesis ask that sidecar by that document for these pages.
fn ask(document: &Path, sidecar: &Hotseat, pages: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Launch::program("env")
        .arg("-C")
        .arg(folder.path())
        .arg(schemathesis().unwrap())
        .args(["run", "--no-color", "--workers=1", "--seed=4040"])
        .args(["--phases=examples,coverage,fuzzing", "--max-examples=25"])
        .args(["--generation-database=none", "--no-shrink", "--request-timeout=30"])
        .args(["--suppress-health-check=all", "--continue-on-failure"])
        .args(pages)
        .arg(format!("--url=http://{}", sidecar.http_addr()))
        .arg(document)
        .start()
        .unwrap();
    let code = process.wait_exit(ASKED).code();
    (code, process.output(Stream::Stdout) + &process.output(Stream::Stderr))
}

/// A sidecar that leads: `/leader` and the probes say yes.
fn leader(api: &Api) -> Candidate {
    let candidate = Candidate::start(api, "asked", &["--roster"]).unwrap();
    until("a leader that is ready", SOON, || {
        let status = |path: &str| candidate.process.get(path).map(|answer| answer.status);
        match (status("/leader"), status("/readyz")) {
            (Ok(200), Ok(200)) => Ok(()),
            other => Err(other),
        }
    });
    candidate
}

#[test]
fn the_sidecar_answers_as_its_document_says() {
    let api = Api::embedded("openapi").unwrap();
    let candidate = leader(&api);
    let checks = format!("--checks={CHECKS},{METHODS}");
    let others = [&checks, "--exclude-path=/", &format!("--exclude-path={ENDLESS}")];
    let (code, said) = ask(&document(), &candidate.process, &others);
    assert_eq!(code, Some(0), "{said}\n{}", candidate.process);
    // It answers whatever the method is, also by one that OpenAPI cannot name, as the old image did.
    let old = [&format!("--checks={CHECKS}"), "--include-path=/"];
    let (code, said) = ask(&document(), &candidate.process, &old);
    assert_eq!(code, Some(0), "{said}\n{}", candidate.process);
    // It was asked for each page, and by each method that it takes.
    let metrics = candidate.process.get("/metrics").unwrap().text();
    let asked: BTreeSet<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("hotseat_http_requests_total") && !line.ends_with(" 0"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    let document: Value = serde_json::from_slice(&fs::read(document()).unwrap()).unwrap();
    for path in document["paths"].as_object().unwrap().keys().filter(|path| *path != ENDLESS) {
        let route = path.split('{').next().unwrap();
        assert!(asked.contains(route), "{path} was not asked for: {asked:?}\n{said}");
    }
    let still = candidate.process.get("/healthz").unwrap();
    assert_eq!(still.status, 200, "{}", candidate.process);
}

#[test]
fn an_answer_that_the_document_does_not_have_is_found() {
    let api = Api::embedded("openapi-broken").unwrap();
    let candidate = leader(&api);
    let mut broken: Value = serde_json::from_slice(&fs::read(document()).unwrap()).unwrap();
    let leader = &mut broken["components"]["schemas"]["LeaderAnswer"];
    leader["properties"]["transitions"] = serde_json::json!({"type": "string"});
    let paths = broken["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path == "/v1/leader");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    fs::write(&file, broken.to_string()).unwrap();
    let (code, said) = ask(&file, &candidate.process, &[&format!("--checks={CHECKS}")]);
    assert!(code == Some(1) && said.contains("/v1/leader"), "{said}");
}
