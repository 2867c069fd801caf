//! The languages that a policy is written in.

use std::path::Path;
use std::str::FromStr;

/// A language that there is a template for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Expressions in the settings of `builtin:rules`: nothing is compiled.
    Rules,
    /// Rust, with the SDK.
    Rust,
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    JavaScript,
    /// Go, by its own compiler.
    Go,
    /// C, by zig or wasi-sdk.
    C,
}

/// No language that there is a template for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no template for it: give one of rules, rust, python, javascript, go, c")]
pub struct UnknownLanguage;

impl Language {
    /// All of them, the ones that take least first.
    pub const ALL: [Language; 6] = [
        Language::Rules,
        Language::Rust,
        Language::Python,
        Language::JavaScript,
        Language::Go,
        Language::C,
    ];

    /// Its name, as people write it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Rules => "rules",
            Language::Rust => "rust",
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::Go => "go",
            Language::C => "c",
        }
    }

    /// The file by which a folder is known to be in this language.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Language::Rules => "rules.yaml",
            Language::Rust => "Cargo.toml",
            Language::Python => "app.py",
            Language::JavaScript => "policy.js",
            Language::Go => "go.mod",
            Language::C => "policy.c",
        }
    }

    /// The command that installs, in a policy's folder, what builds it; empty where the language's
    /// own toolchain does.
    #[must_use]
    pub fn tools(self) -> &'static str {
        match self {
            Language::Python => {
                "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
            }
            Language::JavaScript => "npm install",
            Language::C => "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1",
            Language::Rules | Language::Rust | Language::Go => "",
        }
    }

    /// The language of a folder; none if it has no file that tells.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Language> {
        Language::ALL.into_iter().find(|language| folder.join(language.mark()).is_file())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        Language::ALL.into_iter().find(|it| it.as_str() == text).ok_or(UnknownLanguage)
    }
}
