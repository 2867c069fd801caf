//! What the Lease of a candidate is called, and by which label it is found.

use hotseat_text::Digest;

/// The label of a candidate's Lease; its value says of which election.
pub const ROSTER: &str = "hotseat.dev/roster";

/// The longest name of an object, in bytes.
const LONGEST_NAME: usize = 253;
/// The longest value of a label, in bytes.
const LONGEST_LABEL: usize = 63;
/// How many hex digits of a digest tell one thing from another: 64 bits, for some hundred things.
const DIGITS: usize = 16;

/// The name of the Lease of the candidate with this site, which is its pod or what else tells it from
/// the others: `<election>-<hash>`.
///
/// It is longer than the election's, which is its lock's, or as long where that is cut, and then ends
/// in a hash of that very name. Whether it is some other election's lock is looked at before it is
/// written (`lease`).
pub(super) fn lease_name(election: &str, site: &str) -> String {
    let hash = hash(&format!("{election}\n{site}"));
    let name = joined(election, &hash, LONGEST_NAME);
    match name == election {
        // A name that ends in its own hash: nobody will ever find one, and it costs a line.
        true => joined(election, &self::hash(&hash), LONGEST_NAME),
        false => name,
    }
}

/// The value of the label for an election. Entries say the election's whole name, so that two whose
/// values were equal would still not be mixed.
pub(crate) fn label_value(election: &str) -> String {
    match election.len() <= LONGEST_LABEL {
        true => election.to_owned(),
        false => joined(election, &hash(election), LONGEST_LABEL),
    }
}

/// The beginning of a name, and a hash, within so many bytes.
fn joined(name: &str, hash: &str, longest: usize) -> String {
    let room = longest - hash.len() - 1;
    let start = &name[..name.floor_char_boundary(room)];
    // Neither of both may stand before a hyphen in the part of a domain name.
    let start = start.trim_end_matches(['.', '-']);
    format!("{start}-{hash}")
}

fn hash(text: &str) -> String {
    let mut hex = Digest::of(text.as_bytes()).hex();
    hex.truncate(DIGITS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_object(name: &str) -> bool {
        name.len() <= 253
            && name.split('.').all(|part| {
                let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                !part.is_empty()
                    && part.chars().all(inside)
                    && !part.starts_with('-')
                    && !part.ends_with('-')
            })
    }

    #[test]
    fn a_name_is_one_of_kubernetes_and_never_the_locks() {
        let long = "a".repeat(253);
        let dotted = format!("{}.b{}", "a".repeat(235), "c".repeat(16));
        for election in ["e", "shop.web", "a-1", &long, &dotted] {
            let names: Vec<String> =
                ["web/web-0", "web/web-1"].map(|site| lease_name(election, site)).into();
            assert_ne!(names[0], names[1]);
            for name in names {
                assert!(is_object(&name) && name != election, "{name}");
            }
        }
        assert_eq!(lease_name("shop", "web/web-0"), lease_name("shop", "web/web-0"));
        assert_ne!(lease_name("shop", "a"), lease_name("shop2", "a"));
    }

    #[test]
    fn a_label_holds_the_elections_name_or_stands_for_it() {
        assert_eq!(label_value("shop.web"), "shop.web");
        let long = format!("{}.{}", "a".repeat(45), "b".repeat(40));
        let value = label_value(&long);
        assert!(value.len() <= 63 && value.starts_with("aaaa"), "{value}");
        assert!(value.ends_with(|c: char| c.is_ascii_hexdigit()), "{value}");
        assert_ne!(value, label_value(&format!("{long}c")));
    }
}
