//! Several elections in one process: each has its own lock, leader, policy and end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hotseat::sidecar::engine::COMPILE_COMMAND;
use hotseat::sidecar::observers::{JournalKeeper, Metrics};
use hotseat::sidecar::{Candidate, ElectionSettings, Shared};
use hotseat_apiserver::{Config, Server as ApiServer};
use hotseat_core::config::Timing;
use hotseat_election::{ElectionName, Seats, Status, Stopper, clock};
use hotseat_engine::{CompileLimits, Compiler};
use hotseat_http::Server;
use hotseat_journal::{Body, Reader};
use hotseat_kubernetes::Credentials;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(60);

fn kubeconfig(folder: &Path, server: &ApiServer) -> PathBuf {
    let path = folder.join("kubeconfig");
    let text = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server.url()}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

fn settings(election: &str, identity: &str, kubeconfig: &Path) -> ElectionSettings {
    let ms = Duration::from_millis;
    let compiler =
        Compiler::new(env!("CARGO_BIN_EXE_hotseat"), &[COMPILE_COMMAND], CompileLimits::default());
    let name = ElectionName::new("le", election);
    let credentials = Credentials::Files(vec![kubeconfig.to_owned()]);
    ElectionSettings {
        timing: Timing::new(ms(4000), ms(3000), ms(500)),
        ..ElectionSettings::new(name, identity, credentials, compiler)
    }
}

/// Waits until that is so of the election.
async fn until(what: &str, status: &Status, so: impl Fn(&Status) -> bool) {
    let waiting = async {
        while !so(status) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(SOON, waiting).await.is_err() {
        panic!("not within {SOON:?}: {what}; {:?}", status.view());
    }
}

fn leads(status: &Status) -> bool {
    status.view().leads(clock::now())
}

/// The election that a document of a sidecar with this status says it is of.
fn named(status: &Status, shared: &Shared, path: &str) -> String {
    let bound = Server::bind("127.0.0.1:0").unwrap();
    let serving = bound.serve(status.clone(), Arc::new(shared.clone())).unwrap();
    let mut stream = TcpStream::connect(serving.addresses()[0]).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    let part = |key: &str| document["lock"][key].as_str().unwrap_or("none");
    format!("{}/{}", part("namespace"), part("name"))
}

/// How many elections the last question about that one says that this process leads.
fn last_seats(journal: &JournalKeeper, election: &str) -> Option<u32> {
    let lines = journal.lines(usize::MAX);
    let records = Reader::new(lines.as_bytes()).map(|record| record.unwrap().1);
    let seats = records.filter(|record| record.election == election).filter_map(|record| {
        let Body::Decision(decided) = record.body else { return None };
        Some(decided.account.input.observation.seats)
    });
    seats.last()
}

#[test]
fn two_elections_in_one_process_share_nothing_but_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async {
        let server = ApiServer::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        let file = kubeconfig(folder.path(), &server);
        let one = Candidate::compose(settings("one", "anna", &file)).await.unwrap();
        let two = Candidate::compose(settings("two", "anna", &file)).await.unwrap();
        let (first, second) = (one.status().clone(), two.status().clone());
        let journal = JournalKeeper::default();
        let metrics =
            Metrics::new(vec![first.clone(), second.clone()], journal.clone(), clock::now());
        let seats = Seats::default();
        let shared = Shared { journal: journal.clone(), metrics: metrics.clone(), seats };
        let (stop_one, stop_two) = (Stopper::default(), Stopper::default());
        let run = |candidate: Candidate, stopper: &Stopper| {
            let (shared, stopper) = (shared.clone(), stopper.clone());
            tokio::task::spawn_local(async move { candidate.run(&shared, &stopper).await })
        };
        let (one, two) = (run(one, &stop_one), run(two, &stop_two));

        until("the first leads", &first, leads).await;
        until("the second leads", &second, leads).await;
        until("both have their policy", &first, |it| it.policy().rollout.active.is_some()).await;
        until("both have their policy", &second, |it| it.policy().rollout.active.is_some()).await;
        // Both have decided since, so that the journal has records of both.
        for status in [&first, &second] {
            let before = status.policy().decisions;
            until("a decision", status, |it| it.policy().decisions > before).await;
        }

        // The policy of each knows that this process leads both.
        until("two seats", &first, |_| last_seats(&journal, "le/one") == Some(2)).await;
        until("two seats", &second, |_| last_seats(&journal, "le/two") == Some(2)).await;

        for path in ["/v1/leader", "/v1/policy", "/v1/roster", "/v1/signals", "/v1/history"] {
            let both = [&first, &second].map(|status| named(status, &shared, path));
            assert_eq!(both, ["le/one", "le/two"], "{path}");
        }

        // One ends, and the other goes on in its term.
        let term = second.view().term.clone().map(|term| term.token);
        stop_one.stop();
        timeout(SOON, one).await.unwrap().unwrap().unwrap();
        assert!(!leads(&first));
        let renewed = second.view().last_success;
        until("a renewal after the other's end", &second, |it| it.view().last_success > renewed)
            .await;
        assert_eq!(second.view().term.clone().map(|term| term.token), term);
        assert!(leads(&second));
        until("one seat", &second, |_| last_seats(&journal, "le/two") == Some(1)).await;

        let text = metrics.render(clock::now()).unwrap();
        for election in ["le/one", "le/two"] {
            let began = format!("hotseat_terms_total{{election=\"{election}\"}} 1\n");
            assert!(text.contains(&began), "no {began:?} in {text}");
        }
        let one_has_ended = "hotseat_step_downs_total{election=\"le/one\",why=\"stopped\"} 1\n";
        assert!(text.contains(one_has_ended), "{text}");
        let two_has_not = "hotseat_step_downs_total{election=\"le/two\",why=\"stopped\"} 0\n";
        assert!(text.contains(two_has_not), "{text}");
        let lines = journal.lines(usize::MAX);
        let records = Reader::new(lines.as_bytes()).map(|record| record.unwrap().1.election);
        let named: BTreeSet<String> = records.collect();
        assert_eq!(named, ["le/one".to_owned(), "le/two".to_owned()].into());

        stop_two.stop();
        timeout(SOON, two).await.unwrap().unwrap().unwrap();
    }));
}
