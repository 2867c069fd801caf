//! `PUT /v1/released?token=N`: the application says that it acts no more for the term with that token.
//!
//! `GET` says whether it has: a probe of the application by it has the kubelet restart one that has not.
//!
//! The seat is released then without what is left of the reaction time, and a leader whose term it is
//! gives it up. Nobody else can know it, so whoever says it answers for the application: it has to be in
//! the pod, as for signals.

use super::access::{Refusal, refuse};
use super::signals::check_sender;
use hotseat_core::lock::Token;
use hotseat_core::time::Moment;
use hotseat_election::Status;
use hotseat_text::parse_duration;
use http::request::Parts;
use hyper::StatusCode;
use std::net::IpAddr;
use std::time::Duration;

/// Tells the election.
pub(super) fn let_go(status: &Status, peer: Option<IpAddr>, head: &Parts) -> Result<(), Refusal> {
    check_sender("releases", peer, head)?;
    let token = token(head.uri.query().unwrap_or_default())?;
    let last = status.last_token();
    if token > last {
        // Else the drain of a term that is still to come would be over before it began.
        let why = match last {
            Token(0) => format!("token {token}: this candidate has not led yet"),
            last => format!("token {token}: this candidate's last term has the token {last}"),
        };
        return refuse(StatusCode::CONFLICT, why + ": give the token that GET /v1/leader had");
    }
    status.application().let_go(token, Duration::ZERO, "the application has let go");
    Ok(())
}

/// Whether a term has been over for long without the application having let go: `?after=2s`, or at
/// once. To everybody, as the kubelet asks from the node.
pub(super) fn check(status: &Status, head: &Parts, now: Moment) -> Result<(), Refusal> {
    let query = head.uri.query().unwrap_or_default();
    let after = match query {
        "" => Ok(Duration::ZERO),
        query => query.strip_prefix("after=").ok_or_else(String::new).and_then(parse_duration),
    };
    let Ok(after) = after else {
        let query: String = query.escape_debug().take(100).collect();
        let why = format!("{query}: there is one parameter, after, as in ?after=2s");
        return refuse(StatusCode::BAD_REQUEST, why);
    };
    match status.overdue(now) {
        Some((token, over)) if over >= after => {
            let why = format!(
                "the term with the token {token} is over for {:.1} s, and the application has not let go of it",
                over.as_secs_f64()
            );
            refuse(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        _ => Ok(()),
    }
}

fn token(query: &str) -> Result<Token, Refusal> {
    let given = query.strip_prefix("token=").and_then(|number| number.parse().ok());
    match given.map(Token) {
        Some(token) if token > Token(0) && token <= Token::LARGEST => Ok(token),
        _ => {
            let query: String = query.escape_debug().take(100).collect();
            let why = format!(
                "{query}: there is no token in it: name the term that is over, as in PUT /v1/released?token=N with the token of /v1/leader"
            );
            refuse(StatusCode::BAD_REQUEST, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_named_by_its_token() {
        assert_eq!(token("token=7"), Ok(Token(7)));
        for query in ["", "token=", "token=0", "token=-1", "token=x", "t=7", "token=7&token=8"] {
            assert_eq!(token(query).unwrap_err().0, StatusCode::BAD_REQUEST, "{query}");
        }
        assert_eq!(token("token=9007199254740992").unwrap_err().0, StatusCode::BAD_REQUEST);
    }
}
