//! The policies that the program brings along: the one place that lists them.
//!
//! The standard policy lies in the program as it is, since it has to be there at once whatever
//! fails; the others are packed until one is asked for.

use crate::descriptor::ROSTER;
use crate::standard::{STANDARD, STANDARD_LABEL};
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

/// A policy that the program brings along.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Its name, as in `builtin:NAME`.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// The facts that its description says it cannot do without. They are here too because rights are
    /// asked for before anything is compiled.
    pub needs: &'static [&'static str],
    bytes: Bytes,
}

#[derive(Clone, Copy)]
enum Bytes {
    Plain(&'static [u8]),
    /// By deflate, without a header.
    Packed(&'static [u8]),
}

/// All there are; the first is the one that `builtin` alone names.
pub const BUILTINS: [Builtin; 2] = [
    Builtin {
        name: "standard",
        summary: "client-go's timing, improved by what a watch makes possible",
        needs: &[],
        bytes: Bytes::Plain(STANDARD),
    },
    Builtin {
        name: "rules",
        summary: "who leads by expressions in its settings",
        needs: &[ROSTER],
        bytes: Bytes::Packed(include_bytes!(concat!(env!("OUT_DIR"), "/rules.wasm.deflate"))),
    },
];

impl Builtin {
    /// That of this name; the standard one where none is given.
    pub fn find(name: Option<&str>) -> Option<Builtin> {
        let name = name.unwrap_or(BUILTINS[0].name);
        BUILTINS.into_iter().find(|builtin| builtin.name == name)
    }

    /// Their names, for messages.
    pub fn names() -> String {
        BUILTINS.map(|builtin| format!("builtin:{}", builtin.name)).join(", ")
    }

    /// Whether it is the standard policy.
    pub fn is_standard(&self) -> bool {
        self.name == BUILTINS[0].name
    }

    /// Whether it is asked with the other candidates in view, whatever its settings are.
    pub fn needs_roster(&self) -> bool {
        self.needs.contains(&ROSTER)
    }

    /// How it is named where policies are: `builtin`, or `builtin:NAME`.
    pub fn label(&self) -> String {
        if self.is_standard() {
            return STANDARD_LABEL.to_owned();
        }
        format!("builtin:{}", self.name)
    }

    /// Its component.
    ///
    /// # Errors
    ///
    /// The program itself is damaged.
    pub fn component(&self) -> io::Result<Vec<u8>> {
        match self.bytes {
            Bytes::Plain(bytes) => Ok(bytes.to_vec()),
            Bytes::Packed(packed) => {
                let mut bytes = Vec::new();
                DeflateDecoder::new(packed).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Bytes::Plain(bytes) => write!(f, "{} bytes", bytes.len()),
            Bytes::Packed(bytes) => write!(f, "{} bytes, packed", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_and_is_a_component() {
        for builtin in BUILTINS {
            let found = Builtin::find(Some(builtin.name)).unwrap();
            assert_eq!(found.name, builtin.name);
            assert_eq!(found.component().unwrap()[..8], *b"\0asm\x0d\0\x01\0");
        }
        let standard = Builtin::find(None).unwrap();
        assert!(standard.is_standard() && standard.component().unwrap() == STANDARD);
        assert_eq!(standard.label(), "builtin");
        assert_eq!(Builtin::find(Some("rules")).unwrap().label(), "builtin:rules");
        assert!(Builtin::find(Some("rule")).is_none());
        assert_eq!(Builtin::names(), "builtin:standard, builtin:rules");
    }
}
