use super::*;
use hotseat_core::policy::{Action, Cause, Decision, Failure, FailureKind, Source, Value as Fact};

fn one(text: &str) -> Scene {
    read(text).unwrap().remove(0)
}

#[track_caller]
fn refused(text: &str, words: &str) {
    let error = read(text).unwrap_err().to_string();
    assert!(error.contains(words), "{text}: {error}");
}

fn decision() -> Decision {
    Decision {
        action: Action::Resign(Some("web-1".to_owned())),
        wake_after: 2_000,
        lease_duration: None,
        reason: "app.lag is 12.5".to_owned(),
        publish: vec![("lag".to_owned(), Fact::Number(12.0))],
        memory: Vec::new(),
        extra: Vec::new(),
    }
}

#[test]
fn only_what_differs_is_written() {
    let scene = one("from: leader");
    assert_eq!(scene.name, "a leader whose renewal is due");
    assert_eq!(scene.input, question("leader").unwrap().1);
    let scene =
        one("{name: mine, from: leader, uptime_ms: 7, seat: {age_ms: 9}, claim: {held_for_ms: 8}}");
    let mut expected = question("leader").unwrap().1;
    expected.observation.uptime = 7;
    expected.observation.claim.as_mut().unwrap().held_for = 8;
    expected.observation.seat.as_mut().unwrap().age = 9;
    assert_eq!((scene.name.as_str(), scene.input), ("mine", expected));
}

#[test]
fn a_record_that_was_not_there_is_filled_up_and_nothing_takes_one_away() {
    let scene = one("{from: standby, claim: {held_for_ms: 8}, seat: null}");
    assert_eq!(scene.input.observation.claim.unwrap().held_for, 8);
    assert_eq!(scene.input.observation.claim.unwrap().valid_for, 8_000);
    assert_eq!(scene.input.observation.seat, None);
}

#[test]
fn signals_are_short_or_whole() {
    let text = "
signals:
  app.lag: 12.5
  app.warm: true
  app.mode: {value: primary, age_ms: 70}
  app.peers: [a, b]
  app.queue: {value: 7, source: probe, unchanged_for_ms: 9}
  app.state: {json: {a: 1}}
roster:
  web-1: {signals: {lag: 3}}
  web-2:
";
    let seen = one(text).input.observation;
    let mut signals: Vec<_> =
        seen.signals.iter().map(|it| (it.key.as_str(), it.value.clone(), it.age)).collect();
    signals.sort_by_key(|(key, ..)| *key);
    let text = Fact::Text("primary".to_owned());
    let texts = Fact::Texts(vec!["a".to_owned(), "b".to_owned()]);
    let expected = [
        ("app.lag", Fact::Number(12.5), 0),
        ("app.mode", text, 70),
        ("app.peers", texts, 0),
        ("app.queue", Fact::Integer(7), 0),
        ("app.state", Fact::Json("{\"a\":1}".to_owned()), 0),
        ("app.warm", Fact::Flag(true), 0),
    ];
    assert_eq!(signals, expected);
    let of = |key: &str| seen.signals.iter().find(|it| it.key == key).unwrap();
    assert_eq!((of("app.mode").unchanged_for, of("app.queue").unchanged_for), (70, 9));
    assert_eq!(
        (of("app.mode").source, of("app.queue").source),
        (Source::Application, Source::Probe)
    );
    assert_eq!(seen.roster.len(), 2);
    assert_eq!((seen.roster[0].identity.as_str(), seen.roster[0].signals.len()), ("web-1", 1));
    assert_eq!((seen.roster[1].identity.as_str(), seen.roster[1].signals.len()), ("web-2", 0));
    let listed = one("signals: [{key: app.lag, value: {number: 12.5}}]").input.observation;
    assert_eq!((listed.signals[0].key.as_str(), listed.signals.len()), ("app.lag", 1));
}

#[test]
fn a_record_of_a_journal_has_the_form() {
    let mut input = super::super::questions::whole();
    input.memory = vec![1, 2, 3];
    let mut form = input_form(&input);
    form["from"] = "vacant".into();
    assert_eq!(one(&form.to_string()).input, input);
}

#[test]
fn settings_are_json_or_yaml() {
    assert_eq!(one("settings: {lag: 3}").input.settings, r#"{"lag":3}"#);
    assert_eq!(one("settings: '{\"lag\": 3}'").input.settings, "{\"lag\": 3}");
    assert!(!one("from: leader").has_settings);
    refused("settings: lag 3", "settings: are a text that is not JSON");
}

#[test]
fn what_is_not_known_is_refused_with_the_nearest_name() {
    refused("signal: {}", "`signal` is not known: write `signals`, if that is meant");
    refused("seat: {hodler: x}", "seat: `hodler` is not known: write `holder`");
    refused(
        "signals: {a: {value: 1, aeg_ms: 3}}",
        "signals[0]: `aeg_ms` is not known: write `age_ms`",
    );
    refused("roster: {web-1: {zzz: 1}}", "roster[0]: `zzz` is not known: there are identity, ");
    refused("from: leadr", "from: `leadr` is not known: write `leader`");
    refused("expect: {actoin: wait}", "expect: `actoin` is not known: write `action`");
    refused("expect: {action: renews}", "expect: action: `renews` is not known: write `renew`");
    refused("expect: {fails: trap}", "expect: fails: `trap` is not known: write `trapped`");
    refused("cause: time", "causes: `time` is not a cause of a question");
    refused("signals: {a: {valeu: 3}}", "signals[0].value: `valeu` is not known");
    refused("attempts: {last: written: x}", "is not YAML: ");
}

#[test]
fn what_is_of_another_type_is_refused_with_its_place() {
    refused("uptime_ms: soon", "uptime_ms: invalid type: string \"soon\", expected u64");
    refused("seat: {age_ms: -1}", "seat.age_ms: invalid value");
    refused("signals: {app.lag: {age_ms: 3}}", "signals[0]");
    refused("expect: {wake_after_ms: soon}", "expect: wake_after_ms: write a number, or a mapping");
    refused("- from", "is not a mapping");
    refused("", "is empty");
    refused("from: leader\n---\nfrom: 3", "scene 2: from: is 3: write a text");
}

#[test]
fn a_text_that_refers_to_itself_again_and_again_is_no_scene() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for depth in 1..20 {
        let before = format!("*a{}", depth - 1);
        text += &format!("a{depth}: &a{depth} [{}]\n", [before.as_str(); 9].join(", "));
    }
    refused(&text, "is not YAML: ");
}

fn mismatches(expect: &str, answer: &Result<Decision, Failure>) -> Vec<&'static str> {
    let expected = one(&format!("expect: {expect}")).expected.unwrap();
    expected.compare(answer).into_iter().map(|it| it.field).collect()
}

#[test]
fn an_answer_is_compared_in_what_is_expected_of_it() {
    let answer = Ok(decision());
    for right in [
        "{}",
        "{action: resign, successor: web-1, wake_after_ms: 2000, reason: app.lag is 12.5}",
        "{wake_after_ms: {at_least: 1000, at_most: 3000}, reason_contains: lag, publish: {lag: 12}}",
    ] {
        assert_eq!(mismatches(right, &answer), [""; 0], "{right}");
    }
    for (wrong, field) in [
        ("{action: renew}", "action"),
        ("{successor: web-2}", "successor"),
        ("{wake_after_ms: 2001}", "wake_after_ms"),
        ("{wake_after_ms: {at_least: 2001}}", "wake_after_ms"),
        ("{lease_duration_ms: 15000}", "lease_duration_ms"),
        ("{reason: lag}", "reason"),
        ("{reason_contains: zone}", "reason"),
        ("{publish: {lag: 13}}", "publish"),
        ("{fails: refused}", "fails"),
    ] {
        assert_eq!(mismatches(wrong, &answer), [field], "{wrong}");
    }
}

#[test]
fn a_failure_may_be_what_is_expected() {
    let failure = Failure { kind: FailureKind::Refused, detail: "refused: no lag".to_owned() };
    let answer = Err(failure);
    assert_eq!(mismatches("{fails: refused, detail_contains: no lag}", &answer), [""; 0]);
    assert_eq!(mismatches("{fails: trapped}", &answer), ["fails"]);
    assert_eq!(mismatches("{action: wait}", &answer), ["action"]);
    assert_eq!(mismatches("{fails: refused, detail_contains: zone}", &answer), ["detail"]);
}

#[test]
fn the_cause_is_the_questions_own() {
    let causes = |text: &str| one(text).input.observation.causes;
    assert_eq!(causes("from: stopping"), Cause::Stopping.into());
    assert_eq!(causes("cause: timer"), Cause::Timer.into());
    let both = [Cause::Timer, Cause::SignalChanged].into_iter().collect();
    assert_eq!(causes("causes: [signal-changed, timer]"), both);
}
