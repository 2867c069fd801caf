//! Which path answers what: one table, from which the list for whoever asks for something else, the
//! methods, and the labels of the metrics come.

use super::access::{Access, Refusal};
use super::answer::{Answers, HttpResponse};
use super::backend::Backend;
use super::body::Content;
use super::health;
use super::history::{HistoryAnswer, KeptAnswer};
use super::journal::Readers;
use super::metrics::Format;
use super::released;
use super::report::{LeaderAnswer, PolicyAnswer};
use super::roster::{self, RosterAnswer};
use super::signals::{self, SignalsAnswer};
use super::slots::Slot;
use super::ui::{Page, Shown};
use super::watch::{Kinds, Watchers};
use hotseat_core::time::Moment;
use hotseat_election::signals::{Key, Report};
use hotseat_election::{Status, clock};
use hotseat_text::visible;
use http::request::Parts;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

/// One page, or a family of pages.
pub(super) struct Route {
    /// Its path, and its label in the metrics; one that ends in `/` stands for all below it.
    pub(super) path: &'static str,
    /// How much of a body is kept, in bytes; the rest is read only to be thrown away.
    pub(super) body_bytes: usize,
    pub(super) methods: Methods,
    /// It repeats settings and signals: not everybody is shown it.
    pub(super) detail: bool,
    answer: fn(&Site, &Call<'_>) -> HttpResponse,
}

/// The methods that a page takes.
pub(super) enum Methods {
    /// The 0.4 image answered to any. A CONNECT cannot have a body with its 200.
    AnyButConnect,
    Read,
    Change,
    ReadOrPut,
}

/// What a page is asked.
pub(super) struct Call<'a> {
    now: Moment,
    peer: Option<IpAddr>,
    head: &'a Parts,
    content: Content,
    slot: &'a Rc<Slot>,
}

/// Every page that there is.
pub(super) const ROUTES: [Route; 16] = [
    Route::new("/", Methods::AnyButConnect, |site, call| {
        site.answers.name(site.status.view().leader(call.now))
    }),
    Route::new("/leader", Methods::Read, |site, call| site.leader(call.now)),
    Route::new("/v1/leader", Methods::Read, |site, call| {
        site.answers.json(&LeaderAnswer::at(&site.status, call.now))
    }),
    // Not to everybody: where `kinds` asks for details, the page itself looks at who asks.
    Route::new("/v1/watch", Methods::Read, Site::watch),
    Route::new("/v1/policy", Methods::Read, |site, call| {
        site.answers.json(&PolicyAnswer::at(&site.status, call.now))
    })
    .with_detail(),
    Route::new("/v1/journal", Methods::Read, |site, call| {
        site.readers.answer(&site.answers, &*site.backend, call.head.uri.query())
    })
    .with_detail(),
    Route::new("/v1/history", Methods::Read, |site, call| {
        let history = || HistoryAnswer::at(&site.status, call.now, KeptAnswer::ALL);
        site.readers.one_of_few(&site.answers, || site.answers.json(&history()))
    })
    .with_detail(),
    // Who leads is shown to everybody; the page itself looks at who asks for the rest.
    Route::new("/ui", Methods::Read, Site::page),
    Route::new("/v1/signals", Methods::Read, |site, call| {
        site.answers.json(&SignalsAnswer::at(&site.status, call.now))
    })
    .with_detail(),
    Route::new("/v1/signals/", Methods::Change, Site::signal).with_body(signals::MOST_BYTES),
    Route::new("/v1/roster", Methods::Read, |site, call| {
        site.answers.json(&RosterAnswer::at(&site.status, call.now))
    })
    .with_detail(),
    Route::new("/v1/ready", Methods::Change, Site::ready).with_body(signals::MOST_BYTES),
    Route::new("/v1/released", Methods::ReadOrPut, Site::released),
    Route::new("/healthz", Methods::Read, |site, call| {
        site.probe(health::alive(&site.status, call.now))
    }),
    // Whether it is ready is shown to everybody, and the reason in full to who may see details.
    Route::new("/readyz", Methods::Read, |site, call| {
        let details = site.access.check_reader(call.peer, call.head).is_ok();
        site.probe(health::ready(&site.status, details))
    }),
    Route::new("/metrics", Methods::Read, |site, call| match site.backend.metrics(call.now) {
        Ok(text) => site.answers.metrics(text, Format::wanted(&call.head.headers)),
        Err(error) => site.answers.failed(&error),
    }),
];

impl Route {
    const fn new(
        path: &'static str,
        methods: Methods,
        answer: fn(&Site, &Call<'_>) -> HttpResponse,
    ) -> Route {
        Route { path, body_bytes: 0, methods, detail: false, answer }
    }

    const fn with_detail(mut self) -> Route {
        self.detail = true;
        self
    }

    const fn with_body(mut self, most: usize) -> Route {
        self.body_bytes = most;
        self
    }

    /// The page of that path.
    pub(super) fn of(path: &str) -> Option<&'static Route> {
        static ALL: [Route; 16] = ROUTES;
        let matches = |route: &&Route| match route.path {
            "/" => path == "/",
            family if family.ends_with('/') => path.starts_with(family),
            page => path == page,
        };
        ALL.iter().find(matches)
    }
}

impl Methods {
    fn take(&self, method: &Method) -> bool {
        match self {
            Methods::AnyButConnect => method != Method::CONNECT,
            Methods::Read => method == Method::GET || method == Method::HEAD,
            Methods::Change => method == Method::PUT || method == Method::DELETE,
            Methods::ReadOrPut => method == Method::PUT || Methods::Read.take(method),
        }
    }

    /// All that an OpenAPI document can name, in lower case.
    #[cfg(feature = "openapi")]
    pub(super) fn documented(&self) -> &'static [&'static str] {
        match self {
            Methods::AnyButConnect => {
                &["get", "head", "put", "post", "delete", "options", "patch", "trace"]
            }
            Methods::Read => &["get", "head"],
            Methods::Change => &["put", "delete"],
            Methods::ReadOrPut => &["get", "head", "put"],
        }
    }

    /// Whether the page does not look at the method.
    #[cfg(feature = "openapi")]
    pub(super) fn are_all_alike(&self) -> bool {
        matches!(self, Methods::AnyButConnect)
    }

    /// For people, and for the header.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Methods::AnyButConnect => ("any but CONNECT", ""),
            Methods::Read => ("GET and HEAD", "GET, HEAD"),
            Methods::Change => ("PUT and DELETE", "PUT, DELETE"),
            Methods::ReadOrPut => ("GET, HEAD and PUT", "GET, HEAD, PUT"),
        }
    }
}

/// What the handlers know.
pub(super) struct Site {
    access: Access,
    status: Status,
    backend: Arc<dyn Backend>,
    answers: Answers,
    readers: Readers,
    watchers: Watchers,
    page: Page,
}

impl Site {
    pub(super) fn new(
        access: Access,
        status: Status,
        backend: Arc<dyn Backend>,
        controls: Option<&str>,
    ) -> Site {
        let (answers, readers) = (Answers::default(), Readers::default());
        let (watchers, page) = (Watchers::default(), Page::new(controls));
        Site { access, status, backend, answers, readers, watchers, page }
    }

    /// Counts an answer with this status.
    pub(super) fn count(&self, path: &'static str, status: u16) {
        self.backend.answered(path, status);
    }

    /// How many connections are open.
    pub(super) fn connections(&self, count: usize) {
        self.backend.connections(count);
    }

    /// The answer of the moment. hyper leaves the body out where the method was HEAD.
    pub(super) fn answer(
        &self,
        route: Option<&Route>,
        peer: Option<IpAddr>,
        head: &Parts,
        content: Content,
        slot: &Rc<Slot>,
    ) -> HttpResponse {
        let Some(route) = route else {
            return self.answers.text(StatusCode::NOT_FOUND, no_such_page());
        };
        if !route.methods.take(&head.method) {
            return self.refuse(&head.method, &route.methods);
        }
        if route.detail
            && let Err(Refusal(status, why)) = self.access.check_reader(peer, head)
        {
            return self.answers.text(status, why + "\n");
        }
        // I10: computed when it is asked.
        (route.answer)(self, &Call { now: clock::now(), peer, head, content, slot })
    }

    /// The answer to a request for one signal, which the application sets and deletes.
    fn signal(&self, call: &Call<'_>) -> HttpResponse {
        let key = || signals::application_key(signals::key_in(call.head.uri.path()));
        self.done(self.change_signal(call, key, Ok))
    }

    /// The application says whether it is ready to lead, or takes that back: a signal too.
    fn ready(&self, call: &Call<'_>) -> HttpResponse {
        self.done(self.change_signal(call, roster::ready_key, roster::ready))
    }

    fn done(&self, done: Result<(), Refusal>) -> HttpResponse {
        match done {
            Ok(()) => self.answers.text(StatusCode::OK, "ok\n".to_owned()),
            Err(Refusal(status, why)) => self.answers.text(status, why + "\n"),
        }
    }

    /// Sets or deletes the signal of that key; `taken` makes of a report what it says.
    fn change_signal(
        &self,
        call: &Call<'_>,
        key: impl FnOnce() -> Result<Key, Refusal>,
        taken: impl FnOnce(Report) -> Result<Report, Refusal>,
    ) -> Result<(), Refusal> {
        let Call { now, peer, head, content, .. } = call;
        signals::check_sender("signals", *peer, head)?;
        let (key, store) = (key()?, self.status.signals());
        if head.method == Method::PUT {
            let report = signals::report(&head.uri, &head.headers, content, *now)?;
            return Ok(store.report(key, taken(report)?)?);
        }
        match store.remove(&key, *now) {
            true => Ok(()),
            false => Err(Refusal(StatusCode::NOT_FOUND, format!("{key}: no such signal"))),
        }
    }

    /// Events from now on.
    fn watch(&self, call: &Call<'_>) -> HttpResponse {
        let events = || {
            let kinds = Kinds::of(call.head.uri.query())?;
            if kinds.has_detail() {
                self.access.check_reader(call.peer, call.head)?;
            }
            self.watchers.add(&self.status, kinds, &call.head.headers, call.slot)
        };
        match events() {
            Ok(events) => self.answers.events(events),
            Err(Refusal(status, why)) => self.answers.text(status, why + "\n"),
        }
    }

    /// All of it on one page for people.
    fn page(&self, call: &Call<'_>) -> HttpResponse {
        let details = self.access.check_reader(call.peer, call.head);
        let shown = Shown::at(&self.status, call.now, details.map_err(|Refusal(_, why)| why));
        self.page.answer(&self.answers, &shown)
    }

    /// Whether the application has let go of the last term, and the answer to one that says that it has.
    fn released(&self, call: &Call<'_>) -> HttpResponse {
        let Call { peer, head, now, .. } = call;
        let answer = match head.method == Method::PUT {
            true => released::let_go(&self.status, *peer, head),
            false => released::check(&self.status, head, *now),
        };
        self.done(answer)
    }

    fn leader(&self, now: Moment) -> HttpResponse {
        let view = self.status.view();
        let (status, who) = match (view.leads(now), view.leader(now)) {
            (true, _) => (StatusCode::OK, "this candidate leads".to_owned()),
            (false, "") => (StatusCode::SERVICE_UNAVAILABLE, "nobody is known to lead".to_owned()),
            (false, name) => (StatusCode::SERVICE_UNAVAILABLE, format!("{} leads", visible(name))),
        };
        self.answers.text(status, who + "\n")
    }

    fn probe(&self, result: Result<(), String>) -> HttpResponse {
        match result {
            Ok(()) => self.answers.text(StatusCode::OK, "ok\n".to_owned()),
            Err(why) => self.answers.text(StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
        }
    }

    fn refuse(&self, method: &Method, methods: &Methods) -> HttpResponse {
        let (words, allow) = methods.names();
        let text = format!("{method} has no meaning here; allowed: {words}\n");
        let mut answer = self.answers.text(StatusCode::METHOD_NOT_ALLOWED, text);
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        answer
    }
}

/// Each page with each status that it has without anybody's mistake, and those of mistakes.
pub fn answers() -> impl Iterator<Item = (&'static str, u16)> {
    let of_pages = ROUTES.iter().map(|route| route.path).flat_map(|path| {
        let also = match path {
            "/leader" | "/healthz" | "/readyz" => Some(503),
            _ => None,
        };
        [Some(200), also].into_iter().flatten().map(move |code| (path, code))
    });
    of_pages.chain([("", 400), ("", 404)])
}

/// For whoever asks for something else.
fn no_such_page() -> String {
    let is_page = |path: &&str| *path == "/" || !path.ends_with('/');
    let pages = ROUTES.iter().map(|route| route.path).filter(is_page);
    format!("no such page; there are: {}\n", pages.collect::<Vec<_>>().join(" "))
}
