//! Programs that give credentials, `exec` in a kubeconfig.

use super::*;

/// A kubeconfig whose plugin is that shell script.
fn with_plugin(folder: &Path, cluster: &Value, script: &str) -> PathBuf {
    let file = folder.join("plugin");
    fs::write(&file, script).unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable",
        "command": "sh", "args": [file],
    });
    let path = folder.join("kubeconfig");
    put_kubeconfig(&path, cluster, &json!({"exec": exec}));
    path
}

/// Writes down that it ran, and answers with the token of a file.
fn answers_with(folder: &Path, token: &Path) -> String {
    format!(
        "echo ran >> {}/runs\nprintf '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{{\"token\":\"%s\"}}}}' \"$(cat {})\"\n",
        folder.display(),
        token.display()
    )
}

fn runs(folder: &Path) -> usize {
    fs::read_to_string(folder.join("runs")).unwrap_or_default().lines().count()
}

#[test]
fn a_plugin_gives_a_token_to_every_connection() {
    let api = Api::of(Cluster::shared(), "plugin", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = answers_with(folder.path(), &account(&api));
    let path = with_plugin(folder.path(), &real(), &script);
    let mut candidate = start(&api, &path, "anna");
    leads(&candidate);
    candidate.end();
    // Lock, Events, access reviews and watches share one answer.
    assert_eq!(runs(folder.path()), 1);
}

#[test]
fn a_plugin_is_asked_again_when_its_token_is_refused() {
    let api = Api::embedded("plugin-again").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    put(&token, "t1");
    api.server().access().require_tokens(["t1"]);
    let script = answers_with(folder.path(), &token);
    let server = json!({"server": api.server().url()});
    let mut candidate = start(&api, with_plugin(folder.path(), &server, &script), "anna");
    let first = leads(&candidate);
    put(&token, "t2");
    api.server().access().require_tokens(["t2"]);
    until("a second run", SOON, || match runs(folder.path()) {
        2.. => Ok(()),
        _ => Err(candidate.log()),
    });
    goes_on(&api, &candidate, &first);
    candidate.end();
}

/// A program that hangs at the start keeps it from leading and from nothing else; one that hangs
/// later keeps it from nothing.
#[test]
fn a_plugin_that_hangs_does_not_stop_the_election() {
    let api = Api::embedded("plugin-hangs").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (token, hang) = (folder.path().join("token"), folder.path().join("hang"));
    put(&token, "t1");
    api.server().access().require_tokens(["t1"]);
    let answer = answers_with(folder.path(), &token);
    let script = format!(
        "if [ -e {} ]; then echo ran >> {}/runs; sleep 600; fi\n{answer}",
        hang.display(),
        folder.path().display()
    );
    let server = json!({"server": api.server().url()});
    let mut candidate = start(&api, with_plugin(folder.path(), &server, &script), "anna");
    let first = leads(&candidate);
    put(&hang, "");
    // One request is refused, so the program is asked, and hangs.
    refuse_one_renewal(&api);
    until("a second run", SOON, || match runs(folder.path()) {
        2.. => Ok(()),
        _ => Err(candidate.log()),
    });
    // While it hangs, renewals go on, and so does everything else.
    goes_on(&api, &candidate, &first);
    candidate.end();

    // At the start: probes are answered, and the process ends when it is asked to.
    let mut candidate = start(&api, folder.path().join("kubeconfig"), "bert");
    until("a third run", SOON, || match runs(folder.path()) {
        3.. => Ok(()),
        _ => Err(candidate.log()),
    });
    assert_eq!(candidate.process.get("/healthz").unwrap().status, 200);
    candidate.end();
}

#[test]
fn a_plugin_that_fails_is_said_with_its_own_words() {
    let api = Api::embedded("plugin-fails").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = json!({"server": api.server().url()});
    let path = with_plugin(folder.path(), &server, "echo 'no access today' >&2; exit 3");
    let mut candidate = start(&api, &path, "anna");
    let line = candidate.process.wait_line("a read of the lock failed", SOON);
    for words in ["user \"it\": exec: sh: failed with exit status: 3", "no access today"] {
        assert!(line.text.contains(words), "no {words:?} in {line}");
    }
    // It is asked again, and what it gives then counts.
    let token = folder.path().join("token");
    put(&token, "t");
    put(&folder.path().join("plugin"), answers_with(folder.path(), &token));
    leads(&candidate);
    candidate.end();
}

/// Its words differ each time, and it is asked again for as long as it fails.
#[test]
fn a_plugin_that_fails_with_the_time_of_day_is_said_once() {
    let api = Api::embedded("plugin-stamps").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = json!({"server": api.server().url()});
    let script = format!(
        "echo ran >> {}/runs; echo \"$(date +%H:%M:%S.%N) no access today\" >&2; exit 3",
        folder.path().display()
    );
    let path = with_plugin(folder.path(), &server, &script);
    let mut candidate = start(&api, &path, "anna");
    until("four runs", SOON, || match runs(folder.path()) {
        4.. => Ok(()),
        _ => Err(candidate.log()),
    });
    candidate.end();
    let log = candidate.log();
    let said = log.lines().filter(|line| line.contains("the credentials cannot be read again"));
    let said: Vec<&str> = said.filter(|line| line.contains("WARN")).collect();
    assert!(said.len() == 1 && said[0].contains("no access today"), "{said:#?}");
}
