//! `/ui`: the election on one page, for people; and the parts of it from which the page of `hotseat ui` is
//! made as well.
//!
//! The page is made here as a whole, so that it is there without JavaScript. Its one script listens
//! to the events that `data-watch` names, asks for the page again and puts what differs in its place, so
//! that there is one place where text of others becomes HTML: functions that make it by a macro which
//! escapes all of it. What the page may load or run is said by its `Content-Security-Policy` ([`Frame`]):
//! the style and the script that are in it, by their digests, and nothing else. Nothing on `/ui` changes
//! anything.

mod content;
mod frame;
mod hero;
mod lanes;
mod past;
mod present;
mod words;

pub(super) use content::Shown;
pub use frame::Frame;
pub use hero::{Hero, bar};
pub use lanes::{Lanes, Mark, Story};
pub use past::handovers;
pub use present::{cards, state};
pub use words::{ago, count, digits, duration, left};

use super::answer::{Answers, HttpResponse};
use std::rc::Rc;

/// The page of a sidecar.
#[derive(Debug)]
pub(super) struct Page {
    frame: Frame,
    /// A page that the operator of this process has for steering it, as that of a demonstration.
    controls: Option<Rc<str>>,
}

impl Page {
    /// A page that links to `controls`, if there are any.
    pub(super) fn new(controls: Option<&str>) -> Page {
        Page { frame: Frame::to_read(), controls: controls.map(Rc::from) }
    }

    /// The answer with this on the page.
    pub(super) fn answer(&self, answers: &Answers, shown: &Shown) -> HttpResponse {
        let content = content::page(shown, self.controls.as_deref());
        let mut answer = answers.html(Frame::page(&content::title(shown), &content));
        self.frame.put_on(answer.headers_mut());
        answer
    }
}
