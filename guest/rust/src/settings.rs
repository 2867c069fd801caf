//! Settings as a type of the policy's own.

use serde::de::DeserializeOwned;

use crate::{Issue, Refusal};

/// Reads the operator's JSON into a type; text that is blank counts as `{}`.
///
/// Used by both functions that get settings: `settings::<Mine>(text).map(drop)` in
/// [`Policy::validate`](crate::Policy::validate), and with `?` in
/// [`Policy::decide`](crate::Policy::decide), where issues become a [`Refusal`].
///
/// # Errors
///
/// One [`Issue`] with the parser's message, which names line and column.
pub fn settings<T: DeserializeOwned>(text: &str) -> Result<T, Vec<Issue>> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| vec![Issue::whole(error.to_string())])
}

impl From<Vec<Issue>> for Refusal {
    fn from(issues: Vec<Issue>) -> Refusal {
        let messages: Vec<String> = issues.into_iter().map(|issue| issue.message).collect();
        Refusal::UnusableSettings(messages.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        #[serde(default)]
        lag: u32,
    }

    #[test]
    fn blank_settings_are_the_defaults() {
        assert_eq!(settings::<Limits>(" \n"), Ok(Limits { lag: 0 }));
        assert_eq!(settings::<Limits>(r#"{"lag":3}"#), Ok(Limits { lag: 3 }));
    }

    #[test]
    fn an_unknown_name_is_an_issue_with_its_place() {
        let issues = settings::<Limits>(r#"{"log":3}"#).unwrap_err();
        let message = &issues[0].message;
        assert!(message.contains("unknown field `log`"), "{message}");
        assert!(message.contains("line 1 column 6"), "{message}");
        let refusal = Refusal::from(issues.clone());
        assert_eq!(refusal, Refusal::UnusableSettings(message.clone()));
    }
}
