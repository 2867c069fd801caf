//! From a path to what it names.

use percent_encoding::percent_decode_str;

use crate::resource::{NAMESPACES, Resource};

/// What a path names.
#[derive(Debug, PartialEq)]
pub(crate) enum Route {
    /// Objects of a kind, or one of them.
    Objects(Objects),
    /// The question "may I do this?".
    AccessReview,
    /// Everything else; see `discovery`.
    Document,
}

/// A collection or one object in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Objects {
    pub resource: &'static Resource,
    /// Empty: all namespaces, or a kind that lives in none.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
}

/// Finds what the path names; subresources are unknown here, as is anything malformed.
pub(crate) fn find(path: &str) -> Option<Route> {
    let parts: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Some(Route::Document),
    };
    if (group, version, rest) == ("authorization.k8s.io", "v1", &["selfsubjectaccessreviews"]) {
        return Some(Route::AccessReview);
    }
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let (plural, name) = match rest {
        [plural] => (plural, ""),
        [plural, name] if !name.is_empty() => (plural, *name),
        _ => return None,
    };
    let resource = Resource::find(group, version, plural)?;
    let placed = resource.namespaced != namespace.is_empty();
    let everywhere = resource.namespaced && name.is_empty();
    (placed || everywhere).then(|| {
        Route::Objects(Objects { resource, namespace: namespace.to_owned(), name: name.to_owned() })
    })
}

impl Objects {
    /// The namespace that access rules see: that of a namespace object is itself.
    pub(crate) fn scope(&self) -> &str {
        if self.resource == &NAMESPACES { &self.name } else { &self.namespace }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{LEASES, PODS};

    fn objects(path: &str) -> Option<(&'static str, String, String)> {
        match find(path) {
            Some(Route::Objects(o)) => Some((o.resource.plural, o.namespace, o.name)),
            _ => None,
        }
    }

    #[test]
    fn paths() {
        let leases = "/apis/coordination.k8s.io/v1";
        let all = [
            (format!("{leases}/leases"), LEASES.plural, "", ""),
            (format!("{leases}/namespaces/le/leases"), LEASES.plural, "le", ""),
            (format!("{leases}/namespaces/le/leases/x"), LEASES.plural, "le", "x"),
            ("/api/v1/namespaces/le/pods/p%2D0".to_owned(), PODS.plural, "le", "p-0"),
            ("/api/v1/namespaces".to_owned(), "namespaces", "", ""),
            ("/api/v1/namespaces/le".to_owned(), "namespaces", "", "le"),
        ];
        for (path, plural, namespace, name) in all {
            let expected = Some((plural, namespace.to_owned(), name.to_owned()));
            assert_eq!(objects(&path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_there() {
        for path in [
            "/api/v1/secrets",
            "/api/v1/namespaces/le/secrets",
            "/api/v1/pods/x",
            "/api/v2/pods",
            "/apis/coordination.k8s.io/v1/namespaces/le/leases/x/status",
            "/apis/coordination.k8s.io/v1/namespaces//leases/x",
        ] {
            assert!(objects(path).is_none(), "{path}");
        }
        assert_eq!(find("/version"), Some(Route::Document));
        assert_eq!(find("/"), Some(Route::Document));
        let review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert_eq!(find(review), Some(Route::AccessReview));
    }
}
