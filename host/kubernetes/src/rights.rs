//! The rights that each use of the API needs, and the Roles that give them.

use hotseat_election::{Right, ServiceAccount};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const RBAC: &str = "rbac.authorization.k8s.io";

/// What Events on objects of that namespace need.
pub fn event_rights(namespace: &str) -> Vec<Right> {
    vec![right("", "events", "create", namespace, None)]
}

/// What reading the Events on objects of that namespace needs. Events have names of their own, so this
/// shows all of the namespace.
pub fn rights_to_see_events(namespace: &str) -> Vec<Right> {
    vec![right("", "events", "list", namespace, None)]
}

/// What a policy in a ConfigMap needs.
pub fn config_map_rights(namespace: &str, name: &str) -> Vec<Right> {
    ["list", "watch"].map(|verb| right("", "configmaps", verb, namespace, Some(name))).into()
}

fn right(
    group: &'static str,
    resource: &'static str,
    verb: &'static str,
    namespace: &str,
    name: Option<&str>,
) -> Right {
    Right { group, resource, verb, namespace: namespace.to_owned(), name: name.map(str::to_owned) }
}

/// Roles with just these rights, one for each namespace, and who is bound to them. What belongs to no
/// namespace is in a ClusterRole.
#[derive(Clone, Debug)]
pub struct Roles<'a> {
    /// What they are called.
    pub name: &'a str,
    /// The namespace of the pods that get them.
    pub home: &'a str,
    /// What they give.
    pub rights: &'a [Right],
    /// The account that is bound to them; none: nobody is yet.
    pub account: Option<&'a ServiceAccount>,
}

/// What the objects are called that give rights in a namespace, or in none.
struct Kinds {
    role: &'static str,
    binding: &'static str,
}

impl Kinds {
    fn of(namespace: &str) -> Kinds {
        match namespace {
            "" => Kinds { role: "ClusterRole", binding: "ClusterRoleBinding" },
            _ => Kinds { role: "Role", binding: "RoleBinding" },
        }
    }
}

/// The rule for some objects of one kind, with its verbs in the order in which they are needed.
struct Rule<'a> {
    group: &'a str,
    resource: &'a str,
    name: Option<&'a str>,
    verbs: Vec<&'a str>,
}

impl Roles<'_> {
    /// As YAML, each object a document.
    pub fn yaml(&self) -> String {
        let mut documents = Vec::new();
        for (namespace, rules) in self.by_namespace() {
            documents.push(self.role_yaml(namespace, &rules));
            if let Some(account) = self.account {
                documents.push(self.binding_yaml(namespace, account));
            }
        }
        documents.join("---\n")
    }

    /// As the objects themselves, in the order of [`Roles::yaml`].
    pub fn objects(&self) -> Vec<Value> {
        let mut objects = Vec::new();
        for (namespace, rules) in self.by_namespace() {
            let Kinds { role, binding } = Kinds::of(namespace);
            let mut metadata = json!({"name": self.name_in(namespace)});
            if !namespace.is_empty() {
                metadata["namespace"] = json!(namespace);
            }
            let rules: Vec<Value> = rules.iter().map(Rule::object).collect();
            objects.push(json!({"apiVersion": format!("{RBAC}/v1"), "kind": role,
                                "metadata": metadata, "rules": rules}));
            if let Some(ServiceAccount { namespace: theirs, name }) = self.account {
                objects.push(json!({
                    "apiVersion": format!("{RBAC}/v1"), "kind": binding, "metadata": metadata,
                    "roleRef": {"apiGroup": RBAC, "kind": role, "name": self.name_in(namespace)},
                    "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": theirs}],
                }));
            }
        }
        objects
    }

    /// The name in that namespace. ClusterRoles of all namespaces share one, so theirs says whose it is.
    fn name_in(&self, namespace: &str) -> String {
        match (namespace, self.home) {
            ("", home) => format!("{home}-{}", self.name),
            _ => self.name.to_owned(),
        }
    }

    fn by_namespace(&self) -> BTreeMap<&str, Vec<Rule<'_>>> {
        let mut roles: BTreeMap<&str, Vec<Rule<'_>>> = BTreeMap::new();
        for right in self.rights {
            let Right { group, resource, verb, namespace, name } = right;
            let name = name.as_deref();
            let rules = roles.entry(namespace).or_default();
            let known = |rule: &&mut Rule<'_>| {
                (rule.group, rule.resource, rule.name) == (*group, *resource, name)
            };
            match rules.iter_mut().find(known) {
                Some(rule) if rule.verbs.contains(verb) => {}
                Some(rule) => rule.verbs.push(verb),
                None => rules.push(Rule { group, resource, name, verbs: vec![*verb] }),
            }
        }
        roles
    }

    fn role_yaml(&self, namespace: &str, rules: &[Rule<'_>]) -> String {
        let Kinds { role, .. } = Kinds::of(namespace);
        let metadata = self.metadata_yaml(namespace);
        let mut text =
            format!("apiVersion: {RBAC}/v1\nkind: {role}\nmetadata: {metadata}\nrules:\n");
        for Rule { group, resource, name, verbs } in rules {
            let names = name.map_or(String::new(), |name| format!(", resourceNames: [{name}]"));
            let verbs = verbs.join(", ");
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "- {{apiGroups: [\"{group}\"], resources: [{resource}]{names}, verbs: [{verbs}]}}"
            );
        }
        text
    }

    fn metadata_yaml(&self, namespace: &str) -> String {
        let name = self.name_in(namespace);
        match namespace {
            "" => format!("{{name: {name}}}"),
            namespace => format!("{{name: {name}, namespace: {namespace}}}"),
        }
    }

    fn binding_yaml(&self, namespace: &str, account: &ServiceAccount) -> String {
        let Kinds { role, binding } = Kinds::of(namespace);
        let (name, metadata) = (self.name_in(namespace), self.metadata_yaml(namespace));
        let (theirs, account) = (&account.namespace, &account.name);
        format!(
            "apiVersion: {RBAC}/v1\nkind: {binding}\nmetadata: {metadata}\n\
             roleRef: {{apiGroup: {RBAC}, kind: {role}, name: {name}}}\n\
             subjects: [{{kind: ServiceAccount, name: {account}, namespace: {theirs}}}]\n"
        )
    }
}

impl Rule<'_> {
    fn object(&self) -> Value {
        let Rule { group, resource, name, verbs } = self;
        let mut rule = json!({"apiGroups": [group], "resources": [resource], "verbs": verbs});
        if let Some(name) = name {
            rule["resourceNames"] = json!([name]);
        }
        rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LockKind;

    fn lock() -> Vec<Right> {
        LockKind::Leases.rights("web", "shop")
    }

    #[test]
    fn a_role_has_just_these_rights() {
        let needed = lock();
        let rights = [needed[0].clone(), needed[3].clone(), event_rights("web")[0].clone()];
        let text =
            Roles { name: "hotseat-shop", home: "web", rights: &rights, account: None }.yaml();
        assert_eq!(
            text,
            "apiVersion: rbac.authorization.k8s.io/v1\n\
             kind: Role\n\
             metadata: {name: hotseat-shop, namespace: web}\n\
             rules:\n\
             - {apiGroups: [\"coordination.k8s.io\"], resources: [leases], resourceNames: [shop], verbs: [get, update]}\n\
             - {apiGroups: [\"\"], resources: [events], verbs: [create]}\n"
        );
    }

    #[test]
    fn a_policy_in_another_namespace_has_a_role_and_a_binding_there() {
        let rights = [lock(), config_map_rights("platform", "policy")].concat();
        let account = ServiceAccount { namespace: "web".to_owned(), name: "pods".to_owned() };
        let roles =
            Roles { name: "hotseat-shop", home: "web", rights: &rights, account: Some(&account) };
        let text = roles.yaml();
        let documents: Vec<&str> = text.split("---\n").collect();
        assert_eq!(documents.len(), 4, "{text}");
        assert!(documents[0].contains("resourceNames: [policy], verbs: [list, watch]"), "{text}");
        let theirs = "subjects: [{kind: ServiceAccount, name: pods, namespace: web}]";
        for (document, namespace) in [(documents[1], "platform"), (documents[3], "web")] {
            assert!(document.contains("kind: RoleBinding"), "{text}");
            let metadata = format!("metadata: {{name: hotseat-shop, namespace: {namespace}}}");
            assert!(document.contains(&metadata) && document.contains(theirs), "{text}");
        }
        let objects = roles.objects();
        let kinds: Vec<&Value> = objects.iter().map(|object| &object["kind"]).collect();
        assert_eq!(kinds, ["Role", "RoleBinding", "Role", "RoleBinding"]);
        assert_eq!(objects[2]["rules"][0]["resourceNames"], json!(["shop"]));
        assert_eq!(objects[1]["metadata"]["namespace"], "platform");
    }

    #[test]
    fn what_is_in_no_namespace_has_a_cluster_role_that_says_whose_it_is() {
        let nodes = ["list", "watch"].map(|verb| right("", "nodes", verb, "", None));
        let rights = [nodes.to_vec(), event_rights("web")].concat();
        let account = ServiceAccount { namespace: "web".to_owned(), name: "pods".to_owned() };
        let (name, account) = ("hotseat-shop", Some(&account));
        let roles = Roles { name, home: "web", rights: &rights, account };
        let text = roles.yaml();
        assert!(
            text.starts_with(
                "apiVersion: rbac.authorization.k8s.io/v1\n\
                 kind: ClusterRole\n\
                 metadata: {name: web-hotseat-shop}\n\
                 rules:\n\
                 - {apiGroups: [\"\"], resources: [nodes], verbs: [list, watch]}\n\
                 ---\n\
                 apiVersion: rbac.authorization.k8s.io/v1\n\
                 kind: ClusterRoleBinding\n\
                 metadata: {name: web-hotseat-shop}\n\
                 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web-hotseat-shop}\n"
            ),
            "{text}"
        );
        let objects = roles.objects();
        assert_eq!(objects[0]["metadata"], json!({"name": "web-hotseat-shop"}));
        assert_eq!(objects[1]["kind"], "ClusterRoleBinding");
        assert_eq!(objects[1]["roleRef"]["name"], "web-hotseat-shop");
        assert_eq!(objects[2]["kind"], "Role");
    }
}
