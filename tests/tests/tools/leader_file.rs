//! `--leader-file`.

use std::fs;
use std::path::Path;

use hotseat_election::clock;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;
use serde_json::Value;

fn start(api: &Api, name: &str, path: &Path) -> Candidate {
    let flag = format!("--leader-file={}", path.display());
    Candidate::start(api, name, &[&QUICK[..], &[&flag]].concat()).unwrap()
}

/// What the file says, as an application reads it: nothing once it has expired.
fn read(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    // Whoever reads never finds half of it.
    let mut said: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let now = clock::now().since_origin().as_millis();
    if u128::from(said["valid_until_boottime_ms"].as_u64().unwrap()) <= now {
        said["self"] = false.into();
        said["name"] = "".into();
    }
    Ok(said)
}

#[track_caller]
fn until_it_says(path: &Path, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, || match read(path) {
        Ok(said) if wanted(&said) => Ok(said),
        other => Err(other),
    })
}

#[test]
fn the_file_follows_the_leader_and_goes_with_its_candidate() {
    let api = Api::embedded("leader-file").unwrap();
    let folder = ScratchDir::new("hotseat-leader-file-").unwrap();
    let [one, two] = ["anna.json", "ben.json"].map(|name| folder.path().join(name));
    let left =
        r#"{"name":"old","identity":"old","self":true,"valid_until_boottime_ms":900000000000}"#;
    fs::write(&one, left).unwrap();
    let mut anna = start(&api, "anna", &one);
    // What a killed process left is gone before it campaigns.
    let begun = until_it_says(&one, "a file of this process", |said| said["identity"] == "anna");
    assert_ne!(begun["name"], "old");
    let led = until_it_says(&one, "anna's file", |said| said["self"] == true);
    assert_eq!((&led["name"], &led["identity"]), (&"anna".into(), &"anna".into()));
    assert_eq!(led["token"], anna.leader().unwrap()["token"]);
    assert_eq!(led["boot_id"].as_str().unwrap().len(), 36);
    // It goes on with each renewal.
    let until_ms = |said: &Value| said["valid_until_boottime_ms"].as_u64().unwrap();
    until_it_says(&one, "a renewal", |said| until_ms(said) > until_ms(&led));

    let _ben = start(&api, "ben", &two);
    let standby = until_it_says(&two, "ben's file", |said| said["name"] == "anna");
    assert_eq!((&standby["self"], &standby["token"]), (&false.into(), &Value::Null));
    anna.end();
    assert!(!one.exists(), "it is left behind");
    until_it_says(&two, "ben's own term", |said| said["self"] == true);
}

#[test]
fn a_file_of_a_leader_that_is_cut_off_says_nothing_any_more() {
    let api = Api::embedded("leader-file-cut").unwrap();
    let folder = ScratchDir::new("hotseat-leader-file-").unwrap();
    let path = folder.path().join("leader.json");
    let anna = start(&api, "anna", &path);
    until_it_says(&path, "anna's file", |said| said["self"] == true);
    api.pause().unwrap();
    // Written anew, and not only expired.
    until("a file without a leader", SOON, || {
        let text = fs::read_to_string(&path).unwrap();
        if text.contains(r#""valid_until_boottime_ms":0"#) { Ok(()) } else { Err(text) }
    });
    assert_eq!(anna.leader().unwrap()["self"], false);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_at_the_start() {
    let api = Api::embedded("leader-file-refused").unwrap();
    let folder = ScratchDir::new("hotseat-leader-file-").unwrap();
    for (path, remedy) in [
        (folder.path().join("no/such/file"), "such as an emptyDir"),
        (folder.path().to_owned(), "give a file in it"),
    ] {
        let mut anna = start(&api, "anna", &path);
        assert_eq!(anna.process.wait_exit(SOON).code(), Some(1));
        anna.process.wait_line(remedy, SOON);
    }
}
