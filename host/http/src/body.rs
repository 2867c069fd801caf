//! The body of a request, bounded.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// What came of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) content: Content,
    /// It was read to its end, so that another request can follow it.
    pub(super) whole: bool,
}

/// What was kept of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// All of it.
    Kept(Vec<u8>),
    /// It is longer than what is kept.
    TooLong,
    /// It ended in the middle, or is malformed.
    Broken,
}

/// Reads a body of at most `most` bytes, and keeps it if it has at most `keep`. Nothing is read of
/// one that says before that it is longer than `most`. The connection's deadline bounds the time.
pub(super) async fn receive(mut body: Incoming, keep: usize, most: usize) -> Received {
    let received = |content, whole| Received { content, whole };
    if body.size_hint().lower() > most as u64 {
        return received(Content::TooLong, false);
    }
    let (mut kept, mut count) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return received(Content::Broken, false);
        };
        let data = frame.data_ref().map_or(&[][..], Bytes::as_ref);
        count += data.len();
        if count > most {
            return received(Content::TooLong, false);
        }
        if count <= keep {
            kept.extend_from_slice(data);
        }
    }
    received(if count > keep { Content::TooLong } else { Content::Kept(kept) }, true)
}
