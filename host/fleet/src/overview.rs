//! All elections on one page.

use crate::election::{Election, Lock};
use crate::now::Now;
use crate::table::Fleet;
use hotseat_core::time::millis;
use hotseat_election::ElectionName;
use hotseat_http::ui::{bar, count, duration, left};
use hotseat_text::visible;
use maud::{Markup, html};

/// The most elections on the page, of each sort.
const CARDS: usize = 200;

pub(crate) fn title(place: &str) -> Markup {
    html! { title { "Elections in " (visible(place)) } }
}

/// All but the frame.
pub(crate) fn page(fleet: &Fleet, now: Now, place: &str, root: &str) -> Markup {
    let all: Vec<_> = fleet.elections().collect();
    let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, it)| is_hotseat(it));
    let vacant = ours.iter().filter(|(_, it)| it.leader().is_empty()).count();
    html! {
        div #page data-page=(root) data-watch={ (root) "watch" } {
            (top(html! { "elections in " (visible(place)) }, now))
            main #main tabindex="-1" {
                div.hero {
                    div role="status" aria-live="polite" {
                        h1 {
                            (count(ours.len(), "election"))
                            @if vacant > 0 { ", " span.nobody { (vacant) " without a leader" } }
                        }
                    }
                    div.facts {
                        span { "seen by their Leases, for " b { (duration(millis(fleet.uptime(now)))) } }
                    }
                }
                div.notes {
                    (error(fleet.error()))
                    @if fleet.is_cut() {
                        p.note.bad { "There are more Leases than are followed: look at one namespace." }
                    }
                }
                section aria-labelledby="ours" {
                    div.head { h2 #ours { "Elections of Hotseat" } }
                    @if ours.is_empty() { p.quiet { "None so far." } }
                    (cards(&ours, now, root))
                }
                @if !others.is_empty() {
                    section aria-labelledby="others" {
                        div.head {
                            h2 #others { "Other Leases" }
                            p.quiet.small { "written by other electors, or by no elector at all" }
                        }
                        (cards(&others, now, root))
                    }
                }
            }
            (footer())
        }
    }
}

/// The head of each page.
pub(crate) fn top(what: Markup, now: Now) -> Markup {
    html! {
        header.top {
            span.mark { "Hotseat" }
            span.where { (what) }
            span #link.link-state { "made at " (format!("{:.0}", now.wall)) "; reload for the present" }
        }
    }
}

/// The end of each page.
pub(crate) fn footer() -> Markup {
    html! {
        footer {
            span { "Hotseat " (env!("CARGO_PKG_VERSION")) ", with your credentials and rights." }
            span { "Ages from before this page was begun are by the writers' clocks." }
        }
    }
}

/// Why nothing is heard for now.
pub(crate) fn error(why: Option<&str>) -> Markup {
    html! {
        @if let Some(why) = why {
            p.note.bad { strong { "The Leases cannot be read for now" } ": " (visible(why)) }
        }
    }
}

/// A Hotseat takes part in it.
pub(crate) fn is_hotseat(election: &Election) -> bool {
    let marked = |lock: &Lock| lock.sight.record.mark.is_some() || lock.sight.has_broken_mark();
    !election.candidates.is_empty() || election.lock().is_some_and(marked)
}

fn cards(all: &[(&ElectionName, &Election)], now: Now, root: &str) -> Markup {
    html! {
        ul.cards { @for (name, election) in all.iter().take(CARDS) { (card(name, election, now, root)) } }
        @if let Some(more @ 1..) = all.len().checked_sub(CARDS) {
            p.quiet.small { (more) " more have no room here." }
        }
    }
}

fn card(name: &ElectionName, election: &Election, now: Now, root: &str) -> Markup {
    let (leader, lock) = (election.leader(), election.lock());
    let remaining = lock.map_or(0, |lock| millis(lock.remaining(now.moment)));
    let whole = whole(lock, remaining);
    let leads = if leader.is_empty() { "no" } else { "yes" };
    // Not every Lease is about leading.
    let leads_it = if is_hotseat(election) { "leads" } else { "holds it" };
    html! {
        li.card.now[!leader.is_empty()] data-key={ (name) } data-leads=(leads) data-holds=(remaining) data-whole=(whole) {
            div.head {
                h3 { a href={ (root) (name) } { bdi { (visible(&name.to_string())) } } }
                span { (chips(election)) }
            }
            @if leader.is_empty() { p { span.chip.warn { "nobody " (leads_it) } } }
            @else {
                p { strong { bdi { (visible(leader)) } } " " (leads_it) }
                (bar(whole, remaining, &format!("How long the answer about {name} holds")))
            }
            dl.pairs { (pairs(election, lock, now)) }
        }
    }
}

fn pairs(election: &Election, lock: Option<&Lock>, now: Now) -> Markup {
    let leads = !election.leader().is_empty();
    html! {
        @if let Some(lock) = lock {
            @if leads {
                dt { "holds for" } dd.left { (left(millis(lock.remaining(now.moment)))) }
                @if let Some(held) = lock.held(now.moment) { dt { "held for" } dd { (duration(millis(held))) } }
            }
            dt { "transitions" } dd { (lock.sight.record.transitions) }
        } @else {
            dt { "lock" } dd { "no Lease of that name" }
        }
        @if !election.candidates.is_empty() { dt { "candidates" } dd { (election.candidates.len()) } }
    }
}

/// What is out of the ordinary.
fn chips(election: &Election) -> Markup {
    let sight = election.lock().map(|lock| &lock.sight);
    html! {
        @if sight.is_some_and(|sight| sight.pause().is_some()) { span.chip.warn { "paused" } " " }
        @match sight.and_then(|sight| sight.transfer()) {
            Some(note) if note.refused.is_some() => { span.chip.bad { "transfer refused" } " " }
            Some(_) => { span.chip.warn { "transfer asked for" } " " }
            None => {}
        }
        @if election.candidates.policies() > 1 { span.chip.warn { "policies differ" } " " }
        @if election.deleted().is_some() { span.chip.bad { "deleted" } }
    }
}

/// For how long an answer holds at its best, in milliseconds.
pub(crate) fn whole(lock: Option<&Lock>, remaining: u64) -> u64 {
    let whole = lock.and_then(|lock| lock.sight.record.duration).map_or(0, millis);
    whole.max(remaining).max(1)
}
