//! Which path answers what.

use super::answer::{Answer, Answers};
use super::health;
use super::journal::Readers;
use super::report::{LeaderAnswer, PolicyAnswer};
use crate::clock;
use crate::metrics::Metrics;
use crate::state::State;
use hotseat_core::time::Moment;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode, Uri};

/// For whoever asks for something else.
const ROUTES: &str = "no such page; there are: / /leader /v1/leader /v1/policy /v1/journal /healthz /readyz /metrics\n";

/// What the handlers know.
#[derive(Debug)]
pub(super) struct Site {
    state: State,
    metrics: Metrics,
    answers: Answers,
    readers: Readers,
}

impl Site {
    pub(super) fn new(state: State, metrics: Metrics) -> Site {
        Site { state, metrics, answers: Answers::default(), readers: Readers::default() }
    }

    /// Counts an answer with this status.
    pub(super) fn count(&self, status: u16) {
        self.metrics.http_request(status);
    }

    /// How many connections are open.
    pub(super) fn connections(&self, count: usize) {
        self.metrics.http_connections(count);
    }

    /// The answer of the moment. hyper leaves the body out where the method was HEAD.
    pub(super) fn answer(&self, method: &Method, uri: &Uri) -> Answer {
        // I10: computed when it is asked.
        let now = clock::now();
        let path = uri.path();
        match path {
            // The old image answered to any method; a CONNECT cannot have a body with its 200.
            "/" if method != Method::CONNECT => self.answers.name(self.state.view().leader(now)),
            "/" => self.refuse(method, "any but CONNECT", ""),
            "/leader" | "/v1/leader" | "/v1/policy" | "/v1/journal" | "/healthz" | "/readyz"
            | "/metrics" => {
                if method == Method::GET || method == Method::HEAD {
                    self.page(uri, now)
                } else {
                    self.refuse(method, "GET and HEAD", "GET, HEAD")
                }
            }
            _ => self.answers.text(StatusCode::NOT_FOUND, ROUTES.to_owned()),
        }
    }

    fn page(&self, uri: &Uri, now: Moment) -> Answer {
        match uri.path() {
            "/leader" => self.leader(now),
            "/v1/leader" => self.answers.json(&LeaderAnswer::at(&self.state, now)),
            "/v1/policy" => self.answers.json(&PolicyAnswer::at(&self.state.policy(), now)),
            "/v1/journal" => self.readers.answer(&self.answers, self.state.journal(), uri.query()),
            "/healthz" => self.probe(health::alive(&self.state, now)),
            "/readyz" => self.probe(health::ready(&self.state)),
            _ => match self.metrics.render(now) {
                Ok(text) => self.answers.metrics(text),
                Err(error) => self.answers.failed(&error),
            },
        }
    }

    fn leader(&self, now: Moment) -> Answer {
        let view = self.state.view();
        let (status, who) = match (view.leads(now), view.leader(now)) {
            (true, _) => (StatusCode::OK, "this candidate leads".to_owned()),
            (false, "") => (StatusCode::SERVICE_UNAVAILABLE, "nobody is known to lead".to_owned()),
            (false, name) => (StatusCode::SERVICE_UNAVAILABLE, format!("{name} leads")),
        };
        self.answers.text(status, who + "\n")
    }

    fn probe(&self, result: Result<(), String>) -> Answer {
        match result {
            Ok(()) => self.answers.text(StatusCode::OK, "ok\n".to_owned()),
            Err(why) => self.answers.text(StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
        }
    }

    fn refuse(&self, method: &Method, words: &str, allow: &'static str) -> Answer {
        let text = format!("{method} has no meaning here; allowed: {words}\n");
        let mut answer = self.answers.text(StatusCode::METHOD_NOT_ALLOWED, text);
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        answer
    }
}
