//! What is said of settings before they are taken.

use cel::parser::{Parser, PrattParser};
use hotseat_policy::{OnFailure, Policy, Severity};

use super::rules;
use crate::ByRules;

/// All that is said of the settings, as `POINTER: MESSAGE`.
fn said(settings: &str) -> Vec<String> {
    let issues = ByRules::validate(settings);
    issues.into_iter().map(|issue| format!("{}: {}", issue.pointer, issue.message)).collect()
}

#[track_caller]
fn refused(expression: &str, words: &str) {
    let said = said(&rules(&[("campaign", expression)]));
    assert_eq!(said.first().map(String::as_str), Some(format!("/campaign: {words}").as_str()));
}

#[test]
fn the_descriptor_is_the_contracts() {
    let own = ByRules::describe();
    assert_eq!((own.name.as_str(), own.memory_schema), ("rules", 1));
    assert_eq!((own.needs, own.on_failure), (vec!["roster".to_owned()], Some(OnFailure::Hold)));
    let schema: serde_json::Value = serde_json::from_str(&own.settings_schema).unwrap();
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut known = crate::settings::NAMES;
    known.sort_unstable();
    assert_eq!(names, known);
}

#[test]
fn a_typing_error_is_named_with_its_place_and_the_nearest_name() {
    refused("zne == 'a'", "line 1, column 1: there is no zne: did you mean zone?");
    refused(
        "ready\n && seat.holdr == ''",
        "line 2, column 5: there is no seat.holdr: did you mean seat.holder?",
    );
    refused(
        "others.exists(o, o.redy)",
        "line 1, column 20: a candidate has no redy: did you mean ready?",
    );
    refused(
        "sgnal('a', 1) > 2",
        "line 1, column 1: there is no function sgnal: did you mean signal?",
    );
    refused(
        "signal('a') > 2",
        "line 1, column 1: not with 1 arguments: write signal(key, otherwise)",
    );
    refused(
        "others.exist(o, o.ready)",
        "line 1, column 8: there is no function exist: did you mean exists?",
    );
    refused(
        "zone == north",
        "line 1, column 9: there is no north: a text is written in quotes, and a fact of the application is signal(key, otherwise)",
    );
    refused("zone.name == 'a'", "line 1, column 1: zone has no parts: leave .name out");
    refused(
        "has(seat.holder)",
        "line 1, column 5: has(seat.holder) is always true: compare the value instead",
    );
    refused(
        "others.filter(o, o.ready).exists(p, p.zon == 'a')",
        "line 1, column 39: a candidate has no zon: did you mean zone?",
    );
    refused(
        "others[0].lag < 3",
        "line 1, column 11: a candidate has no lag: it has identity, age, ready, zone, policy, and what it published is .signal('lag', otherwise)",
    );
    refused("signal", "line 1, column 1: there is no signal: it is a function: write signal(..)");
    refused(
        "'a'.signal('b', 1) > 1",
        "line 1, column 5: signal is asked of a candidate, such as others[0].signal(..)",
    );
    refused("zone.matches('a.*')", "line 1, column 6: there is no function matches");
    refused(
        "timing.x > 1",
        "line 1, column 1: there is no timing: a text is written in quotes, and a fact of the application is signal(key, otherwise)",
    );
}

#[test]
fn what_is_no_expression_is_named_with_its_place() {
    for (expression, place) in [
        ("1 +", "line 1, column "),
        ("zone = 'a'", "line 1, column 6: "),
        ("ready &&\n\n|| ready", "line 3, column 1: "),
        ("zone == 'a", "line 1, column 9: "),
        ("(ready", "line 1, column 7: "),
        ("", "the expression is empty"),
    ] {
        let said = said(&rules(&[("resign", expression)]));
        assert!(said[0].starts_with(&format!("/resign: {place}")), "{expression}: {said:?}");
        assert!(said.iter().all(|line| line.lines().count() == 1), "{said:?}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let settings = r#"{"campain": "ready", "resign": "1 +", "rank": "zne", "publish": {"a/b": "redy"}, "rest_ms": 1, "wait": []}"#;
    let said = said(settings);
    assert_eq!(
        said[..3],
        [
            "/campain: there is no setting campain: did you mean campaign?",
            "/wait: give an expression as text, such as \"zone == 'a'\"",
            "/rest_ms: give whole milliseconds from 1000 to 86400000, such as 5000",
        ]
    );
    let settings = r#"{"resign": "1 +", "rank": "zne", "publish": {"a/b": "redy"}}"#;
    let said = self::said(settings);
    assert!(said[0].starts_with("/resign: line 1, column "), "{said:?}");
    assert_eq!(said[1], "/rank: line 1, column 1: there is no zne: did you mean zone?");
    assert_eq!(said[2], "/publish/a~1b: line 1, column 1: there is no redy: did you mean ready?");
}

#[test]
fn a_wrong_type_is_found_before_the_rules_are_taken() {
    refused("zone", "it gives a text, and is to give true or false");
    refused("zone > 3", "> does not take a text and a whole number");
    refused("uptime + 1.5 > 0.0", "+ does not take a whole number and a number with a fraction");
    refused("ready ? 1 : 2", "it gives a whole number, and is to give true or false");
    refused("!uptime", "! does not take a whole number");
    for (rule, text, words) in [
        ("rank", "zone", "/rank: it gives a text, and is to give a number"),
        ("wait", "ready", "/wait: it gives a flag, and is to give a number of milliseconds"),
        ("lease", "zone", "/lease: it gives a text, and is to give a number of milliseconds"),
        ("pause", "others", "/pause: it gives a list, and is to give a number of milliseconds"),
        (
            "successor",
            "3",
            "/successor: it gives a whole number, and is to give the name of a candidate, or a list of them",
        ),
    ] {
        assert_eq!(said(&rules(&[(rule, text)])), [words]);
    }
    let published = said(r#"{"publish": {"a": "{'b': 1}"}}"#);
    assert_eq!(
        published,
        [
            "/publish/a: it gives a map, and is to give a flag, a number, a text, a list of texts or null"
        ]
    );
}

#[test]
fn what_can_fail_is_a_warning() {
    let issues = ByRules::validate(r#"{"campaign": "others[0].ready || true"}"#);
    assert_eq!(issues, []);
    let issues = ByRules::validate(r#"{"campaign": "others[0].ready"}"#);
    assert_eq!((issues[0].severity, issues[0].pointer.as_str()), (Severity::Warning, "/campaign"));
    let words = "the list has no such item, as where nobody leads and nobody else is there: the policy then fails";
    assert_eq!(issues[0].message, words);
}

#[test]
fn settings_that_are_too_large_are_refused_by_name() {
    let long = format!("{} true", " ".repeat(2_048));
    assert_eq!(
        said(&rules(&[("rank", &long)])),
        ["/rank: the expression has 2053 bytes: give at most 2048"]
    );
    let many: Vec<String> = (0..17).map(|n| format!("\"k{n}\": \"1\"")).collect();
    let said_of_many = said(&format!("{{\"publish\": {{{}}}}}", many.join(", ")));
    assert_eq!(said_of_many, ["/publish: 17 signals: at most 16 can be published"]);
    let huge = format!("{{\"campaign\": \"{}\"}}", "a".repeat(20_000));
    assert!(
        said(&huge)[0].starts_with(": the settings have 20016 bytes: at most 16384"),
        "{:?}",
        said(&huge)
    );
    let deep = format!("{}ready{}", "[".repeat(40), "]".repeat(40));
    assert!(said(&rules(&[("campaign", &deep)]))[0].starts_with("/campaign: "));
    let wide = vec!["1"; 600].join("+");
    assert!(
        said(&rules(&[("rank", &wide)]))[0].starts_with("/rank: "),
        "{:?}",
        said(&rules(&[("rank", &wide)]))
    );
    for text in ["[]", "3", "{", "{\"rank\": {}}"] {
        assert_eq!(said(text).len(), 1, "{text}");
    }
    for text in ["", " ", "{}", r#"{"campaign": true, "rank": 2, "wait": 1.5, "resign": null}"#] {
        assert_eq!(said(text), [""; 0], "{text}");
    }
}

#[test]
fn the_hand_written_parser_makes_the_trees_of_the_other() {
    for text in [
        "ready && (zone == 'a' || signal('x', 1e9) < 1000.0)",
        "others.filter(o, o.ready && o.zone != \"b\").map(o, o.identity)[0]",
        "others.all(p, !p.ready || p.signal('v', 0) <= 3) ? -1 : {'a': [1, 2u, 0x1f]}.a.size()",
        "others.exists_one(o, o.identity in ['a', 'b']) || r'\\d' == '\\u00fc' || b'x' == b'y'",
        "// a comment\nhas({'a': 1}.a) && 'a'.startsWith('b') != true",
        "1 + 2 * 3 - 4 / 5 % 6 == 7 && !(1 < 2) || 1.5e-3 >= .5 && null == null",
    ] {
        let hand = PrattParser::new().parse(text).unwrap();
        let antlr = Parser::new().parse(text).unwrap();
        // Their numbers of parts may differ, and nothing looks at them.
        let plain = |tree: &cel::IdedExpr| {
            let debug = format!("{tree:?}");
            let parts = debug
                .split("id: ")
                .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
            parts.collect::<String>()
        };
        assert_eq!(plain(&hand), plain(&antlr), "{text}");
    }
}

#[test]
fn the_manual_has_every_name_as_it_is() {
    use crate::names::{FIELDS, FUNCTIONS, NAMES, PLAIN_FUNCTIONS};
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authors/rules.md");
    let manual = std::fs::read_to_string(path).unwrap();
    let names = NAMES.iter().chain(&FIELDS);
    let names =
        names.map(|(name, kind, says)| format!("| `{name}` | {} | {says} |", kind.as_str()));
    let functions = FUNCTIONS.iter().chain(&PLAIN_FUNCTIONS);
    let functions = functions.map(|(_, _, written, says)| format!("| `{written}` | {says} |"));
    for row in names.chain(functions) {
        assert!(manual.lines().any(|line| line == row), "the manual lacks: {row}");
    }
    for name in crate::settings::NAMES {
        assert!(manual.contains(&format!("| `{name}` |")), "the manual lacks {name}");
    }
}
