//! `hotseat wait`.

use hotseat_tests::ports::Held;
use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};

use super::ran;

fn wait_for(candidate: &str, what: &str, timeout: &str) -> Launch {
    let words = ["wait", what, "--address", candidate, "--timeout", timeout];
    Launch::hotseat().unwrap().args(words)
}

#[test]
fn whoever_waits_goes_on_when_its_pod_leads() {
    let api = Api::embedded("wait-leader").unwrap();
    // Nobody answers there yet: in an init container the sidecar may just be starting.
    let port = Held::any().unwrap();
    let address = port.address().unwrap().to_string();
    let mut waiting = wait_for(&address, "--leader", "60s").start().unwrap();
    let http = format!("--http={address}");
    let anna = Candidate::start(&api, "anna", &[&QUICK[..], &[&http]].concat()).unwrap();
    assert_eq!(waiting.wait_exit(SOON).code(), Some(0), "{waiting}");
    let token = anna.leader().unwrap()["token"].to_string();
    let said: Vec<String> = waiting.lines().into_iter().map(|line| line.text).collect();
    assert_eq!(said, [token]);

    let ben = Candidate::start(&api, "ben", &QUICK).unwrap();
    ben.process.wait_line("anna is the leader", SOON);
    let standby = ben.process.http_addr().to_string();
    let (code, out, error) = ran(wait_for(&standby, "--any", "30s"));
    assert_eq!((code, out.as_str()), (0, "anna\n"), "{error}");
    let (code, out, error) = ran(wait_for(&standby, "--leader", "0s"));
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    assert!(error.contains("this pod does not lead after 0ns: anna leads"), "{error}");
}

#[test]
fn waiting_in_vain_ends_with_the_reason() {
    let held = Held::any().unwrap();
    let refused = held.address().unwrap().to_string();
    let (code, _, error) = ran(wait_for(&refused, "--leader", "300ms"));
    assert_eq!(code, 1);
    assert!(error.contains("nothing answers (Connection refused"), "{error}");
    let (code, _, error) = ran(Launch::hotseat().unwrap().arg("wait"));
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("--leader"), "{error}");
}
