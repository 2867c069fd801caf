//! Answers as bytes: headers in the order of the old image, names as Go's encoder writes them.

use super::metrics::Format;
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue, VARY};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;
use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;

/// What the handlers answer.
pub(super) type HttpResponse = Response<Body>;

/// What follows the headers: bytes that are there, or that come as they are made.
pub(super) type Body =
    Either<Full<Bytes>, StreamBody<LocalBoxStream<'static, Result<Frame<Bytes>, Infallible>>>>;

/// As Go guesses the type of the old image's answer.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// JSON lines.
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// Server-sent events.
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Every answer is true for a moment only.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Makes answers, and remembers the `Date` header of the second.
#[derive(Debug, Default)]
pub(super) struct Answers(RefCell<Option<(i64, HeaderValue)>>);

impl Answers {
    /// The old image's answer: these three headers, in this order, and no other.
    pub(super) fn name(&self, leader: &str) -> HttpResponse {
        self.answer(StatusCode::OK, TEXT, name_object(leader).into())
    }

    /// A line or more for people.
    pub(super) fn text(&self, status: StatusCode, text: String) -> HttpResponse {
        fresh(self.answer(status, TEXT, text.into()))
    }

    /// A JSON document on one line.
    pub(super) fn json(&self, document: &impl Serialize) -> HttpResponse {
        match serde_json::to_vec(document) {
            Ok(mut body) => {
                body.push(b'\n');
                fresh(self.answer(StatusCode::OK, JSON, body.into()))
            }
            Err(error) => self.failed(&error),
        }
    }

    /// A page for people.
    pub(super) fn html(&self, page: String) -> HttpResponse {
        fresh(self.answer(StatusCode::OK, HTML, page.into()))
    }

    /// JSON documents, one on each line.
    pub(super) fn lines(&self, lines: String) -> HttpResponse {
        fresh(self.answer(StatusCode::OK, LINES, lines.into()))
    }

    /// The metrics, given as OpenMetrics text, in the format that is wanted.
    pub(super) fn metrics(&self, text: String, format: Format) -> HttpResponse {
        let mut answer = self.answer(StatusCode::OK, format.media_type(), format.of(text).into());
        // A cache would have to know that.
        answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
        fresh(answer)
    }

    /// Events that are sent as they happen.
    pub(super) fn events(&self, events: Body) -> HttpResponse {
        let mut answer = self.begin(StatusCode::OK, events);
        answer.headers_mut().insert(CONTENT_TYPE, EVENTS);
        fresh(answer)
    }

    /// An answer that could not be made.
    pub(super) fn failed(&self, error: &dyn std::error::Error) -> HttpResponse {
        self.text(StatusCode::INTERNAL_SERVER_ERROR, format!("no answer: {error}\n"))
    }

    fn answer(&self, status: StatusCode, kind: HeaderValue, body: Bytes) -> HttpResponse {
        let length = HeaderValue::from(body.len());
        let mut answer = self.begin(status, Either::Left(Full::new(body)));
        answer.headers_mut().insert(CONTENT_LENGTH, length);
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    fn begin(&self, status: StatusCode, body: Body) -> HttpResponse {
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        if let Some(date) = self.date() {
            answer.headers_mut().insert(DATE, date);
        }
        answer
    }

    /// The time of day, for the header alone: no decision hangs on it. None if it cannot be
    /// written, and hyper then adds its own, as the last header.
    fn date(&self) -> Option<HeaderValue> {
        let now = Timestamp::now();
        let mut last = self.0.borrow_mut();
        if let Some((second, value)) = &*last
            && *second == now.as_second()
        {
            return Some(value.clone());
        }
        let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
        let value = HeaderValue::try_from(text).ok()?;
        *last = Some((now.as_second(), value.clone()));
        Some(value)
    }
}

fn fresh(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    answer
}

/// `{"name":"<leader>"}` with the escapes of Go's encoding/json, which makes its output safe in
/// HTML and in JavaScript: more than JSON asks for, but the old image's clients got these bytes.
fn name_object(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 16);
    text.push_str("{\"name\":\"");
    for letter in name.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(letter));
            }
            _ => text.push(letter),
        }
    }
    text.push_str("\"}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_in_go() {
        let cases = [
            ("", r#"{"name":""}"#),
            ("web-0", r#"{"name":"web-0"}"#),
            (r#"a"b\c"#, r#"{"name":"a\"b\\c"}"#),
            ("<a>&</a>", r#"{"name":"\u003ca\u003e\u0026\u003c/a\u003e"}"#),
            ("\n\r\t\u{8}\u{1f}", r#"{"name":"\n\r\t\u0008\u001f"}"#),
            ("\u{2028}\u{2029}", r#"{"name":"\u2028\u2029"}"#),
            ("münchen \u{7f}🐧", "{\"name\":\"münchen \u{7f}🐧\"}"),
        ];
        for (name, expected) in cases {
            assert_eq!(name_object(name), expected);
            let back: serde_json::Value = serde_json::from_str(expected).expect("it is JSON");
            assert_eq!(back["name"], name);
        }
    }
}
