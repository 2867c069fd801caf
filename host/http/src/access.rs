//! Who may ask for what.
//!
//! Who leads, whether this process is well and what it counts may be known to everybody who reaches
//! the port. The policy's settings and the signals may hold what is nobody else's business, and the
//! policy's page, the journal, the history and the roster repeat them: they are shown to this pod alone, unless the operator
//! opens them. Signals are set from this pod in any case.
//!
//! In the pod is who has a loopback address. That leaves what others can make a client in the pod
//! do: a browser there, or one behind a forwarded port, may run a page whose own name was made to
//! resolve to 127.0.0.1, and gives itself away by that name; and a request that a proxy handed on
//! says so in its headers.

use http::request::Parts;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap};
use std::net::IpAddr;

/// What proxies add to what they hand on.
const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];

/// To whom the policy, the journal, the history, the signals and the roster are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// To clients on a loopback address: the containers of the pod.
    #[default]
    Loopback,
    /// To everybody who reaches the port.
    PodNetwork,
}

/// Who may ask for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// To whom details are shown.
    pub detail: Detail,
    /// What a client that is refused may ask the operator for, in words that follow "or".
    pub remedy: &'static str,
}

impl Default for Access {
    /// Details for this pod alone.
    fn default() -> Access {
        Access {
            detail: Detail::Loopback,
            remedy: "let the operator show them to the pod's network",
        }
    }
}

/// An answer with a status that says no, and why: the reason and the remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

/// Refuses.
pub(super) fn refuse<T>(status: StatusCode, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(status, why.into()))
}

impl Access {
    /// Whether whoever asks may see details.
    pub(super) fn check_reader(self, peer: Option<IpAddr>, head: &Parts) -> Result<(), Refusal> {
        if self.detail == Detail::PodNetwork {
            return Ok(());
        }
        let remedy = self.remedy;
        let pod = format!("ask from a container of this pod at 127.0.0.1, or {remedy}");
        if let Some(from) = outsider(peer) {
            let why = format!(
                "policy, journal, history, signals and roster are shown to this pod only, and this came from {from}: {pod}"
            );
            return refuse(StatusCode::FORBIDDEN, why);
        }
        if let Some(name) = proxy(&head.headers) {
            let why = format!("a proxy handed this on, as the header {name} says: {pod}");
            return refuse(StatusCode::FORBIDDEN, why);
        }
        let is_own = |host: &&str| is_local_name(host) || address_in(host).is_some();
        if let Some(host) = hosts(head).into_iter().find(|host| !is_own(host)) {
            let why = format!(
                "the request is for the host {}, a name that anybody may let resolve here: ask for http://127.0.0.1 or localhost, or {remedy}",
                host.escape_debug()
            );
            return refuse(StatusCode::FORBIDDEN, why);
        }
        Ok(())
    }
}

/// The address that a request came from, if that is not a loopback one.
pub(super) fn outsider(peer: Option<IpAddr>) -> Option<String> {
    // A listener for both families sees IPv4 peers as ::ffff:127.0.0.1.
    match peer.map(|peer| peer.to_canonical()) {
        Some(peer) if peer.is_loopback() => None,
        Some(peer) => Some(peer.to_string()),
        None => Some("an unknown address".to_owned()),
    }
}

/// The header by which a proxy says that it handed the request on.
pub(super) fn proxy(headers: &HeaderMap) -> Option<&'static str> {
    OF_PROXIES.into_iter().find(|name| headers.contains_key(*name))
}

/// All that a request says of the host that it is for; nothing, as HTTP/1.0 may have it.
pub(super) fn hosts(head: &Parts) -> Vec<&str> {
    let named = head.headers.get_all(header::HOST).iter();
    let named = named.map(|host| host.to_str().unwrap_or_default());
    named.chain(head.uri.authority().map(|it| it.as_str())).collect()
}

/// Whether `HOST` or `HOST:PORT` names this machine by something that no name server tells.
pub(super) fn is_loopback(host: &str) -> bool {
    is_local_name(host) || address_in(host).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn is_local_name(host: &str) -> bool {
    split(host).is_some_and(|bare| bare.eq_ignore_ascii_case("localhost"))
}

/// The address, where it is one and no name.
fn address_in(host: &str) -> Option<IpAddr> {
    split(host)?.parse().ok()
}

/// The host without brackets and port; none if what follows it is not a port.
fn split(host: &str) -> Option<&str> {
    let (bare, rest) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some(parts) => parts,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    port.chars().all(|c| c.is_ascii_digit()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(host: Option<&str>) -> Parts {
        let mut request = hyper::Request::get("/v1/policy");
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn details_are_for_loopback_peers_that_use_no_name_of_the_network() {
        let local: Option<IpAddr> = Some("127.0.0.1".parse().unwrap());
        let access = Access::default();
        let hosts = ["localhost:4040", "LOCALHOST", "127.0.0.1", "[::1]:4040", "10.0.0.7:4040"];
        for host in hosts.into_iter().map(Some).chain([None]) {
            assert_eq!(access.check_reader(local, &asked_for(host)), Ok(()), "{host:?}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a:b"]
        {
            let Refusal(status, why) =
                access.check_reader(local, &asked_for(Some(host))).unwrap_err();
            assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
            assert!(why.contains(&format!("for the host {host}")), "{why}");
        }
        for peer in ["::1", "::ffff:127.0.0.1", "127.8.9.10"] {
            let peer = Some(peer.parse().unwrap());
            assert_eq!(access.check_reader(peer, &asked_for(Some("localhost"))), Ok(()));
        }
        for peer in [Some("10.0.0.7"), Some("::ffff:10.0.0.7"), Some("2001:db8::7"), None] {
            let peer = peer.map(|peer| peer.parse().unwrap());
            let refused = access.check_reader(peer, &asked_for(Some("localhost"))).unwrap_err();
            assert_eq!(refused.0, StatusCode::FORBIDDEN, "{peer:?}");
        }
    }

    #[test]
    fn where_the_operator_opens_them_everybody_sees_details() {
        let access = Access { detail: Detail::PodNetwork, ..Access::default() };
        let peer = Some("10.0.0.7".parse().unwrap());
        assert_eq!(access.check_reader(peer, &asked_for(Some("shop.example"))), Ok(()));
    }
}
