//! What an account of the cluster may do, and what it lacks.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// One right of an account in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The resource, in the plural.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
    /// The namespace.
    pub namespace: String,
    /// On the object of that name alone; none: on all.
    pub name: Option<String>,
}

/// An account that pods have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ServiceAccount {
    /// What the API server calls such accounts before namespace and name.
    const PREFIX: &'static str = "system:serviceaccount:";

    /// The account of a user as the API server names it; none if the user is none.
    pub fn of_user(user: &str) -> Option<ServiceAccount> {
        let (namespace, name) = user.strip_prefix(Self::PREFIX)?.split_once(':')?;
        Some(ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// Rights that are needed and that the account has not; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRights {
    /// The rights, in the order in which they are needed.
    pub rights: Vec<Right>,
    /// All rights that are needed, the missing ones among them.
    pub needed: Vec<Right>,
    /// Who lacks them, if the API server says so and it is a service account.
    pub account: Option<ServiceAccount>,
}

/// In one line, such as `get, update on leases shop and create on events in namespace web`.
impl fmt::Display for MissingRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut namespaces: BTreeMap<&str, Vec<(String, Vec<&str>)>> = BTreeMap::new();
        for right in &self.rights {
            let mut object = right.resource.to_owned();
            if let Some(name) = &right.name {
                // Writing to a string cannot fail.
                let _ = write!(object, " {name}");
            }
            let objects = namespaces.entry(&right.namespace).or_default();
            match objects.iter_mut().find(|(known, _)| *known == object) {
                Some((_, verbs)) => verbs.push(right.verb),
                None => objects.push((object, vec![right.verb])),
            }
        }
        for (index, (namespace, objects)) in namespaces.iter().enumerate() {
            let objects: Vec<String> = objects
                .iter()
                .map(|(object, verbs)| format!("{} on {object}", verbs.join(", ")))
                .collect();
            let before = if index == 0 { "" } else { "; " };
            let objects = objects.join(" and ");
            match *namespace {
                "" => write!(f, "{before}{objects} in the cluster")?,
                namespace => write!(f, "{before}{objects} in namespace {namespace}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(resource: &'static str, verb: &'static str, namespace: &str, named: bool) -> Right {
        let (namespace, name) = (namespace.to_owned(), named.then(|| "shop".to_owned()));
        Right { group: "", resource, verb, namespace, name }
    }

    #[test]
    fn what_is_missing_is_one_line() {
        let rights = vec![
            right("leases", "get", "web", true),
            right("leases", "update", "web", true),
            right("leases", "create", "web", false),
            right("configmaps", "list", "platform", true),
        ];
        assert_eq!(
            MissingRights { rights, needed: Vec::new(), account: None }.to_string(),
            "list on configmaps shop in namespace platform; get, update on leases shop and create \
             on leases in namespace web"
        );
    }

    #[test]
    fn a_service_account_is_distinguished_from_other_users() {
        let account = ServiceAccount { namespace: "web".to_owned(), name: "shop".to_owned() };
        assert_eq!(ServiceAccount::of_user("system:serviceaccount:web:shop"), Some(account));
        assert_eq!(ServiceAccount::of_user("system:node:n1"), None);
        assert_eq!(ServiceAccount::of_user("jane"), None);
    }
}
