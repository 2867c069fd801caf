//! What is on the page, as HTML. All text of others passes through the macro, which escapes it, and
//! through [`visible`], so that it neither becomes markup nor reads as something else.

use super::hero::Hero;
use super::lanes::{Lanes, Story};
use super::words::{ago, duration};
use super::{past, present};
use crate::history::{HistoryAnswer, KeptAnswer};
use crate::report::{LeaderAnswer, PolicyAnswer};
use crate::roster::RosterAnswer;
use crate::signals::SignalsAnswer;
use hotseat_core::time::{Moment, millis};
use hotseat_election::Status;
use hotseat_text::visible;
use jiff::Timestamp;
use maud::{Markup, html};

/// What of the history is looked at for the page.
const LOOKED_AT: KeptAnswer = KeptAnswer { leaders: 64, policies: 32, decisions: 96 };

/// The failure of a write that another one came before.
const CONFLICT: &str = "conflict";

/// What is shown.
pub(crate) struct Shown {
    /// Who leads.
    pub(crate) leader: LeaderAnswer,
    /// For how long an answer holds at its best, in milliseconds.
    pub(crate) whole_ms: u64,
    /// When the page was made, for people.
    pub(crate) made: String,
    /// The version of the program.
    pub(crate) version: &'static str,
    /// What repeats settings and signals; else why it is not shown to whoever asks.
    pub(crate) details: Result<Box<Details>, String>,
}

/// What is not shown to everybody.
pub(crate) struct Details {
    /// What happened lately.
    pub(crate) history: HistoryAnswer,
    /// The candidates.
    pub(crate) roster: RosterAnswer,
    /// The policy.
    pub(crate) policy: PolicyAnswer,
    /// What is reported to it here.
    pub(crate) signals: SignalsAnswer,
}

impl Shown {
    /// What there is at `now`, with details or the reason why they are not shown.
    pub(crate) fn at(status: &Status, now: Moment, details: Result<(), String>) -> Shown {
        let view = status.view();
        let seen = view.seen.as_ref().map(|seen| seen.until.since(seen.since));
        let own = view
            .term
            .as_ref()
            .map(|term| term.until.since(view.last_success.unwrap_or(term.since).max(term.since)));
        let leader = LeaderAnswer::of(status, &view, now);
        let whole = own.or(seen).unwrap_or_default().max(view.remaining(now));
        Shown {
            whole_ms: millis(whole).max(1),
            made: format!("{:.0}", Timestamp::now()),
            version: env!("CARGO_PKG_VERSION"),
            details: details.map(|()| {
                Box::new(Details {
                    history: HistoryAnswer::at(status, now, LOOKED_AT),
                    roster: RosterAnswer::at(status, now),
                    policy: PolicyAnswer::at(status, now),
                    signals: SignalsAnswer::at(status, now),
                })
            }),
            leader,
        }
    }
}

/// The title of the page.
pub(super) fn title(shown: &Shown) -> Markup {
    let LeaderAnswer { name, lock, .. } = &shown.leader;
    let who = if name.is_empty() { "Nobody".into() } else { visible(name) };
    html! { title { (who) " leads · " (visible(&lock.namespace)) "/" (visible(&lock.name)) } }
}

/// All but the frame.
pub(super) fn page(shown: &Shown, controls: Option<&str>) -> Markup {
    let Shown { leader, whole_ms, made, version, details } = shown;
    let kinds = if details.is_ok() { "leader,policy,roster,decisions" } else { "leader" };
    let leads = if leader.name.is_empty() { "no" } else { "yes" };
    html! {
        div #page data-page="/ui" data-watch={ "/v1/watch?kinds=" (kinds) }
            data-leads=(leads) data-holds=(leader.remaining_ms) data-whole=(whole_ms) {
            header.top {
                span.mark { "Hotseat" }
                span.where {
                    "election " bdi { (visible(&leader.lock.namespace)) "/" (visible(&leader.lock.name)) }
                    ", as seen by " bdi { (visible(&leader.identity)) }
                }
                span #link.link-state { "made at " (made) "; reload for the present" }
            }
            main #main tabindex="-1" {
                (answer(shown))
                @if let Some(controls) = controls {
                    p.note { "This is a demonstration. " a href=(controls) { "Kill, silence, cut off, swap" } ": on a page of its own." }
                }
                @match details {
                    Ok(details) => (detailed(leader, details)),
                    Err(why) => (hidden(why)),
                }
            }
            footer {
                span { "Hotseat " (version) ". This page changes nothing." }
                span { a href="/v1/leader" { "leader" } " · " a href="/v1/history" { "history" } " · "
                    a href="/v1/roster" { "roster" } " · " a href="/v1/policy" { "policy" } " · "
                    a href="/metrics" { "metrics" } }
            }
        }
    }
}

/// Who leads, and for how long the answer holds.
fn answer(shown: &Shown) -> Markup {
    let Shown { leader, whole_ms, details, .. } = shown;
    let history = details.as_ref().ok().map(|details| &details.history);
    let last = history.and_then(|history| history.leaders.last());
    let last = last.filter(|last| last.name == leader.name);
    let since = leader.held_ms.or(last.map(|last| last.ago_ms));
    let facts = html! {
        @if let Some(since) = since {
            span { @if leader.name.is_empty() { "for " } @else { "leading for " } b { (duration(since)) } }
        }
        @if leader.leads { span { "it is " b { "this candidate" } } }
        @if let Some(token) = leader.token { span { "fencing token " b { (token) } } }
        @if let Some(transitions) = leader.transitions {
            span { b { (transitions) } @if transitions == 1 { " transition" } @else { " transitions" } }
        }
    };
    let (nobody, whole_ms) = ("as far as this candidate knows", *whole_ms);
    let (leader_name, remaining_ms) = (leader.name.as_str(), leader.remaining_ms);
    let hero = Hero { leader: leader_name, remaining_ms, whole_ms, nobody, facts };
    html! {
        (hero.markup())
        // Whatever there is to say, all below it stays where the reader is.
        div.notes {
            @if let Some(next) = &leader.successor {
                p.note { "It hands over to " bdi { (visible(next)) } ", once that candidate is ready." }
            }
            @if leader.state == "warming" { p.note { "This candidate is the next to lead." } }
            @if let (true, Some(last)) = (leader.name.is_empty(), last) {
                p.note.gap { (visible(&last.why)) ", " (ago(last.ago_ms)) "." }
            }
            // Where several want the seat, all but one meet the first one's write, which does not matter.
            @if let Some(error) = leader.error.as_ref().filter(|error| error.kind != CONFLICT) {
                p.note.bad { strong { "The lock could not be read or written" } " (" (visible(&error.kind)) "): " (visible(&error.detail)) }
            }
            @if let Some(missing) = &leader.missing_rights {
                p.note.bad { strong { "Rights are missing" } ", to " (visible(missing)) }
            }
        }
    }
}

/// What stands in the place of details.
fn hidden(why: &str) -> Markup {
    html! {
        section aria-labelledby="hidden" {
            div.head { h2 #hidden { "Not shown to you" } }
            p.note { "Who led before, candidates, policy, decisions and signals: " (visible(why)) "." }
        }
    }
}

fn detailed(leader: &LeaderAnswer, details: &Details) -> Markup {
    let Details { history, roster, policy, signals } = details;
    let mut candidates: Vec<&str> =
        roster.candidates.iter().map(|it| it.identity.as_str()).collect();
    candidates.push(&leader.identity);
    html! {
        section aria-labelledby="lanes" {
            div.head {
                h2 #lanes { "Who led" }
                p.quiet.small { "the last " (history.kept.leaders) " changes are kept, for " (duration(history.uptime_ms)) " so far" }
            }
            div.sheet { (Lanes::new(Story::of(history), &candidates).markup()) }
        }
        section aria-labelledby="handovers" {
            div.head { h2 #handovers { "Hand-overs" } }
            div.sheet { (past::handovers(&history.leaders, "this candidate")) }
        }
        section aria-labelledby="roster" {
            div.head { h2 #roster { "Candidates" } (present::roster_note(roster)) }
            (present::cards(&leader.name, roster))
        }
        section aria-labelledby="policy" {
            div.head { h2 #policy { "Policy" } p.quiet.small { "of this candidate" } }
            div.two {
                div.sheet { (present::active(policy)) }
                div.sheet { h3.apart { "Swaps and refusals" } (past::swaps(history)) }
            }
        }
        section aria-labelledby="decisions" {
            div.head {
                h2 #decisions { "Decisions" }
                p.quiet.small { "of this candidate; the last " (history.kept.decisions) " are kept" }
            }
            div.sheet { (past::decisions(history)) }
        }
        section aria-labelledby="signals" {
            div.head { h2 #signals { "Signals" } p.quiet.small { "reported to this candidate" } }
            div.sheet { (present::reported(signals)) }
        }
    }
}
