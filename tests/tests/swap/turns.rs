//! A fleet that takes rules one candidate after the other: good ones, ones that fail in the leader alone,
//! and ones that the leader refuses.

use super::rules::apply;
use super::*;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream, send};
use hotseat_tests::scene::{Candidates, Led};
use jiff::Timestamp;

const SOAK: Duration = Duration::from_secs(8);
const NAMES: [&str; 3] = ["anna", "bert", "cora"];
const OLD: &str = r#"{"rank": 0}"#;
/// Good until somebody reports the signal to who leads.
const LATER_BAD: &str =
    r#"{"resign": "leading && signal('bad', '') == 'true' && [1][failures + 3] == 1"}"#;
/// Passes all checks of a standby, and none that asks the leader's last question again.
const BAD: &str = r#"{"resign": "leading && [1][failures + 3] == 1"}"#;

/// Waits until all of these run the rules.
#[track_caller]
fn until_run(crew: &Candidates<'_>, names: &[&str], rules: &str) {
    let wanted = digest(rules.as_bytes());
    until(&format!("{names:?} run {rules}"), LOADED, || {
        let report = |name: &&str| crew.member(name).json("/v1/policy").unwrap();
        let reports: Vec<Value> = names.iter().map(report).collect();
        let run = |report: &Value| report["active"]["settings"] == wanted.as_str();
        if reports.iter().all(run) { Ok(()) } else { Err(reports) }
    });
}

/// When each of them last said that a policy took over, by the clock that all have. It may show the policy
/// before its line is read here, so there have to be as many lines as policies took over.
#[track_caller]
fn took_over(crew: &Candidates<'_>, name: &str) -> Timestamp {
    let member = crew.member(name);
    let swaps = member.json("/v1/policy").unwrap()["swaps"].as_u64().unwrap();
    let line = until(&format!("{name} to say that {swaps} policies took over"), SOON, || {
        let log = member.process.output(Stream::Stderr);
        let lines = log.lines().filter(|line| line.contains("the policy is active"));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if lines.len() as u64 == swaps { Ok(lines.last().unwrap().clone()) } else { Err(lines) }
    });
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// What this prints about the election, with exit status 0.
fn says(api: &Api, args: &[&str]) -> String {
    let launch = Launch::hotseat().unwrap().args(args).args(["-n", api.namespace()]);
    let mut process = launch.kubeconfig(api.admin()).start().unwrap();
    assert!(process.wait_exit(SOON).success(), "{process}");
    process.output(Stream::Stdout)
}

/// Waits for `hotseat status` to say this of that many candidates.
#[track_caller]
fn until_status(api: &Api, count: usize, words: &str) {
    until(words, SOON, || {
        let status = says(api, &["status", "seat"]);
        let lines = status.lines().filter(|line| line.starts_with("candidate "));
        let found = lines.filter(|line| line.contains(words)).count();
        if found == count { Ok(()) } else { Err(status) }
    });
}

/// One Event on the lock serves for all; two, if the clock was at the turn of a span.
#[track_caller]
fn until_event(api: &Api, words: &str) {
    until("the Event", SOON, || {
        let events = api.events().unwrap();
        match events.iter().filter(|note| note.contains(words)).count() {
            0 => Err(events),
            1 | 2 => Ok(()),
            count => panic!("{count} Events of {words}: {events:?}"),
        }
    });
}

fn a_fleet_takes_rules_in_turn(api: &Api) {
    apply(api, OLD);
    let soak = format!("--rollout-soak={}s", SOAK.as_secs());
    let own = ["--policy=builtin:rules", "--policy-settings=configmap:shop-rules", &soak];
    let flags = [&PATIENT[..], &[LONG_CALLS], &own].concat();
    let crew = Candidates::with_patience(api, &NAMES, &flags, LOADED).unwrap();
    let led = crew.leader();
    until_run(&crew, &NAMES, OLD);
    let standbys: Vec<&str> = NAMES.into_iter().filter(|name| *name != led.name).collect();
    until_status(api, 3, ", active");

    // A good one: the standbys by name, then the leader, each when it has seen the one before for long
    // enough.
    apply(api, LATER_BAD);
    until_run(&crew, &NAMES, LATER_BAD);
    let order = [standbys[0], standbys[1], &led.name].map(|name| took_over(&crew, name));
    for pair in order.windows(2) {
        let apart = pair[1].duration_since(pair[0]);
        assert!(apart.as_secs_f64() >= SOAK.as_secs_f64(), "{order:?}\n{}", crew.logs());
    }

    // It fails in the leader, which has run it for a moment only: all go back with it.
    let leader = crew.member(&led.name).process.http_addr();
    let put = send(leader, "PUT", "/v1/signals/bad", "true").unwrap();
    assert_eq!(put.status, 200, "{}", put.text());
    until_run(&crew, &NAMES, OLD);
    let why = format!("{} saw it fail in force", led.name);
    until_event(api, &why);
    for name in &standbys {
        let report = crew.member(name).json("/v1/policy").unwrap();
        let error = report["candidate"]["error"].as_str().unwrap_or_default().to_owned();
        assert!(report["candidate"]["stage"] == "turn" && error.starts_with(&why), "{report}");
    }
    until_status(api, 2, ", stopped");
    until_status(api, 1, ": it saw it fail in force");

    a_refusal_stops_the_others_until_a_person_skips_it(api, &crew, &led, &standbys);
    assert!(crew.leader().is_same_term(&led), "{}", crew.logs());
    crew.finish();
}

fn a_refusal_stops_the_others_until_a_person_skips_it(
    api: &Api,
    crew: &Candidates<'_>,
    led: &Led,
    standbys: &[&str],
) {
    apply(api, BAD);
    until_event(api, &format!("{} refused it at dry-run", led.name));
    // They were stopped before, with the rules that came before these.
    let wanted = digest(BAD.as_bytes());
    until("the roster with what is held up", SOON, || {
        let roster = crew.member(&led.name).json("/v1/roster").unwrap();
        let candidates = roster["candidates"].as_array().unwrap().iter();
        let stopped = |it: &&Value| {
            it["policy"]["state"] == "stopped"
                && it["policy"]["candidate_settings"] == wanted.as_str()
        };
        if candidates.filter(stopped).count() == 2 { Ok(()) } else { Err(roster) }
    });
    until_status(api, 2, ", stopped");
    until_run(crew, &NAMES, OLD);
    let skipped = says(api, &["skip", "seat"]);
    assert!(skipped.contains(&format!("{}, {} shall take", standbys[0], standbys[1])), "{skipped}");
    until_run(crew, standbys, BAD);
    until_run(crew, &[&led.name], OLD);
    assert!(says(api, &["status", "seat"]).contains("nobody waits for others with"));
}

#[test]
fn embedded() {
    a_fleet_takes_rules_in_turn(&Api::embedded("swap-turns").unwrap());
}

#[test]
fn real() {
    let api = Api::of(Cluster::shared(), "swap-turns", Rights::Roster).unwrap();
    a_fleet_takes_rules_in_turn(&api);
}
