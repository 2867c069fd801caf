//! What a policy finds wrong with settings.

use crate::bindings::wit;
use crate::text::one_line;

/// Something wrong with the settings, in the policy's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The settings are refused for it; else they are taken, and it is shown.
    pub is_error: bool,
    /// One line that names the place and the remedy.
    pub line: String,
}

impl Issue {
    pub(crate) fn of(issue: &wit::Issue) -> Issue {
        let line = match issue.pointer.as_str() {
            "" => one_line(&issue.message),
            pointer => one_line(&format!("{pointer}: {}", issue.message)),
        };
        Issue { is_error: matches!(issue.severity, wit::Severity::Error), line }
    }
}
