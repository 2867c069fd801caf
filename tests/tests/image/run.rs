//! The program in the pulled image, as a runtime starts it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hotseat_tests::process::{Hotseat, Launch, Stream, get};
use hotseat_tests::scene::Api;
use serde_json::Value;

use crate::pulled::{SOON, program_of, pulled};

/// Status, standard output, standard error.
fn ends(launch: Launch) -> (Option<i32>, String, String) {
    let mut process = launch.start().unwrap();
    let status = process.wait_exit(SOON).code();
    (status, process.output(Stream::Stdout), process.output(Stream::Stderr))
}

fn program(args: &[&str]) -> (Option<i32>, String, String) {
    ends(pulled().call("amd64").args(args))
}

/// A sidecar of the image, on a server of the test's own.
fn sidecar(api: &Api, flags: &[&str]) -> Hotseat {
    // What a pod has mounted. Each test has a file of its own.
    let name = format!("kubeconfig-{}", api.namespace());
    let path = pulled().root("amd64").join(&name);
    fs::copy(api.kubeconfig(), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    pulled()
        .call("amd64")
        .args(["--election=seat", "--id=amd64", "--http=127.0.0.1:0"])
        .arg(format!("--election-namespace={}", api.namespace()))
        .args(flags)
        .env("KUBECONFIG", format!("/{name}"))
        .start()
        .unwrap()
}

#[test]
fn it_says_its_version_and_that_no_sidecar_answers() {
    let version = concat!("hotseat ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(program(&["--version"]), (Some(0), version.to_owned(), String::new()));
    let (status, stdout, stderr) = program(&["status", "--address=127.0.0.1:9"]);
    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("nothing answers (Connection refused"), "{stderr}");
}

#[test]
fn the_policies_that_it_brings_pass_their_check() {
    // Those with a schema have their settings checked by the compiler, which may open nothing.
    for (policy, file, settings) in [
        ("standard", "/policies/standard.wasm", ""),
        ("rotate", "/policies/rotate.wasm", r#"{"minutes": 60}"#),
        ("app-heartbeat", "/policies/app-heartbeat.wasm", ""),
        ("steady", "/policies/steady.wasm", r#"{"prefer": "anna"}"#),
        ("rules", "builtin:rules", r#"{"campaign": "ready"}"#),
    ] {
        let args = ["policy", "check", file, "--settings", settings, "--output=json"];
        let (status, stdout, stderr) = program(&args);
        assert_eq!(status, Some(0), "{policy}: {stdout}{stderr}");
        let report: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&report["ok"], &report["policy"]["name"]), (&true.into(), &policy.into()));
    }
    let digest = |file: &str| {
        let (_, stdout, stderr) = program(&["policy", "check", file, "--output=json"]);
        serde_json::from_str::<Value>(&stdout).expect(&stderr)["digest"].clone()
    };
    // What the program was built with, and what was built beside it.
    assert_eq!(digest("builtin"), digest("/policies/standard.wasm"));
}

#[test]
fn a_sidecar_leads_as_nobody_on_a_read_only_root() {
    let api = Api::embedded("image").unwrap();
    let process = sidecar(&api, &["--policy=file:/policies/standard.wasm"]);
    process.wait_line("amd64 is the leader", SOON);
    let answer = get(process.http_addr(), "/").unwrap();
    assert_eq!(answer.text(), "{\"name\":\"amd64\"}");
    let pid = program_of(&process);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        line.unwrap().to_owned()
    };
    assert_eq!(field("Uid"), "65532\t65532\t65532\t65532");
    assert_eq!((field("Gid"), field("Groups").trim()), ("65532\t65532\t65532\t65532".into(), ""));
    for capabilities in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(field(capabilities), "0000000000000000", "{capabilities}");
    }
    assert_eq!(field("NoNewPrivs"), "1");
    let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(root.split(' ').nth(5).unwrap().starts_with("ro"), "{root}");
}

/// In a static program there is no library to drop, and constants are elsewhere.
#[test]
fn what_only_the_start_needed_is_given_back() {
    let api = Api::embedded("trim").unwrap();
    let process = sidecar(&api, &["--log-level=debug"]);
    let pid = program_of(&process);
    let resident = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<usize>().unwrap()
    };
    process.wait_line("amd64 is the leader", SOON);
    let before = resident();
    let line = process.wait_line("the mappings of code were dropped", SOON).text;
    let bytes = line.split("bytes=").nth(1).unwrap().split_whitespace().next().unwrap();
    let bytes: usize = bytes.parse().unwrap();
    // All code and constants of the program, but for what was relocated.
    let program = pulled().root("amd64").join("usr/bin/hotseat");
    let whole = usize::try_from(fs::metadata(program).unwrap().len()).unwrap();
    assert!(bytes * 10 > whole * 8, "{bytes} bytes of {whole}");
    assert!(resident() < before, "{before} KiB of files before, {} after", resident());
    assert_eq!(process.get("/leader").unwrap().status, 200, "{process}");
}
