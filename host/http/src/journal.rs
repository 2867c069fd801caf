//! `/v1/journal`: the last decisions as JSON lines.
//!
//! It is not small, as all other answers but the history are. So both are made for a few clients at a
//! time, and each on a connection that ends with it: what hyper keeps to write it from goes with the
//! connection.

use super::answer::{Answers, HttpResponse};
use super::backend::Backend;
use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use std::sync::Arc;

/// The most clients that read the journal or the history at a time.
const MOST_READERS: usize = 4;

/// Held for as long as an answer may be in memory.
#[derive(Clone, Debug)]
pub(super) struct ReadingSeat(#[allow(dead_code, reason = "it is only counted")] Arc<()>);

/// Those who read the journal or the history.
#[derive(Debug, Default)]
pub(super) struct Readers(Arc<()>);

impl Readers {
    /// The records that the query asks for: `last=N` for the last N, without it all.
    pub(super) fn answer(
        &self,
        answers: &Answers,
        backend: &dyn Backend,
        query: Option<&str>,
    ) -> HttpResponse {
        let most = match last(query) {
            Ok(most) => most,
            Err(why) => return answers.text(StatusCode::BAD_REQUEST, why),
        };
        self.one_of_few(answers, || answers.lines(backend.journal(most)))
    }

    /// An answer that is not small, unless too many are read already.
    pub(super) fn one_of_few(
        &self,
        answers: &Answers,
        make: impl FnOnce() -> HttpResponse,
    ) -> HttpResponse {
        if Arc::strong_count(&self.0) > MOST_READERS {
            let text = "others read the journal or the history just now: ask again\n".to_owned();
            let mut answer = answers.text(StatusCode::SERVICE_UNAVAILABLE, text);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return answer;
        }
        let mut answer = make();
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        answer.extensions_mut().insert(ReadingSeat(Arc::clone(&self.0)));
        answer
    }
}

fn last(query: Option<&str>) -> Result<usize, String> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(usize::MAX) };
    match query.strip_prefix("last=").map(str::parse) {
        Some(Ok(most)) => Ok(most),
        _ => {
            let shown: String = query.chars().take(64).collect();
            Err(format!("?{shown} has no meaning here: give ?last=N with a whole number\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn the_query_is_a_number_of_records() {
        assert_eq!(last(None), Ok(usize::MAX));
        assert_eq!(last(Some("")), Ok(usize::MAX));
        assert_eq!(last(Some("last=20")), Ok(20));
        for query in ["last=", "last=-1", "last=all", "first=3", "last=3&x=1"] {
            let why = last(Some(query)).unwrap_err();
            assert_eq!(
                why,
                format!("?{query} has no meaning here: give ?last=N with a whole number\n")
            );
        }
    }
}
