//! A leader that stays, as a person asks.

use hotseat_tests::scene::{Api, Crew};
use serde_json::Value;

use super::{done, failed};

pub fn while_paused_the_leader_stays_and_a_dead_one_is_followed(api: &Api) {
    let mut crew = Crew::start(api, &["anna", "ben"]).unwrap();
    let before = crew.leader();
    let out = done(api, "pause", &[]);
    let stays = format!("is paused: {} stays the leader until", before.name);
    assert!(out.contains(&stays), "{out}");
    assert!(done(api, "pause", &[]).contains("is paused already, as "), "once is enough");
    let other = if before.name == "anna" { "ben" } else { "anna" };
    let error = failed(api, "transfer", &["--to", other, "--any-name"]);
    assert!(error.contains("paused"), "{error}");
    let status: Value = serde_json::from_str(&done(api, "status", &["--output=json"])).unwrap();
    assert_eq!(status["holder"], before.name.as_str(), "{status}");
    assert!(status["paused"]["by"].as_str().is_some_and(|by| !by.is_empty()), "{status}");

    let mut leader = crew.take(&before.name);
    leader.kill().unwrap();
    let after = crew.leader_after(&before);
    assert_eq!(after.name, other, "an empty seat is taken: {}", crew.logs());
    assert!(done(api, "resume", &[]).contains("goes on"));
    assert!(done(api, "resume", &[]).contains("is not paused"));
    crew.finish();
}
