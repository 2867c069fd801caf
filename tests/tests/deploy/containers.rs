//! The form for Kubernetes before 1.29: application and sidecar are asked to end at the same moment,
//! and the seat is not given up before the application has ended.

use std::time::{Duration, Instant};

use hotseat_tests::cluster::Cluster;
use hotseat_tests::kubetools::{deploy, objects};
use hotseat_tests::process::Signal;
use hotseat_tests::scene::{Api, Candidate, SOON};
use hotseat_tests::wait::until;

use super::{read, sidecar, workload};

/// The flags of the sidecar in the manifest, but for the election's name, and the grace of its pod.
fn flags() -> (Vec<String>, u64) {
    let manifest = read(&deploy().join("manifests/containers.yaml"));
    let all = objects(&Cluster::shared().admin_kubeconfig(), &manifest).unwrap();
    let spec = &workload(&all)["spec"]["template"]["spec"];
    let args = sidecar(spec)["args"].as_array().unwrap();
    let flags = args.iter().map(|arg| arg.as_str().unwrap().to_owned());
    let flags = flags.filter(|flag| !flag.starts_with("--election=")).collect();
    (flags, spec["terminationGracePeriodSeconds"].as_u64().unwrap())
}

#[test]
fn nobody_else_leads_before_the_application_has_ended() {
    let api = Api::real("two-containers").unwrap();
    let (flags, grace) = flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    let leads = |candidate: &Candidate| match candidate.leader() {
        Ok(answer) if answer["self"] == true => Ok(()),
        other => Err(other),
    };
    until("the lead", SOON, || leads(&anna));
    let ben = Candidate::start(&api, "ben", &flags).unwrap();
    until("a standby that knows the leader", SOON, || match ben.plain() {
        Ok(text) if text.contains("anna") => Ok(()),
        other => Err(other),
    });
    // Both containers are asked at once. What the application may take is what it was promised: the
    // time from here to the next lead.
    let asked = Instant::now();
    anna.process.signal(Signal::TERM).unwrap();
    until("no answer that names the pod", SOON, || match anna.leader() {
        Ok(answer) if answer["self"] == true => Err(answer),
        _ => Ok(()),
    });
    until("the next lead", SOON, || leads(&ben));
    let promised = Duration::from_secs(4);
    assert!(asked.elapsed() >= promised, "{:?}; {}", asked.elapsed(), anna.process);
    // What is still there after that is killed: a second for the release.
    assert_eq!(grace, promised.as_secs() + 1);
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(0), "{}", anna.process);
    assert_eq!(api.spec("holderIdentity").unwrap(), "ben");
}
