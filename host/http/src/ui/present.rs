//! What holds now: the candidates on the roster, the policy, and the signals.

use super::words::{ago, count, digits, duration};
use crate::report::{CandidateAnswer as OnItsWay, PolicyAnswer};
use crate::roster::{CandidateAnswer, RosterAnswer};
use crate::signals::{SignalValue, SignalsAnswer};
use hotseat_text::{cut, visible};
use maud::{Markup, html};

/// The most candidates and the most signals: the page stays small whatever others write.
const CARDS: usize = 24;
const SIGNALS: usize = 48;
/// The longest value of a signal, in bytes.
const LONGEST: usize = 256;

pub(super) fn roster_note(roster: &RosterAnswer) -> Markup {
    html! {
        p.quiet.small {
            @if roster.wanted { (count(roster.candidates.len(), "candidate")) " on the roster" }
            @else { "no policy asks for the roster, so that candidates publish nothing" }
            @if roster.left_out > 0 { "; " (roster.left_out) " left out" }
        }
    }
}

/// The candidates on the roster, the one that leads marked.
pub fn cards(leader: &str, roster: &RosterAnswer) -> Markup {
    html! {
        @for (what, why) in [("publish itself", &roster.not_published), ("follow the others", &roster.not_followed)] {
            @if let Some(why) = why { p.note.bad { "This candidate cannot " (what) ": " (visible(why)) } }
        }
        @if roster.candidates.is_empty() && roster.wanted { p.quiet { "Nobody is on it yet." } }
        ul.cards {
            @for it in roster.candidates.iter().take(CARDS) {
                @let leads = it.identity == leader;
                li.card.now[leads] data-key={ "c" (visible(&it.identity)) } {
                    div.head {
                        h3 { bdi { (visible(&it.identity)) } }
                        span {
                            @if leads { span.chip.good { "leads" } }
                            @if it.own { " " span.chip { "this one" } }
                        }
                    }
                    (card(it))
                }
            }
        }
        @if let Some(more @ 1..) = roster.candidates.len().checked_sub(CARDS) {
            p.quiet.small { (more) " more are on the roster." }
        }
    }
}

fn card(it: &CandidateAnswer) -> Markup {
    html! {
        dl.pairs {
            @if let Some(ready) = it.ready {
                dt { "application" }
                dd { @if ready { "ready" } @else { span.chip.warn { "not ready" } } }
            }
            @if let Some(next) = &it.successor { dt { "hands over to" } dd { bdi { (visible(next)) } } }
            @if let Some(zone) = &it.zone { dt { "zone" } dd { (visible(zone)) } }
            @if let Some(policy) = &it.policy {
                dt { "policy" }
                dd { code { (digits(&policy.digest)) } " " (state(&policy.state)) }
                dt { "settings" }
                dd { @if policy.settings.is_empty() { "none" } @else { code { (digits(&policy.settings)) } } }
            }
            dt { "Hotseat" } dd { (visible(&it.version)) }
            @if let Some(age) = it.age_ms { dt { "heard" } dd { (ago(age)) } }
            @for signal in &it.signals {
                dt { (visible(&signal.key)) } dd { (said(&signal.value)) }
            }
        }
    }
}

pub(super) fn active(policy: &PolicyAnswer) -> Markup {
    html! {
        @if let Some(it) = &policy.active {
            h3 { (visible(&it.policy.name)) " " (visible(&it.policy.version)) " " (state(&policy.stage)) }
            p.quiet.small.apart { (visible(&it.summary)) }
            dl.pairs {
                dt { "component" } dd { code { (digits(&it.policy.digest)) } }
                dt { "settings" }
                dd { @if it.settings.is_empty() { "none" } @else { code { (digits(&it.settings)) } } }
                dt { "from" } dd { (visible(&it.source)) }
                @if let Some(since) = policy.since_ms { dt { "active for" } dd { (duration(since)) } }
                dt { "decisions" } dd { (policy.decisions) }
                @let failures: u64 = policy.failures.values().sum();
                dt { "failures" } dd { @if failures == 0 { "none" } @else { span.chip.bad { (failures) } } }
                dt { "if it fails" } dd { (in_its_place(&policy.on_failure)) }
            }
            @for need in it.needs.iter().filter(|need| !need.given) {
                p.note.bad { "It needs " strong { (visible(&need.fact)) } " and does not get it: " (visible(&need.from)) }
            }
        } @else {
            h3 { "No policy yet" }
            p.quiet.small { "wanted: " (visible(&policy.source)) "; until then: " (in_its_place(&policy.on_failure)) }
        }
        @if let Some(failure) = &policy.last_failure {
            p.why.small { "last failure, " (visible(&failure.kind)) ": " (visible(&failure.detail)) }
        }
        @if let Some(error) = &policy.source_error {
            p.note.bad { "The source gives nothing: " (visible(error)) }
        }
        @if let Some(candidate) = &policy.candidate { (on_its_way(candidate)) }
    }
}

fn on_its_way(it: &OnItsWay) -> Markup {
    html! {
        @if let Some(error) = &it.error {
            p.note.bad { "Refused at " strong { (visible(&it.stage)) } ": " (visible(error)) }
        } @else {
            p.note {
                "On its way: " @if !it.policy.name.is_empty() { (visible(&it.policy.name)) " " } code { (digits(&it.policy.digest)) }
                ", at the stage " strong { (visible(&it.stage)) }
                @if it.shadow_decisions > 0 {
                    ", " (it.shadow_differences) " of " (it.shadow_decisions) " decisions beside the active one differ"
                }
            }
        }
    }
}

fn in_its_place(on_failure: &str) -> &str {
    match on_failure {
        "standard" => "the built-in rule decides",
        "hold" => "a leader stays, a standby waits",
        "resign" => "a leader resigns, a standby waits",
        other => other,
    }
}

pub(super) fn reported(signals: &SignalsAnswer) -> Markup {
    html! {
        @if signals.signals.is_empty() { p.quiet { "None." } }
        ul.rows {
            @for it in signals.signals.iter().take(SIGNALS) {
                li data-key={ "s" (it.source) (visible(&it.key)) } {
                    span.when { (ago(it.age_ms)) }
                    div.what { code { (visible(&it.key)) } " " strong { (said(&it.value)) } }
                    span.chip { (it.source) }
                }
            }
        }
        @if let Some(more @ 1..) = signals.signals.len().checked_sub(SIGNALS) {
            p.quiet.small { (more) " more are reported." }
        }
    }
}

/// The state of a policy: what is as it should be stays quiet.
pub fn state(state: &str) -> Markup {
    html! {
        @match state {
            "active" => span.chip { "active" },
            "restored" | "refused" | "failed" => span.chip.bad { (state) },
            _ => span.chip.warn { (visible(state)) },
        }
    }
}

fn said(value: &SignalValue) -> String {
    let text = match value {
        SignalValue::Text(text) => text.clone(),
        SignalValue::Texts(texts) => texts.join(", "),
        SignalValue::Flag(flag) => flag.to_string(),
        SignalValue::Integer(number) => number.to_string(),
        SignalValue::Number(number) => number.to_string(),
        SignalValue::Json(json) => json.to_string(),
    };
    visible(&cut(&text, LONGEST)).into_owned()
}
