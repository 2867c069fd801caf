//! `GET /` beside a server of Go's `net/http` that gives the same answer, asked alternately by the same
//! generator of load on the same cores.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use hotseat_tests::process::Launch;
use hotseat_tests::setup;

use crate::load::{self, Load};
use crate::serving::words;
use crate::stats::ms;
use crate::table::Row;

/// How many clients ask at a time.
const CONNECTIONS: [usize; 2] = [8, 64];
/// How often the servers take turns.
const ROUNDS: u32 = 2;
/// How many times the requests of Go's server are to be answered.
const RATIO: f64 = 2.0;

/// Requests answered in a second by a sidecar at `address` and by Go's server, which are asked for
/// `length` each.
pub(crate) fn rows(address: SocketAddr, length: Duration) -> anyhow::Result<Vec<Row>> {
    let answer = String::from_utf8(load::answer(address)?)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
    let program = setup::nethttp().context("the server of tests/nethttp")?;
    let go = Launch::program(program).arg(body).start()?;
    let other = go.listening_addr();
    let others = String::from_utf8(load::answer(other)?)?;
    ensure!(
        without_date(&answer) == without_date(&others),
        "the answers are not the same bytes: {answer:?} and {others:?}"
    );
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut ours, mut theirs) = (Load::default(), Load::default());
        for _ in 0..ROUNDS {
            ours.add(load::run(address, connections, length / ROUNDS)?);
            theirs.add(load::run(other, connections, length / ROUNDS)?);
        }
        let figure = format!("GET / on {connections} keep-alive connections");
        rows.push(Row::printed(&figure, words(&ours)));
        let ratio = ours.rate() / theirs.rate();
        let measured = format!(
            "{ratio:.2} times {:.0} requests/s; p99 {} beside {}",
            theirs.rate(),
            ms(ours.times.percentile(99)),
            ms(theirs.times.percentile(99))
        );
        let figure = format!("the same beside Go's net/http with the same bytes, {connections}");
        rows.push(Row::barred(&figure, measured, "at least twice", ratio >= RATIO));
    }
    Ok(rows)
}

/// The answer, but for the second in which it was given.
fn without_date(answer: &str) -> Vec<&str> {
    let line = |line| if str::starts_with(line, "Date: ") { "Date: " } else { line };
    answer.split("\r\n").map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_the_same_but_for_their_date() {
        let of =
            |second| format!("HTTP/1.1 200 OK\r\nDate: {second}\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(without_date(&of("1")), without_date(&of("22")));
        assert_ne!(without_date(&of("1")), without_date(&of("1").replace("hi", "ho")));
    }
}
