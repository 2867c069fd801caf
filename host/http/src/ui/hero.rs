//! The beginning of a page: who leads, and for how long that answer holds.

use super::words::left;
use hotseat_text::visible;
use maud::{Markup, html};

/// Who leads, and for how long that holds.
#[derive(Clone, Debug)]
pub struct Hero<'a> {
    /// Who; empty: nobody is known to.
    pub leader: &'a str,
    /// For how long the answer holds, unless it is renewed, in milliseconds.
    pub remaining_ms: u64,
    /// For how long an answer holds at its best, in milliseconds; from 1.
    pub whole_ms: u64,
    /// By whose word nobody leads, such as `as far as this candidate knows`.
    pub nobody: &'a str,
    /// What else there is to say, each an element.
    pub facts: Markup,
}

impl Hero<'_> {
    /// As HTML.
    pub fn markup(&self) -> Markup {
        let Hero { leader, remaining_ms, whole_ms, nobody, facts } = self;
        html! {
            div.hero {
                div role="status" aria-live="polite" {
                    h1 {
                        @if leader.is_empty() { span.nobody { "Nobody leads" } }
                        @else { bdi { (visible(leader)) } " leads" }
                    }
                }
                (bar(*whole_ms, *remaining_ms, "How long this answer holds"))
                div.facts {
                    @if leader.is_empty() { span { (nobody) } }
                    @else { span { "this answer holds for " b #left .left { (left(*remaining_ms)) } ", unless renewed" } }
                    (facts)
                }
            }
        }
    }
}

/// For how long an answer holds, as a bar; `what` that is.
pub fn bar(whole_ms: u64, remaining_ms: u64, what: &str) -> Markup {
    html! { progress.holds max=(whole_ms) value=(remaining_ms) aria-label=(what) {} }
}
