//! One election on a page of its own.

use crate::candidates::Swap;
use crate::election::{Election, Lock};
use crate::now::Now;
use crate::overview::{error, footer, is_hotseat, top, whole};
use hotseat_core::time::millis;
use hotseat_election::ElectionName;
use hotseat_http::ui::{Hero, Lanes, Story, ago, cards, count, digits, duration, handovers, state};
use hotseat_text::visible;
use maud::{Markup, html};
use std::time::Duration;

/// The most candidates that have a button; any other can be named.
const BUTTONS: usize = 24;
/// The longest name of a candidate, in bytes.
const LONGEST_NAME: usize = hotseat_core::policy::LONGEST_NAME;

/// What is shown.
pub(crate) struct Shown<'a> {
    pub(crate) name: &'a ElectionName,
    pub(crate) election: &'a Election,
    /// Why this person may ask nothing of it; none if it may.
    pub(crate) refusal: Option<String>,
    pub(crate) root: &'a str,
    /// For how long it has been looked at.
    pub(crate) uptime: Duration,
    /// Why nothing is heard for now.
    pub(crate) error: Option<&'a str>,
}

pub(crate) fn title(shown: &Shown<'_>) -> Markup {
    let (leader, name) = (shown.election.leader(), shown.name.to_string());
    let who = if leader.is_empty() { "Nobody".into() } else { visible(leader) };
    html! { title { (who) " leads · " (visible(&name)) } }
}

/// All but the frame.
pub(crate) fn page(shown: &Shown<'_>, now: Now) -> Markup {
    let Shown { name, election, root, .. } = shown;
    let (leader, lock) = (election.leader(), election.lock());
    let remaining = lock.map_or(0, |lock| millis(lock.remaining(now.moment)));
    let (whole, remaining) =
        (whole(lock, remaining), if leader.is_empty() { 0 } else { remaining });
    let leads = if leader.is_empty() { "no" } else { "yes" };
    let leaders = election.leaders(now);
    let uptime_ms = millis(shown.uptime);
    let story = Story { uptime_ms, leaders: &leaders, marks: election.candidates.marks(now) };
    let names = election.candidates.names();
    let roster = election.candidates.roster(name, now);
    let hero = Hero {
        leader,
        remaining_ms: remaining,
        whole_ms: whole,
        nobody: "as far as the lock says",
        facts: facts(lock, leader, now),
    };
    html! {
        div #page data-page={ (root) (name) } data-watch={ (root) "watch" }
            data-leads=(leads) data-holds=(remaining) data-whole=(whole) {
            (top(html! { "election " bdi { (name) } ", by its Lease · " a href=(root) { "all elections" } }, now))
            main #main tabindex="-1" {
                (hero.markup())
                // Whatever there is to say, all below it stays where the reader is.
                div.notes {
                    (error(shown.error))
                    (told(election))
                    @if let Some(lock) = lock { (requests(lock)) }
                }
                (asking(shown, lock))
                section aria-labelledby="lanes" {
                    div.head {
                        h2 #lanes { "Who led" }
                        p.quiet.small { "seen for " (duration(uptime_ms)) " so far" }
                    }
                    div.sheet { (Lanes::new(story, &names).markup()) }
                }
                section aria-labelledby="handovers" {
                    div.head { h2 #handovers { "Hand-overs" } p.quiet.small { "with the reasons that the lock shows" } }
                    div.sheet { (handovers(&leaders, "")) }
                }
                section aria-labelledby="roster" {
                    div.head {
                        h2 #roster { "Candidates" }
                        p.quiet.small {
                            (count(roster.candidates.len(), "candidate")) " on the roster"
                            @if roster.left_out > 0 { "; " (roster.left_out) " left out" }
                        }
                    }
                    @if names.is_empty() {
                        p.quiet { "Candidates publish themselves where their policy, or whoever runs them, asks for that." }
                    }
                    (cards(leader, &roster))
                }
                (policies(shown, now))
            }
            (footer())
        }
    }
}

fn facts(lock: Option<&Lock>, leader: &str, now: Now) -> Markup {
    let record = lock.map(|lock| &lock.sight.record);
    let held = lock.and_then(|lock| lock.held(now.moment)).filter(|_| !leader.is_empty());
    html! {
        @if let Some(held) = held { span { "leading for " b { (duration(millis(held))) } } }
        @if let Some(record) = record {
            @if record.token.0 > 0 && record.mark.is_some() { span { "fencing token " b { (record.token.0) } } }
            span { b { (record.transitions) } @if record.transitions == 1 { " transition" } @else { " transitions" } }
        } @else {
            span { "there is no Lease of that name: it was deleted, or the lock is another kind of object" }
        }
    }
}

/// What came of what was asked here.
fn told(election: &Election) -> Markup {
    html! {
        @match election.told() {
            Some(Ok(told)) => p.note role="status" { (visible(told)) },
            Some(Err(why)) => p.note.bad role="alert" { strong { "Not done" } ": " (visible(why)) },
            None => {}
        }
    }
}

/// What stands on the lock.
fn requests(lock: &Lock) -> Markup {
    let sight = &lock.sight;
    let by = |by: &str| if by.is_empty() { "somebody".to_owned() } else { by.to_owned() };
    html! {
        @if let Some(pause) = sight.pause() {
            p.note.gap {
                strong { "Paused" } ": the leader stays, as " (visible(&by(&pause.by))) " asked"
                @if !pause.since.is_empty() { " at " (visible(&pause.since)) }
            }
        }
        @if let Some(note) = sight.transfer() {
            p.note.bad[note.refused.is_some()] {
                strong { "Transfer to " bdi { (visible(&note.to)) } } ", as " (visible(&by(&note.by))) " asked"
                @if let Some(why) = &note.refused { ": refused, " (visible(why)) }
            }
        }
        @if let Some(preferred) = &sight.record.requests.preferred {
            p.note { "A coordinator asks that " bdi { (visible(preferred)) } " leads, by " code { "spec.preferredHolder" } "." }
        }
        @if let Some(to) = &sight.record.successor { p.note { "The last leader named " bdi { (visible(to)) } " to follow it." } }
        @if sight.record.mark.is_none() && sight.record.holder.is_some() {
            p.note { "What stands there was not written by a Hotseat: its elector knows nothing of transfers and pauses." }
        }
    }
}

/// What this person may ask of it.
fn asking(shown: &Shown<'_>, lock: Option<&Lock>) -> Markup {
    let Some(lock) = lock.filter(|_| is_hotseat(shown.election)) else { return html! {} };
    let path = format!("{}{}", shown.root, shown.name);
    let paused = lock.sight.pause().is_some();
    html! {
        section aria-labelledby="asking" {
            div.head { h2 #asking { "Ask of it" } }
            @match &shown.refusal {
                Some(why) => p.note { "No buttons: " (visible(why)) "." },
                None => div.sheet {
                    div.presses {
                        @if paused { (press(&path, "resume", "Resume")) }
                        @else {
                            (press(&path, "pause", "Pause"))
                            (transfers(shown, &path))
                        }
                    }
                },
            }
        }
    }
}

fn press(path: &str, request: &str, words: &str) -> Markup {
    html! { form method="post" action={ (path) "/" (request) } data-key=(request) { button { (words) } } }
}

/// A button for each candidate that may follow; where there is no roster one is named.
fn transfers(shown: &Shown<'_>, path: &str) -> Markup {
    let leader = shown.election.leader();
    let names = shown.election.candidates.names();
    let others: Vec<&str> = names.into_iter().filter(|name| *name != leader).collect();
    let action = format!("{path}/transfer");
    html! {
        @if !leader.is_empty() {
            @for to in others.iter().take(BUTTONS) {
                form method="post" action=(action) data-key={ "to " (visible(to)) } {
                    input type="hidden" name="to" value=(to);
                    button { "Hand over to " bdi { (visible(to)) } }
                }
            }
            @if others.is_empty() || others.len() > BUTTONS {
                form method="post" action=(action) data-key="to" {
                    label { "Hand over to the pod" input name="to" required maxlength=(LONGEST_NAME) autocomplete="off" spellcheck="false"; }
                    button { "Hand over" }
                }
            }
        }
    }
}

/// What became of policies, as the roster shows it; and where there is more.
fn policies(shown: &Shown<'_>, now: Now) -> Markup {
    let swaps: Vec<&Swap> = shown.election.candidates.swaps().collect();
    let leader = shown.election.leader();
    let pod = if leader.is_empty() { "POD" } else { leader };
    html! {
        section aria-labelledby="policy" {
            div.head { h2 #policy { "Swaps and refusals" } p.quiet.small { "of policies, as the roster shows them" } }
            div.sheet {
                @if swaps.is_empty() { p.quiet.small { "None so far." } }
                ol.rows { @for swap in swaps { (row(swap, now)) } }
            }
        }
        @if is_hotseat(shown.election) {
            section aria-labelledby="more" {
                div.head { h2 #more { "Decisions and signals" } }
                p.quiet {
                    "These each candidate shows on its own page: "
                    code { "kubectl port-forward -n " (visible(shown.name.namespace())) " " (visible(pod)) " 4040" }
                    ", and open " code { "http://localhost:4040/ui" } "."
                }
            }
        }
    }
}

fn row(swap: &Swap, now: Now) -> Markup {
    html! {
        li data-key={ "p" (swap.number) } {
            span.when { (ago(millis(now.moment.since(swap.at)))) }
            div.what {
                bdi { (visible(&swap.candidate)) } " " code { (digits(&swap.digest)) }
                @if !swap.settings.is_empty() { p.why { "settings " code { (digits(&swap.settings)) } } }
                @if let Some(why) = &swap.why { p.why { "it " (visible(why)) } }
            }
            @match swap.stage.as_str() {
                "active" => span.chip.good { "took over" },
                "restored" => span.chip.warn { "came back" },
                stage => (state(stage)),
            }
        }
    }
}
