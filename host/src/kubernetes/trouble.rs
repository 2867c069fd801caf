//! Failed requests, in the core's words and in words for people.

use hotseat_core::event::Trouble;
use hotseat_core::policy::Outcome;
use kube::core::response::StatusDetails;
use std::error::Error;
use std::time::Duration;

/// The longest line of somebody else's that is kept, in bytes.
const LONGEST_LINE: usize = 2048;

/// What a failed request means for the election.
pub(super) fn trouble(error: &kube::Error) -> Trouble {
    let kube::Error::Api(status) = error else {
        return plain(Outcome::Unreachable, explain(error));
    };
    let seconds = |details: &StatusDetails| u64::from(details.retry_after_seconds);
    let retry_after = status.details.as_ref().map(seconds).filter(|seconds| *seconds > 0);
    let outcome = match status.code {
        404 | 409 => Outcome::Conflict,
        400 | 401 | 403 | 405 | 413 | 415 | 422 => Outcome::Denied,
        429 => Outcome::Throttled,
        504 => Outcome::TimedOut,
        _ => Outcome::Unreachable,
    };
    let mend = match status.code {
        401 => ": the API server does not know this token: is it mounted, and of this cluster?",
        403 => ": give the account the Role of the README, or the one that the access check prints",
        _ => "",
    };
    Trouble {
        outcome,
        retry_after: retry_after.map(Duration::from_secs),
        detail: format!("{} {}: {}{mend}", status.code, status.reason, one_line(&status.message)),
    }
}

/// A request that was not answered by its deadline.
pub(super) fn timed_out(within: Duration) -> Trouble {
    plain(Outcome::TimedOut, format!("no answer within {} ms", within.as_millis()))
}

pub(super) fn plain(outcome: Outcome, detail: String) -> Trouble {
    Trouble { outcome, retry_after: None, detail }
}

/// The innermost cause, which is the one that helps, and what to do about it.
pub(super) fn explain(error: &(dyn Error + 'static)) -> String {
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        chain.push(inner.to_string());
        cause = inner.source();
    }
    let all = chain.join(": ");
    let last = one_line(chain.last().map_or("", String::as_str));
    let mend = if all.contains("UnknownIssuer") || all.contains("BadSignature") {
        "the server's certificate is not of the configured CA: check certificate-authority in the kubeconfig"
    } else if all.contains("NotValidForName") {
        "the server's certificate is for another name: check the server's address in the kubeconfig"
    } else if all.contains("InvalidContentType") || all.contains("corrupt message") {
        "the server does not speak TLS there: check the server's address in the kubeconfig"
    } else if all.contains("Connection refused") {
        "nothing listens there: check the server's address, and that the API server runs"
    } else if all.contains("failed to lookup address") {
        "the name is not known: check the server's address in the kubeconfig"
    } else {
        "the API server cannot be reached"
    };
    format!("{mend} ({last})")
}

/// What a server or a library says, in one line.
pub(super) fn one_line(text: &str) -> String {
    hotseat_text::one_line(text, LONGEST_LINE)
}
