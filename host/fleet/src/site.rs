//! What is answered on the page.

use crate::election::Election;
use crate::follow::{Shared, now};
use crate::rights::{May, Remedy, Rights};
use crate::{one, overview, stream};
use hotseat_election::{ElectionName, Future};
use hotseat_http::local::{self, Asked, LocalAnswer};
use hotseat_http::ui::Frame;
use hotseat_text::visible;
use hyper::StatusCode;
use maud::Markup;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long what was asked may take to be seen on the lock, before the page is shown without it.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// What is asked of an election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// That this candidate leads.
    Transfer {
        /// Its name.
        to: String,
        /// It is on the roster: there need be no pod of that name.
        listed: bool,
    },
    /// That the leader stays.
    Pause,
    /// That it need not any more.
    Resume,
}

impl Request {
    fn of(asked: &str, to: &str, listed: bool) -> Option<Request> {
        Some(match asked {
            "transfer" => Request::Transfer { to: to.to_owned(), listed },
            "pause" => Request::Pause,
            "resume" => Request::Resume,
            _ => return None,
        })
    }

    /// Whether the lock of that election, as it was seen last, shows it.
    fn is_seen_on(&self, election: &Election) -> bool {
        let Some(lock) = election.lock() else { return true };
        match self {
            Request::Pause => lock.sight.pause().is_some(),
            Request::Resume => lock.sight.pause().is_none(),
            // It may have been carried out by then.
            Request::Transfer { to, .. } => {
                let left_to = lock.sight.record.successor.as_deref();
                let asked = lock.sight.transfer().is_some();
                asked || left_to == Some(to.as_str()) || election.leader() == to
            }
        }
    }
}

/// Carries out what a person asks.
pub trait Requests: Send + Sync {
    /// Asks it of that election. Gives what was done in one line, or why not.
    fn ask(&self, election: ElectionName, request: Request) -> Future<Result<String, String>>;
}

/// All that it takes to answer. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    shared: Shared,
    rights: Rights,
    requests: Arc<dyn Requests>,
    remedy: Remedy,
    frame: Frame,
    place: Arc<str>,
    root: Arc<str>,
}

impl Site {
    /// Shows `shared` under the path `root`. `place` says of what these are the elections, such as
    /// `namespace web`; `remedy` is for whoever lacks rights.
    pub fn new(
        shared: Shared,
        rights: Rights,
        requests: Arc<dyn Requests>,
        remedy: Remedy,
        place: &str,
        root: Arc<str>,
    ) -> Site {
        let frame = Frame::with_forms();
        Site { shared, rights, requests, remedy, frame, place: place.into(), root }
    }

    /// The answer to a request.
    pub async fn answer(self, asked: Asked) -> LocalAnswer {
        let parts: Vec<&str> = asked.path.split('/').collect();
        match (&asked.form, parts.as_slice()) {
            (None, [""]) => {
                let (fleet, now) = (self.shared.fleet(), now());
                let title = overview::title(&self.place);
                self.page(
                    StatusCode::OK,
                    &title,
                    &overview::page(&fleet, now, &self.place, &self.root),
                )
            }
            (None, ["watch"]) => stream::events(self.shared.changes()),
            (None, [namespace, name]) => {
                let name = ElectionName::new(namespace, name);
                if self.shared.fleet().find(&name).is_none() {
                    return self.unknown(&name);
                }
                let may = self.rights.lately(&name).await;
                self.election(StatusCode::OK, &name, &may)
            }
            // Where a form was answered, and the reader comes back.
            (None, [namespace, name, _]) => local::see(&format!("{}{namespace}/{name}", self.root)),
            (Some(_), [namespace, name, request]) => {
                self.carry_out(&ElectionName::new(namespace, name), request, asked.field("to"))
                    .await
            }
            _ => local::text(StatusCode::NOT_FOUND, "no such page\n"),
        }
    }

    async fn carry_out(&self, name: &ElectionName, request: &str, to: &str) -> LocalAnswer {
        let (listed, knows) = match self.shared.fleet().find(name) {
            Some(election) => {
                (election.candidates.names().contains(&to), overview::is_hotseat(election))
            }
            None => return self.unknown(name),
        };
        let Some(request) = Request::of(request, to, listed) else {
            return local::text(StatusCode::NOT_FOUND, "nothing that can be asked\n");
        };
        // Whatever page the form is from: it may be older than what this person may do now.
        let may = self.rights.now(name).await;
        if let Some(why) = may.refusal(name, self.remedy) {
            let status = match may {
                May::Unknown(_) => StatusCode::BAD_GATEWAY,
                _ => StatusCode::FORBIDDEN,
            };
            self.shared.change(|fleet, now| fleet.tell(now, name, Err(why)));
            return self.election(status, name, &may);
        }
        let changes = self.shared.changes();
        let told = match knows {
            true => self.requests.ask(name.clone(), request.clone()).await,
            false => {
                Err("no Hotseat writes this Lease, and nobody else knows of requests".to_owned())
            }
        };
        let failed = told.is_err();
        if !failed {
            // The page that follows stays as it is where there are no scripts.
            let seen = self.seen(name, &request, changes);
            let _ = tokio::time::timeout(SEEN_WITHIN, seen).await;
        }
        self.shared.change(|fleet, now| fleet.tell(now, name, told));
        match failed {
            true => self.election(StatusCode::CONFLICT, name, &may),
            false => local::see(&format!("{}{}/{}", self.root, name.namespace(), name.name())),
        }
    }

    /// Waits until the lock is seen with what was asked of it.
    async fn seen(
        &self,
        name: &ElectionName,
        request: &Request,
        mut changes: watch::Receiver<u64>,
    ) {
        while self.shared.fleet().find(name).is_some_and(|election| !request.is_seen_on(election)) {
            // An error is no end: the table holds the sender.
            let _ = changes.changed().await;
        }
    }

    fn election(&self, status: StatusCode, name: &ElectionName, may: &May) -> LocalAnswer {
        let (fleet, now) = (self.shared.fleet(), now());
        let Some(election) = fleet.find(name) else {
            return self.unknown(name);
        };
        let shown = one::Shown {
            name,
            election,
            refusal: may.refusal(name, self.remedy),
            root: &self.root,
            uptime: fleet.uptime(now),
            error: fleet.error(),
        };
        self.page(status, &one::title(&shown), &one::page(&shown, now))
    }

    fn unknown(&self, name: &ElectionName) -> LocalAnswer {
        let name = format!("{name}");
        let why = format!("{}: no Lease of that name is seen in {}\n", visible(&name), self.place);
        local::text(StatusCode::NOT_FOUND, &why)
    }

    fn page(&self, status: StatusCode, title: &Markup, content: &Markup) -> LocalAnswer {
        let page = Frame::page(title, content);
        let mut answer = local::answer(status, "text/html; charset=utf-8", page);
        self.frame.put_on(answer.headers_mut());
        answer
    }
}
