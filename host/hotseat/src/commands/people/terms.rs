//! The last terms of an election with why they ended, as a person sees them by the Events on the lock.

use super::Person;
use crate::commands::status::duration;
use hotseat_election::{Facts, clock};
use hotseat_kubernetes::{Sight, Term, list_terms, rights_to_see_events};
use jiff::Timestamp;
use serde::Serialize;

/// How many are shown.
const SHOWN: usize = 8;

/// A term, as the Events on the lock say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PastTerm {
    /// Who led.
    pub holder: String,
    /// Its fencing token; none where another elector led.
    pub token: Option<u64>,
    /// When it began, by the holder's clock; none if no Event says.
    pub from: Option<String>,
    /// When it ended, by the holder's clock; none while it lasts, and if the holder did not say.
    pub to: Option<String>,
    /// For how long it lasted, in milliseconds; none if one of both is not known.
    pub lasted_ms: Option<u64>,
    /// It is the term of whoever leads now.
    pub lasts: bool,
    /// Why it ended; none while it lasts, and if the holder did not say.
    pub why: Option<String>,
}

impl Person {
    /// The last terms, the newest first.
    ///
    /// # Errors
    ///
    /// Why Events cannot be read, and what to do where a right is missing, in one line.
    pub(super) async fn terms(&self, sight: &Sight) -> Result<Vec<PastTerm>, String> {
        let facts = Facts::new(self.name.clone(), clock::now);
        let listed = list_terms(self.connection.clone(), facts, self.kind, &self.name).await;
        match listed {
            Ok(terms) => Ok(shown(&terms, sight.record.holder.as_deref(), sight.record.token.0)),
            Err(error) => {
                let rights = rights_to_see_events(self.name.namespace());
                let missing = self.inspector.missing(&rights).await.unwrap_or_default();
                Err(match missing.is_empty() {
                    true => error,
                    false => format!(
                        "this account may not list events in namespace {}: `hotseat rbac --for status --election {} --namespace {}` prints a Role that may",
                        self.name.namespace(),
                        self.name.name(),
                        self.name.namespace(),
                    ),
                })
            }
        }
    }
}

fn shown(terms: &[Term], holder: Option<&str>, token: u64) -> Vec<PastTerm> {
    let is_now = |nth: usize, term: &Term| {
        let same = term.token.map_or(nth == 0, |own| own == token);
        same && term.to.is_none() && Some(term.holder.as_str()) == holder
    };
    let of = |(nth, term): (usize, &Term)| PastTerm {
        holder: term.holder.clone(),
        token: term.token,
        from: term.from.map(|at| format!("{at:.3}")),
        to: term.to.map(|at| format!("{at:.3}")),
        lasted_ms: term.from.zip(term.to).map(|(from, to)| millis(from, to)),
        lasts: is_now(nth, term),
        why: term.why.clone(),
    };
    terms.iter().take(SHOWN).enumerate().map(of).collect()
}

fn millis(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or_default()
}

impl PastTerm {
    /// In a line.
    pub(super) fn text(&self) -> String {
        let token = self.token.map(|token| format!(", token {token}")).unwrap_or_default();
        let from = match &self.from {
            Some(from) => format!(", from {from}"),
            None => String::new(),
        };
        let lasted = match (self.lasted_ms, &self.to) {
            (Some(lasted), _) => format!(", for {}", duration(lasted)),
            (None, Some(to)) => format!(", to {to}"),
            (None, None) => String::new(),
        };
        let ended = match (self.lasts, &self.to, &self.why) {
            (true, ..) => "it leads",
            (false, _, Some(why)) => why,
            (false, Some(_), None) => "it gave no reason",
            (false, None, None) => {
                "no word of its end: it was killed or cut off, or the Event is lost"
            }
        };
        format!("{}{token}{from}{lasted}: {ended}", self.holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_a_line_with_why_it_ended() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let term = |holder: &str, token, from, to, why: Option<&str>| Term {
            holder: holder.to_owned(),
            token,
            from,
            to,
            why: why.map(str::to_owned),
        };
        let terms = [
            term("b", Some(9), at(300), None, None),
            term("a", Some(8), at(200), None, None),
            term("b", Some(7), at(100), at(162), Some("resigned: app.lag is 12.5")),
            term("go", None, None, at(90), None),
        ];
        let lines = |holder, token| -> Vec<String> {
            shown(&terms, holder, token).iter().map(PastTerm::text).collect()
        };
        let silent = "no word of its end: it was killed or cut off, or the Event is lost";
        assert_eq!(
            lines(Some("b"), 9),
            [
                "b, token 9, from 1970-01-01T00:05:00.000Z: it leads".to_owned(),
                format!("a, token 8, from 1970-01-01T00:03:20.000Z: {silent}"),
                "b, token 7, from 1970-01-01T00:01:40.000Z, for 1 min 2 s: resigned: app.lag is 12.5"
                    .to_owned(),
                "go, to 1970-01-01T00:01:30.000Z: it gave no reason".to_owned(),
            ]
        );
        assert!(lines(None, 9)[0].ends_with(silent), "nobody leads now");
    }
}
