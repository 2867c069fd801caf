//! Names: which ones Kubernetes takes, and how the server makes new ones.

use std::hash::{BuildHasher, RandomState};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', \
    or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const KEY_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex \
    used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with the name of an object; nothing if it is fine.
pub(crate) fn subdomain_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > 253 {
        faults.push("must be no more than 253 characters".to_owned());
    }
    if !name.split('.').all(is_label) {
        faults.push(SUBDOMAIN.to_owned());
    }
    faults
}

/// What is wrong with the name of a namespace; nothing if it is fine.
pub(crate) fn label_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > 63 {
        faults.push("must be no more than 63 characters".to_owned());
    }
    if !is_label(name) {
        if name.split('.').all(is_label) {
            faults.push("must not contain dots".to_owned());
        } else {
            faults.push(LABEL.to_owned());
        }
    }
    faults
}

/// What is wrong with a label: its key, then its value.
pub(crate) fn key_value_faults(key: &str, value: &str) -> Vec<(bool, String)> {
    let mut faults = Vec::new();
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|p| !subdomain_faults(p).is_empty()) {
        faults.push((true, format!("prefix part {SUBDOMAIN}")));
    }
    if name.is_empty() {
        faults.push((true, "name part must be non-empty".to_owned()));
    }
    if name.len() > 63 {
        faults.push((true, "name part must be no more than 63 characters".to_owned()));
    }
    if !is_word(name) {
        faults.push((true, format!("name part {KEY_NAME}")));
    }
    if value.len() > 63 {
        faults.push((false, "must be no more than 63 characters".to_owned()));
    }
    if !value.is_empty() && !is_word(value) {
        faults.push((false, LABEL_VALUE.to_owned()));
    }
    faults
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    let inner = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    bytes.iter().all(inner) && ends.iter().all(|b| b.is_some_and(u8::is_ascii_alphanumeric))
}

fn is_label(part: &str) -> bool {
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    inner(first) && inner(last) && bytes.iter().all(|b| inner(b) || *b == b'-')
}

/// A random (version 4) UUID.
pub(crate) fn new_uid() -> String {
    let (a, b) = (random(), random());
    let b = (b & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}

/// The prefix and five random characters that spell no word; the whole keeps to 63 bytes.
pub(crate) fn generate(prefix: &str) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut name: String = prefix.chars().take(58).collect();
    let mut bits = random();
    for _ in 0..5 {
        let letter = usize::try_from(bits % 27).unwrap_or(0);
        name.push(char::from(ALPHABET[letter]));
        bits /= 27;
    }
    name
}

/// 64 bits that nobody can foresee cheaply: each `RandomState` has keys of its own.
fn random() -> u64 {
    RandomState::new().hash_one(0u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinguished() {
        for good in ["a", "a-b", "a.b.c", "0", "my-app-0"] {
            assert!(subdomain_faults(good).is_empty(), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a/b", "ä"] {
            assert!(!subdomain_faults(bad).is_empty(), "{bad}");
        }
        assert_eq!(subdomain_faults(&"a".repeat(254)).len(), 1);
        assert_eq!(label_faults("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn labels_are_distinguished() {
        for (key, value) in [("a", ""), ("A_b.c", "x"), ("example.com/role", "Leader_1")] {
            assert!(key_value_faults(key, value).is_empty(), "{key}={value}");
        }
        for (key, value) in [("", ""), ("a b", ""), ("a", "-x"), ("A.com/x", ""), ("a/", "")] {
            assert!(!key_value_faults(key, value).is_empty(), "{key}={value}");
        }
        assert_eq!(key_value_faults(&"k".repeat(64), &"v".repeat(64)).len(), 2);
    }

    #[test]
    fn uids_look_like_uids_and_differ() {
        let uid = new_uid();
        let lengths: Vec<usize> = uid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uid}");
        assert_eq!(uid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uid.as_bytes()[19]), "{uid}");
        assert_ne!(uid, new_uid());
    }

    #[test]
    fn generated_names_are_valid() {
        let name = generate("event-");
        assert_eq!(name.len(), 11);
        assert!(subdomain_faults(&name).is_empty(), "{name}");
        assert_eq!(generate(&"x".repeat(80)).len(), 63);
    }
}
