//! A policy that takes the compiler more memory than the container has left. Since Kubernetes 1.28 a
//! kubelet has the kernel kill the whole container where a process goes over its limit, and each
//! restart would begin with the same file.

#[cfg(feature = "limits")]
use hotseat_tests::cgroup::Group;
use hotseat_tests::guests::language;
use hotseat_tests::lifeline::ScratchDir;

use super::{Api, Candidate, SOON, STANDARD, Stage, Value, digest, fs, json, publish, until};

/// What the examples in `deploy/` and `docs/` give Hotseat's container, in bytes.
const LIMIT: u64 = 256 << 20;

/// The compiler leaves little of a busy machine to the election: the term has to outlast that.
const PATIENT: [&str; 3] =
    ["--lease-duration=120s", "--renew-deadline=80s", "--retry-period=500ms"];

/// Finds the tree of control groups in which memory is limited, mounts one where there is none, and has
/// the files of `$1/files` take its place.
const AS_IN_THE_FILES: &str = r#"
point=$(sed -nE 's#^([^ ]+ ){4}([^ ]+) .* - cgroup2? .*#\2#p' /proc/self/mountinfo |
    grep -E '/memory$|^/sys/fs/cgroup$' | head -n 1)
{ test "$point" || { mkdir "$1/groups" && mount -t cgroup2 none "$1/groups" && point=$1/groups; }; } &&
    mount --bind "$1/files" "$point"
"#;

/// The container is one by what the kernel's files say, which takes no group that may be written to.
#[test]
fn a_policy_too_large_for_what_the_container_has_left_is_refused() {
    let folder = ScratchDir::new("hotseat-container-").unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    let used: u64 = 32 << 20;
    for (name, text) in [
        ("memory.max", LIMIT.to_string()),
        ("memory.current", used.to_string()),
        ("memory.limit_in_bytes", LIMIT.to_string()),
        ("memory.usage_in_bytes", used.to_string()),
    ] {
        fs::write(files.join(name), text).unwrap();
    }
    let apart =
        |api: &Api| Candidate::launch_apart(api, "anna", AS_IN_THE_FILES.trim(), folder.path());
    let stage = Stage::launched("swap-container-files", STANDARD, apart, &PATIENT);
    python_is_refused(&stage);
    stage.end();
}

#[cfg(feature = "limits")]
#[test]
fn a_policy_too_large_for_the_container_is_refused_before_the_kernel_kills() {
    let group = Group::new(LIMIT).unwrap();
    let within = |api: &Api| Candidate::launch_in(api, "anna", &group.processes());
    let stage = Stage::launched("swap-container", STANDARD, within, &PATIENT);
    let report = python_is_refused(&stage);
    assert_eq!(group.kills().unwrap(), 0, "the kernel killed: {report}");
    stage.end();
}

/// Publishes the policy in Python, which is refused for want of memory. The term goes on.
fn python_is_refused(stage: &Stage) -> Value {
    let before = stage.anna.leader().unwrap();
    let python = fs::read(language("python").unwrap()).unwrap();
    publish(&stage.file(), &python).unwrap();
    let report = stage.report("the candidate's end", |report| {
        report["candidate"]["digest"] == digest(&python).as_str()
            && !report["candidate"]["error"].is_null()
    });
    assert_eq!(report["candidate"]["stage"], "compile", "{report}");
    let error = report["candidate"]["error"].as_str().unwrap();
    for words in [
        "the container's memory limit of 256 MiB leaves ",
        " to the compiler, which is not enough for this component: raise the memory limit of the sidecar's container",
    ] {
        assert!(error.contains(words), "{words} is not in: {error}");
    }

    // The term goes on by the policy before.
    assert_eq!(report["active"]["digest"], digest(STANDARD).as_str());
    let renewed = stage.api.spec("renewTime").unwrap();
    until("a renewal", SOON, || match stage.api.spec("renewTime").unwrap() {
        same if same == renewed => Err(same),
        _ => Ok(()),
    });
    let after = stage.anna.leader().unwrap();
    assert_eq!((&after["self"], &after["token"]), (&json!(true), &before["token"]), "{after}");
    report
}
