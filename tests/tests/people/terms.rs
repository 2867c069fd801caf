//! The last terms, with why each ended, as the Events on the lock say.

use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidates, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::{call, done, ran};

pub fn the_last_terms_are_shown_with_why_they_ended(api: &Api) {
    let mut crew = Candidates::start(api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    let to = if first.name == "anna" { "ben" } else { "anna" };
    done(api, "transfer", &["--to", to, "--any-name"]);
    let second = crew.leader_after(&first);
    // A leader that is killed says nothing of its end; of its beginning it does a second later.
    let began = format!("{} became leader", second.name);
    until("the Event of the second term", SOON, || match api.events() {
        Ok(notes) if notes.contains(&began) => Ok(()),
        other => Err(other),
    });
    let mut killed = crew.take(&second.name);
    killed.kill().unwrap();
    let third = crew.leader_after(&second);
    let mut ended = crew.take(&third.name);
    ended.end();
    // Candidates may not read Events.
    let status = |more: &[&str]| {
        let launch = call(Launch::hotseat().unwrap(), api, "status", more);
        let (code, out, error) = ran(launch.kubeconfig(api.admin()));
        assert_eq!(code, 0, "{out}{error}");
        out
    };
    let shown = until("the Events of three terms", SOON, || {
        let shown: Value = serde_json::from_str(&status(&["--output=json"])).unwrap();
        let terms = shown["terms"].as_array().unwrap();
        match (terms.len(), terms.first().and_then(|term| term["why"].as_str())) {
            (3, Some(_)) => Ok(shown),
            _ => Err(shown.to_string()),
        }
    });
    assert_eq!(shown["terms_error"], Value::Null);
    let terms = shown["terms"].as_array().unwrap();
    for (term, led) in terms.iter().zip([&third, &second, &first]) {
        assert_eq!(term["holder"], json!(led.name), "{shown}");
        assert_eq!(term["token"], json!(led.token), "{shown}");
        assert_eq!(term["lasts"], json!(false), "{shown}");
    }
    let [last, silent, handed] = [&terms[0], &terms[1], &terms[2]];
    assert_eq!(last["why"], json!("stopped"), "{shown}");
    assert_eq!((&silent["why"], &silent["to"]), (&Value::Null, &Value::Null), "{shown}");
    assert!(handed["why"].as_str().is_some_and(|why| why.contains(to)), "{shown}");
    assert!(handed["lasted_ms"].is_u64(), "{shown}");
    let text = status(&[]);
    assert!(
        text.contains(&format!("term           {}, token {}, from 2", third.name, third.token)),
        "{text}"
    );
    assert!(text.contains(": no word of its end: it was killed or cut off"), "{text}");
    crew.finish();
}
