//! Who may do what: tokens and denials, both changeable while the server runs.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::resource::{RESOURCES, Resource, Verb};
use crate::route::Objects;
use crate::status::Status;
use crate::sync::lock;

/// The name under which every client is known here.
const USER: &str = "system:serviceaccount:default:embedded";

/// Something that nobody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The verb; none for all.
    pub verb: Option<Verb>,
    /// The plural name, such as `leases`; none for all.
    pub resource: Option<String>,
    /// The namespace; none for all.
    pub namespace: Option<String>,
}

/// The server's rules of access. At first every request is allowed, with or without a token.
#[derive(Debug, Default)]
pub struct Access {
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    tokens: Option<Vec<String>>,
    denials: Vec<Denial>,
}

impl Access {
    /// From now on a request needs one of these bearer tokens, else it is answered with 401. An
    /// empty list refuses everybody. Running watches go on, as on a real server.
    pub fn require_tokens<T: Into<String>>(&self, tokens: impl IntoIterator<Item = T>) {
        let tokens = tokens.into_iter().map(Into::into).collect();
        lock(&self.rules).tokens = Some(tokens);
    }

    /// From now on any token will do, and none.
    pub fn accept_any_token(&self) {
        lock(&self.rules).tokens = None;
    }

    /// Denies one more thing: such requests are answered with 403, and access reviews say no.
    pub fn deny(&self, denial: Denial) {
        lock(&self.rules).denials.push(denial);
    }

    /// Takes all denials back.
    pub fn allow_all(&self) {
        lock(&self.rules).denials.clear();
    }

    /// The first token that is accepted, if one is required.
    pub(crate) fn first_token(&self) -> Option<String> {
        lock(&self.rules).tokens.as_ref()?.first().cloned()
    }

    /// Checks the value of the `Authorization` header.
    pub(crate) fn authenticate(&self, header: Option<&str>) -> Result<(), Status> {
        let rules = lock(&self.rules);
        let Some(tokens) = &rules.tokens else {
            return Ok(());
        };
        let given = header.and_then(|h| h.strip_prefix("Bearer "));
        match given {
            Some(token) if tokens.iter().any(|t| t == token.trim()) => Ok(()),
            _ => Err(Status::unauthorized()),
        }
    }

    /// Checks a request against the denials.
    pub(crate) fn authorize(&self, verb: Verb, target: &Objects) -> Result<(), Status> {
        if self.allows(verb.as_str(), target.resource.plural, target.scope()) {
            return Ok(());
        }
        Err(forbidden(verb, target))
    }

    /// Answers a SelfSubjectAccessReview.
    pub(crate) fn review(&self, mut review: Value) -> Result<Value, Status> {
        let spec = review.get("spec").cloned().unwrap_or_default();
        let text = |field: &str| {
            let attributes = &spec["resourceAttributes"];
            attributes[field].as_str().unwrap_or("").to_owned()
        };
        let (asked, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
        let allowed = match (asked.is_object(), path.is_object()) {
            (true, false) => self.allows(&text("verb"), &text("resource"), &text("namespace")),
            (false, true) => true,
            _ => {
                let message = ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: \
                               Invalid value: null: exactly one of nonResourceAttributes or \
                               resourceAttributes must be specified";
                return Err(Status::new(422, "Invalid", message));
            }
        };
        if !review.is_object() {
            review = json!({});
        }
        review["kind"] = "SelfSubjectAccessReview".into();
        review["apiVersion"] = "authorization.k8s.io/v1".into();
        if !review["metadata"].is_object() {
            review["metadata"] = json!({});
        }
        review["status"] = json!({"allowed": allowed});
        Ok(review)
    }

    fn allows(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        // A question about `*` is answered with yes only if nothing of it is denied.
        let fits = |rule: Option<&str>, asked: &str| {
            rule.is_none_or(|rule| rule == asked || asked == "*" || asked.is_empty())
        };
        !lock(&self.rules).denials.iter().any(|d| {
            fits(d.verb.map(Verb::as_str), verb)
                && fits(d.resource.as_deref(), resource)
                && fits(d.namespace.as_deref(), namespace)
        })
    }
}

impl Denial {
    /// That verb on that kind, in every namespace.
    pub fn of(verb: Verb, resource: &Resource) -> Denial {
        debug_assert!(RESOURCES.contains(&resource));
        Denial { verb: Some(verb), resource: Some(resource.plural.to_owned()), namespace: None }
    }
}

fn forbidden(verb: Verb, target: &Objects) -> Status {
    let Objects { resource, namespace, name } = target;
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let what = if name.is_empty() {
        resource.qualified()
    } else {
        format!("{} {name:?}", resource.qualified())
    };
    let message = format!(
        "{what} is forbidden: User {USER:?} cannot {verb} resource {:?} in API group {:?} {place}",
        resource.plural, resource.group
    );
    let mut details = json!({"kind": resource.plural});
    for (key, value) in [("name", name.as_str()), ("group", resource.group)] {
        if !value.is_empty() {
            details[key] = value.into();
        }
    }
    Status { details: Some(details), ..Status::new(403, "Forbidden", message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::LEASES;

    fn target() -> Objects {
        Objects { resource: &LEASES, namespace: "le".to_owned(), name: "x".to_owned() }
    }

    #[test]
    fn tokens_rotate() {
        let access = Access::default();
        assert!(access.authenticate(None).is_ok());
        access.require_tokens(["old", "new"]);
        assert_eq!(access.authenticate(None).unwrap_err().code, 401);
        assert!(access.authenticate(Some("Bearer old")).is_ok());
        access.require_tokens(["new"]);
        assert_eq!(access.authenticate(Some("Bearer old")).unwrap_err().code, 401);
        assert_eq!(access.authenticate(Some("Basic new")).unwrap_err().code, 401);
        assert_eq!(access.first_token().as_deref(), Some("new"));
        access.accept_any_token();
        assert!(access.authenticate(Some("Bearer x")).is_ok());
    }

    #[test]
    fn a_denial_reads_as_a_real_one() {
        let access = Access::default();
        assert!(access.authorize(Verb::Update, &target()).is_ok());
        access.deny(Denial::of(Verb::Update, &LEASES));
        assert!(access.authorize(Verb::Get, &target()).is_ok());
        let status = access.authorize(Verb::Update, &target()).unwrap_err();
        assert_eq!(
            status.message,
            "leases.coordination.k8s.io \"x\" is forbidden: User \
             \"system:serviceaccount:default:embedded\" cannot update resource \"leases\" in API \
             group \"coordination.k8s.io\" in the namespace \"le\""
        );
        access.allow_all();
        assert!(access.authorize(Verb::Update, &target()).is_ok());
    }

    #[test]
    fn reviews_say_what_requests_would_meet() {
        let access = Access::default();
        access.deny(Denial::of(Verb::Watch, &LEASES));
        let ask = |verb: &str| {
            let attributes = json!({"verb": verb, "resource": "leases", "namespace": "le"});
            let answer = access.review(json!({"spec": {"resourceAttributes": attributes}}));
            answer.unwrap()["status"]["allowed"].clone()
        };
        assert_eq!(ask("get"), true);
        assert_eq!(ask("watch"), false);
        assert_eq!(ask("*"), false);
        assert_eq!(access.review(json!({})).unwrap_err().code, 422);
    }
}
