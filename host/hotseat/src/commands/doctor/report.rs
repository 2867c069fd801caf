//! What was found, in words and for programs.

use hotseat_text::visible;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// All that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Nothing is wrong.
    pub ok: bool,
    /// In the order in which it was looked at.
    pub checks: Vec<Check>,
}

impl Default for Report {
    fn default() -> Report {
        Report { ok: true, checks: Vec::new() }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What it is, in one word.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do about it, if something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Numbers and names for programs.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Good to know, and no fault.
    Note,
    /// Something is wrong.
    Failed,
    /// It could not be looked at, because of something before it.
    Skipped,
}

impl Check {
    fn new(name: &'static str, outcome: Outcome, found: impl Into<String>) -> Check {
        Check { name, outcome, found: found.into(), remedy: None, facts: Map::new() }
    }

    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Check {
        Check::new(name, Outcome::Ok, found)
    }

    pub(super) fn note(name: &'static str, found: impl Into<String>) -> Check {
        Check::new(name, Outcome::Note, found)
    }

    pub(super) fn failed(name: &'static str, found: impl Into<String>) -> Check {
        Check::new(name, Outcome::Failed, found)
    }

    pub(super) fn skipped(name: &'static str, why: &str) -> Check {
        Check::new(name, Outcome::Skipped, why)
    }

    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Check {
        self.remedy = Some(remedy.into());
        self
    }

    pub(super) fn with(mut self, fact: &str, value: impl Into<Value>) -> Check {
        self.facts.insert(fact.to_owned(), value.into());
        self
    }
}

impl Report {
    pub(super) fn add(&mut self, check: Check) {
        self.ok &= matches!(check.outcome, Outcome::Ok | Outcome::Note);
        self.checks.push(check);
    }

    /// A line for each check, and below it what to do, as it stands: a Role can be copied.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Check { name, outcome, found, remedy, .. } in &self.checks {
            let sign = match outcome {
                Outcome::Ok => "ok",
                Outcome::Note => "note",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            // Names and reasons come from elsewhere. Writing to a string cannot fail.
            let _ = writeln!(text, "{sign:<8}{name:<12} {}", visible(found));
            for line in remedy.iter().flat_map(|remedy| remedy.lines()) {
                let _ = writeln!(text, "{:20} {}", "", visible(line));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_stands_below_what_is_wrong_and_can_be_copied() {
        let mut report = Report::default();
        report.add(Check::note("clock", "0.1 s ahead"));
        assert!(report.ok);
        report.add(Check::failed("rights", "two\nare missing").with_remedy("kind: Role\nrules:\n"));
        assert!(!report.ok);
        assert_eq!(
            report.text(),
            "note    clock        0.1 s ahead\n\
             FAILED  rights       two\\nare missing\n                     kind: Role\n                     rules:\n"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["checks"][1]["outcome"], "failed");
    }

    #[test]
    fn what_could_not_be_looked_at_is_not_fine() {
        let mut report = Report::default();
        report.add(Check::skipped("rights", "no credentials"));
        assert!(!report.ok);
    }
}
