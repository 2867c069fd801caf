//! The page on which a demonstration is steered: its own, on a port of its own, and of no sidecar.
//!
//! Who has its address has its token, 128 random bits that stand in it, so that no other page of a
//! browser can press anything here; requests for another host than this one are refused too.
//! It works without scripts: each button is a form, and the page that follows says what it did.

mod page;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::hands::Hand;

/// Tells a candidate where the page is, so that it can link to it.
pub const CONTROLS: &str = "HOTSEAT_DEMO_CONTROLS";
/// How long a client may take to send a request.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most presses that wait.
const WAITING: usize = 16;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The candidates, in their order.
    pub rows: Vec<Row>,
    /// The policy that the candidates were given last.
    pub policy: &'static str,
    /// Whether the script plays on.
    pub scripted: bool,
    /// What happened last, the newest first.
    pub timeline: Vec<String>,
}

/// A candidate on the page.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Its own page.
    pub page: Option<String>,
    /// What it does, in words.
    pub state: &'static str,
    /// Whether it has a process that was not asked to end.
    pub runs: bool,
    /// Whether its application gives its heartbeat.
    pub beats: bool,
    /// Whether it reaches the API server.
    pub connected: bool,
}

/// Somebody asks for the page, and may have pressed something before.
#[derive(Debug)]
pub struct Call {
    /// What was pressed.
    pub hand: Option<Hand>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Shown>,
}

/// The page of a demonstration; it ends with the runtime.
#[derive(Debug)]
pub struct Controls {
    address: String,
    calls: mpsc::Receiver<Call>,
}

impl Controls {
    /// Listens on a port of the system's choosing. Must be called in a runtime.
    ///
    /// # Errors
    ///
    /// If it cannot listen on 127.0.0.1, or the system has no entropy.
    pub async fn open() -> anyhow::Result<Controls> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("the page to steer the demonstration by cannot listen")?;
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| io::Error::other(error.to_string()))?;
        let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        let address = format!("http://{}/{token}/", listener.local_addr()?);
        let (sender, calls) = mpsc::channel(WAITING);
        tokio::spawn(accept(listener, format!("/{token}/"), sender));
        Ok(Controls { address, calls })
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next one who asks for it.
    pub async fn next(&mut self) -> Option<Call> {
        self.calls.recv().await
    }
}

/// The page that the demonstration which started this process has for steering it.
pub fn controls_of_parent() -> Option<String> {
    let address = std::env::var(CONTROLS).ok()?;
    // Nothing but what a demonstration gives becomes a link.
    address.starts_with("http://127.0.0.1:").then_some(address)
}

async fn accept(listener: TcpListener, root: String, calls: mpsc::Sender<Call>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, root.clone(), calls.clone()))),
            // For want of file descriptors, mostly.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: TcpStream, root: String, calls: mpsc::Sender<Call>) {
    let service = service_fn(|request| {
        let (root, calls) = (root.clone(), calls.clone());
        async move { Ok::<_, Infallible>(answer(request, &root, &calls).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes is no concern of the demonstration.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    root: &str,
    calls: &mpsc::Sender<Call>,
) -> Response<Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.and_then(|host| host.rsplit_once(':')).map(|(name, _)| name);
    let rest = request.uri().path().strip_prefix(root);
    let (Some("127.0.0.1" | "localhost"), Some(rest)) = (own, rest) else {
        return plain(
            StatusCode::NOT_FOUND,
            "no such page: its address is in what the demonstration prints\n",
        );
    };
    match (request.method(), rest) {
        (&Method::GET, "") => match ask(calls, None).await {
            Some(shown) => finish(StatusCode::OK, "text/html; charset=utf-8", page::of(&shown)),
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "the demonstration has ended\n"),
        },
        (&Method::GET, "style.css") => {
            finish(StatusCode::OK, "text/css; charset=utf-8", page::STYLE.to_owned())
        }
        (&Method::POST, deed) => {
            let Some(hand) = Hand::parse(deed) else {
                return plain(StatusCode::NOT_FOUND, "nothing that could be done\n");
            };
            ask(calls, Some(hand)).await;
            let mut answer = plain(StatusCode::SEE_OTHER, "done\n");
            if let Ok(root) = HeaderValue::try_from(root) {
                answer.headers_mut().insert(header::LOCATION, root);
            }
            answer
        }
        _ => plain(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

/// Has the demonstration do something, and gives what there is to see then.
async fn ask(calls: &mpsc::Sender<Call>, hand: Option<Hand>) -> Option<Shown> {
    let (reply, answer) = oneshot::channel();
    calls.send(Call { hand, reply }).await.ok()?;
    answer.await.ok()
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    finish(status, "text/plain; charset=utf-8", text.to_owned())
}

fn finish(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
