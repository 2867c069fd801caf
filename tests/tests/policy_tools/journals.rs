//! `hotseat policy replay`, and the journal that a running sidecar writes.

use std::io::Write as _;

use super::*;

#[test]
fn the_sidecar_writes_each_decision_with_what_became_of_it() {
    let lines = journal().lines();
    let records: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = records.iter().map(|record| record["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=records.len() as u64).collect::<Vec<u64>>());
    let decided: Vec<&Value> = records.iter().filter(|record| record["ask"].is_u64()).collect();
    let digest = decided[0]["policy"].as_str().unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    let renewed = decided.iter().filter(|record| {
        let answer = &record["answer"]["decided"];
        answer["decision"]["action"] == "renew" && answer["verdict"] == "carried-out"
    });
    assert!(renewed.count() >= 2, "{}", lines.join("\n"));
    // The last question is that for a successor, asked when the process was asked to stop.
    let last = decided.last().unwrap();
    let causes = last["input"]["observation"]["causes"].as_array().unwrap();
    assert!(causes.contains(&"stopping".into()), "{last}");
}

/// Differences only where the recorded policy had no time to answer: the machine may be busy.
#[track_caller]
fn assert_equal(report: &Value) {
    let differences = report["differences"].as_array().unwrap();
    let busy = |it: &Value| it["was"].as_str().unwrap().starts_with("failed, timed-out");
    assert!(differences.iter().all(busy), "{report:#}");
    assert!(report["equal"].as_u64().unwrap() >= DECISIONS as u64 - 3, "{report:#}");
    assert_eq!((&report["skipped"], &report["failures"]), (&0.into(), &0.into()), "{report:#}");
}

#[test]
fn the_policy_that_decided_decides_the_same() {
    let path = journal().argument();
    for strict in [&[][..], &["--strict"]] {
        let args = ["policy", "replay", &path, "--policy=builtin", "--output=json"];
        let output = hotseat(&[&args[..], strict].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_equal(&json(&output));
    }
}

#[test]
fn another_policy_decides_otherwise() {
    let (path, file) = (journal().argument(), guest("rotate"));
    let policy = format!("--policy={}", file.display());
    let args = ["policy", "replay", &path, &policy, "--settings={\"minutes\": 0}", "--output=text"];
    let output = hotseat(&args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = text(&output.stdout);
    assert!(told.contains("\n  was       renew, again in 500 ms (renewal is due)\n"), "{told}");
    assert!(told.contains("\n  would be  resign, again in "), "{told}");
    assert!(told.lines().last().unwrap().contains(" different, 0 failures"), "{told}");
    let output = hotseat(&[&args[..], &["--fail-on-difference"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // An hour was not over.
    let args = [&args[..4], &["--settings={\"minutes\": 60}", "--output=json"]].concat();
    assert_equal(&json(&hotseat(&args)));
    // Carried memory begins empty, so that the first retry is drawn anew; it is a way all the same.
    let output = hotseat(&[&args[..], &["--memory=carried"]].concat());
    assert_eq!(json(&output)["failures"], 0, "{output:?}");
}

#[test]
fn settings_that_the_policy_refuses_are_reported() {
    let (path, file) = (journal().argument(), guest("rotate"));
    let policy = format!("--policy={}", file.display());
    let output = hotseat(&["policy", "replay", &path, &policy]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains(": settings: ") && said.contains("by --settings"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// What a person pipes in, with lines that are not records among it.
#[test]
fn damaged_lines_are_reported_and_skipped() {
    let lines = journal().lines();
    let decision = lines.iter().find(|line| of_a_policy(line)).unwrap();
    let later = decision.replace("\"v\":3", "\"v\":9");
    let input = format!("{decision}\nnot json\n{later}\n{decision}\n{}", &decision[..40]);
    let mut child = Command::new(hotseat_binary().unwrap())
        .args(["policy", "replay", "-", "--policy=builtin", "--output=json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = json(&output);
    assert_eq!((&report["decisions"], &report["skipped"]), (&2.into(), &3.into()), "{report:#}");
    let said = text(&output.stderr);
    let notes: Vec<&str> = said.lines().collect();
    assert_eq!(notes.len(), 3, "{said}");
    assert!(notes[0].starts_with("hotseat: -: line 2: is damaged"), "{said}");
    assert!(notes[1].starts_with("hotseat: -: line 3: is a record of version 9"), "{said}");
    assert!(notes[2].starts_with("hotseat: -: line 5: is cut off"), "{said}");
}

#[test]
fn a_journal_that_says_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    for (path, words) in [
        (empty, "no decision of a policy is in it, as it is empty"),
        (folder.path().join("missing"), "cannot be read"),
        (folder.path().to_owned(), "directory"),
    ] {
        let path = path.to_str().unwrap();
        let output =
            hotseat(&["policy", "replay", path, "--policy=builtin", "--fail-on-difference"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        let right = said.contains(path) && said.contains(words) && said.lines().count() == 1;
        assert!(right, "{said}");
    }
}

/// Which line, and why: a journal that nothing can be done with says what is wrong with it.
#[test]
fn a_journal_that_cannot_be_read_says_which_line_and_why() {
    let lines = journal().lines();
    let decision = lines.iter().find(|line| of_a_policy(line)).unwrap();
    let mut cut = lines.iter().take_while(|line| !of_a_policy(line)).cloned().collect::<Vec<_>>();
    cut.push(decision[..decision.len() / 2].to_owned());
    let line = cut.len();
    let zipped = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    for (content, words) in [
        (b"hello\nthere\n".to_vec(), "line 1: is damaged or no record of a journal: ".to_owned()),
        (b"hello\nthere\n".to_vec(), "; 1 other lines are not records either: give".to_owned()),
        (
            b"{\"a\": 1}\n".to_vec(),
            "line 1: is damaged or no record of a journal: missing field `v`".to_owned(),
        ),
        (zipped, "line 1: is ".to_owned()),
        (cut.join("\n").into_bytes(), format!("line {line}: is cut off")),
        (
            decision.replace("\"v\":3", "\"v\":9").into_bytes(),
            "line 1: is a record of version 9, and this program reads versions".to_owned(),
        ),
        (
            decision.replace("\"uptime_ms\"", "\"uptime\"").into_bytes(),
            "missing field `uptime_ms`".to_owned(),
        ),
    ] {
        fs::write(&file, &content).unwrap();
        let path = file.to_str().unwrap();
        let output = hotseat(&["policy", "replay", path, "--policy=builtin"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        let begins = format!("hotseat: {path}: no decision of a policy is in it: ");
        let right = said.starts_with(&begins) && said.contains(&words) && said.lines().count() == 1;
        assert!(right, "no {words:?} in {said}");
    }
}

#[test]
fn a_live_journal_can_be_read_and_replayed() {
    let api = Api::embedded("live-journal").unwrap();
    let mut anna = Candidate::start(&api, "anna", &QUICK).unwrap();
    let page = until("decisions of the policy", LOADED, || {
        let page = anna.process.get("/v1/journal").unwrap();
        assert_eq!(page.status, 200);
        match page.text() {
            text if text.lines().filter(|line| of_a_policy(line)).count() >= DECISIONS => Ok(text),
            text => Err(text.lines().count()),
        }
    });
    let few = anna.process.get("/v1/journal?last=2").unwrap().text();
    assert_eq!(few.lines().count(), 2);
    anna.end();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    fs::write(&path, page).unwrap();
    let path = path.to_str().unwrap();
    let output = hotseat(&["policy", "replay", path, "--policy=builtin", "--output=json"]);
    assert_equal(&json(&output));
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_process() {
    let api = Api::embedded("unwritable").unwrap();
    for (path, words) in [
        ("/nonexistent/journal", "cannot be written (No such file"),
        ("/dev/null", "is not a regular file"),
    ] {
        let flag = format!("--journal={path}");
        let launch =
            Candidate::launch(&api, "anna").unwrap().args([flag.as_str(), "--log-level=error"]);
        let mut process = launch.start().unwrap();
        assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
        let said = process.output(hotseat_tests::process::Stream::Stderr);
        assert!(said.starts_with(&format!("hotseat: --journal: {path}: ")), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}
