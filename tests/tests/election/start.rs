//! Candidates that start.

use std::fs;

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Signal, Stream};
use hotseat_tests::scene::{Api, Candidate, Candidates, PATIENT, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::json;

pub fn three_start_and_one_leads(api: &Api) {
    let crew = Candidates::with(api, &["anna", "ben", "cleo"], &PATIENT).unwrap();
    let led = crew.leader();
    for member in crew.members() {
        let name = &led.name;
        assert_eq!(member.plain().unwrap(), json!({"name": name}).to_string());
        let line = member.process.wait_line(&format!("{name} is the leader"), SOON);
        assert_eq!((line.stream, line.text), (Stream::Stdout, format!("{name} is the leader")));
        let answer = member.leader().unwrap();
        assert_eq!(answer["holder"], json!(name), "{answer}");
        assert_eq!(answer["token"].is_u64(), member.name() == name, "{answer}");
        let seat = member.process.get("/leader").unwrap();
        assert_eq!(seat.status, if member.name() == name { 200 } else { 503 }, "{seat:?}");
    }
    let lease = api.lease().unwrap().unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], json!(led.name), "{lease}");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], json!(15), "{lease}");
    let uid = &crew.member(&led.name).leader().unwrap()["lock"]["uid"];
    assert_eq!(*uid, lease["metadata"]["uid"]);

    let note = format!("{} became leader", led.name);
    until("the Event on the Lease", SOON, || match api.events() {
        Ok(notes) if notes.contains(&note) => Ok(()),
        other => Err(other),
    });
    // It leads on: the Lease is renewed, and the term stays.
    let renewed = lease["spec"]["renewTime"].clone();
    until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
        time if time == renewed => Err(time),
        _ => Ok(()),
    });
    assert!(crew.leader().is_same_term(&led));
    crew.finish();
}

pub fn a_name_that_is_in_use_is_refused(api: &Api) {
    let crew = Candidates::start(api, &["anna"]).unwrap();
    let led = crew.leader();
    let mut twin = Candidate::start(api, "anna", &QUICK).unwrap();
    assert_eq!(twin.process.wait_exit(SOON).code(), Some(1), "{}", twin.process);
    let expected = format!(
        "hotseat: --id anna: another process here already campaigns for {}/seat under this name: give each its own --id\n",
        api.namespace()
    );
    assert_eq!(twin.log(), expected);
    assert!(crew.leader().is_same_term(&led));
    crew.finish();
}

/// As in gVisor: the kernel tells no boot.
pub fn no_boot_id(api: &Api) {
    let empty = ScratchDir::new("hotseat-no-boot-id-").unwrap();
    let prepare = r#"mount --bind "$1" /proc/sys/kernel/random"#;
    let launch = Candidate::launch_apart(api, "anna", prepare, empty.path()).unwrap();
    let mut process = launch.args(PATIENT).start().unwrap();
    process.wait_line("boot_id: the boot is not known", SOON);
    process.wait_line("became leader", SOON);
    process.signal(Signal::TERM).unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(0), "{process}");
    process.wait_line("released the seat", SOON);
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

#[test]
fn the_same_name_in_two_clusters_is_no_twin() {
    // Both have one namespace of one name.
    let clusters = [(); 2].map(|()| Api::embedded("two-clusters").unwrap());
    assert_eq!(clusters[0].namespace(), clusters[1].namespace());
    let mut candidates =
        clusters.each_ref().map(|api| Candidate::start(api, "anna", &QUICK).unwrap());
    for candidate in &candidates {
        candidate.process.wait_line("became leader", SOON);
    }
    for candidate in &mut candidates {
        assert_eq!(candidate.leader().unwrap()["self"], true, "{}", candidate.process);
        candidate.end();
    }
}

/// One cluster that two processes reach by two addresses looks like two clusters. They do not take
/// each other for dead.
#[test]
fn the_same_name_by_two_addresses_of_one_cluster_is_a_twin() {
    let api = Api::embedded("two-addresses").unwrap();
    let first = Candidate::start(&api, "anna", &QUICK).unwrap();
    first.process.wait_line("became leader", SOON);
    let token = first.leader().unwrap()["token"].clone();
    let folder = ScratchDir::new("hotseat-two-addresses-").unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = fs::read_to_string(api.kubeconfig()).unwrap();
    fs::write(&kubeconfig, text.replace("127.0.0.1", "localhost")).unwrap();
    let launch = Candidate::launch(&api, "anna").unwrap().args(QUICK).kubeconfig(&kubeconfig);
    let mut second = launch.start().unwrap();
    second.wait_line("another live process uses the name anna", SOON);
    assert_eq!(second.get("/leader").unwrap().status, 503, "{second}");
    let leader = first.leader().unwrap();
    assert_eq!((&leader["self"], &leader["token"]), (&json!(true), &token), "{leader}");
    second.signal(Signal::TERM).unwrap();
    assert_eq!(second.wait_exit(SOON).code(), Some(0), "{second}");
    assert_eq!(api.spec("holderIdentity").unwrap(), "anna");
}
