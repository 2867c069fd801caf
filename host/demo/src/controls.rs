//! The page on which a demonstration is steered: its own, on a port of its own, and of no sidecar.
//!
//! Who has its address has its token ([`LocalPage`]), so that no other page of a browser can press anything
//! here.
//! It works without scripts: each button is a form, and the page that follows says what it did.

mod button;
mod page;

pub use button::Button;

use anyhow::Context;
use hotseat_http::local::{self, Asked, LocalAnswer, LocalPage};
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What a candidate does that leads.
pub const LEADS: &str = "leads";
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
    pub button: Option<Button>,
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
        let page = LocalPage::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let page = page.context("the page to steer the demonstration by cannot listen")?;
        let (address, root) = (page.address().to_owned(), page.root());
        let (sender, calls) = mpsc::channel(WAITING);
        tokio::spawn(page.serve(move |asked| answer(asked, Arc::clone(&root), sender.clone())));
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

async fn answer(asked: Asked, root: Arc<str>, calls: mpsc::Sender<Call>) -> LocalAnswer {
    match (&asked.form, asked.path.as_str()) {
        (None, "") => match ask(&calls, None).await {
            Some(shown) => finish("text/html; charset=utf-8", page::of(&shown)),
            None => local::text(StatusCode::SERVICE_UNAVAILABLE, "the demonstration has ended\n"),
        },
        (None, "style.css") => finish("text/css; charset=utf-8", page::STYLE.to_owned()),
        (Some(_), path) => {
            let Some(button) = Button::parse(path) else {
                return local::text(StatusCode::NOT_FOUND, "nothing that could be done\n");
            };
            ask(&calls, Some(button)).await;
            local::see(&root)
        }
        _ => local::text(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

/// Has the demonstration do something, and gives what there is to see then.
async fn ask(calls: &mpsc::Sender<Call>, button: Option<Button>) -> Option<Shown> {
    let (reply, answer) = oneshot::channel();
    calls.send(Call { button, reply }).await.ok()?;
    answer.await.ok()
}

fn finish(kind: &'static str, body: String) -> LocalAnswer {
    let mut answer = local::answer(StatusCode::OK, kind, body);
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // Without one of its own origin a browser would not say of what origin a form is.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}
