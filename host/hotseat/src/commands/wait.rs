//! `hotseat wait`: for scripts and init containers, waits until somebody leads.

use crate::commands::status;
use anyhow::{Context as _, anyhow, bail};
use hotseat_http::LeaderAnswer;
use hotseat_text::visible;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Between two questions to the sidecar.
const PACE: Duration = Duration::from_millis(100);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The candidate that is asked leads.
    ThisPod,
    /// Anybody leads.
    Anybody,
}

/// Waits until it is so, and prints the fencing token of this pod's term, or the leader's name.
///
/// # Errors
///
/// It is not so within that time, with what was seen last.
pub fn run(address: &str, wanted: Wanted, within: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + within;
    loop {
        let seen = match status::leader(address) {
            Ok(answer) => match found(wanted, &answer) {
                Ok(line) => {
                    let mut out = std::io::stdout();
                    return writeln!(out, "{line}").context("cannot write to standard output");
                }
                Err(seen) => anyhow!(seen),
            },
            // It may be about to start.
            Err(error) => error,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let what = match wanted {
                Wanted::ThisPod => "this pod does not lead",
                Wanted::Anybody => "nobody leads",
            };
            bail!("{what} after {within:?}: {seen:#}");
        }
        std::thread::sleep(PACE.min(left));
    }
}

/// What to print, or what is so instead.
fn found(wanted: Wanted, answer: &LeaderAnswer) -> Result<String, String> {
    match (wanted, answer.token, answer.name.as_str()) {
        (Wanted::ThisPod, Some(token), _) if answer.leads => Ok(token.to_string()),
        (Wanted::Anybody, _, name) if !name.is_empty() => Ok(visible(name).into_owned()),
        (_, _, "") if answer.observed_ms.is_none() => {
            Err("the sidecar has not read the lock yet: its log and `hotseat doctor` say why"
                .into())
        }
        (_, _, "") => Err("nobody is known to lead: `hotseat status` says more".into()),
        (_, _, name) => Err(format!("{} leads", visible(name))),
    }
}
