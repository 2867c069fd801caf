//! Kubernetes `Status` objects: how the API says no.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::resource::Resource;

/// A refusal, as a Kubernetes API server words it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason, such as `Conflict`; may be empty.
    pub reason: Cow<'static, str>,
    /// One line for people.
    pub message: String,
    /// The `details` object, if there is one.
    pub details: Option<Value>,
    /// Seconds for the `Retry-After` header and `details.retryAfterSeconds`.
    pub retry_after: Option<u32>,
}

/// One field that failed validation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    pub field: String,
    pub kind: &'static str,
    pub body: String,
}

impl Cause {
    /// `Invalid value: <value>: <why>`; `value` as JSON shows it.
    pub(crate) fn invalid(field: &str, value: impl Into<Value>, why: &str) -> Cause {
        let value: Value = value.into();
        Cause {
            field: field.to_owned(),
            kind: "FieldValueInvalid",
            body: format!("Invalid value: {value}: {why}"),
        }
    }

    /// `Required value: <why>`.
    pub(crate) fn required(field: &str, why: &str) -> Cause {
        Cause {
            field: field.to_owned(),
            kind: "FieldValueRequired",
            body: format!("Required value: {why}"),
        }
    }
}

impl Status {
    /// A refusal without details.
    pub fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Status {
        Status {
            code,
            reason: reason.into(),
            message: message.into(),
            details: None,
            retry_after: None,
        }
    }

    /// The same refusal, asking to come back after that many seconds.
    pub fn with_retry_after(mut self, seconds: u32) -> Status {
        self.retry_after = Some(seconds);
        self
    }

    fn about(mut self, resource: &Resource, name: &str) -> Status {
        let mut details = json!({"kind": resource.plural});
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !resource.group.is_empty() {
            details["group"] = resource.group.into();
        }
        self.details = Some(details);
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Status {
        Status::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Status {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Status::new(404, "NotFound", message).about(resource, name)
    }

    pub(crate) fn no_such_path() -> Status {
        let message = "the server could not find the requested resource";
        Status { details: Some(json!({})), ..Status::new(404, "NotFound", message) }
    }

    pub(crate) fn method_not_allowed() -> Status {
        let message = "the server does not allow this method on the requested resource";
        Status { details: Some(json!({})), ..Status::new(405, "MethodNotAllowed", message) }
    }

    pub(crate) fn not_acceptable() -> Status {
        let message = "only the following media types are accepted: application/json";
        Status::new(406, "NotAcceptable", message)
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Status {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Status::new(409, "AlreadyExists", message).about(resource, name)
    }

    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Status {
        let qualified = resource.qualified();
        let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
        Status::new(409, "Conflict", message).about(resource, name)
    }

    /// A precondition of a delete that does not hold. A real server names the kind here where
    /// every other conflict names the plural.
    pub(crate) fn precondition(resource: &Resource, name: &str, why: &str) -> Status {
        let kind = resource.qualified_kind();
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        let mut status = Status::new(409, "Conflict", message).about(resource, name);
        if let Some(details) = &mut status.details {
            details["kind"] = resource.kind.into();
        }
        status
    }

    pub(crate) fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message)
    }

    pub(crate) fn too_large(limit: usize) -> Status {
        let message = format!("Request entity too large: limit is {limit}");
        Status::new(413, "RequestEntityTooLarge", message)
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Status {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {accepted}"
        );
        Status::new(415, "UnsupportedMediaType", message)
    }

    /// A failure that a real server does not classify: 500 without a reason.
    pub(crate) fn unclassified(message: impl Into<String>) -> Status {
        Status::new(500, "", message)
    }

    /// An update that lacks the version it was made from. A real server names the plural here
    /// where every other validation error names the kind.
    pub(crate) fn version_missing(resource: &Resource, name: &str) -> Status {
        let cause =
            Cause::invalid("metadata.resourceVersion", 0, "must be specified for an update");
        invalid(&resource.qualified(), resource.plural, resource, name, &[cause])
    }

    pub(crate) fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Status {
        invalid(&resource.qualified_kind(), resource.kind, resource, name, causes)
    }

    /// The object, as it goes over the wire.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            object["reason"] = self.reason.as_ref().into();
        }
        let mut details = self.details.clone();
        if let Some(seconds) = self.retry_after {
            details.get_or_insert_with(|| json!({}))["retryAfterSeconds"] = seconds.into();
        }
        if let Some(details) = details {
            object["details"] = details;
        }
        object
    }
}

fn invalid(
    qualified: &str,
    kind: &str,
    resource: &Resource,
    name: &str,
    causes: &[Cause],
) -> Status {
    let mut lines: Vec<String> =
        causes.iter().map(|c| format!("{}: {}", c.field, c.body)).collect();
    lines.dedup();
    let all = match lines.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let mut details = json!({
        "kind": kind,
        "causes": causes
            .iter()
            .map(|c| json!({"reason": c.kind, "message": c.body, "field": c.field}))
            .collect::<Vec<_>>(),
    });
    if !name.is_empty() {
        details["name"] = name.into();
    }
    if !resource.group.is_empty() {
        details["group"] = resource.group.into();
    }
    let message = format!("{qualified} \"{name}\" is invalid: {all}");
    Status { details: Some(details), ..Status::new(422, "Invalid", message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{LEASES, PODS};

    #[test]
    fn a_conflict_reads_as_a_real_server_words_it() {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        let object = Status::conflict(&LEASES, "x", why).to_json();
        assert_eq!(
            object["message"],
            "Operation cannot be fulfilled on leases.coordination.k8s.io \"x\": the object has \
             been modified; please apply your changes to the latest version and try again"
        );
        assert_eq!(
            object["details"],
            json!({"name": "x", "group": "coordination.k8s.io", "kind": "leases"})
        );
    }

    #[test]
    fn several_causes_are_listed_in_brackets() {
        let causes = [
            Cause::invalid("spec.a", -1, "must be greater than 0"),
            Cause::required("metadata.name", "name or generateName is required"),
        ];
        let status = Status::invalid(&PODS, "", &causes);
        assert_eq!(
            status.message,
            "Pod \"\" is invalid: [spec.a: Invalid value: -1: must be greater than 0, \
             metadata.name: Required value: name or generateName is required]"
        );
    }

    #[test]
    fn retry_after_goes_into_the_details() {
        let status = Status::new(429, "TooManyRequests", "slow down").with_retry_after(3);
        assert_eq!(status.to_json()["details"]["retryAfterSeconds"], 3);
    }
}
