//! `hotseat roster`: the candidates of an election, shown to people and programs.

use crate::commands::lock_tool::{ago, block_on};
use anyhow::anyhow;
use hotseat_election::roster::{Entry, PolicyEntry};
use hotseat_election::{ElectionName, Facts, clock};
use hotseat_http::SignalValue;
use hotseat_kubernetes::{Connection, Credentials, RosterRow, RosterRows, list_roster};
use hotseat_text::visible;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The user agent in the API server's audit log.
const AGENT: &str = concat!("hotseat/", env!("CARGO_PKG_VERSION"), " (roster)");
/// What is said below a roster that was not read to its end.
const CUT: &str = "there are more Leases with this roster's label than are read: see who made them, and delete what is no candidate's";
/// How much of a digest people are shown.
const SHOWN_DIGITS: usize = 12;

/// Reads the roster of an election and shows it, as a table or as JSON.
///
/// # Errors
///
/// It cannot be read.
pub fn show(
    name: &ElectionName,
    credentials: Credentials,
    as_json: bool,
) -> anyhow::Result<String> {
    let RosterRows { rows, cut } = block_on(async {
        let connection = Connection::open(credentials, AGENT).await?;
        let facts = Facts::new(name.clone(), clock::now);
        let rows = list_roster(connection, facts, name).await;
        rows.map_err(|error| anyhow!("{name}: the roster cannot be read: {error}"))
    })?;
    Ok(match as_json {
        true => format!("{}\n", document(&rows, cut)),
        false if cut => format!("{}{CUT}\n", table(name, &rows)),
        false => table(name, &rows),
    })
}

/// What `show` gives to programs.
fn document(rows: &[RosterRow], cut: bool) -> Value {
    let row = |row: &RosterRow| {
        let written = row.written.map(|at| at.to_string());
        match &row.entry {
            Err(why) => json!({"lease": row.lease, "written": written, "error": why}),
            Ok(entry) => json!({
                "lease": row.lease,
                "written": written,
                "identity": entry.identity,
                "ready": entry.ready,
                "zone": entry.zone,
                "successor": entry.successor,
                "version": entry.version,
                "policy": entry.policy.as_ref().map(|policy| json!({
                    "digest": policy.digest,
                    "settings": policy.settings,
                    "state": policy.state,
                    "candidate": policy.candidate,
                    "candidate_settings": policy.candidate_settings,
                    "objection": policy.objection.as_ref().map(|objection| &objection.why),
                })),
                "signals": signals(entry),
            }),
        }
    };
    json!({"candidates": rows.iter().map(row).collect::<Vec<_>>(), "cut": cut})
}

fn signals(entry: &Entry) -> Vec<Value> {
    let signal = |(key, value): &(String, hotseat_core::policy::Value)| json!({"key": key, "value": said(value)});
    entry.signals.iter().map(signal).collect()
}

fn said(value: &hotseat_core::policy::Value) -> Value {
    json!(SignalValue::of(value.clone()))
}

/// A line for each candidate, for people. Ages are by this machine's clock and the writer's.
fn table(name: &ElectionName, rows: &[RosterRow]) -> String {
    if rows.is_empty() {
        return format!(
            "{name}: nobody is on the roster: candidates put themselves there while their policy asks for it, or with --roster\n"
        );
    }
    let head = ["CANDIDATE", "READY", "ZONE", "POLICY", "STATE", "VERSION", "WRITTEN", "SIGNALS"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(line));
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let cells: Vec<String> = cells.collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

fn line(row: &RosterRow) -> [String; 8] {
    let absent = || "-".to_owned();
    let written = ago(row.written).split(',').next().unwrap_or_default().to_owned();
    let entry = match &row.entry {
        Ok(entry) => entry,
        Err(why) => {
            let why = format!("no entry: {}", hotseat_text::one_line(why, 200));
            let lease = visible(&row.lease).into_owned();
            return [lease, absent(), absent(), absent(), absent(), absent(), written, why];
        }
    };
    let policy = entry.policy.as_ref();
    let digest = |policy: &PolicyEntry| {
        let hex = policy.digest.strip_prefix("sha256:").unwrap_or(&policy.digest);
        hex[..hex.floor_char_boundary(SHOWN_DIGITS)].to_owned()
    };
    let signals = entry.signals.iter().map(|(key, value)| format!("{key}={}", said(value)));
    let successor = entry.successor.iter().map(|name| format!("successor={name}"));
    let signals = successor.chain(signals).collect::<Vec<_>>().join(" ");
    let cells = [
        entry.identity.clone(),
        entry.ready.map_or_else(absent, |ready| if ready { "yes" } else { "no" }.to_owned()),
        entry.zone.clone().unwrap_or_else(absent),
        policy.map_or_else(absent, digest),
        policy.map_or_else(absent, |policy| policy.state.clone()),
        entry.version.clone(),
        written,
        signals,
    ];
    cells.map(|cell| visible(&cell).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::policy::Value as PolicyValue;

    fn rows() -> Vec<RosterRow> {
        let policy = PolicyEntry {
            digest: format!("sha256:{}", "ab".repeat(32)),
            state: "active".to_owned(),
            ..PolicyEntry::default()
        };
        let signals = vec![
            ("lag".to_owned(), PolicyValue::Integer(3)),
            ("tags".to_owned(), PolicyValue::Texts(vec!["a\u{7}".to_owned()])),
        ];
        let entry = Entry {
            identity: "web-0".to_owned(),
            ready: Some(true),
            zone: None,
            node: None,
            leads: false,
            successor: Some("web-1".to_owned()),
            version: "1.0".to_owned(),
            policy: Some(policy),
            signals,
        };
        let row = |lease: &str, entry| RosterRow { lease: lease.to_owned(), written: None, entry };
        vec![row("shop-1", Ok(entry)), row("shop-2", Err("EOF\n".to_owned()))]
    }

    #[test]
    fn people_see_a_table_and_what_is_no_entry() {
        let name = ElectionName::new("le", "shop");
        assert!(table(&name, &[]).contains("nobody is on the roster"));
        let text = table(&name, &rows());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(
            lines[1].starts_with("web-0      yes    -     abababababab  active  1.0"),
            "{text}"
        );
        assert!(
            lines[1].contains("successor=web-1 lag=3 tags=") && !text.contains('\u{7}'),
            "{text}"
        );
        assert!(lines[2].starts_with("shop-2") && lines[2].contains("no entry: EOF"), "{text}");
    }

    #[test]
    fn programs_see_all_of_it() {
        let shown = document(&rows(), true);
        let first = &shown["candidates"][0];
        assert_eq!((&first["identity"], &first["ready"]), (&json!("web-0"), &json!(true)));
        assert_eq!(first["successor"], "web-1");
        assert_eq!(first["signals"][0], json!({"key": "lag", "value": 3}));
        assert_eq!(
            (&shown["candidates"][1]["error"], &shown["cut"]),
            (&json!("EOF\n"), &json!(true))
        );
    }
}
