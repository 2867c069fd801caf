//! What happened lately, as lists: hand-overs, swaps, decisions; the newest first.

use super::lanes::{Stretch, stretches};
use super::words::{ago, count, digits, duration};
use crate::decisions::{DecisionAnswer, JudgedAnswer, SeenAnswer};
use crate::history::{HistoryAnswer, LeaderChangeAnswer, PolicyChangeAnswer};
use hotseat_text::visible;
use maud::{Markup, html};

/// How many hand-overs, swaps and runs of decisions are listed.
const LISTED: usize = 12;
/// Among so many of the last runs the same decision is counted, and not listed again.
const ROUTINE: usize = 3;

/// Each change to somebody else, with the time without a leader before it; `own` says what those are that
/// are the observer's own.
pub fn handovers(leaders: &[LeaderChangeAnswer], own: &str) -> Markup {
    let all = stretches(leaders);
    let shown: Vec<(&Stretch<'_>, Option<&Stretch<'_>>)> = all
        .iter()
        .enumerate()
        .map(|(at, stretch)| (stretch, at.checked_sub(1).map(|before| &all[before])))
        .filter(|(stretch, _)| !stretch.begin.name.is_empty() || stretch.end.is_none())
        .rev()
        .take(LISTED)
        .collect();
    html! {
        @if shown.is_empty() { p.quiet { "Nobody was seen to lead yet." } }
        ol.rows {
            @for (stretch, before) in shown {
                @let begin = stretch.begin;
                @let gap = before.filter(|before| before.begin.name.is_empty());
                li data-key={ "l" (begin.number) } {
                    span.when { (ago(begin.ago_ms)) }
                    div.what {
                        @if begin.name.is_empty() { strong { "nobody leads" } }
                        @else { strong { bdi { (visible(&begin.name)) } } " leads" }
                        @if let Some(gap) = gap { ", after " (duration(gap.duration())) " without a leader" }
                        p.why {
                            @if let Some(gap) = gap { (visible(&gap.begin.why)) "; " }
                            (visible(&begin.why))
                            @if let Some(token) = begin.token { "; token " (token) }
                        }
                    }
                    @if begin.own { span.chip.good { (own) } }
                }
            }
        }
    }
}

pub(super) fn swaps(history: &HistoryAnswer) -> Markup {
    html! {
        @if history.policies.is_empty() { p.quiet.small { "None so far." } }
        ol.rows {
            @for it in history.policies.iter().rev().take(LISTED) {
                @let PolicyChangeAnswer { number, ago_ms, stage, error, name, version, digest, settings, .. } = it;
                li data-key={ "p" (number) } {
                    span.when { (ago(*ago_ms)) }
                    div.what {
                        @if name.is_empty() { "a policy" } @else { (visible(name)) " " (visible(version)) }
                        @if !digest.is_empty() { " " code { (digits(digest)) } }
                        @if !settings.is_empty() { p.why { "settings " code { (digits(settings)) } } }
                        @if let Some(error) = error { p.why { (visible(error)) } }
                    }
                    @match error {
                        None if stage == "restored" => span.chip.warn { "came back" },
                        None => span.chip.good { "took over" },
                        Some(_) if stage == "failed" => span.chip.bad { "failed" },
                        Some(_) => span.chip.bad { "refused at " (visible(stage)) },
                    }
                }
            }
        }
    }
}

pub(super) fn decisions(history: &HistoryAnswer) -> Markup {
    html! {
        @if history.decisions.is_empty() { p.quiet { "None so far." } }
        ol.rows {
            @for run in runs(&history.decisions).into_iter().take(LISTED) {
                @let (it, first) = (run.last, run.first);
                // By its first one, which stays while the run goes on.
                li data-key={ "d" (first.number) } {
                    span.when { (ago(it.ago_ms)) }
                    (decision(it, &run))
                    (verdict(it.instead.as_ref().or(it.answer.as_ref())))
                }
            }
        }
    }
}

/// Decisions that are the same in all that is shown of them, with little else between.
struct Run<'a> {
    first: &'a DecisionAnswer,
    last: &'a DecisionAnswer,
    times: usize,
}

/// The newest first. A leader renews, waits, renews and so on: what recurs within [`ROUTINE`] runs is
/// counted there.
fn runs(decisions: &[DecisionAnswer]) -> Vec<Run<'_>> {
    let told = |it: &DecisionAnswer| {
        let judged = |it: &Option<JudgedAnswer>| {
            it.as_ref().map(|it| JudgedAnswer { wake_after_ms: 0, ..it.clone() })
        };
        let (answer, instead) = (judged(&it.answer), judged(&it.instead));
        (it.causes.clone(), answer, it.failure.clone(), instead)
    };
    let mut runs: Vec<Run<'_>> = Vec::new();
    for it in decisions.iter().rev() {
        let equal = |run: &&mut Run<'_>| told(run.first) == told(it);
        match runs.iter_mut().rev().take(ROUTINE).find(equal) {
            Some(run) => {
                run.first = it;
                run.times += 1;
            }
            None => runs.push(Run { first: it, last: it, times: 1 }),
        }
    }
    runs
}

fn decision(it: &DecisionAnswer, run: &Run<'_>) -> Markup {
    html! {
        div.what {
            @if let Some(answer) = &it.answer {
                (judged(answer))
                @if answer.overruled.is_some() && it.instead.is_some() { " " span.chip.bad { "overruled" } }
            }
            @if let Some(failure) = &it.failure {
                p { span.chip.bad { (visible(&failure.kind)) } " " (visible(&failure.detail)) }
            }
            @if let Some(instead) = &it.instead {
                p { span.quiet { "instead, by " (visible(&instead.by)) ": " } (judged(instead)) }
            }
            p.why {
                @if run.times > 1 { (run.times) " times since " (ago(run.first.ago_ms)) "; " }
                "asked for " (it.causes.join(", ")) "; saw " (seen(&it.seen))
            }
            @if let Some(why) = it.answer.as_ref().and_then(|answer| answer.overruled.as_ref()) {
                p.why { "the guard: " (visible(why)) }
            }
        }
    }
}

fn judged(answer: &JudgedAnswer) -> Markup {
    html! {
        strong { (answer.action) }
        @if let Some(successor) = &answer.successor { " in favour of " bdi { (visible(successor)) } }
        @if !answer.reason.is_empty() { ": " (visible(&answer.reason)) }
    }
}

/// What the guard did.
fn verdict(last: Option<&JudgedAnswer>) -> Markup {
    html! {
        @match last.map(|answer| answer.verdict.as_str()) {
            Some("carried-out") => span.chip.good { "carried out" },
            Some("overruled") => span.chip.bad { "overruled" },
            Some(_) => span.chip { "nothing to do" },
            None => span.chip.bad { "failed" },
        }
    }
}

fn seen(seen: &SeenAnswer) -> String {
    let mut parts = vec![match (&seen.holder, seen.free_in_ms, seen.valid_for_ms) {
        (_, None, _) => "no lock yet".to_owned(),
        (_, _, Some(left)) => format!("its own lock, belief for {}", duration(left)),
        (None, Some(0), _) => "a free seat".to_owned(),
        (None, Some(free), _) => format!("a vacant seat, free in {}", duration(free)),
        (Some(name), Some(0), _) => format!("the lock of {}, run out", visible(name)),
        (Some(name), Some(_), _) => format!("{} hold the lock", visible(name)),
    }];
    if seen.failures > 0 {
        parts.push(format!(
            "{}, the last {}",
            count(seen.failures as usize, "failed write"),
            seen.last_write
        ));
    }
    parts.extend(seen.paused.then(|| "a pause".to_owned()));
    parts.extend(seen.transfer.as_ref().map(|to| format!("a transfer to {}", visible(to))));
    if seen.signals > 0 {
        parts.push(count(seen.signals, "signal"));
    }
    if seen.candidates > 0 {
        parts.push(format!("{} on the roster", seen.candidates));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(number: u64, action: &str) -> DecisionAnswer {
        let (by, reason, verdict) = ("policy".to_owned(), String::new(), "nothing".to_owned());
        let judged = JudgedAnswer {
            by,
            action: action.to_owned(),
            successor: None,
            wake_after_ms: number,
            lease_duration_ms: None,
            reason,
            verdict,
            overruled: None,
        };
        let seen = SeenAnswer {
            holder: Some("anna".to_owned()),
            free_in_ms: Some(number),
            valid_for_ms: None,
            last_write: "written".to_owned(),
            failures: 0,
            paused: false,
            transfer: None,
            signals: 0,
            candidates: 0,
        };
        DecisionAnswer {
            number,
            ago_ms: 100 - number,
            ask: Some(number),
            policy: None,
            causes: vec!["timer".to_owned()],
            seen,
            answer: Some(judged),
            failure: None,
            instead: None,
        }
    }

    #[test]
    fn what_recurs_is_one_line_and_what_does_not_is_seen() {
        let mut all: Vec<DecisionAnswer> =
            (0..20).map(|n| made(n, if n % 2 == 0 { "renew" } else { "wait" })).collect();
        all.push(made(20, "resign"));
        let told: Vec<_> =
            runs(&all).iter().map(|run| (run.last.number, run.first.number, run.times)).collect();
        assert_eq!(told, [(20, 20, 1), (19, 1, 10), (18, 0, 10)]);
    }

    #[test]
    fn a_leader_saw_its_own_lock_and_no_free_one() {
        let seen_of = |free: Option<u64>, own: Option<u64>, holder: Option<&str>| {
            let holder = holder.map(str::to_owned);
            seen(&SeenAnswer {
                holder,
                free_in_ms: free,
                valid_for_ms: own,
                ..made(1, "wait").seen
            })
        };
        assert_eq!(seen_of(Some(0), Some(1400), Some("anna")), "its own lock, belief for 1.4 s");
        assert_eq!(seen_of(Some(0), None, Some("anna")), "the lock of anna, run out");
        assert_eq!(seen_of(Some(9), None, Some("anna")), "anna hold the lock");
        assert_eq!(seen_of(Some(0), None, None), "a free seat");
        assert_eq!(seen_of(None, None, None), "no lock yet");
    }
}
