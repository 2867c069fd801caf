//! Requests to one repository: who asks, where a registry sends on to, and what it says when it
//! refuses.

use super::Registries;
use super::challenge::{self, Challenge};
use super::credentials::{self, Credentials};
use super::reference::Repository;
use super::transport::{Call, Exchange, Transport};
use crate::text::one_line;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;

/// How often a registry may send on before it goes too far.
const MOST_REDIRECTS: u32 = 5;
/// The largest answer of a token server, in bytes.
const LARGEST_TOKEN: u64 = 256 * 1024;
/// How much of a refusal is read, in bytes.
const LARGEST_REFUSAL: u64 = 64 * 1024;

/// A talk with one registry about one repository.
pub(super) struct Session {
    transport: Transport,
    credentials: Option<Credentials>,
    base: Uri,
    authorization: Option<HeaderValue>,
}

impl Session {
    pub(super) async fn open(
        registries: &Registries,
        repository: &Repository,
    ) -> Result<Session, String> {
        let credentials = match registries.credentials.clone() {
            None => None,
            Some(path) => {
                let repository = repository.clone();
                let read =
                    tokio::task::spawn_blocking(move || credentials::read(&path, &repository));
                read.await.map_err(|_| "reading the credentials was cut off".to_owned())??
            }
        };
        let plain = repository.is_loopback() && registries.ca.is_none();
        let scheme = if plain { "http" } else { "https" };
        // Docker's own registry answers under another name than it is known by.
        let host = match repository.registry().as_str() {
            "docker.io" => "registry-1.docker.io".to_owned(),
            other => other.to_owned(),
        };
        let base = format!("{scheme}://{host}/v2/{}/", repository.name());
        let base = base.parse().map_err(|_| format!("{base} is not an address"))?;
        let transport = Transport::new(registries.ca.as_deref());
        Ok(Session { transport, credentials, base, authorization: None })
    }

    /// The address of something in the repository, such as `manifests/sha256:..`.
    pub(super) fn address(&self, path: &str) -> Result<Uri, String> {
        resolve(&self.base, &format!("{}{path}", self.base.path()))
    }

    /// A call without headers or a body.
    pub(super) fn get(uri: Uri) -> Call {
        Call { method: Method::GET, uri, headers: Vec::new(), body: Bytes::new() }
    }

    /// Sends a call, with a token if the registry asks for one, and on to where it points if it is
    /// a GET. Credentials go to the registry itself and to nobody that it points at.
    pub(super) async fn send(&mut self, mut call: Call) -> Result<Exchange, String> {
        let mut asked = false;
        for _ in 0..=MOST_REDIRECTS {
            let own = same_origin(&call.uri, &self.base);
            let mut sent = call.clone();
            if own && let Some(value) = &self.authorization {
                sent.headers.push((AUTHORIZATION, value.clone()));
            }
            let exchange = self.transport.send(sent).await?;
            let status = exchange.parts.status;
            if status == StatusCode::UNAUTHORIZED && own && !asked {
                asked = true;
                self.authorization = Some(self.authorize(exchange.parts.headers).await?);
                continue;
            }
            if !(status.is_redirection() && call.method == Method::GET) {
                return Ok(exchange);
            }
            let next = location(&exchange, &call.uri)?;
            if call.uri.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(format!("the registry sends on from https to {next}: that is refused"));
            }
            call.uri = next;
        }
        Err("the registry sends on too often: check its configuration".to_owned())
    }

    async fn authorize(&mut self, headers: HeaderMap) -> Result<HeaderValue, String> {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenge = challenge::parse(challenges.filter_map(|value| value.to_str().ok()));
        let value = match (challenge, &self.credentials) {
            (None, _) => {
                return Err(
                    "the registry asks for a login of a kind that is not known here".to_owned()
                );
            }
            (Some(Challenge::Basic), None) => {
                return Err("the registry asks for a name and a password: give registry credentials with them".to_owned());
            }
            (Some(Challenge::Basic), Some(credentials)) => credentials.basic(),
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                format!(
                    "Bearer {}",
                    self.token(&realm, service.as_deref(), scope.as_deref()).await?
                )
            }
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| "the token is not a header value".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn token(
        &mut self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<String, String> {
        let uri = token_address(realm, service, scope)?;
        check_realm(&uri, &self.base)?;
        let mut call = Session::get(uri);
        if let Some(credentials) = &self.credentials {
            let value = HeaderValue::from_str(&credentials.basic());
            let mut value =
                value.map_err(|_| "the credentials are not a header value".to_owned())?;
            value.set_sensitive(true);
            call.headers.push((AUTHORIZATION, value));
        }
        // A redirect is not followed: the credentials are for whom the registry names.
        let exchange = self.transport.send(call).await?;
        if exchange.parts.status.is_redirection() {
            return Err("the token server sends on elsewhere: that is refused, since credentials \
                        go to whom the registry names and to nobody else"
                .to_owned());
        }
        if exchange.parts.status != StatusCode::OK {
            return Err(refusal("a token", exchange).await);
        }
        #[derive(Deserialize)]
        struct TokenResponse {
            token: Option<String>,
            access_token: Option<String>,
        }
        let body = exchange
            .body(LARGEST_TOKEN)
            .await
            .map_err(|error| error.told("the token", LARGEST_TOKEN))?;
        let answer: TokenResponse = serde_json::from_slice(&body)
            .map_err(|error| format!("the token server's answer is broken ({error})"))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        token.ok_or_else(|| "the token server's answer has no token".to_owned())
    }
}

/// Whether a token may be asked for there, with the credentials that are for the registry. By TLS it
/// may be anywhere: the registry proved its name before it named that place, and could as well have
/// asked for the credentials itself. Without TLS it may only be the registry itself, which is asked
/// without TLS on this machine alone: another service here, on another port for one, must not be sent
/// them, nor any request that a registry thinks of.
fn check_realm(realm: &Uri, registry: &Uri) -> Result<(), String> {
    let refused = |why: &str| {
        let place = one_line(&realm.to_string());
        Err(format!("the registry points at {place} for tokens, {why}: that is refused"))
    };
    if realm.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refused("with a name in it");
    }
    match realm.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if registry.scheme_str() == Some("https") => {
            refused("from https to a place without TLS")
        }
        Some("http") if !same_origin(realm, registry) => {
            refused("which is another host or port than its own, and without TLS")
        }
        Some("http") => Ok(()),
        _ => refused("which is not an address of a web server"),
    }
}

/// Where a token for `scope` is to be had.
fn token_address(realm: &str, service: Option<&str>, scope: Option<&str>) -> Result<Uri, String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("service", service), ("scope", scope)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let between = if realm.contains('?') { '&' } else { '?' };
    format!("{realm}{between}{}", query.finish()).parse().map_err(|_| {
        format!("the registry points at {} for tokens, which is not an address", one_line(realm))
    })
}

/// A header of a call.
pub(super) fn header(name: HeaderName, value: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}

/// Where an answer points.
pub(super) fn location(exchange: &Exchange, asked: &Uri) -> Result<Uri, String> {
    let location = exchange.parts.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    resolve(asked, location.ok_or("the registry sends on to nowhere: check its configuration")?)
}

/// What a registry says when it does not give `what`, in one line with the remedy.
pub(super) async fn refusal(what: &str, exchange: Exchange) -> String {
    let status = exchange.parts.status;
    let remedy = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "give registry credentials with the right to it"
        }
        StatusCode::NOT_FOUND => "check the reference, and that it was pushed there",
        StatusCode::TOO_MANY_REQUESTS => "it is asked too often",
        status if status.is_server_error() => "the registry is in trouble",
        _ => "check the reference, and what the registry's log says",
    };
    let is_json = exchange.parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = is_json.is_some_and(|kind| kind.contains("json"));
    let said = match exchange.body(LARGEST_REFUSAL).await {
        Ok(body) if is_json => reasons(&body),
        _ => String::new(),
    };
    format!("the registry does not give {what} ({}{said}): {remedy}", status.as_u16())
}

/// The codes in a registry's errors, such as `, MANIFEST_UNKNOWN`.
fn reasons(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(default)]
        code: String,
    }
    let errors = serde_json::from_slice(body).unwrap_or(Errors { errors: Vec::new() }).errors;
    let codes = errors.iter().take(3).map(|reason| reason.code.as_str());
    codes.filter(|code| !code.is_empty()).map(|code| format!(", {}", one_line(code))).collect()
}

/// An address that may be absolute, or a path on the host that was asked.
fn resolve(asked: &Uri, location: &str) -> Result<Uri, String> {
    let broken =
        || format!("the registry points at {}, which is not an address", one_line(location));
    let next: Uri = location.parse().map_err(|_| broken())?;
    if next.scheme().is_some() && next.authority().is_some() {
        return match next.scheme_str() {
            Some("http" | "https") => Ok(next),
            _ => Err(broken()),
        };
    }
    let path = next.into_parts().path_and_query.filter(|path| path.as_str().starts_with('/'));
    let mut parts = asked.clone().into_parts();
    parts.path_and_query = Some(path.ok_or_else(broken)?);
    Uri::from_parts(parts).map_err(|_| broken())
}

/// Whether the two have scheme, host and port in common, whether the port is written or not.
fn same_origin(one: &Uri, other: &Uri) -> bool {
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    let port = |uri: &Uri| match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), _) => Some(port),
        (None, Some("https")) => Some(443),
        (None, Some("http")) => Some(80),
        (None, _) => None,
    };
    one.scheme() == other.scheme() && host(one) == host(other) && port(one) == port(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_resolved() {
        let asked: Uri = "https://ghcr.io/v2/a/blobs/x".parse().unwrap();
        let told = |location: &str| resolve(&asked, location).map(|uri| uri.to_string());
        assert_eq!(told("/v2/b?c=d").as_deref(), Ok("https://ghcr.io/v2/b?c=d"));
        assert_eq!(told("http://other:80/x").as_deref(), Ok("http://other:80/x"));
        for location in ["b", "ftp://a/b", "", "//other/x y"] {
            assert!(told(location).is_err(), "{location}");
        }
    }

    #[test]
    fn a_token_s_address_has_service_and_scope() {
        let told = |realm: &str| {
            let scope = Some("repository:a/b:pull");
            token_address(realm, Some("a b"), scope).map(|uri| uri.to_string())
        };
        let query = "service=a+b&scope=repository%3Aa%2Fb%3Apull";
        assert_eq!(told("https://a/token"), Ok(format!("https://a/token?{query}")));
        assert_eq!(told("https://a/token?b=c"), Ok(format!("https://a/token?b=c&{query}")));
        assert!(told("https://a b").is_err());
    }

    #[test]
    fn a_token_is_asked_for_by_tls_or_of_the_registry_itself() {
        let told = |realm: &str, registry: &str| {
            check_realm(&realm.parse().unwrap(), &registry.parse().unwrap())
        };
        let (public, local) = ("https://registry-1.docker.io/v2/a/", "http://127.0.0.1:5000/v2/a/");
        let elsewhere = "which is another host or port than its own, and without TLS";
        for (realm, registry) in [
            ("https://auth.docker.io/token", public),
            ("https://registry-1.docker.io/token", public),
            ("https://auth.example/token", local),
            ("http://127.0.0.1:5000/token?a=b", local),
            ("http://LocalHost/token", "http://localhost:80/v2/a/"),
        ] {
            assert_eq!(told(realm, registry), Ok(()), "{realm}");
        }
        for (realm, registry, why) in [
            ("http://auth.docker.io/token", public, "from https to a place without TLS"),
            ("http://127.0.0.1:8080/admin/delete?x=1", public, "from https to a place without TLS"),
            ("http://127.0.0.1:5001/token", local, elsewhere),
            ("http://127.0.0.1/token", local, elsewhere),
            ("http://localhost:5000/token", local, elsewhere),
            ("http://127.0.0.2:5000/token", local, elsewhere),
            ("http://192.0.2.1:5000/token", local, elsewhere),
            ("ftp://127.0.0.1/token", local, "which is not an address of a web server"),
            ("/token", public, "which is not an address of a web server"),
            ("https://user:word@auth.example/token", public, "with a name in it"),
        ] {
            let error = told(realm, registry).unwrap_err();
            let whole =
                format!("the registry points at {realm} for tokens, {why}: that is refused");
            assert_eq!(error, whole);
        }
    }

    #[test]
    fn a_registrys_codes_are_reported() {
        let body =
            br#"{"errors":[{"code":"DENIED","message":"no"},{"message":"x"},{"code":"A\nB"}]}"#;
        assert_eq!(reasons(body), ", DENIED, A B");
        assert_eq!(reasons(b"<html>"), "");
    }

    #[test]
    fn credentials_stay_with_the_origin() {
        let base: Uri = "https://ghcr.io/v2/a/".parse().unwrap();
        for same in ["https://ghcr.io/x", "https://ghcr.io:443/x", "https://GHCR.io/x"] {
            assert!(same_origin(&same.parse().unwrap(), &base), "{same}");
        }
        for other in ["http://ghcr.io/x", "https://ghcr.io:444/x", "https://ghcr.io.example/x"] {
            assert!(!same_origin(&other.parse().unwrap(), &base), "{other}");
        }
    }
}
