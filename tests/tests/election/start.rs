//! Candidates that start.

use hotseat_tests::process::Stream;
use hotseat_tests::scene::{Api, Candidate, Crew, LEASE, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::json;

pub fn three_start_and_one_leads(api: &Api) {
    let crew = Crew::start(api, &["anna", "ben", "cleo"]).unwrap();
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
    assert_eq!(lease["spec"]["leaseDurationSeconds"], json!(LEASE.as_secs()), "{lease}");
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
    let crew = Crew::start(api, &["anna"]).unwrap();
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
