//! I15: a leader whose container its kubelet reports to have ended. The kubelet is the test; what it
//! reports is what Hotseat left in the file that a kubelet gives it.

use std::time::{Duration, Instant};

use hotseat_tests::scene::{Api, Candidate, LEASE, Pod, QUICK, SOON};
use hotseat_tests::wait::until;

use super::moment;

/// A lease that nothing here waits for.
const LONG: [&str; 5] = [
    "--lease-duration=120s",
    "--renew-deadline=80s",
    "--retry-period=500ms",
    "--reaction-time=200ms",
    "--watch-pods",
];

/// Waits until the standby has seen the leader renew since it began to watch.
fn sees_renewals(api: &Api, standby: &Candidate) {
    until("the standby to see the leader", SOON, || match standby.plain().unwrap() {
        name if name == r#"{"name":"anna"}"# => Ok(()),
        other => Err(other),
    });
    for _ in 0..3 {
        let before = api.spec("renewTime").unwrap();
        until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
            time if time == before => Err(time),
            _ => Ok(()),
        });
    }
}

pub fn a_dead_leaders_seat_is_taken_when_its_kubelet_says_so(api: &Api) {
    let mut pod = Pod::create(api, "anna").unwrap();
    let mut anna = pod.start(&LONG).unwrap();
    anna.process.wait_line("became leader", SOON);
    let mut other = Pod::create(api, "ben").unwrap();
    let ben = other.start(&LONG).unwrap();
    sees_renewals(api, &ben);
    anna.kill().unwrap();
    let reported = Instant::now();
    pod.report("Running", &Pod::ended(&pod.last_words().unwrap())).unwrap();
    let line = ben.process.wait_line("the process that holds the seat has ended", SOON);
    ben.process.wait_line_after(&line, "became leader", SOON);
    println!(
        "taken {:?} after the report, of which 200 ms are the reaction time",
        reported.elapsed()
    );
    assert_eq!(api.spec("holderIdentity").unwrap(), "ben");
    assert_eq!(ben.metric("hotseat_holder_deaths_total").unwrap(), 1.0);

    // It comes back in its pod, and what is reported of its earlier end is nobody's end now.
    let anna = pod.start(&LONG).unwrap();
    until("the leader to be seen", SOON, || match anna.plain().unwrap() {
        name if name == r#"{"name":"ben"}"# => Ok(()),
        other => Err(other),
    });
    assert_eq!(api.spec("holderIdentity").unwrap(), "ben");
}

/// The pod fails by word of a controller, and is deleted: its lease runs out like any.
pub fn a_pod_that_is_gone_is_no_dead_leader(api: &Api) {
    let flags = [QUICK[0], QUICK[1], QUICK[2], "--reaction-time=100ms", "--watch-pods"];
    let mut pod = Pod::create(api, "anna").unwrap();
    let mut anna = pod.start(&flags).unwrap();
    anna.process.wait_line("became leader", SOON);
    let mut other = Pod::create(api, "ben").unwrap();
    let ben = other.start(&flags).unwrap();
    sees_renewals(api, &ben);
    anna.kill().unwrap();
    let last = moment(&api.spec("renewTime").unwrap());
    let runs = serde_json::json!({"running": {"startedAt": "2026-11-26T00:00:00Z"}});
    pod.report("Failed", &runs).unwrap();
    pod.delete().unwrap();
    let again = Pod::create(api, "anna").unwrap();
    again.report("Running", &Pod::ended(&pod.last_words().unwrap())).unwrap();
    ben.process.wait_line("became leader", SOON);
    let next = moment(&api.spec("acquireTime").unwrap());
    let gap = Duration::try_from(next.duration_since(last)).unwrap();
    assert!(gap >= LEASE, "taken {gap:?} after the last renewal\n{}", ben.log());
    assert_eq!(ben.metric("hotseat_holder_deaths_total").unwrap(), 0.0);
}

/// Outside a pod it says what is missing, and elects all the same.
#[test]
fn outside_a_pod_there_is_nothing_to_watch() {
    let api = Api::embedded("no-pod").unwrap();
    let candidate = Candidate::start(&api, "anna", &LONG).unwrap();
    candidate.process.wait_line("if this process dies its lease has to run out", SOON);
    candidate.process.wait_line("became leader", SOON);
    let mark =
        api.lease().unwrap().unwrap()["metadata"]["annotations"]["hotseat.dev/write"].clone();
    assert!(!mark.as_str().unwrap().contains("\"pod\""), "{mark}");
}
