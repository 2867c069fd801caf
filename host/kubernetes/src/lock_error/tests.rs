//! Refusals as API servers word them.

use super::*;
use serde_json::json;

fn refusal(
    verb: &str,
    code: u16,
    reason: &str,
    message: &str,
    details: serde_json::Value,
) -> LockError {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details,
    });
    refused(verb, &serde_json::from_value(status).unwrap())
}

#[test]
fn denied_but_not_by_rbac() {
    let role = "give the account the Role";
    let rights = "the rights are not what is missing";
    let terminating = json!({"name": "shop", "group": "coordination.k8s.io", "kind": "leases",
        "causes": [{"reason": "NamespaceTerminating", "message": "namespace web is being terminated",
                    "field": "metadata.namespace"}]});
    for (code, reason, message, details, words) in [
        (
            403,
            "Forbidden",
            "leases.coordination.k8s.io \"shop\" is forbidden: User \"u\" cannot create resource \"leases\"",
            json!({"name": "shop", "kind": "leases"}),
            [role, role],
        ),
        (
            403,
            "Forbidden",
            "leases.coordination.k8s.io \"shop\" is forbidden: exceeded quota: q, requested: count/leases.coordination.k8s.io=1, used: count/leases.coordination.k8s.io=0, limited: count/leases.coordination.k8s.io=0",
            json!({"name": "shop", "kind": "leases"}),
            ["a ResourceQuota of the namespace leaves no room", rights],
        ),
        (
            403,
            "Forbidden",
            "leases.coordination.k8s.io \"shop\" is forbidden: unable to create new content in namespace web because it is being terminated",
            terminating,
            ["the namespace is being deleted", rights],
        ),
        (
            403,
            "Forbidden",
            "admission webhook \"validation.gatekeeper.sh\" denied the request: [team] no leases here",
            json!(null),
            ["an admission webhook refuses it", rights],
        ),
        (
            422,
            "Invalid",
            "leases.coordination.k8s.io \"shop\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            json!({"name": "shop", "kind": "leases"}),
            ["a ValidatingAdmissionPolicy refuses it", rights],
        ),
        (
            403,
            "Forbidden",
            "leases.coordination.k8s.io \"shop\" is forbidden: User \"system:anonymous\" cannot create resource \"leases\"",
            json!({}),
            ["the request came without credentials", "check the token"],
        ),
        (403, "", "<html>blocked</html>", json!(null), ["check what is between", "403"]),
    ] {
        let error = refusal("create", code, reason, message, details);
        assert_eq!(error.outcome, Outcome::Denied, "{error:?}");
        for word in words {
            assert!(error.detail.contains(word), "no {word:?} in {}", error.detail);
        }
        assert_eq!(error.detail.contains(role), words[0] == role, "{}", error.detail);
    }
}

#[test]
fn what_is_not_there_depends_on_what_was_asked() {
    let namespace = json!({"name": "web", "kind": "namespaces"});
    let missing = refusal("create", 404, "NotFound", "namespaces \"web\" not found", namespace);
    assert_eq!(missing.outcome, Outcome::Denied);
    assert!(
        missing.detail.contains("the namespace web does not exist yet: create it"),
        "{missing:?}"
    );
    let object = json!({"name": "shop", "kind": "leases"});
    let gone = refusal("update", 404, "NotFound", "leases \"shop\" not found", object);
    assert_eq!(gone.outcome, Outcome::Conflict, "somebody deleted it");
    let other = refusal("get", 404, "", "404 page not found", json!(null));
    assert_eq!(other.outcome, Outcome::Unreachable, "a read never conflicts");
    assert!(other.detail.contains("check the server's address"), "{other:?}");
}

#[test]
fn a_record_that_is_not_taken_is_named() {
    let long = "Lease.coordination.k8s.io \"shop\" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes";
    let error = refusal("update", 422, "Invalid", long, json!(null));
    assert_eq!(error.outcome, Outcome::Denied);
    assert!(error.detail.ends_with("remove those that are not needed"), "{}", error.detail);
    assert!(error.of_content);
    for (code, reason, of_content) in [
        (413, "RequestEntityTooLarge", true),
        (400, "BadRequest", true),
        (400, "an answer of another kind", false),
        (403, "Forbidden", false),
        (409, "Conflict", false),
        (500, "InternalError", false),
    ] {
        let error = refusal("update", code, reason, "no", json!(null));
        assert_eq!(error.of_content, of_content, "{code} {reason}");
    }
}

#[test]
fn a_strangers_words_are_one_short_line() {
    let words = format!("line\nINFO anna is the leader \u{1b}[31m{}", "x".repeat(10_000));
    let error = refusal("update", 500, "Internal\nError", &words, json!(null));
    assert!(!error.detail.contains(char::is_control), "{}", error.detail);
    assert!(error.detail.len() < 800);
}

#[test]
fn a_server_that_says_when_to_come_back_is_heard() {
    let details = json!({"retryAfterSeconds": 7});
    let error = refusal("update", 429, "TooManyRequests", "slow down", details);
    assert_eq!(error.outcome, Outcome::Throttled);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}
