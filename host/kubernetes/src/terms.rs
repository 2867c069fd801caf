//! The last terms of an election and why each ended, by the Events on its lock: for people.

use super::exchange::{Channel, Lane};
use super::kind::LockKind;
use super::lists::{Bounds, Lists};
use crate::connection::Connection;
use crate::words::{BECAME_LEADER, ELECTION, RESUMED, STOPPED, TOKEN};
use hotseat_election::{ElectionName, Facts};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::Resource as _;
use kube::core::Request;
use std::time::Duration;

/// How long each page may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before a list is begun anew.
const PAUSE: Duration = Duration::from_millis(200);
/// The Events that are read; an API server keeps them for an hour.
const MOST: Bounds = Bounds { objects: 2048, bytes: 16 << 20 };

/// A term, as the Events say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Who led.
    pub holder: String,
    /// Its fencing token; none where another elector led.
    pub token: Option<u64>,
    /// When it began, by the holder's clock; none if the Event of that is gone.
    pub from: Option<Timestamp>,
    /// When the holder said that it ended, by the holder's clock; none if it did not say.
    pub to: Option<Timestamp>,
    /// Why, in the holder's words; none if it did not say.
    pub why: Option<String>,
}

/// Reads the last terms of an election with that lock, the newest first: those that Events still show.
///
/// # Errors
///
/// Why Events cannot be read, in one line.
pub async fn list_terms(
    connection: Connection,
    facts: Facts,
    kind: LockKind,
    election: &ElectionName,
) -> Result<Vec<Term>, String> {
    let channel = Channel::new(connection, Lane::Other, facts);
    let collection = Request::new(Event::url_path(&(), Some(election.namespace())));
    let lists = Lists {
        channel: &channel,
        collection: &collection,
        verb: "list",
        patience: PATIENCE,
        pause: PAUSE,
    };
    let listed = lists.regarding::<Event>(kind.kind(), election.name(), MOST).await;
    let mut events = listed.map_err(|failure| failure.error.detail)?.objects;
    events.retain(|event| {
        let about = &event.involved_object;
        about.kind.as_deref() == Some(kind.kind()) && about.name.as_deref() == Some(election.name())
    });
    Ok(terms(&events))
}

/// What an Event says of a term.
struct TermEvent<'a> {
    at: Timestamp,
    holder: &'a str,
    token: Option<u64>,
    what: What<'a>,
}

enum What<'a> {
    Began,
    Ended(&'a str),
}

/// The terms that these Events tell of, the newest first.
fn terms(events: &[Event]) -> Vec<Term> {
    let mut all: Vec<TermEvent<'_>> = events.iter().filter_map(said).collect();
    all.sort_by_key(|said| said.at);
    let mut terms: Vec<Term> = Vec::new();
    for TermEvent { at, holder, token, what } in all {
        let of_whom = |term: &Term| term.holder == holder && term.token == token;
        // A token names one term, in whichever order Events of it come. Without one, the last that goes on
        // is meant by an end, and a beginning is another term.
        let known = terms.iter().rposition(|term| match (token, &what) {
            (Some(_), _) => of_whom(term),
            (None, What::Ended(_)) => of_whom(term) && term.to.is_none(),
            (None, What::Began) => false,
        });
        let at_term = known.unwrap_or_else(|| {
            terms.push(Term { holder: holder.to_owned(), token, ..Term::default() });
            terms.len() - 1
        });
        let term = &mut terms[at_term];
        match what {
            What::Began => term.from = term.from.or(Some(at)),
            What::Ended(why) => (term.to, term.why) = (Some(at), reason(why)),
        }
    }
    // Tokens grow with every term; clocks of two holders may differ.
    terms.reverse();
    terms.sort_by_key(|term| std::cmp::Reverse(term.token));
    terms
}

fn said(event: &Event) -> Option<TermEvent<'_>> {
    if event.reason.as_deref() != Some(ELECTION) {
        return None;
    }
    let message = event.message.as_deref()?;
    let (holder, what) = split(message)?;
    let token = event.metadata.annotations.as_ref().and_then(|all| all.get(TOKEN)?.parse().ok());
    Some(TermEvent { at: moment(event)?, holder, token, what })
}

/// Who, and what of it: as client-go says it, too.
fn split(message: &str) -> Option<(&str, What<'_>)> {
    for began in [BECAME_LEADER, RESUMED] {
        if let Some(holder) = message.strip_suffix(began) {
            return Some((holder, What::Began));
        }
    }
    let (holder, why) = message.split_once(STOPPED)?;
    Some((holder, What::Ended(why)))
}

/// Why, from the end of a message: ` (resigned): because`, `: somebody asked for it`, or nothing.
fn reason(ending: &str) -> Option<String> {
    let ending = ending.trim();
    let bare = match ending.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((word, more)) => format!("{word}{more}"),
        None => ending.trim_start_matches(": ").to_owned(),
    };
    (!bare.is_empty()).then_some(bare)
}

/// When it was said: the name of an Event has it more finely than its time, which is in whole seconds.
fn moment(event: &Event) -> Option<Timestamp> {
    let coarse = event.first_timestamp.as_ref().map(|time| time.0);
    let coarse = coarse.or_else(|| event.event_time.as_ref().map(|time| time.0))?;
    let about = event.involved_object.name.as_deref().unwrap_or_default();
    let suffix = event.metadata.name.as_deref().and_then(|name| name.strip_prefix(about));
    let hex = suffix.and_then(|suffix| suffix.trim_start_matches('.').split('.').next());
    let nanos = hex.and_then(|hex| i128::from_str_radix(hex, 16).ok());
    let fine = nanos.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok());
    // A name that says another time says none.
    Some(fine.filter(|fine| fine.as_second() == coarse.as_second()).unwrap_or(coarse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(second: i64, message: &str, token: Option<u64>) -> Event {
        let at = Timestamp::from_second(second).unwrap();
        let annotations = token.map(|token| json!({TOKEN: token.to_string()}));
        serde_json::from_value(json!({
            "metadata": {"name": format!("shop.{:x}", at.as_nanosecond()), "annotations": annotations},
            "involvedObject": {"kind": "Lease", "name": "shop"},
            "reason": "LeaderElection", "message": message, "firstTimestamp": at.to_string(),
        }))
        .unwrap()
    }

    fn told(terms: &[Term]) -> Vec<String> {
        let at = |at: Option<Timestamp>| at.map_or("?".to_owned(), |at| at.as_second().to_string());
        let line = |term: &Term| {
            let why = term.why.as_deref().unwrap_or("-");
            format!("{} {:?} {}..{} {why}", term.holder, term.token, at(term.from), at(term.to))
        };
        terms.iter().map(line).collect()
    }

    #[test]
    fn terms_are_made_of_events_and_a_silent_end_is_one_too() {
        let events = [
            event(90, "zoe stopped leading (lapsed)", Some(6)),
            event(100, "a became leader", Some(7)),
            event(110, "a stopped leading (resigned): app.lag is 12.5", Some(7)),
            event(109, "b became leader", Some(8)),
            event(130, "a became leader", Some(9)),
            event(130, "a stopped leading: ann asked for b", Some(9)),
            event(131, "b became leader", Some(10)),
        ];
        let other = Event { reason: Some("PolicySwapped".to_owned()), ..events[1].clone() };
        let mut all = events.to_vec();
        all.push(other);
        all.reverse();
        assert_eq!(
            told(&terms(&all)),
            [
                "b Some(10) 131..? -",
                "a Some(9) 130..130 ann asked for b",
                "b Some(8) 109..? -",
                "a Some(7) 100..110 resigned: app.lag is 12.5",
                "zoe Some(6) ?..90 lapsed",
            ]
        );
    }

    #[test]
    fn another_electors_events_have_no_token_and_are_paired_by_their_order() {
        let events = [
            event(1, "go-1_uuid became leader", None),
            event(5, "go-1_uuid stopped leading", None),
            event(9, "go-1_uuid became leader", None),
        ];
        assert_eq!(told(&terms(&events)), ["go-1_uuid None 9..? -", "go-1_uuid None 1..5 -"]);
    }

    #[test]
    fn the_name_of_an_event_has_its_time_more_finely_unless_it_lies() {
        let mut fine = event(100, "a became leader", None);
        let nanos = 100_250_000_000_i64;
        fine.metadata.name = Some(format!("shop.{nanos:x}.0"));
        assert_eq!(moment(&fine).unwrap().as_millisecond(), 100_250);
        fine.metadata.name = Some("shop.5".to_owned());
        assert_eq!(moment(&fine).unwrap().as_second(), 100);
    }
}
