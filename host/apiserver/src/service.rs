//! From an HTTP request to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, USER_AGENT};
use hyper::{Method, Request};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::answer::{self, Form, HttpResponse};
use crate::discovery;
use crate::faults::{self, Action};
use crate::query::Query;
use crate::resource::Verb;
use crate::route::{self, Objects, Route};
use crate::shared::Shared;
use crate::status::Status;
use crate::verbs;
use crate::watch;

/// What is to happen to a request and its connection.
pub(crate) enum Outcome {
    /// An answer.
    Answer(HttpResponse),
    /// No answer, ever; the connection stays.
    Hang,
    /// No answer; the connection is reset.
    Reset,
}

/// A request that concerns objects, before its body is read.
struct Call {
    verb: Verb,
    /// None: an access review.
    target: Option<Objects>,
    query: Query,
    /// The name that fault rules see.
    name: String,
    agent: String,
}

/// Answers one request. `kill` ends its connection.
pub(crate) async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    kill: Arc<Notify>,
) -> Outcome {
    let agent = header(request.headers(), USER_AGENT).to_owned();
    let path = request.uri().path();
    let mut call = match call(&request, agent.clone()) {
        Ok(Some(call)) => call,
        Ok(None) => {
            shared.requests.count(&agent, None, path);
            return Outcome::Answer(document(&request));
        }
        Err(status) => {
            shared.requests.count(&agent, None, path);
            return Outcome::Answer(answer::refuse(&status));
        }
    };
    let plural = call.plural();
    shared.requests.count(&agent, Some(call.verb), plural);
    let action = shared.faults.take(&faults::Request {
        verb: call.verb,
        resource: plural,
        name: &call.name,
        next_page: call.verb == Verb::List && !call.query.more.is_empty(),
        agent: &agent,
    });
    if action == Some(Action::Unfiltered) {
        call.query.fields.clear();
        call.query.labels.clear();
    }
    // Nothing happens before it is awaited.
    let run = serve(&shared, request, call, kill);
    match action {
        None | Some(Action::Unfiltered) => Outcome::Answer(run.await),
        Some(Action::Text(text)) => Outcome::Answer(answer::text(200, &text)),
        Some(Action::Endless) => Outcome::Answer(answer::endless()),
        Some(Action::Status(status)) => Outcome::Answer(answer::refuse(&status)),
        Some(Action::ApplyThenStatus(status)) => {
            run.await;
            Outcome::Answer(answer::refuse(&status))
        }
        Some(Action::Hang) => Outcome::Hang,
        Some(Action::ApplyThenHang) => {
            run.await;
            Outcome::Hang
        }
        Some(Action::Reset) => Outcome::Reset,
        Some(Action::ApplyThenReset) => {
            run.await;
            Outcome::Reset
        }
        Some(Action::Delay(time)) => {
            sleep(time).await;
            Outcome::Answer(run.await)
        }
        Some(Action::DelayAnswer(time)) => {
            let answer = run.await;
            sleep(time).await;
            Outcome::Answer(answer)
        }
        // Rules for streams are met by the stream itself; see `watch`.
        Some(Action::Silence | Action::Expire | Action::CloseWatch) => Outcome::Answer(run.await),
    }
}

/// Reads the line and the query of a request; nothing if it is for a document.
fn call(request: &Request<Incoming>, agent: String) -> Result<Option<Call>, Status> {
    let uri = request.uri();
    let target = match route::find(uri.path()).ok_or_else(Status::no_such_path)? {
        Route::Document => return Ok(None),
        Route::AccessReview => None,
        Route::Objects(objects) => Some(objects),
    };
    let query = Query::parse(uri.query().unwrap_or(""))?;
    let named = target.as_ref().is_some_and(|t| !t.name.is_empty());
    let verb = match (request.method(), named) {
        (&Method::GET, false) if query.watch => Verb::Watch,
        (&Method::GET, false) => Verb::List,
        (&Method::GET, true) => Verb::Get,
        (&Method::POST, false) => Verb::Create,
        (&Method::PUT, true) => Verb::Update,
        (&Method::PATCH, true) => Verb::Patch,
        (&Method::DELETE, true) => Verb::Delete,
        _ => return Err(Status::method_not_allowed()),
    };
    let allowed = match &target {
        Some(target) => {
            let everywhere = target.resource.namespaced && target.namespace.is_empty();
            target.resource.allows(verb) && !(verb == Verb::Create && everywhere)
        }
        None => verb == Verb::Create,
    };
    if !allowed {
        return Err(Status::method_not_allowed());
    }
    let name = match &target {
        Some(target) if target.name.is_empty() => {
            let selector = query.selector(target.resource)?;
            selector.name().unwrap_or("").to_owned()
        }
        Some(target) => target.name.clone(),
        None => String::new(),
    };
    Ok(Some(Call { verb, target, query, name, agent }))
}

impl Call {
    fn plural(&self) -> &'static str {
        match &self.target {
            Some(target) => target.resource.plural,
            None => "selfsubjectaccessreviews",
        }
    }
}

/// Does what the request asks, as if there were no faults.
async fn serve(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    call: Call,
    kill: Arc<Notify>,
) -> HttpResponse {
    try_serve(shared, request, call, kill).await.unwrap_or_else(|status| answer::refuse(&status))
}

async fn try_serve(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    call: Call,
    kill: Arc<Notify>,
) -> Result<HttpResponse, Status> {
    let headers = request.headers();
    let authorization = headers.get(AUTHORIZATION).and_then(|h| h.to_str().ok());
    shared.access.authenticate(authorization)?;
    if let Some(target) = &call.target {
        shared.access.authorize(call.verb, target)?;
    }
    let form = Form::wanted(headers)?;
    let media = header(headers, CONTENT_TYPE);
    let media = media.split(';').next().unwrap_or("").trim().to_owned();
    let body = read(shared, request.into_body()).await?;
    let Some(target) = call.target else {
        verbs::check_json(&media)?;
        return review(shared, &body);
    };
    let work = verbs::Request {
        verb: call.verb,
        target,
        query: call.query,
        form,
        media,
        body: body.to_vec(),
    };
    if work.verb == Verb::Watch {
        let lines = watch::start(shared, work, &call.agent, move || kill.notify_one())?;
        return Ok(answer::stream(lines));
    }
    let (code, object) = verbs::apply(&shared.store, &work)?;
    Ok(answer::json(code, &object))
}

fn review(shared: &Shared, body: &[u8]) -> Result<HttpResponse, Status> {
    let review: Value = serde_json::from_slice(body).map_err(|error| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type SelfSubjectAccessReview): \
             couldn't get version/kind; json parse error: {error}"
        ))
    })?;
    Ok(answer::json(201, &shared.access.review(review)?))
}

/// Answers a request that is not for objects.
fn document(request: &Request<Incoming>) -> HttpResponse {
    let host = header(request.headers(), hyper::header::HOST);
    match discovery::document(request.uri().path(), host) {
        None => answer::refuse(&Status::no_such_path()),
        Some(_) if request.method() != Method::GET => answer::refuse(&Status::method_not_allowed()),
        Some(answer) => answer,
    }
}

/// Reads a body within the limits of size and time.
async fn read(shared: &Shared, body: Incoming) -> Result<Bytes, Status> {
    let limit = shared.config.body_limit;
    let whole = Limited::new(body, limit).collect();
    match timeout(shared.config.read_timeout, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Status::too_large(limit)),
        Ok(Err(error)) => Err(Status::bad_request(format!("the body could not be read: {error}"))),
        Err(_) => {
            let seconds = shared.config.read_timeout.as_secs_f64();
            let message = format!("the body did not arrive within {seconds} s");
            Err(Status::new(408, "Timeout", message))
        }
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or("")
}
