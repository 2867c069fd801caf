use hotseat_policy::testing::{Play, Scene};
use hotseat_policy::{Action, Policy};

use super::Rule;

const SETTINGS: &str = r#"{"most_lag": 10}"#;

#[test]
fn a_leader_that_lags_goes() {
    let leader = |lag: f64| Scene::new().settings(SETTINGS).leading(2_000).signal("app.lag", lag);
    assert_eq!(leader(12.5).ask::<Rule>().unwrap().action, Action::Resign(None));
    assert_eq!(leader(3.0).ask::<Rule>().unwrap().action, Action::Renew);
}

#[test]
fn it_leads_again_once_it_has_caught_up() {
    let mut play = Play::<Rule>::new();
    play.settings(SETTINGS).signal("app.lag", 12.5).run_for(60_000);
    assert!(!play.leads());
    play.signal("app.lag", 3.0).run_for(5_000);
    assert!(play.leads());
}

#[test]
fn settings_need_the_most_lag() {
    assert_eq!(Rule::validate(SETTINGS), []);
    assert_eq!(Rule::validate("{}").len(), 1);
}
