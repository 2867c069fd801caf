//! `hotseat lock show` and `clear`.

use std::time::Instant;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::{Api, Candidate, ELECTION, LEASE, QUICK, SOON};
use serde_json::Value;

use super::{command, ran};

fn lock(api: &Api, verb: &str, more: &[&str]) -> (i32, String, String) {
    let words = [&["lock", verb, ELECTION, "-n", api.namespace()], more].concat();
    ran(command(api, &words))
}

pub fn a_lock_is_shown_in_words_and_as_json(api: &Api) {
    let (code, _, error) = lock(api, "show", &[]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no such Lease"), "{error}");

    let anna = Candidate::start(api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    let (code, out, error) = lock(api, "show", &[]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("holder         anna\n"), "{out}");
    assert!(out.contains("written by     a Hotseat, and nobody since\n"), "{out}");
    assert!(out.contains(", for 3s\n"), "{out}");

    let (code, out, error) = lock(api, "show", &["--output=json"]);
    assert_eq!(code, 0, "{error}");
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&shown["holder"], &shown["lease_seconds"]), (&"anna".into(), &3.into()));
    assert_eq!(shown["token"], anna.leader().unwrap()["token"]);
    assert_eq!(shown["written_by"], "hotseat");

    api.edit_lease(|lease| lease["spec"]["leaseTransitions"] = 77.into()).unwrap();
    let (_, out, _) = lock(api, "show", &["--output=json"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    // The leader may have written since.
    assert!(shown["written_by"] != "other", "{shown}");
}

pub fn a_lock_is_emptied_for_who_names_its_holder(api: &Api) {
    let mut anna = Candidate::start(api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    // A holder that does not write any more: what a hand is for.
    anna.kill().unwrap();
    let before = api.lease().unwrap().unwrap();
    for (flags, remedy) in [
        (&[][..], "give --holder anna, or --yes"),
        (&["--holder=ben"], "the holder of"),
        (&["--yes", "--version=1"], "is at version"),
    ] {
        let (code, _, error) = lock(api, "clear", flags);
        assert_eq!(code, 1);
        assert!(error.contains(remedy), "{error}");
    }
    assert_eq!(api.lease().unwrap().unwrap(), before, "nothing was done");

    let (code, out, error) = lock(api, "clear", &["--holder=anna"]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("--longest-lease, 3s or more"), "{out}");
    let after = api.lease().unwrap().unwrap();
    assert_eq!(after["spec"]["holderIdentity"], "");
    for kept in ["leaseDurationSeconds", "leaseTransitions", "acquireTime", "renewTime"] {
        assert_eq!(after["spec"][kept], before["spec"][kept], "{kept}");
    }
    assert_eq!(after["metadata"]["annotations"], before["metadata"]["annotations"]);
    let (code, _, error) = lock(api, "clear", &["--yes"]);
    assert_eq!(code, 1);
    assert!(error.contains("has no holder"), "{error}");
}

/// What `clear` says that follows is what follows: nobody takes it for a release.
#[test]
fn who_sees_a_lock_emptied_waits_for_the_longest_lease() {
    let api = Api::embedded("lock-follows").unwrap();
    let mut anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    anna.process.wait_line("became leader", SOON);
    let ben = Candidate::start(&api, "ben", &QUICK).unwrap();
    ben.process.wait_line("anna is the leader", SOON);
    // It does not see that it is emptied, and does not write any more.
    anna.process.signal(hotseat_tests::process::Signal::STOP).unwrap();
    // Whatever is seen of it is seen later, and waited for from then on.
    let before = Instant::now();
    let (code, _, error) = lock(&api, "clear", &["--yes"]);
    assert_eq!(code, 0, "{error}");
    let waited = ben.process.wait_line("became leader", SOON).at - before;
    assert!(waited >= LEASE, "{waited:?}; {}", ben.process);
}

/// The annotation of the 0.4 image: its holder is shown and taken out, and nothing else changes.
fn a_lock_in_an_annotation_is_shown_and_emptied(api: &Api) {
    let flags =
        ["--lock=configmaps", "--lease-duration=4s", "--renew-deadline=2s", "--retry-period=500ms"];
    let mut anna = Candidate::start(api, "anna", &flags).unwrap();
    anna.process.wait_line("became leader", SOON);
    let (code, out, error) = lock(api, "show", &["--lock=configmaps"]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("holder         anna\n") && out.contains(", for 4s\n"), "{out}");
    let (code, _, error) = lock(api, "show", &["--lock=configmapsleases"]);
    assert_eq!(code, 1);
    assert!(error.contains("--lock configmaps and --lock leases"), "{error}");
    anna.kill().unwrap();
    let (code, _, error) = lock(api, "clear", &["--lock=configmaps", "--holder=anna"]);
    assert_eq!(code, 0, "{error}");
    let (code, out, error) = lock(api, "show", &["--lock=configmaps"]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("holder         none\n") && out.contains(", for 4s\n"), "{out}");
}

#[test]
fn an_annotation_on_the_embedded_server() {
    a_lock_in_an_annotation_is_shown_and_emptied(&Api::embedded("lock-map").unwrap());
}

#[test]
fn an_annotation_on_a_real_server() {
    let api = Api::of(Cluster::shared(), "lock-map", Rights::EveryLock).unwrap();
    a_lock_in_an_annotation_is_shown_and_emptied(&api);
}
