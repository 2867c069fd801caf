//! The events by which the page's script knows that there is something new.

use bytes::Bytes;
use futures_util::stream;
use hotseat_http::local::{LocalAnswer, with_body};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

/// Without a change, so that the page knows that it is still connected, and ages are not too old.
const BEAT: Duration = Duration::from_secs(5);
/// Between two events: of many changes at once the page is made anew once.
const PAUSE: Duration = Duration::from_millis(200);

/// An event for each change, or for several at once, until the client goes or `changes` end.
pub(crate) fn events(changes: watch::Receiver<u64>) -> LocalAnswer {
    let events = stream::unfold((changes, true), |(mut changes, first)| async move {
        if !first {
            tokio::time::sleep(PAUSE).await;
            if let Ok(Err(_)) = tokio::time::timeout(BEAT, changes.changed()).await {
                return None;
            }
        }
        let number = *changes.borrow_and_update();
        let event = Bytes::from(format!("event: change\ndata: {number}\n\n"));
        Some((Ok::<_, Infallible>(Frame::data(event)), (changes, false)))
    });
    with_body(StatusCode::OK, "text/event-stream", StreamBody::new(events).boxed_unsync())
}
