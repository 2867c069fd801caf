//! Any text, as the settings of `builtin:rules`: it is refused with reasons, or the rules answer every
//! question within the bounds of the contract or refuse it.

#![no_main]

use hotseat_policy::testing::{Scene, check};
use hotseat_policy::{Input, Policy as _};
use hotseat_policy_rules::{ByRules, Prepared};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|settings: &str| {
    let issues = ByRules::validate(settings);
    for issue in &issues {
        assert!(!issue.message.is_empty(), "{issue:?}");
    }
    let Ok(rules) = Prepared::new(settings) else {
        // What cannot be read is not valid.
        assert!(!issues.is_empty());
        return;
    };
    for input in questions() {
        let timing = input.timing.clone();
        let ask = || rules.decide(input.clone());
        let answer = ask();
        assert_eq!(format!("{answer:?}"), format!("{:?}", ask()), "one question, one answer");
        if let Ok(decision) = answer {
            check(&decision, &timing).unwrap_or_else(|why| panic!("{why}: {decision:?}"));
        }
    }
});

/// As a standby, as the leader, and alone.
fn questions() -> [Input; 3] {
    let scene = || {
        Scene::new().entropy(7).signal("app.lag", 3.5).signal("app.version", "1.2.3").candidate(
            "web-1",
            500,
            Vec::new(),
        )
    };
    [
        scene().held_by("web-1", 4_000).input(),
        scene().leading(2_000).input(),
        Scene::new().vacant().input(),
    ]
}
