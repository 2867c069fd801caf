//! The files of the templates.

use std::collections::BTreeMap;

use crate::Language;

/// The contract, which each folder gets a copy of.
pub(crate) const CONTRACT: &str = include_str!("../../../wit/policy.wit");

/// What stands in the templates where the policy's name belongs.
const NAME: &str = "my-policy";

/// The language or `common`, the path in the author's folder, and the content.
const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The files of a policy of that name: each path in its folder, with its content.
pub(crate) fn files(language: Language, name: &str) -> BTreeMap<&'static str, Vec<u8>> {
    let common = FILES.iter().filter(|(of, ..)| *of == "common");
    let own = FILES.iter().filter(|(of, ..)| *of == language.as_str());
    // Its own come later, so that they win.
    let mut files: BTreeMap<&str, Vec<u8>> =
        common.chain(own).map(|(_, path, bytes)| (*path, named(bytes, name))).collect();
    if language != Language::Rules {
        files.insert("wit/policy.wit", CONTRACT.into());
    }
    files
}

fn named(bytes: &[u8], name: &str) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace(NAME, name).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_files_and_the_contract() {
        for language in Language::ALL {
            let files = files(language, "calm");
            assert!(files.contains_key("scenes.yaml") && files.contains_key("README.md"));
            assert_eq!(files.contains_key("wit/policy.wit"), language != Language::Rules);
            assert!(files.contains_key(language.mark()), "{language:?}");
            let readme = String::from_utf8(files["README.md"].clone()).unwrap();
            assert!(readme.contains(language.tools()), "{language:?}");
        }
        let rust = files(Language::Rust, "calm");
        assert!(
            rust.contains_key("sdk/rust/src/lib.rs")
                && rust.contains_key("sdk/rust/wit/policy.wit")
        );
        assert!(rust.contains_key("sdk/standard/Cargo.toml"));
    }

    #[test]
    fn the_name_is_put_everywhere() {
        for language in Language::ALL {
            for (path, bytes) in files(language, "calm") {
                let text = String::from_utf8(bytes).unwrap();
                assert!(!text.contains(NAME), "{language:?}: {path}");
            }
        }
        let manifest = files(Language::Rust, "calm").remove("Cargo.toml").unwrap();
        assert!(String::from_utf8(manifest).unwrap().contains("name = \"calm\""));
    }
}
