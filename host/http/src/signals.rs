//! `/v1/signals`: what the application beside the sidecar reports to the policy.
//!
//! Whoever sets signals can make a leader step down, so it has to be in the pod, which
//! [`super::access`] finds out. A page in a browser there cannot send PUT or DELETE to another
//! origin without asking first, and it is never told yes.

use super::access::{self, Refusal, refuse};
use super::body::Content;
use super::report::LockAnswer;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::{Moment, millis};
use hotseat_election::Status;
use hotseat_election::signals::{Full, Held, Key, LONGEST_TEXT, Report};
use hotseat_text::parse_duration;
use http::request::Parts;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{StatusCode, Uri};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The most bytes of a body: the longest text, each byte of it an escape of JSON.
pub(super) const MOST_BYTES: usize = 6 * LONGEST_TEXT + 2;
/// The shortest time for which a report can hold.
const SHORTEST_TTL: Duration = Duration::from_millis(100);
/// The longest: a day.
const LONGEST_TTL: Duration = Duration::from_secs(86_400);
/// `GET /v1/signals`: all signals that hold at the moment of the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SignalsAnswer {
    /// The lock of the election.
    pub lock: LockAnswer,
    /// In the order of their keys.
    pub signals: Vec<SignalAnswer>,
}

/// One signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SignalAnswer {
    /// Its key.
    pub key: String,
    /// Who says so: `application`, `probe`, `pod`, `node` or `host`.
    pub source: String,
    /// What it says.
    pub value: SignalValue,
    /// Since it was last reported, in milliseconds.
    pub age_ms: u64,
    /// Since it was first reported with this value without a break, in milliseconds.
    pub unchanged_ms: u64,
    /// How long the report holds from its moment, in milliseconds; null: until it is deleted.
    pub ttl_ms: Option<u64>,
}

/// A value as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SignalValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number; one of more than 53 bits is rounded.
    Number(f64),
    /// Text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// What has parts of its own.
    Json(serde_json::Value),
}

impl SignalValue {
    /// A value as documents have it.
    pub fn of(value: Value) -> SignalValue {
        match value {
            Value::Text(text) => SignalValue::Text(text),
            Value::Integer(number) => SignalValue::Integer(number),
            Value::Number(number) => SignalValue::Number(number),
            Value::Flag(flag) => SignalValue::Flag(flag),
            Value::Texts(texts) => SignalValue::Texts(texts),
            // It was JSON when it came; what a host source says is too.
            Value::Json(json) => {
                serde_json::from_str(&json).map_or(SignalValue::Text(json), SignalValue::Json)
            }
        }
    }

    /// As a policy gets it; none for what says nothing: null.
    fn value(self) -> Option<Value> {
        Some(match self {
            SignalValue::Flag(flag) => Value::Flag(flag),
            SignalValue::Integer(number) => Value::Integer(number),
            SignalValue::Number(number) => Value::Number(number),
            SignalValue::Text(text) => Value::Text(text),
            SignalValue::Texts(texts) => Value::Texts(texts),
            SignalValue::Json(serde_json::Value::Null) => return None,
            SignalValue::Json(json) => Value::Json(json.to_string()),
        })
    }
}

impl SignalsAnswer {
    /// What holds at `now`.
    pub(super) fn at(status: &Status, now: Moment) -> SignalsAnswer {
        let answer = |Held { key, report, since }| SignalAnswer {
            key: Key::as_str(&key).to_owned(),
            source: key.source().as_str().to_owned(),
            value: SignalValue::of(report.value),
            age_ms: millis(now.since(report.at)),
            unchanged_ms: millis(now.since(since)),
            ttl_ms: report.ttl.map(millis),
        };
        SignalsAnswer {
            lock: LockAnswer::at(status, now),
            signals: status.signals().all(now).into_iter().map(answer).collect(),
        }
    }
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Refusal {
        Refusal(StatusCode::CONFLICT, full.to_string())
    }
}

/// The key in a path of a single signal; none for other paths.
pub(super) fn key_in(path: &str) -> &str {
    path.strip_prefix("/v1/signals/").unwrap_or_default()
}

/// Whether whoever asks may speak for the application; `what` names in the plural what is sent.
pub(super) fn check_sender(what: &str, peer: Option<IpAddr>, head: &Parts) -> Result<(), Refusal> {
    let remedy = "send it from a container of this pod to 127.0.0.1";
    if let Some(from) = access::outsider(peer) {
        let why = format!("{what} come from this pod only, and this came from {from}: {remedy}");
        return refuse(StatusCode::FORBIDDEN, why);
    }
    if let Some(name) = access::proxy(&head.headers) {
        let why = format!("a proxy handed this on, as the header {name} says: {remedy} directly");
        return refuse(StatusCode::FORBIDDEN, why);
    }
    let hosts = access::hosts(head);
    if let Some(host) = hosts.iter().find(|host| !access::is_loopback(host)) {
        let host = host.escape_debug();
        let why =
            format!("the request is for the host {host}: ask for http://127.0.0.1 or localhost");
        return refuse(StatusCode::FORBIDDEN, why);
    }
    let same_site = |name: HeaderName, is_own: &dyn Fn(&str) -> bool| {
        head.headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(is_own))
    };
    let own_origin = |origin: &str| {
        let origin = origin.strip_prefix("http://");
        origin.is_some_and(|origin| hosts.iter().any(|host| host.eq_ignore_ascii_case(origin)))
    };
    let own_fetch = |site: &str| site == "same-origin" || site == "none";
    if !same_site(header::ORIGIN, &own_origin)
        || !same_site(HeaderName::from_static("sec-fetch-site"), &own_fetch)
    {
        let why =
            format!("a page of another origin cannot send {what}: send them from the application");
        return refuse(StatusCode::FORBIDDEN, why);
    }
    Ok(())
}

/// The key, if the application may report it.
pub(super) fn application_key(text: &str) -> Result<Key, Refusal> {
    let refused = |why: String| {
        let shown: String = text.escape_debug().take(200).collect();
        Refusal(StatusCode::BAD_REQUEST, format!("{shown}: {why}"))
    };
    // A path has room for few characters: the others come as %XX.
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| refused("no UTF-8 once decoded: send UTF-8".to_owned()))?;
    Key::new(Source::Application, &decoded).map_err(|error| refused(error.to_string()))
}

/// The report in a PUT.
pub(super) fn report(
    uri: &Uri,
    headers: &HeaderMap,
    content: &Content,
    now: Moment,
) -> Result<Report, Refusal> {
    let ttl = ttl(uri.query())?;
    Ok(Report { value: value(headers, content)?, at: now, ttl })
}

fn ttl(query: Option<&str>) -> Result<Option<Duration>, Refusal> {
    let mut ttl = None;
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let shown = || pair.escape_debug().take(100).collect::<String>();
        let Some(duration) = pair.strip_prefix("ttl=") else {
            let why = format!("{}: no such parameter: there is ttl, as in ?ttl=30s", shown());
            return refuse(StatusCode::BAD_REQUEST, why);
        };
        let duration = parse_duration(duration);
        let duration = duration
            .map_err(|why| Refusal(StatusCode::BAD_REQUEST, format!("{}: {why}", shown())))?;
        if !(SHORTEST_TTL..=LONGEST_TTL).contains(&duration) || ttl.is_some() {
            let why = format!("{}: give one ttl, from 100ms to 24h", shown());
            return refuse(StatusCode::BAD_REQUEST, why);
        }
        ttl = Some(duration);
    }
    Ok(ttl)
}

fn value(headers: &HeaderMap, content: &Content) -> Result<Value, Refusal> {
    let is_json = is_json(headers)?;
    let bytes = match content {
        Content::Kept(bytes) => bytes,
        Content::Broken => return refuse(StatusCode::BAD_REQUEST, "the body is cut off: send all"),
        Content::TooLong => return too_long(),
    };
    let Ok(text) = str::from_utf8(bytes) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is not UTF-8: send text in UTF-8");
    };
    let value = if is_json {
        match serde_json::from_str(text) {
            Ok(SignalValue::Number(number)) if !number.is_finite() => None,
            said => said.ok().and_then(SignalValue::value),
        }
    } else {
        // As `echo` leaves it.
        Some(Value::Text(text.strip_suffix('\n').unwrap_or(text).to_owned()))
    };
    match value {
        None => {
            let why = "the body is not JSON, or null: send a string, a number, a boolean, a list or an object, or send text as text/plain";
            refuse(StatusCode::BAD_REQUEST, why)
        }
        Some(value) if value.len() > LONGEST_TEXT => too_long(),
        Some(value) => Ok(value),
    }
}

fn too_long<T>() -> Result<T, Refusal> {
    let why = format!("a value of more than {LONGEST_TEXT} bytes: send less");
    refuse(StatusCode::PAYLOAD_TOO_LARGE, why)
}

/// Whether the body is JSON; it is text if nothing is said.
fn is_json(headers: &HeaderMap) -> Result<bool, Refusal> {
    let remedy =
        "send text/plain in UTF-8, or application/json, as in curl -H 'Content-Type: text/plain'";
    if headers.contains_key(header::CONTENT_ENCODING) {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("a coded body: {remedy}, as it is"),
        );
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(false);
    };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = kind.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset=")).unwrap_or("utf-8");
    let known = ["utf-8", "us-ascii"].contains(&charset.trim_matches('"'));
    match media {
        "text/plain" if known => Ok(false),
        "application/json" if known => Ok(true),
        _ => {
            let kind: String = kind.escape_debug().take(100).collect();
            refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{kind}: {remedy}"))
        }
    }
}
