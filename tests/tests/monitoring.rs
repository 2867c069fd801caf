//! `deploy/monitoring` with Prometheus itself: the alerts fire when they should and not when not, and each
//! panel of the dashboard has something to show of a running election.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use hotseat_tests::demo::Demo;
use hotseat_tests::kubetools::deploy;
use hotseat_tests::process::{Hotseat, Launch, Stream, get};
use hotseat_tests::scene::{Api, Candidate, QUICK};
use hotseat_tests::wait::until;
use serde_json::Value;

/// How long until Prometheus has scraped twice and evaluated its rules. The machine may be busy.
const SCRAPED: Duration = Duration::from_secs(120);

fn monitoring(file: &str) -> PathBuf {
    deploy().join("monitoring").join(file)
}

fn promtool(args: &[&str]) -> (Option<i32>, String) {
    let folder = monitoring("");
    let script = "cd \"$1\" && shift && exec promtool \"$@\"";
    let launch = Launch::program("sh").args(["-c", script, "sh"]).arg(folder).args(args);
    let mut process = launch.start().unwrap();
    let code = process.wait_exit(SCRAPED).code();
    (code, process.output(Stream::Stdout) + &process.output(Stream::Stderr))
}

#[test]
fn each_alert_fires_when_it_should_and_only_then() {
    let (code, said) = promtool(&["check", "rules", "rules.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = promtool(&["test", "rules", "rules.test.yaml"]);
    assert_eq!(code, Some(0), "{said}");
}

/// A Prometheus that scrapes these candidates each second and evaluates our rules.
struct Prometheus {
    process: Hotseat,
    address: SocketAddr,
    // Dropped last: the process writes into it.
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn scraping(candidates: &[Candidate]) -> Prometheus {
        let mut config = "global: {scrape_interval: 1s, evaluation_interval: 1s}\n".to_owned();
        writeln!(config, "rule_files: [{}]", monitoring("rules.yaml").display()).unwrap();
        config += "scrape_configs:\n- job_name: hotseat\n  static_configs:\n";
        for candidate in candidates {
            // As a PodMonitor labels them.
            let (address, name) = (candidate.process.http_addr(), candidate.name());
            writeln!(config, "  - {{targets: ['{address}'], labels: {{pod: {name}}}}}").unwrap();
        }
        Prometheus::of(&config)
    }

    /// One of that configuration.
    fn of(config: &str) -> Prometheus {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prometheus.yaml");
        fs::write(&file, config).unwrap();
        let process = Launch::program("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .start()
            .unwrap();
        let address = process.listening_addr();
        Prometheus { process, address, _folder: folder }
    }

    /// The field `data` of an answer of its API.
    fn ask(&self, path: &str) -> anyhow::Result<Value> {
        let answer = get(self.address, &format!("/api/v1/{path}"))?;
        let text = answer.text();
        let answer: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        ensure!(answer["status"] == "success", "{path}: {text}");
        Ok(answer["data"].clone())
    }

    /// The values of a query now, but for those that are not numbers.
    fn query(&self, query: &str) -> anyhow::Result<Vec<f64>> {
        let data = self.ask(&format!("query?query={}", encoded(query)))?;
        let result = data["result"].as_array().context("a result")?;
        let values = result.iter().filter_map(|one| one["value"][1].as_str()?.parse::<f64>().ok());
        Ok(values.filter(|value| !value.is_nan()).collect())
    }
}

fn encoded(query: &str) -> String {
    query.bytes().fold(String::new(), |mut text, byte| {
        match byte.is_ascii_alphanumeric() {
            true => text.push(char::from(byte)),
            false => write!(text, "%{byte:02X}").unwrap(),
        }
        text
    })
}

/// The queries of all panels, each with its panel's title.
fn panels() -> Vec<(String, String)> {
    let text = fs::read_to_string(monitoring("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            // What Grafana puts in the place of its variables.
            let query = query.replace("$election", ".*").replace("$__rate_interval", "1m");
            assert!(!query.contains("$"), "{query}: a variable that nobody fills in");
            queries.push((panel["title"].as_str().unwrap().to_owned(), query));
        }
    }
    queries
}

/// Three candidates, one of which leads, each with a probe that finds something.
fn candidates(api: &Api, probed: SocketAddr) -> Vec<Candidate> {
    let probe = format!("--probe=web=tcp://{probed},interval=200ms,rise=1");
    let flags: Vec<&str> = QUICK.into_iter().chain([probe.as_str()]).collect();
    ["web-0", "web-1", "web-2"]
        .into_iter()
        .map(|name| Candidate::start(api, name, &flags).unwrap())
        .collect()
}

/// Each of these queries has a series.
#[track_caller]
fn show_something(prometheus: &Prometheus, queries: &[(String, String)]) {
    assert!(queries.len() > 30, "{queries:?}");
    for (title, query) in queries {
        until(&format!("series in the panel {title}, by {query}"), SCRAPED, || {
            match prometheus.query(query) {
                Ok(values) if !values.is_empty() => Ok(()),
                other => Err(other),
            }
        });
    }
}

/// The configuration is what docs/operations.md says, but for the ports, which may be taken here.
#[test]
fn each_panel_has_something_to_show_of_the_demonstration() {
    let demo = Demo::start().unwrap();
    let mut config = fs::read_to_string(monitoring("demo.yaml")).unwrap();
    for (port, shown) in (4040..).zip(demo.candidates().unwrap()) {
        let (before, after) = (format!("localhost:{port}"), shown.address.to_string());
        assert!(config.contains(&before), "{config}");
        config = config.replace(&before, &after);
        assert!(config.contains(&format!("pod: {}}}", shown.name)), "{config}");
    }
    let rules = monitoring("rules.yaml").display().to_string();
    let prometheus = Prometheus::of(&config.replace("[rules.yaml]", &format!("[{rules}]")));
    // Its candidates have no probes.
    let mut queries = panels();
    queries.retain(|(_, query)| !query.contains("hotseat_probe"));
    show_something(&prometheus, &queries);
    until("one leader, as Prometheus counts", SCRAPED, || {
        match prometheus.query("sum(hotseat_leader) == 1 and count(hotseat_leader) == 3") {
            Ok(values) if values.len() == 1 => Ok(()),
            other => Err(other),
        }
    });
}

#[test]
fn each_panel_has_something_to_show_of_a_running_election() {
    let api = Api::embedded("monitoring").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let candidates = candidates(&api, listener.local_addr().unwrap());
    let prometheus = Prometheus::scraping(&candidates);
    show_something(&prometheus, &panels());
    until("one leader, as Prometheus counts", SCRAPED, || {
        match prometheus.query("sum(hotseat_leader) == 1 and count(hotseat_leader) == 3") {
            Ok(values) if values.len() == 1 => Ok(()),
            other => Err(other),
        }
    });
    rules_are_evaluated(&prometheus);
}

/// Each rule of ours can be evaluated, what is recorded is there, and no alert is on its way.
fn rules_are_evaluated(prometheus: &Prometheus) {
    let is_quiet = |rule: &Value| {
        rule["health"] == "ok" && (rule["type"] == "recording" || rule["state"] == "inactive")
    };
    // They are evaluated each 15 s, whatever the scrapes are.
    let rules = until("an evaluation of all rules", SCRAPED, || {
        let rules = prometheus.ask("rules").map_err(|error| format!("{error:#}"))?;
        let groups = rules["groups"].as_array().ok_or("no groups")?;
        let rules = groups.iter().filter_map(|group| group["rules"].as_array()).flatten();
        let rules: Vec<Value> = rules.cloned().collect();
        match rules.iter().find(|rule| !is_quiet(rule)) {
            None if !rules.is_empty() => Ok(rules),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(rules.len() >= 20, "{} rules\n{}", rules.len(), prometheus.process);
    for rule in rules.iter().filter(|rule| rule["type"] == "recording") {
        let name = rule["name"].as_str().unwrap();
        until(&format!("values of {name}"), SCRAPED, || match prometheus.query(name) {
            Ok(values) if !values.is_empty() => Ok(()),
            other => Err(other),
        });
    }
}
