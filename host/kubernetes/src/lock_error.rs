//! Failed requests, in the core's words and in words for people.

use super::causes::{NoCredentials, ThroughProxy};
use super::credentials::KINDS;
use hotseat_core::event::LockError;
use hotseat_core::policy::Outcome;
use hotseat_text::one_line;
use kube::core::Status;
use kube::core::response::StatusDetails;
use std::error::Error;
use std::time::Duration;

/// The longest text of a stranger in a line, in bytes.
const LONGEST_WORDS: usize = 600;

/// What a refusal of a request of that verb means for the election. The status has the code that
/// the answer came with.
pub(super) fn refused(verb: &str, status: &Status) -> LockError {
    let seconds = |details: &StatusDetails| u64::from(details.retry_after_seconds);
    let retry_after = status.details.as_ref().map(seconds).filter(|seconds| *seconds > 0);
    let outcome = match status.code {
        409 => Outcome::Conflict,
        // What was to be replaced is gone.
        404 if verb == "update" => Outcome::Conflict,
        // Where there is nothing to create it in, trying again at once does not help.
        404 if verb.starts_with("create") => Outcome::Denied,
        400 | 401 | 403 | 405 | 413 | 415 | 422 => Outcome::Denied,
        429 => Outcome::Throttled,
        504 => Outcome::TimedOut,
        _ => Outcome::Unreachable,
    };
    let advice = advice(verb, status).map_or(String::new(), |advice| format!(": {advice}"));
    let said = one_line(&status.message, LONGEST_WORDS);
    let reason = one_line(&status.reason, 60);
    LockError {
        outcome,
        retry_after: retry_after.map(Duration::from_secs),
        of_content: is_of_content(status),
        detail: format!("{} {reason}: {said}{advice}", status.code),
    }
}

/// Whether it is the content that is refused, and will be again. In the words of an API server: what is
/// between may answer with the same codes for other reasons.
fn is_of_content(status: &Status) -> bool {
    let reason = status.reason.as_str();
    matches!((status.code, reason), (400, "BadRequest") | (413, _) | (422, "Invalid"))
}

/// What to do about a refusal, where that is known.
fn advice(verb: &str, status: &Status) -> Option<String> {
    let text = status.message.as_str();
    let causes = || status.details.iter().flat_map(|details| &details.causes);
    let details_kind = status.details.as_ref().map_or("", |details| details.kind.as_str());
    let advice = match status.code {
        401 => "the API server does not know this token: is it mounted, and of this cluster?",
        403 if causes().any(|cause| cause.reason == "NamespaceTerminating")
            || text.contains("because it is being terminated") =>
        {
            "the namespace is being deleted, and nothing can be created in it: the rights are not what is missing"
        }
        403 if text.contains("exceeded quota") || text.contains("failed quota") => {
            "a ResourceQuota of the namespace leaves no room: raise it or delete what is not needed; the rights are not what is missing"
        }
        403 if text.contains("quota") && text.contains("status unknown") => {
            "the quota's use is not known yet: this passes, or the quota controller does not run"
        }
        400.. if text.contains("denied the request") && text.contains("admission webhook") => {
            "an admission webhook refuses it: ask whoever runs the webhook; the rights are not what is missing"
        }
        400.. if text.contains("ValidatingAdmissionPolicy") => {
            "a ValidatingAdmissionPolicy refuses it: change the policy, or exempt the Lease; the rights are not what is missing"
        }
        500.. if text.contains("failed calling webhook") => {
            "an admission webhook does not answer: repair it, or exempt leases from it"
        }
        403 if text.contains("User \"system:anonymous\"") => {
            "the request came without credentials that the API server knows: check the token and the kubeconfig's user"
        }
        403 if status.reason == "Forbidden" => {
            "give the account the Role that hotseat rbac prints, or the access check"
        }
        403 => "it is not the API server's account check that refuses: check what is between",
        404 if verb.starts_with("create") && details_kind == "namespaces" => {
            let name = status.details.as_ref().map_or("", |details| details.name.as_str());
            let name = one_line(name, 63);
            return Some(format!(
                "the namespace {name} does not exist yet: create it, or give another; it is tried again"
            ));
        }
        404 if verb.ends_with("-pod") => {
            "there is no pod of that name: hand POD_NAME in by the downward API"
        }
        404 if verb != "update" => {
            "the API server has no such path: check the server's address, and what is between"
        }
        400 | 413 | 422 if text.contains("metadata.annotations") => {
            "the object's annotations leave no room: remove those that are not needed"
        }
        400 | 413 | 422 => {
            "the API server does not take what would be written: look at the object with kubectl, and put what others changed right"
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

/// A request that was not answered by its deadline.
pub(super) fn timed_out(within: Duration) -> LockError {
    plain(Outcome::TimedOut, format!("no answer within {} ms", within.as_millis()))
}

pub(super) fn plain(outcome: Outcome, detail: String) -> LockError {
    LockError { outcome, retry_after: None, of_content: false, detail }
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
    let last = one_line(chain.last().map_or("", String::as_str), LONGEST_WORDS);
    if let Some(missing) = cause_of::<NoCredentials>(error) {
        return one_line(&missing.to_string(), LONGEST_WORDS);
    }
    if all.contains("UnsupportedSignatureAlgorithm") {
        return format!(
            "the server's certificate is signed in a way that TLS here cannot check: give the server and its authority keys of another kind ({KINDS}) ({last})"
        );
    }
    let remedy = if all.contains("UnknownIssuer") || all.contains("BadSignature") {
        "the server's certificate is not of the configured CA: check certificate-authority in the kubeconfig"
    } else if all.contains("not valid for name") {
        "the server's certificate is for another name: check the server's address in the kubeconfig"
    } else if all.contains("InvalidContentType") || all.contains("corrupt message") {
        "the server does not speak TLS there: check the server's address in the kubeconfig"
    } else if let Some(through) = cause_of::<ThroughProxy>(error) {
        let proxy = &through.proxy;
        return format!(
            "the server cannot be reached through the proxy {proxy}: check that it runs, takes this client and may reach the server ({last})"
        );
    } else if all.contains("Connection refused") {
        "nothing listens there: check the server's address, and that the API server runs"
    } else if all.contains("failed to lookup address") {
        "the name is not known: check the server's address in the kubeconfig"
    } else {
        "the API server cannot be reached"
    };
    format!("{remedy} ({last})")
}

/// The first cause of that kind, or the error itself.
fn cause_of<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
