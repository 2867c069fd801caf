//! `hotseat policy check`: every stage, what it found, and what it says of limits.

use std::fs;
use std::process::Command;

use serde_json::Value;

use hotseat_tests::process::hotseat_binary;

use super::{guest, hotseat, json, text};

/// What a policy of the SDK writes a panic's message to.
const STDERR: &str = "hotseat:diagnostics/stderr@1.0.0";

#[test]
fn the_standard_policy_passes_every_stage() {
    let output = hotseat(&["policy", "check", "builtin", "--output=json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let report = json(&output);
    assert_eq!(report["ok"], true);
    assert_eq!(report["world"], "hotseat:policy/election@1.0.0");
    assert_eq!(report["imports"], serde_json::json!([STDERR]));
    assert_eq!(report["exports"][0], "hotseat:policy/policy@1.0.0");
    assert_eq!(report["policy"]["name"], "standard");
    assert_eq!(report["policy"]["on_failure"], "standard");
    assert!(report["compiled_bytes"].as_u64().unwrap() > 10_000, "{report}");
    let decisions = report["decisions"].as_array().unwrap();
    let begins: Vec<&str> = decisions
        .iter()
        .map(|sample| sample["decision"].as_str().unwrap().split(", ").next().unwrap())
        .collect();
    assert_eq!(begins, ["wait", "campaign", "renew", "resign"]);
    for sample in decisions {
        assert!((100..100_000).contains(&sample["fuel"].as_u64().unwrap()), "{sample}");
    }
}

/// The used of each limit, and the limit.
fn usage(report: &Value) -> Vec<(String, u64, u64)> {
    let number = |usage: &Value, field: &str| usage[field].as_u64().unwrap();
    let usage = report["usage"].as_array().unwrap().iter();
    usage
        .map(|it| (it["limit"].as_str().unwrap().into(), number(it, "used"), number(it, "most")))
        .collect()
}

/// A limit on address space, as a shell's `ulimit -v` sets it, or a small machine.
#[test]
fn a_policy_runs_where_address_space_is_limited() {
    let compiled = |report: &Value| report["compiled_bytes"].as_u64().unwrap();
    let limited = Command::new("bash")
        .args(["-c", r#"ulimit -v 3000000; exec "$0" "$@""#])
        .arg(hotseat_binary().unwrap())
        .args(["policy", "check", "builtin", "--output=json"])
        .output()
        .unwrap();
    assert_eq!(limited.status.code(), Some(0), "{limited:?}");
    let free = hotseat(&["policy", "check", "builtin", "--output=json"]);
    // Its accesses are checked one by one, which takes code.
    assert!(compiled(&json(&limited)) > compiled(&json(&free)));
}

#[test]
fn check_shows_use_beside_limit() {
    let report = json(&hotseat(&["policy", "check", "builtin", "--output=json"]));
    let usage = usage(&report);
    let limits: Vec<&str> = usage.iter().map(|(limit, ..)| limit.as_str()).collect();
    let all = ["component size", "compiler's time", "compiler's memory", "compiled size"];
    assert_eq!(limits, [&all[..], &["fuel", "time", "memory", "answer"]].concat());
    for (limit, used, most) in &usage {
        assert!(used > &0 && used < most, "{limit}: {used} of {most}");
    }
    let told = text(&hotseat(&["policy", "check", "builtin"]).stdout);
    let (_, used, most) = &usage[4];
    assert!(told.contains(&format!("\nuses      fuel: {used} of {most} units, 1 %\n")), "{told}");
}

#[test]
fn limits_are_the_operators() {
    let file = guest("hostile");
    let file = file.to_str().unwrap();
    let spin = |flags: &[&str]| {
        let args = ["policy", "check", file, "--settings=\"spin@leader\"", "--output=json"];
        json(&hotseat(&[&args[..], flags].concat()))
    };
    let report = spin(&["--policy-fuel=1000000", "--policy-time=400ms"]);
    assert_eq!(report["stage"], "dry-run", "{report}");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("out-of-fuel: used up its fuel of 1000000 units"), "{error}");

    let output = hotseat(&["policy", "check", "builtin", "--policy-time=1s"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = text(&output.stderr);
    assert!(
        told.contains("'--policy-time <DURATION>'") && told.contains("give 400ms or less"),
        "{told}"
    );
}

/// What passes here survives there: in a small container a call has less, and so has the compiler.
#[test]
fn check_looks_at_the_container_that_it_is_for() {
    let within = |limit: &str| {
        let flag = format!("--container-memory={limit}");
        json(&hotseat(&["policy", "check", "builtin", "--output=json", &flag]))
    };
    let report = within("64Mi");
    assert_eq!(report["ok"], true, "{report}");
    let memory = usage(&report).into_iter().find(|(limit, ..)| limit == "memory").unwrap();
    assert_eq!(memory.2, (64 - 16 - 8) * (1 << 20) / 6);
    let report = within("24Mi");
    assert_eq!(report["stage"], "compile", "{report}");
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("the container's memory limit of 24 MiB leaves 2 MiB"), "{error}");
}

/// By the sidecar's own reckoning: with that limit it passes, and with clearly less it does not.
#[test]
fn check_says_into_which_container_a_policy_fits() {
    for policy in ["builtin", "builtin:rules"] {
        let check = |more: &[&str]| {
            json(&hotseat(&[&["policy", "check", policy, "--output=json"][..], more].concat()))
        };
        let smallest = check(&[])["container"].as_u64().unwrap();
        let within = |limit: u64| check(&[&format!("--container-memory={limit}")]);
        let fits = within(smallest);
        assert_eq!(fits["ok"], true, "{policy} within {smallest}: {fits}");
        // No two compilations take the same.
        let there = fits["container"].as_u64().unwrap();
        assert!(
            there.abs_diff(smallest) <= smallest / 8,
            "{policy}: {there} there, {smallest} here"
        );
        let less = within(smallest / 4 * 3);
        assert_eq!(less["ok"], false, "{policy} within {}: {less}", smallest / 4 * 3);
        let said = text(&hotseat(&["policy", "check", policy]).stdout);
        let line = said.lines().find_map(|line| line.strip_prefix("fits      a container with "));
        let mib: u64 = line.and_then(|line| line.split(' ').next()?.parse().ok()).expect(&said);
        assert!((mib << 20).abs_diff(smallest) <= smallest / 8, "{said}");
    }
}

/// Rights are asked for before a policy is loaded, by what the program knows of its own.
#[test]
fn the_programs_policies_need_what_it_knows_of_them() {
    for builtin in hotseat_engine::BUILTINS {
        let report = json(&hotseat(&["policy", "check", &builtin.label(), "--output=json"]));
        let needs = report["policy"]["needs"].as_array().unwrap().iter();
        let needs: Vec<&str> = needs.map(|need| need["key"].as_str().unwrap()).collect();
        assert_eq!(needs, builtin.needs, "{report}");
    }
}

#[test]
fn a_policy_in_a_file_is_described_in_lines() {
    let file = guest("rotate");
    let file = file.to_str().unwrap();
    let output = hotseat(&["policy", "check", file, "--settings={\"minutes\": 0}"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = text(&output.stdout);
    for words in [
        format!("file      {file}\n"),
        "\nworld     hotseat:policy/election@1.0.0\n".to_owned() + "imports   " + STDERR + "\n",
        "\npolicy    rotate 1.0.0: passes the seat on after a while\n".to_owned(),
        "\nfailing   standard\n".to_owned(),
        "\ndecides   a leader whose renewal is due: resign, again in".to_owned(),
        " (led for 0 minutes); ".to_owned(),
        "\nok        every stage was passed".to_owned(),
    ] {
        assert!(told.contains(&words), "no {words:?} in {told}");
    }
}

/// Ends with status 1 at that stage, in one line; with JSON the report says the same.
#[track_caller]
fn fails_at(stage: &str, words: &str, args: &[&str]) {
    let args = [&["policy", "check"], args].concat();
    let output = hotseat(&args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.starts_with(&format!("hotseat: stage {stage}: ")), "{said}");
    assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    assert!(!text(&output.stdout).contains("every stage was passed"), "{output:?}");
    let report = json(&hotseat(&[&args[..], &["--output=json"]].concat()));
    assert_eq!((&report["ok"], &report["stage"]), (&false.into(), &stage.into()), "{report}");
}

#[test]
fn each_stage_that_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let foreign = r#"(component (import "acme:store/kv@1.0.0" (instance)))"#;
    let world = r#"(component (component $c) (export "acme:other/thing@1.0.0" (component $c)))"#;
    fails_at("read", "No such file", &["/nonexistent.wasm"]);
    fails_at("parse", "is not WebAssembly", &[&file("text", b"hello")]);
    fails_at("parse", "is a core module", &[&file("core", &wat("(module)"))]);
    fails_at("imports", "acme:store/kv@1.0.0", &[&file("foreign", &wat(foreign))]);
    fails_at("exports", "acme:other/thing@1.0.0", &[&file("world", &wat(world))]);
    let rotate = guest("rotate");
    fails_at("settings", "settings: ", &[rotate.to_str().unwrap()]);
}

#[test]
fn a_hostile_policy_fails_its_sample_decision() {
    let file = guest("hostile");
    let file = file.to_str().unwrap();
    for (misbehavior, words) in [
        ("trap", "trapped: "),
        ("loop", ""),
        ("wake-zero", "rejected: wake-after is 0 ms"),
        ("reason-megabyte", "answer-too-large: "),
    ] {
        let settings = format!("--settings=\"{misbehavior}@leader\"");
        fails_at("dry-run", words, &[file, &settings]);
    }
    let said = text(&hotseat(&["policy", "check", file, "--settings=\"trap@leader\""]).stderr);
    assert!(said.contains("(asked as a leader whose renewal is due)"), "{said}");
}
