//! What Kubernetes takes as names, and which of them name a component.

/// The longest name of a namespace, in bytes.
const LONGEST_LABEL: usize = 63;
/// The longest name of an object and the longest key of a ConfigMap, in bytes.
const LONGEST_NAME: usize = 253;

/// The remedy for a namespace that is none.
pub const NAMESPACE_RULE: &str =
    "use at most 63 lower-case letters, digits and dashes, a letter or digit at each end";
/// The remedy for an object's name that is none.
pub const NAME_RULE: &str =
    "use at most 253 lower-case letters, digits, dashes and dots, a letter or digit at each end";
/// The remedy for a key that is none.
pub(crate) const KEY_RULE: &str =
    "use at most 253 letters, digits, dashes, underscores and dots, and no .. at its start";

/// Whether it can name a namespace (RFC 1123 label).
pub fn is_namespace(name: &str) -> bool {
    name.len() <= LONGEST_LABEL && is_label(name)
}

/// Whether it can name an object such as a ConfigMap or a Lease (RFC 1123 subdomain).
pub fn is_object(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.split('.').all(is_label)
}

/// Whether it can be a key of a ConfigMap.
pub(crate) fn is_key(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !key.is_empty()
        && key.len() <= LONGEST_NAME
        && key.chars().all(letter)
        && key != "."
        && !key.starts_with("..")
}

/// Whether a key of a ConfigMap names a component by its ending.
pub(crate) fn is_component(key: &str) -> bool {
    key.ends_with(".wasm") || key.ends_with(".wasm.gz")
}

/// Whether a key of a ConfigMap names settings by its ending.
pub(crate) fn is_settings(key: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|ending| key.ends_with(ending))
}

fn is_label(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(name.chars().next())
        && edge(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        assert!(is_namespace("kube-system") && is_namespace("a1"));
        assert!(!is_namespace("a.b") && !is_namespace("-a") && !is_namespace("A"));
        assert!(is_namespace(&"a".repeat(63)) && !is_namespace(&"a".repeat(64)));
        assert!(is_object("election.policy-1") && is_object(&"a".repeat(253)));
        assert!(!is_object("a..b") && !is_object("") && !is_object("a_b") && !is_object("a."));
        assert!(is_key("policy.wasm") && is_key("A_b-c.1") && is_key(".wasm"));
        assert!(!is_key("") && !is_key("..data") && !is_key("a/b") && !is_key("."));
    }
}
