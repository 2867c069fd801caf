//! A page that a tool serves on this machine to the person who started it, with that person's rights.
//!
//! Who has its address has its token, 128 random bits in the path, so that neither another account of
//! the machine nor another page of a browser can see or press anything there. Beyond that, a request for a
//! host of any other name is refused, since any name can be made to resolve to 127.0.0.1, and a form
//! that comes from another page is too.

use super::access::{Refusal, hosts, is_loopback, refuse};
use bytes::Bytes;
use http::request::Parts;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How long a client may take to send a request.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait when accepting fails, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The most connections at a time; more wait until one ends.
const CONNECTIONS: usize = 64;
/// The longest form, in bytes.
const LONGEST_FORM: usize = 4096;

/// What follows the headers of an answer.
pub type LocalBody = UnsyncBoxBody<Bytes, Infallible>;
/// An answer.
pub type LocalAnswer = Response<LocalBody>;

/// A page that listens.
#[derive(Debug)]
pub struct LocalPage {
    listener: TcpListener,
    address: String,
    root: Arc<str>,
}

/// A request that may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is to be pressed; none: something is to be looked at.
    pub form: Option<Vec<(String, String)>>,
    /// The path behind [`LocalPage::root`]; empty for the page itself.
    pub path: String,
}

impl Asked {
    /// What stands in that field of a form; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        let fields = self.form.iter().flatten();
        let mut named = fields.filter(|(field, _)| field == name);
        named.next().map_or("", |(_, value)| value)
    }
}

impl LocalPage {
    /// Listens on a loopback address; port 0 is one of the system's choosing. Must be called in a runtime.
    ///
    /// # Errors
    ///
    /// The address is none of this machine alone, it cannot listen there, or the system has no entropy.
    pub async fn open(address: SocketAddr) -> io::Result<LocalPage> {
        if !address.ip().to_canonical().is_loopback() {
            let why = "others than this machine could reach it, and act with your rights";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let listener = TcpListener::bind(address).await?;
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| io::Error::other(error.to_string()))?;
        let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        let address = format!("http://{}/{token}/", listener.local_addr()?);
        Ok(LocalPage { listener, address, root: format!("/{token}/").into() })
    }

    /// Where it is, with its token.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The path of its root, which begins and ends in a slash.
    pub fn root(&self) -> Arc<str> {
        Arc::clone(&self.root)
    }

    /// Answers by `handler`, for as long as it is polled.
    pub async fn serve<H, A>(self, handler: H)
    where
        H: Fn(Asked) -> A + Clone + Send + 'static,
        A: Future<Output = LocalAnswer> + Send + 'static,
    {
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            // It is never closed.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (root, handler) = (Arc::clone(&self.root), handler.clone());
                    tokio::spawn(async move {
                        converse(stream, root, handler).await;
                        drop(slot);
                    });
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
}

async fn converse<H, A>(stream: TcpStream, root: Arc<str>, handler: H)
where
    H: Fn(Asked) -> A + Clone + Send + 'static,
    A: Future<Output = LocalAnswer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let (root, handler) = (Arc::clone(&root), handler.clone());
        async move {
            Ok::<_, Infallible>(match asked(request, &root).await {
                Ok(asked) => handler(asked).await,
                Err(Refusal(status, why)) => text(status, &format!("{why}\n")),
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes is nobody's concern.
    let _ = connection.await;
}

/// The request, if it may be answered.
async fn asked(request: Request<Incoming>, root: &str) -> Result<Asked, Refusal> {
    let (head, body) = request.into_parts();
    check_host(&head)?;
    let Some(path) = behind(root, head.uri.path()) else {
        let why = "no such page: its whole address is in what the program printed";
        return refuse(StatusCode::NOT_FOUND, why);
    };
    let path = path.to_owned();
    match head.method {
        Method::GET | Method::HEAD => Ok(Asked { form: None, path }),
        Method::POST => {
            check_origin(&head)?;
            let body = tokio::time::timeout(PATIENCE, Limited::new(body, LONGEST_FORM).collect());
            let Ok(Ok(body)) = body.await else {
                let why = format!("a form has at most {LONGEST_FORM} bytes, within 5 s");
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, why);
            };
            let fields = form_urlencoded::parse(&body.to_bytes()).into_owned().collect();
            Ok(Asked { form: Some(fields), path })
        }
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD and POST are answered here"),
    }
}

/// What follows the root. How long that takes says nothing of how much of a wrong token is right.
fn behind<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    let begin = path.as_bytes().get(..root.len())?;
    let differs = root.bytes().zip(begin).fold(0, |all, (one, other)| all | (one ^ other));
    (differs == 0).then(|| &path[root.len()..])
}

/// Any name may be made to resolve to this machine, and a page of that name would then be of one origin with
/// this one.
fn check_host(head: &Parts) -> Result<(), Refusal> {
    let named = hosts(head);
    match named.iter().find(|host| !is_loopback(host)) {
        None if !named.is_empty() => Ok(()),
        host => {
            let host = host.map_or("nobody", |host| host);
            let why = format!(
                "the request is for the host {}: ask for http://127.0.0.1 or localhost",
                host.escape_debug()
            );
            refuse(StatusCode::FORBIDDEN, why)
        }
    }
}

/// A browser says from where a form comes. A program that is none may say nothing: it has the token.
fn check_origin(head: &Parts) -> Result<(), Refusal> {
    let header = |name: &str| head.headers.get(name).map(|it| it.to_str().unwrap_or_default());
    let own = format!("http://{}", hosts(head).first().copied().unwrap_or_default());
    let foreign = match (header(ORIGIN.as_str()), header("sec-fetch-site")) {
        (Some(origin), _) => !origin.eq_ignore_ascii_case(&own),
        (None, site) => site.is_some_and(|site| site != "same-origin"),
    };
    match foreign {
        true => refuse(StatusCode::FORBIDDEN, "the form comes from another page"),
        false => Ok(()),
    }
}

/// An answer with that text, of that type.
pub fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> LocalAnswer {
    with_body(status, kind, Full::new(body.into()).boxed_unsync())
}

/// An answer whose body comes as it is made.
pub fn with_body(status: StatusCode, kind: &'static str, body: LocalBody) -> LocalAnswer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// A line for people.
pub fn text(status: StatusCode, text: &str) -> LocalAnswer {
    answer(status, "text/plain; charset=utf-8", text.to_owned())
}

/// The answer to a form that was carried out: what came of it is on that page.
pub fn see(path: &str) -> LocalAnswer {
    let mut answer = text(StatusCode::SEE_OTHER, "done\n");
    if let Ok(path) = HeaderValue::try_from(path) {
        answer.headers_mut().insert(LOCATION, path);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_the_whole_token_leads_on() {
        assert_eq!(behind("/abc/", "/abc/"), Some(""));
        assert_eq!(behind("/abc/", "/abc/web/shop"), Some("web/shop"));
        for wrong in ["", "/", "/abd/", "/abc", "/abcd/", "/x/abc/", "/äb/"] {
            assert_eq!(behind("/abc/", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_host_of_any_other_name_is_refused() {
        for host in ["127.0.0.1:8040", "localhost", "LOCALHOST:1", "[::1]:8040", "127.9.9.9"] {
            assert!(check_host(&head(&[("host", host)])).is_ok(), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.7:8040", "", "127.0.0.1.x"] {
            let Refusal(status, why) = check_host(&head(&[("host", host)])).unwrap_err();
            assert_eq!(status, StatusCode::FORBIDDEN, "{host}: {why}");
        }
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert!(check_host(&head(&two)).is_err() && check_host(&head(&[])).is_err());
    }

    #[test]
    fn a_form_of_another_page_is_refused() {
        let host = ("host", "localhost:8040");
        for (name, value, may) in [
            ("origin", "http://localhost:8040", true),
            ("origin", "http://localhost:8041", false),
            ("origin", "https://localhost:8040", false),
            ("origin", "http://evil.example", false),
            ("origin", "null", false),
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "cross-site", false),
            ("sec-fetch-site", "same-site", false),
            ("accept", "*/*", true),
        ] {
            let checked = check_origin(&head(&[host, (name, value)]));
            assert_eq!(checked.is_ok(), may, "{name}: {value}");
        }
    }

    #[tokio::test]
    async fn an_address_that_others_reach_is_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "10.0.0.7:0"] {
            let refused = LocalPage::open(address.parse().unwrap()).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{address}");
        }
        let page = LocalPage::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
        assert_eq!(page.root().len(), 34, "128 random bits: {}", page.address());
    }
}
