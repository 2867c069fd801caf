//! Settings are checked against the policy's own schema before the policy sees them, and no schema
//! costs more than its limits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{UnexpectedType, input, limits, loader, source};
use hotseat_engine::{CompileLimits, Compiler, LoadError, Loader, Runtime};

/// A policy with that schema, whose `validate` traps if `traps`.
fn policy(schema: &str, traps: bool) -> Vec<u8> {
    let escaped = schema.replace('\n', " ").replace('\\', "\\5c").replace('"', "\\22");
    let describe = format!(
        "(i32.store (i32.const 1052) (i32.const 70000))
         (i32.store (i32.const 1056) (i32.const {})) (i32.const 1024)",
        schema.len()
    );
    let odd = UnexpectedType {
        describe: &describe,
        validate: if traps { "unreachable" } else { UnexpectedType::default().validate },
        memory: "4",
        extra: &format!("(data (i32.const 70000) \"{escaped}\")"),
        ..UnexpectedType::default()
    };
    odd.build()
}

#[track_caller]
fn load(schema: &str, settings: &str) -> Result<(), LoadError> {
    let mut input = input();
    input.settings = settings.to_owned();
    loader().load(&source(&policy(schema, false)), &input).map(drop)
}

const LAG: &str = r#"{"type": "object", "additionalProperties": false, "required": ["most_lag"],
    "properties": {"most_lag": {"type": "number", "minimum": 0},
                   "zones": {"type": "array", "items": {"type": "string"}}}}"#;

#[test]
fn settings_that_fit_are_taken() {
    load(LAG, r#"{"most_lag": 3, "zones": ["a"]}"#).unwrap();
    // None were given: whether it can do without them is for the policy to say.
    load(LAG, " ").unwrap();
}

#[test]
fn each_issue_has_its_pointer() {
    let settings = r#"{"most_lag": -1, "zones": ["a", 7], "zone": "b"}"#;
    let error = load(LAG, settings).unwrap_err();
    assert_eq!(error.stage(), "settings");
    let text = error.to_string();
    for words in
        ["/most_lag: -1 is less than", "/zones/1: 7 is not of type", "'zone' was unexpected"]
    {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    let text = load(LAG, r#"{"most_lga": 3, "most_lag": 3}"#).unwrap_err().to_string();
    assert!(text.contains("('most_lga' was unexpected): did you mean most_lag?"), "{text}");
    let text = load(LAG, r#"{"priority": 3, "most_lag": 3}"#).unwrap_err().to_string();
    assert!(text.contains("('priority' was unexpected): there are most_lag, zones"), "{text}");
    let text = load(LAG, "{}").unwrap_err().to_string();
    assert!(text.contains("the whole: \"most_lag\" is a required property"), "{text}");
    let text = load(LAG, "{").unwrap_err().to_string();
    assert!(text.contains("they are not JSON"), "{text}");
}

#[test]
fn the_policy_is_not_asked_about_settings_that_do_not_fit() {
    let mut input = input();
    for (settings, words) in [("{}", "required property"), (r#"{"most_lag": 3}"#, "trapped")] {
        settings.clone_into(&mut input.settings);
        let error = loader().load(&source(&policy(LAG, true)), &input).err().unwrap();
        assert_eq!(error.stage(), "settings");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_schema_that_is_none_is_refused_before_anything_is_asked() {
    for (schema, words) in [
        ("most_lag", "it is not JSON"),
        (r#"{"type": "lag"}"#, "/type: "),
        (r#"{"pattern": "("}"#, "/pattern: "),
        (r#"{"$ref": "https://example.com/schema.json"}"#, "https://example.com/schema.json"),
        (r#"{"$ref": "file:///etc/passwd"}"#, "file:///etc/passwd"),
        (r##"{"$ref": "#/$defs/missing"}"##, "missing"),
    ] {
        let error = load(schema, "").unwrap_err();
        assert_eq!(error.stage(), "describe", "{schema}: {error}");
        let text = error.to_string();
        assert!(text.contains("the settings' schema is not one: "), "{schema}: {text}");
        assert!(text.contains(words) && !text.contains('\n'), "{schema}: {text}");
    }
}

/// A child that notes each task it is given: one compilation a load, and one look at each schema.
#[test]
fn one_schema_is_looked_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (log, script) = (folder.path().join("tasks"), folder.path().join("compiler"));
    let child = env!("CARGO_BIN_EXE_hotseat-compile");
    let text = format!("env >>{}\nexec {child}\n", log.display());
    std::fs::write(&script, text).unwrap();
    // Read by a shell: a file that was just written cannot be run while a child that a test beside this
    // one is starting has it open.
    let compiler = Compiler::new("/bin/sh", &[script.to_str().unwrap()], CompileLimits::default());
    let loader = Loader::new(Runtime::new().unwrap(), compiler, limits());
    let looks = || std::fs::read_to_string(&log).unwrap().matches("=settings\n").count();
    let load = |schema: &str| loader.load(&source(&policy(schema, false)), &input()).map(drop);
    load(LAG).unwrap();
    load(LAG).unwrap();
    assert_eq!(looks(), 1);
    // What is no schema is said each time.
    for looked in 2..4 {
        assert_eq!(load("[]").unwrap_err().stage(), "describe");
        assert_eq!(looks(), looked);
    }
}

/// Each is judged within the limits of the child, or not at all, and this process goes on.
#[test]
fn a_schema_made_to_choke_whoever_uses_it() {
    // Each definition has the one before it twice, all with an item less.
    let twice = |depth: u32| {
        format!(r##"[{{"$ref": "#/$defs/d{depth}"}}, {{"$ref": "#/$defs/d{depth}"}}]"##)
    };
    let doubled: Vec<String> = (1..60)
        .map(|depth| {
            format!(r#""d{depth}": {{"allOf": {}, "minLength": {depth}}}"#, twice(depth - 1))
        })
        .collect();
    let doubled = format!(
        r##"{{"$defs": {{"d0": {{"type": "number"}}, {}}}, "$ref": "#/$defs/d59"}}"##,
        doubled.join(", ")
    );
    let backwards = r#"{"pattern": "^(a|a?)+\\1(?=b)$"}"#;
    let nested = format!("{}true{}", r#"{"not": "#.repeat(4000), "}".repeat(4000));
    let endless = r##"{"$ref": "#"}"##;
    let text = format!("\"{}\"", "a".repeat(40_000));
    for (name, schema) in [
        ("doubled", doubled.as_str()),
        ("backwards", backwards),
        ("nested", &nested),
        ("endless", endless),
    ] {
        let begun = std::time::Instant::now();
        let ended = load(schema, &text);
        // By processor time it is 2 s each for describe and settings.
        assert!(begun.elapsed().as_secs() < 120, "{name}");
        if let Err(error) = ended {
            assert!(matches!(error.stage(), "describe" | "settings"), "{name}: {error}");
            assert!(error.to_string().len() < 2048, "{name}: {error}");
        }
    }
    let error = load(&doubled, &text).unwrap_err().to_string();
    assert!(error.contains("2 s of processor time: make the schema simpler"), "{error}");
    // What follows is as it would be without them.
    load(LAG, r#"{"most_lag": 3}"#).unwrap();
}
