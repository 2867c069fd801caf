//! HTTP answers, and the form that a client asked for.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame};
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::status::Status;

/// The body of every answer: whole, or a stream.
pub(crate) type AnswerBody = Either<Full<Bytes>, Lines>;
/// Every answer.
pub(crate) type HttpResponse = Response<AnswerBody>;

/// The chunks of a watch, as its task delivers them; the end of the task ends the body.
#[derive(Debug)]
pub(crate) struct Lines(pub mpsc::Receiver<Bytes>);

impl Body for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

/// How objects are to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Plain,
    /// As a `meta.k8s.io/v1` Table, which is how kubectl asks.
    Table,
}

impl Form {
    /// The first form in the `Accept` header that this server has.
    pub(crate) fn wanted(headers: &HeaderMap) -> Result<Form, Status> {
        let accept = headers
            .get(ACCEPT)
            .map_or(Ok("*/*"), HeaderValue::to_str)
            .map_err(|_| Status::not_acceptable())?;
        accept
            .split(',')
            .find_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let media = parts.next().unwrap_or("");
                if !matches!(media, "application/json" | "application/*" | "*/*" | "") {
                    return None;
                }
                let mut form = Form::Plain;
                for part in parts {
                    match part.split_once('=') {
                        Some(("as", "Table")) => form = Form::Table,
                        Some(("as", _)) => return None,
                        Some(("v", version)) if version != "v1" => return None,
                        _ => {}
                    }
                }
                Some(form)
            })
            .ok_or_else(Status::not_acceptable)
    }
}

/// A JSON answer.
pub(crate) fn json(code: u16, object: &Value) -> HttpResponse {
    let mut text = object.to_string();
    text.push('\n');
    whole(code, "application/json", text)
}

/// A plain answer.
pub(crate) fn text(code: u16, text: &str) -> HttpResponse {
    whole(code, "text/plain; charset=utf-8", text.to_owned())
}

/// A refusal.
pub(crate) fn refuse(status: &Status) -> HttpResponse {
    let mut answer = json(status.code, &status.to_json());
    if let Some(seconds) = status.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// A watch.
pub(crate) fn stream(lines: mpsc::Receiver<Bytes>) -> HttpResponse {
    finish(200, "application/json", Either::Right(Lines(lines)))
}

/// A body that goes on for as long as it is read.
pub(crate) fn endless() -> HttpResponse {
    const CHUNK: &[u8] = &[b'x'; 64 * 1024];
    let (sender, chunks) = mpsc::channel(1);
    tokio::spawn(async move { while sender.send(Bytes::from_static(CHUNK)).await.is_ok() {} });
    stream(chunks)
}

fn whole(code: u16, media: &'static str, text: String) -> HttpResponse {
    finish(code, media, Either::Left(Full::from(text)))
}

fn finish(code: u16, media: &'static str, body: AnswerBody) -> HttpResponse {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &'static str) -> Result<Form, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        Form::wanted(&headers).map_err(|status| status.code)
    }

    #[test]
    fn forms() {
        assert_eq!(Form::wanted(&HeaderMap::new()), Ok(Form::Plain));
        assert_eq!(wanted("application/vnd.kubernetes.protobuf,application/json"), Ok(Form::Plain));
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                       application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(wanted(kubectl), Ok(Form::Table));
        assert_eq!(wanted("application/json;as=PartialObjectMetadata;v=v1,*/*"), Ok(Form::Plain));
        assert_eq!(wanted("application/vnd.kubernetes.protobuf"), Err(406));
        assert_eq!(wanted("text/html"), Err(406));
    }
}
