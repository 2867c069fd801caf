//! The settings: a JSON object of these, each of which may be left out.
//!
//! | name | what | default |
//! |---|---|---|
//! | `signal` | the key of the heartbeat | `app.heartbeat` |
//! | `fresh_ms` | how old a heartbeat may be | 10000 |
//! | `grace_ms` | how long the first one may take, from the start of the policy | 30000 |
//! | `backoff_ms` | how long not to campaign after the first step down; doubles with each | 5000 |
//! | `longest_backoff_ms` | where the doubling ends | 300000 |
//! | `steady_ms` | well for so long, it begins at `backoff_ms` again | 60000 |

use hotseat_policy::Issue;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A day: no length is longer.
const LONGEST_MS: u64 = 86_400_000;
/// The shortest length, but for the grace, which may be nothing.
const SHORTEST_MS: u64 = 100;
const LONGEST_KEY: usize = 317;

/// For tools and people; `validate` is what holds.
pub(crate) const SCHEMA: &str = r#"{"type": "object", "additionalProperties": false, "properties": {
"signal": {"type": "string", "default": "app.heartbeat", "minLength": 1, "maxLength": 317},
"fresh_ms": {"type": "integer", "default": 10000, "minimum": 100, "maximum": 86400000},
"grace_ms": {"type": "integer", "default": 30000, "minimum": 0, "maximum": 86400000},
"backoff_ms": {"type": "integer", "default": 5000, "minimum": 100, "maximum": 86400000},
"longest_backoff_ms": {"type": "integer", "default": 300000, "minimum": 100, "maximum": 86400000},
"steady_ms": {"type": "integer", "default": 60000, "minimum": 100, "maximum": 86400000}}}"#;

/// The settings as they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) signal: String,
    pub(crate) fresh_ms: u64,
    pub(crate) grace_ms: u64,
    pub(crate) backoff_ms: u64,
    pub(crate) longest_backoff_ms: u64,
    pub(crate) steady_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    signal: Option<Given<String>>,
    fresh_ms: Option<Given<u64>>,
    grace_ms: Option<Given<u64>>,
    backoff_ms: Option<Given<u64>>,
    longest_backoff_ms: Option<Given<u64>>,
    steady_ms: Option<Given<u64>>,
}

/// A value of the right type or of another one, so that the issue can name its place.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given<T> {
    Right(T),
    Wrong(IgnoredAny),
}

impl Rule {
    pub(crate) fn read(text: &str) -> Result<Rule, Vec<Issue>> {
        let given: Settings = hotseat_policy::settings(text)?;
        let mut issues = Vec::new();
        let mut length = |pointer, given: Option<Given<u64>>, default, least: u64| match given {
            None => default,
            Some(Given::Right(ms)) if (least..=LONGEST_MS).contains(&ms) => ms,
            Some(_) => {
                let message = format!("give whole milliseconds from {least} to {LONGEST_MS}");
                issues.push(Issue::at(pointer, message));
                default
            }
        };
        let mut rule = Rule {
            signal: "app.heartbeat".to_owned(),
            fresh_ms: length("/fresh_ms", given.fresh_ms, 10_000, SHORTEST_MS),
            grace_ms: length("/grace_ms", given.grace_ms, 30_000, 0),
            backoff_ms: length("/backoff_ms", given.backoff_ms, 5_000, SHORTEST_MS),
            longest_backoff_ms: length(
                "/longest_backoff_ms",
                given.longest_backoff_ms,
                300_000,
                SHORTEST_MS,
            ),
            steady_ms: length("/steady_ms", given.steady_ms, 60_000, SHORTEST_MS),
        };
        match given.signal {
            None => {}
            Some(Given::Right(key)) if (1..=LONGEST_KEY).contains(&key.len()) => rule.signal = key,
            Some(_) => issues.push(Issue::at(
                "/signal",
                "give the key of a signal, of at most 317 bytes, such as app.heartbeat",
            )),
        }
        if rule.longest_backoff_ms < rule.backoff_ms && issues.is_empty() {
            let message = format!("give at least backoff_ms, that is {}", rule.backoff_ms);
            issues.push(Issue::at("/longest_backoff_ms", message));
        }
        if issues.is_empty() { Ok(rule) } else { Err(issues) }
    }
}
