//! How fast `GET /` is answered, alone, beside Go's server, and while a hostile policy spins.

use std::time::Duration;

use anyhow::{Context, bail};
use hotseat_tests::guests;
use serde_json::Value;

use crate::arena::{Arena, Candidate};
use crate::beside;
use crate::load::{self, Load};
use crate::stats::ms;
use crate::table::Row;

const LENGTH: Duration = Duration::from_secs(5);
const BAR: Duration = Duration::from_millis(5);

/// Rates on 1, 8 and 64 connections; then connections to a sidecar whose policy burns 40 ms of
/// processor time in each decision, ten decisions a second.
pub(crate) fn rows(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let calm = arena.candidate("serving", "calm")?;
    let address = calm.process.http_addr();
    let one = load::run(address, 1, LENGTH)?;
    let mut rows = vec![Row::printed("GET / on 1 keep-alive connection", words(&one))];
    rows.extend(beside::rows(address, LENGTH)?);
    drop(calm);
    let policy = guests::file("hostile")?;
    let launch = arena
        .launch("serving-hostile", "hostile", "127.0.0.1:0")?
        .args(["--lease-duration", "2s", "--renew-deadline", "1s", "--retry-period", "100ms"])
        .args([
            "--policy-settings",
            "\"spin@leader\"",
            "--policy",
            &format!("file:{}", policy.display()),
        ]);
    let mut candidate = Candidate::settle(launch)?;
    for connections in [1, 8] {
        let before = policy_report(&mut candidate)?;
        let load = load::run(candidate.process.http_addr(), connections, LENGTH)?;
        let after = policy_report(&mut candidate)?;
        let (decisions, spun) = spinning(&before, &after)?;
        let p99 = load.times.percentile(99);
        let share = spun.as_secs_f64() * 100.0 / load.length.as_secs_f64();
        let measured = format!(
            "{}; the policy decided {decisions} times and ran about {share:.0} % of the time",
            words(&load)
        );
        let figure = format!("GET / on {connections} connections while a hostile policy spins");
        rows.push(Row::barred(&figure, measured, "p99 at most 5 ms", p99 <= BAR));
    }
    Ok(rows)
}

/// What a run gave, in words.
pub(crate) fn words(load: &Load) -> String {
    let (p50, p99) = (load.times.percentile(50), load.times.percentile(99));
    let max = load.times.max();
    format!("{:.0} requests/s, p50 {}, p99 {}, max {}", load.rate(), ms(p50), ms(p99), ms(max))
}

fn policy_report(candidate: &mut Candidate) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&candidate.probe.get("/v1/policy")?)?)
}

/// How often the hostile policy decided between two reports, and for about how long in all.
fn spinning(before: &Value, after: &Value) -> anyhow::Result<(u64, Duration)> {
    if after["active"]["name"] != "hostile" {
        bail!("the hostile policy is not active: {after}");
    }
    let count = |report: &Value| report["decisions"].as_u64().context("no number of decisions");
    let decisions = count(after)? - count(before)?;
    let each = after["decide_us"].as_u64().context("no time of a decision")?;
    if decisions < 10 || each < 1000 {
        bail!("the hostile policy does not spin: {decisions} decisions of {each} us");
    }
    Ok((decisions, Duration::from_micros(decisions * each)))
}
