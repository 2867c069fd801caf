//! Which path answers what.

use super::access::{Access, Refusal};
use super::answer::{Answer, Answers};
use super::body::Content;
use super::health;
use super::journal::Readers;
use super::report::{LeaderAnswer, PolicyAnswer};
use super::signals::{self, SignalsAnswer};
use crate::clock;
use crate::metrics::Metrics;
use crate::state::State;
use hotseat_core::time::Moment;
use hotseat_text::visible;
use http::request::Parts;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use std::net::IpAddr;

/// For whoever asks for something else.
const ROUTES: &str = "no such page; there are: / /leader /v1/leader /v1/policy /v1/journal /v1/signals /healthz /readyz /metrics\n";

/// What the handlers know.
#[derive(Debug)]
pub(super) struct Site {
    access: Access,
    state: State,
    metrics: Metrics,
    answers: Answers,
    readers: Readers,
}

impl Site {
    pub(super) fn new(access: Access, state: State, metrics: Metrics) -> Site {
        let (answers, readers) = (Answers::default(), Readers::default());
        Site { access, state, metrics, answers, readers }
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
    pub(super) fn answer(&self, peer: Option<IpAddr>, head: &Parts) -> Answer {
        // I10: computed when it is asked.
        let now = clock::now();
        let method = &head.method;
        match head.uri.path() {
            // The old image answered to any method; a CONNECT cannot have a body with its 200.
            "/" if method != Method::CONNECT => self.answers.name(self.state.view().leader(now)),
            "/" => self.refuse(method, "any but CONNECT", ""),
            "/leader" | "/v1/leader" | "/v1/policy" | "/v1/journal" | "/v1/signals"
            | "/healthz" | "/readyz" | "/metrics" => {
                if method == Method::GET || method == Method::HEAD {
                    self.page(peer, head, now)
                } else {
                    self.refuse(method, "GET and HEAD", "GET, HEAD")
                }
            }
            _ => self.answers.text(StatusCode::NOT_FOUND, ROUTES.to_owned()),
        }
    }

    /// The answer to a request for one signal, which the application sets and deletes.
    pub(super) fn signal(
        &self,
        key: &str,
        peer: Option<IpAddr>,
        head: &Parts,
        content: Content,
    ) -> Answer {
        if head.method != Method::PUT && head.method != Method::DELETE {
            return self.refuse(&head.method, "PUT and DELETE", "PUT, DELETE");
        }
        match self.change_signal(key, peer, head, content) {
            Ok(()) => self.answers.text(StatusCode::OK, "ok\n".to_owned()),
            Err(Refusal(status, why)) => self.answers.text(status, why + "\n"),
        }
    }

    fn change_signal(
        &self,
        key: &str,
        peer: Option<IpAddr>,
        head: &Parts,
        content: Content,
    ) -> Result<(), Refusal> {
        signals::check_sender(peer, head)?;
        let key = signals::application_key(key)?;
        let (store, now) = (self.state.signals(), clock::now());
        if head.method == Method::PUT {
            let report = signals::report(&head.uri, &head.headers, content, now)?;
            return Ok(store.report(key, report)?);
        }
        match store.remove(&key, now) {
            true => Ok(()),
            false => Err(Refusal(StatusCode::NOT_FOUND, format!("{key}: no such signal"))),
        }
    }

    fn page(&self, peer: Option<IpAddr>, head: &Parts, now: Moment) -> Answer {
        match head.uri.path() {
            "/leader" => self.leader(now),
            "/v1/leader" => self.answers.json(&LeaderAnswer::at(&self.state, now)),
            "/healthz" => self.probe(health::alive(&self.state, now)),
            "/readyz" => self.probe(health::ready(&self.state)),
            "/metrics" => match self.metrics.render(now) {
                Ok(text) => self.answers.metrics(text),
                Err(error) => self.answers.failed(&error),
            },
            _ => match self.access.check_reader(peer, head) {
                Ok(()) => self.detail(head, now),
                Err(Refusal(status, why)) => self.answers.text(status, why + "\n"),
            },
        }
    }

    /// The pages that repeat settings and signals.
    fn detail(&self, head: &Parts, now: Moment) -> Answer {
        match head.uri.path() {
            "/v1/policy" => self.answers.json(&PolicyAnswer::at(&self.state.policy(), now)),
            "/v1/journal" => {
                self.readers.answer(&self.answers, self.state.journal(), head.uri.query())
            }
            _ => self.answers.json(&SignalsAnswer::at(self.state.signals().all(now), now)),
        }
    }

    fn leader(&self, now: Moment) -> Answer {
        let view = self.state.view();
        let (status, who) = match (view.leads(now), view.leader(now)) {
            (true, _) => (StatusCode::OK, "this candidate leads".to_owned()),
            (false, "") => (StatusCode::SERVICE_UNAVAILABLE, "nobody is known to lead".to_owned()),
            (false, name) => (StatusCode::SERVICE_UNAVAILABLE, format!("{} leads", visible(name))),
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
