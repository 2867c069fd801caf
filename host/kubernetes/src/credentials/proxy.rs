//! The proxy in front of the API server: of the field `proxy-url`, or else of the environment, by
//! the rules of Go's `ProxyFromEnvironment`, which kubectl goes by.

use super::environment::Environment;
use anyhow::{Context as _, bail, ensure};
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use ipnet::IpNet;
use std::net::IpAddr;

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Proxy {
    /// Its address, without name and password.
    pub(in super::super) uri: Uri,
    /// How it is spoken to.
    pub(in super::super) kind: Kind,
    /// Which field or variable names it, for messages.
    pub(in super::super) from: String,
}

/// How a proxy is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// By `CONNECT`, in the clear, with this `Proxy-Authorization`.
    Http(Option<HeaderValue>),
    /// By `CONNECT` within TLS.
    Https(Option<HeaderValue>),
    /// By SOCKS 5, with name and password.
    Socks5(Option<(String, String)>),
}

/// The proxy that the field names. It is used for every server: no `NO_PROXY` speaks against it.
pub(super) fn of_field(url: &str, from: &str) -> anyhow::Result<Proxy> {
    ensure!(
        url.contains("://"),
        "{from} {:?}: has no scheme: write it as http://HOST:PORT, https:// or socks5://",
        without_password(url)
    );
    parse(url, from)
}

/// The proxy that the environment names for that server.
pub(super) fn of_environment(
    server: &Uri,
    environment: &Environment,
) -> anyhow::Result<Option<Proxy>> {
    let https = server.scheme_str() == Some("https");
    let named = if https { &environment.https_proxy } else { &environment.http_proxy };
    let Some((variable, url)) = named else {
        return Ok(None);
    };
    let host = server.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if https { 443 } else { 80 });
    if is_local(&host) || is_exempt(environment.no_proxy.as_deref(), &host, port) {
        return Ok(None);
    }
    let from = format!("the environment's {variable}");
    parse(url, &from).map(Some)
}

fn parse(url: &str, from: &str) -> anyhow::Result<Proxy> {
    let shown = without_password(url);
    let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
    if !["http", "https", "socks5", "socks5h"].contains(&scheme) {
        bail!(
            "{from} {shown:?}: the scheme {scheme:?} is not supported: use http, https or socks5"
        );
    }
    // Takes name and password apart, percent-decoded.
    let parsed = Matcher::builder().all(url).build();
    let parsed = parsed.intercept(&Uri::from_static("http://any/"));
    let parsed = parsed.with_context(|| {
        format!("{from} {shown:?}: is not a proxy URL: write it as {scheme}://HOST:PORT")
    })?;
    let kind = match scheme {
        "http" => Kind::Http(parsed.basic_auth().cloned()),
        "https" => Kind::Https(parsed.basic_auth().cloned()),
        _ => {
            let both = parsed.raw_auth();
            Kind::Socks5(both.map(|(name, password)| (name.to_owned(), password.to_owned())))
        }
    };
    Ok(Proxy { uri: parsed.uri().clone(), kind, from: from.to_owned() })
}

/// Go never asks a proxy for the machine itself.
fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether `NO_PROXY` takes that server out: `*`, an address, a network, a domain with those below
/// it, or after `.` or `*.` only those below it; address and domain perhaps with a port.
fn is_exempt(list: Option<&str>, host: &str, port: u16) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    list.unwrap_or_default().split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(
        |entry| {
            if entry == "*" {
                return true;
            }
            if let Ok(network) = entry.parse::<IpNet>() {
                return address.is_some_and(|address| network.contains(&address));
            }
            let (name, wanted) = name_and_port(&entry);
            if name.is_empty() || wanted.is_some_and(|wanted| wanted != port) {
                return false;
            }
            if let Ok(wanted) = name.parse::<IpAddr>() {
                return address == Some(wanted);
            }
            let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
            let below = host.strip_suffix(name);
            match name.starts_with('.') {
                true => below.is_some_and(|below| !below.is_empty()),
                false => below.is_some_and(|below| below.is_empty() || below.ends_with('.')),
            }
        },
    )
}

/// `name:port`, `[address]:port`, or one without a port.
fn name_and_port(entry: &str) -> (&str, Option<u16>) {
    let bare = |name: &'_ str| name.parse::<IpAddr>().is_ok();
    match entry.rsplit_once(':') {
        Some((name, port)) if !bare(entry) && port.parse::<u16>().is_ok() => {
            (name.trim_start_matches('[').trim_end_matches(']'), port.parse().ok())
        }
        _ => (entry.trim_start_matches('[').trim_end_matches(']'), None),
    }
}

/// A URL as it may stand in a log.
fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        None => url.to_owned(),
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://...@{host}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(server: &str, no_proxy: &str) -> bool {
        let environment = Environment {
            https_proxy: Some(("HTTPS_PROXY", "http://proxy:3128".to_owned())),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        of_environment(&server.parse().unwrap(), &environment).unwrap().is_some()
    }

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let name = "https://api.corp.example:6443";
        for (server, list, expected) in [
            (name, "", true),
            (name, "*", false),
            (name, "other, corp.example", false),
            (name, ".corp.example", false),
            (name, "*.corp.example", false),
            (name, "API.corp.EXAMPLE", false),
            (name, ".api.corp.example", true),
            (name, "rp.example", true),
            (name, "api.corp.example:6443", false),
            (name, "api.corp.example:443", true),
            ("https://corp.example", "corp.example:443", false),
            ("https://10.1.2.3:6443", "10.0.0.0/8", false),
            ("https://10.1.2.3:6443", "10.1.2.3", false),
            ("https://10.1.2.3:6443", "10.1.2.3:1", true),
            ("https://10.1.2.3:6443", "10.1.2.0/31", true),
            ("https://[fd00::1]:6443", "fd00::/8", false),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", false),
            ("https://[fd00::1]:6443", "fd00::2", true),
            // The machine itself is never asked for by a proxy.
            ("https://127.0.0.1:6443", "", false),
            ("https://localhost:6443", "", false),
            ("https://[::1]:6443", "", false),
        ] {
            assert_eq!(through(server, list), expected, "{server} with NO_PROXY={list}");
        }
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let environment = Environment {
            http_proxy: Some(("http_proxy", "proxy:3128".to_owned())),
            ..Environment::default()
        };
        let of = |server: &str| of_environment(&server.parse().unwrap(), &environment).unwrap();
        assert!(of("https://api:1").is_none());
        let proxy = of("http://api:1").unwrap();
        assert_eq!(proxy.uri.to_string(), "http://proxy:3128/");
        assert_eq!(proxy.from, "the environment's http_proxy");
    }

    #[test]
    fn names_and_passwords_are_decoded_and_never_shown() {
        let proxy = of_field("http://joe:p%40ss@proxy:1", "here").unwrap();
        assert!(matches!(&proxy.kind, Kind::Http(Some(value)) if value == "Basic am9lOnBAc3M="));
        assert_eq!(proxy.uri.to_string(), "http://proxy:1/");
        let proxy = of_field("socks5://joe:p%40ss@proxy:1", "here").unwrap();
        let both = Some(("joe".to_owned(), "p@ss".to_owned()));
        assert!(matches!(&proxy.kind, Kind::Socks5(found) if *found == both));
        assert!(matches!(of_field("https://proxy", "here").unwrap().kind, Kind::Https(None)));
        for (url, words) in [
            ("socks4://joe:pw@proxy:1", "here \"socks4://...@proxy:1\": the scheme \"socks4\""),
            ("joe:pw@proxy:1", "has no scheme"),
            ("http://", "is not a proxy URL"),
        ] {
            let error = of_field(url, "here").err().unwrap().to_string();
            assert!(error.contains(words) && !error.contains("pw"), "{error}");
        }
    }
}
