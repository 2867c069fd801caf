//! The connection to the API server.
//!
//! Two clients share one set of credentials: one for the lock, and one for everything else, so
//! that an Event or an access review never waits in front of a renewal. A client is good for the
//! whole life of the process: each request takes the credentials that are in force when it is sent,
//! and a request that is answered with 401 is sent again with those that have replaced them.

use super::causes::NoCredentials;
use super::credentials::{Credentials, is_of_tls};
use super::keeper::{Current, Keeper};
use anyhow::Context as _;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use kube::Client;
use kube::client::Body;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{BoxError, Service, ServiceExt};

/// The namespace of requests that name none; there are no such.
const NAMESPACE: &str = "default";

/// A way to the API server, with credentials that are kept up to date. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    url: Arc<str>,
    lock: Client,
    other: Client,
}

impl Connection {
    /// Reads the credentials and makes the clients. Nothing is sent yet. `agent` is the user agent
    /// that the API server's audit log shows. Must be called within a runtime.
    ///
    /// # Errors
    ///
    /// The kubeconfig or the service account cannot be read or makes no sense: which file, which
    /// field, why, and what to do.
    pub async fn open(credentials: Credentials, agent: &str) -> anyhow::Result<Connection> {
        let agent = HeaderValue::from_str(agent).context("the user agent is not a header value")?;
        let keeper = Keeper::open(credentials, agent)?;
        let client = |lane| Client::new(Sender { keeper: keeper.clone(), lane }, NAMESPACE);
        Ok(Connection {
            url: keeper.server().into(),
            lock: client(Lane::Lock),
            other: client(Lane::Other),
        })
    }

    /// The API server's address, as it was at the start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The client for the lock.
    pub(super) fn lock(&self) -> Client {
        self.lock.clone()
    }

    /// The client for everything else.
    pub(super) fn other(&self) -> Client {
        self.other.clone()
    }
}

/// Whose connections are used.
#[derive(Clone, Copy)]
enum Lane {
    Lock,
    Other,
}

/// Sends each request with the credentials of the moment.
#[derive(Clone)]
struct Sender {
    keeper: Keeper,
    lane: Lane,
}

impl Sender {
    async fn send(self, request: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let current = self.keeper.ready().await;
        let again = copy(&request);
        let answer = self.send_with(&current, request).await?;
        let Some(again) = again.filter(|_| answer.status() == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        // It surely was not carried out, so it can be sent again: a token may have been rotated.
        match self.keeper.renew(current.serial).await {
            Some(renewed) => self.send_with(&renewed, again).await,
            None => Ok(answer),
        }
    }

    async fn send_with(
        &self,
        current: &Current,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, BoxError> {
        match &current.header {
            Ok(None) => {}
            Ok(Some(value)) => {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
            }
            Err(missing) => return Err(Box::new(NoCredentials(missing.clone()))),
        }
        let transport = match self.lane {
            Lane::Lock => current.lock.clone(),
            Lane::Other => current.other.clone(),
        };
        let answer = transport.oneshot(request).await;
        if let Err(error) = &answer
            && is_of_tls(&**error)
        {
            // Whether it was carried out is not known, so it is not sent again here.
            self.keeper.suspect(current.serial);
        }
        answer
    }
}

impl Service<Request<Body>> for Sender {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// The same request once more; none if its body can be sent but once.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
