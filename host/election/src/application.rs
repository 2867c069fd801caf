//! What whoever speaks for the application says of it: a wrapper whose command has ended, or the
//! application itself over HTTP.

use hotseat_core::event::Event;
use hotseat_core::lock::Token;
use std::time::Duration;
use tokio::sync::watch;

/// The application, as others tell the election of it. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Application(watch::Sender<Option<LetGo>>);

/// The application acts no more for the terms up to one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LetGo {
    token: Token,
    rest: Duration,
    reason: String,
}

impl Default for Application {
    fn default() -> Application {
        Application(watch::Sender::new(None))
    }
}

impl Application {
    /// Nothing of the application acts any more for the term with that token or an earlier one, and
    /// nothing ever will. A leader whose term it is resigns, for that reason in one line, and does
    /// not campaign for `rest` at least; the seat is released without what is left of the drain.
    ///
    /// What is said of an earlier term than before changes nothing.
    pub fn let_go(&self, token: Token, rest: Duration, reason: &str) {
        let new = LetGo { token, rest, reason: reason.to_owned() };
        self.0.send_if_modified(|said| {
            let newer = said.as_ref().is_none_or(|said| said.token < new.token);
            if newer {
                *said = Some(new);
            }
            newer
        });
    }

    /// The last term that the application let go of; zero if none.
    pub fn last(&self) -> Token {
        self.0.borrow().as_ref().map_or(Token::default(), |said| said.token)
    }

    /// For whoever waits until it lets go: each change of [`Application::last`] is a change of it.
    pub async fn until(&self, token: Token) {
        let mut said = self.0.subscribe();
        let over = |said: &Option<LetGo>| said.as_ref().is_some_and(|said| said.token >= token);
        // The sender is this value's own, so that it does not end meanwhile.
        let _ = said.wait_for(over).await;
    }

    pub(crate) fn heard(&self) -> Heard {
        Heard(self.0.subscribe())
    }
}

/// The election's end of it.
#[derive(Debug)]
pub(crate) struct Heard(watch::Receiver<Option<LetGo>>);

impl Heard {
    /// Waits for what is said next, in the core's words. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            if self.0.changed().await.is_err() {
                std::future::pending().await
            }
            if let Some(LetGo { token, rest, reason }) = self.0.borrow_and_update().clone() {
                return Event::LetGo { token, rest, reason };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_latest_term_counts() {
        let application = Application::default();
        let mut heard = application.heard();
        assert_eq!(application.last(), Token(0));
        application.let_go(Token(7), Duration::ZERO, "seven");
        application.let_go(Token(9), Duration::from_secs(1), "nine");
        application.let_go(Token(8), Duration::ZERO, "eight");
        assert_eq!(application.last(), Token(9));
        let (token, rest) = (Token(9), Duration::from_secs(1));
        let event = Event::LetGo { token, rest, reason: "nine".to_owned() };
        assert_eq!(heard.next().await, event);
        application.until(Token(9)).await;
        let more = tokio::time::timeout(Duration::ZERO, heard.next()).await;
        assert!(more.is_err(), "it is reported once: {more:?}");
    }
}
