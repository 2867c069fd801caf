//! What the journal of a running sidecar tells of swaps and of policies in shadow.

use super::*;

use hotseat_tests::guests::publish;
use hotseat_tests::scene::{LONG_CALLS, PATIENT};

#[test]
fn swaps_and_shadows_are_in_the_journal() {
    let folder = ScratchDir::new("hotseat-swaps-").unwrap();
    let settings = folder.path().join("settings.json");
    publish(&settings, r#"{"minutes": 60}"#.as_bytes()).unwrap();
    let journal = folder.path().join("journal");
    let api = Api::embedded("journal-of-swaps").unwrap();
    let flags = [
        format!("--policy=file:{}", guest("rotate").display()),
        format!("--policy-settings=@{}", settings.display()),
        format!("--journal={}", journal.display()),
        "--policy-poll=200ms".to_owned(),
        "--shadow=3".to_owned(),
        LONG_CALLS.to_owned(),
    ];
    let flags: Vec<&str> = PATIENT.into_iter().chain(flags.iter().map(String::as_str)).collect();
    let mut anna = Candidate::start(&api, "anna", &flags).unwrap();
    let records = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        let text = fs::read_to_string(&journal).unwrap_or_default();
        let records = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        records.filter(|record| wanted(record)).collect()
    };
    let some = |what: &str, wanted: &dyn Fn(&Value) -> bool| {
        until(what, LOADED, || match records(wanted) {
            found if found.is_empty() => Err(records(&|_| true).len()),
            found => Ok(found),
        })
    };
    let action = |record: &Value| record["answer"]["decided"]["decision"]["action"].clone();
    let active = |record: &Value| record["kind"] == "swap" && record["stage"] == "active";
    some("a renewal by the first policy", &|record| action(record) == "renew");
    assert_eq!(records(&active).len(), 1);

    publish(&settings, r#"{"minutes": 0}"#.as_bytes()).unwrap();
    // A leader whose time is over would resign.
    let shadow = some("a difference in shadow", &|record| record["kind"] == "shadow");
    let first = &shadow[0];
    assert!(first["candidate"]["decided"]["action"].get("resign").is_some(), "{first}");
    let beside = some("the decision beside it", &|record| {
        record["kind"] == "decision" && record["ask"] == first["ask"]
    });
    let decision = &beside[0]["answer"]["decided"]["decision"];
    assert_eq!(decision["action"], first["active"]["decided"]["action"], "{first}");
    // It would resign where the active policy does not, so it does not take over.
    let refused = some("the refusal", &|record| record["stage"] == "shadow");
    assert_eq!((&refused[0]["kind"], &refused[0]["name"]), (&"swap".into(), &"rotate".into()));

    publish(&settings, r#"{"minutes": 59}"#.as_bytes()).unwrap();
    some("the swap", &|record| active(record) && record["n"].as_u64() > refused[0]["n"].as_u64());

    publish(&settings, r#"{"minutes": "many"}"#.as_bytes()).unwrap();
    let refused = some("the refusal", &|record| record["stage"] == "settings");
    assert_eq!((&refused[0]["kind"], &refused[0]["name"]), (&"swap".into(), &"rotate".into()));
    assert!(refused[0]["error"].as_str().unwrap().contains("settings"), "{refused:?}");
    anna.end();
}
