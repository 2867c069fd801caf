//! A candidate's entry as the text of an annotation, within bounds. What others wrote there may be
//! anything.

use hotseat_core::policy::{LONGEST_KEY, LONGEST_NAME, LONGEST_VALUE, MOST_PUBLISHED, Value};
use hotseat_election::roster::{Entry, PolicyEntry};
use hotseat_rollout::{Fingerprint, Objection};
use serde::{Deserialize, Serialize};

/// The longest text of an entry, in bytes.
const LONGEST_ENTRY: usize = 16 << 10;
/// The longest of the texts that are not signals, in bytes.
const LONGEST_WORD: usize = 256;

/// An entry as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The name of the election that it says it is of.
    pub election: String,
    /// The entry.
    pub entry: Entry,
    /// How many bytes its text has.
    pub bytes: usize,
}

/// The annotation.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    /// The whole name, which the label may only stand for.
    election: String,
    identity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ready: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    leads: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    #[serde(default)]
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyDocument>,
    #[serde(default)]
    signals: Vec<(String, ValueDocument)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PolicyDocument {
    digest: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    settings: String,
    #[serde(default)]
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    candidate: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty", rename = "candidateSettings")]
    candidate_settings: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objection: Option<ObjectionDocument>,
}

/// What the candidate has against a policy.
#[derive(Debug, Serialize, Deserialize)]
struct ObjectionDocument {
    digest: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    settings: String,
    #[serde(default)]
    why: String,
}

impl From<Objection> for ObjectionDocument {
    fn from(Objection { to: Fingerprint { policy, settings }, why }: Objection) -> Self {
        ObjectionDocument { digest: policy, settings, why }
    }
}

impl From<ObjectionDocument> for Objection {
    fn from(ObjectionDocument { digest, settings, why }: ObjectionDocument) -> Self {
        Objection { to: Fingerprint { policy: digest, settings }, why }
    }
}

/// A value, so that each kind reads back as it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum ValueDocument {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Json { json: String },
}

impl ValueDocument {
    /// None for what JSON has no word for: no number, or an endless one.
    fn of(value: &Value) -> Option<ValueDocument> {
        Some(match value {
            Value::Flag(flag) => ValueDocument::Flag(*flag),
            Value::Integer(number) => ValueDocument::Integer(*number),
            Value::Number(number) => {
                ValueDocument::Number(Some(*number).filter(|it| it.is_finite())?)
            }
            Value::Text(text) => ValueDocument::Text(text.clone()),
            Value::Texts(texts) => ValueDocument::Texts(texts.clone()),
            Value::Json(json) => ValueDocument::Json { json: json.clone() },
        })
    }

    fn value(self) -> Value {
        match self {
            ValueDocument::Flag(flag) => Value::Flag(flag),
            ValueDocument::Integer(number) => Value::Integer(number),
            ValueDocument::Number(number) => Value::Number(number),
            ValueDocument::Text(text) => Value::Text(text),
            ValueDocument::Texts(texts) => Value::Texts(texts),
            ValueDocument::Json { json } => Value::Json(json),
        }
    }
}

/// The text of an entry, and how many of its signals, the last ones, had no room or no word in it.
pub(crate) fn write(election: &str, entry: &Entry) -> (String, usize) {
    let mut document = Document {
        election: election.to_owned(),
        identity: entry.identity.clone(),
        ready: entry.ready,
        zone: entry.zone.clone(),
        node: entry.node.clone(),
        leads: entry.leads,
        successor: entry.successor.clone(),
        version: entry.version.clone(),
        policy: entry.policy.as_ref().map(|policy| PolicyDocument {
            digest: policy.digest.clone(),
            settings: policy.settings.clone(),
            state: policy.state.clone(),
            candidate: policy.candidate.clone(),
            candidate_settings: policy.candidate_settings.clone(),
            objection: policy.objection.clone().map(ObjectionDocument::from),
        }),
        signals: Vec::new(),
    };
    let said = |(key, value): &(String, Value)| Some((key.clone(), ValueDocument::of(value)?));
    document.signals = entry.signals.iter().filter_map(said).collect();
    loop {
        // It has strings and finite numbers only, which always can be written.
        let text = serde_json::to_string(&document).unwrap_or_default();
        if text.len() <= LONGEST_ENTRY || document.signals.pop().is_none() {
            return (text, entry.signals.len() - document.signals.len());
        }
    }
}

/// Reads an entry of that election.
///
/// # Errors
///
/// It is none, in one line why.
pub(super) fn read(election: &str, text: &str) -> Result<Parsed, String> {
    match read_any(text)? {
        parsed if parsed.election == election => Ok(parsed),
        _ => Err("it is of another election".to_owned()),
    }
}

/// Reads an entry of any election.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_any(text: &str) -> Result<Parsed, String> {
    if text.len() > LONGEST_ENTRY {
        return Err(format!("it has more than the {LONGEST_ENTRY} bytes that are read"));
    }
    let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Document { election, identity, ready, zone, node, leads, successor, .. } = document;
    let (version, policy, signals) = (document.version, document.policy, document.signals);
    let policy = policy.map(|policy| PolicyEntry {
        digest: policy.digest,
        settings: policy.settings,
        state: policy.state,
        candidate: policy.candidate,
        candidate_settings: policy.candidate_settings,
        objection: policy.objection.map(Objection::from),
    });
    let signals = signals.into_iter().map(|(key, said)| (key, said.value())).collect();
    let entry = Entry { identity, ready, zone, node, leads, successor, version, policy, signals };
    check(&entry)?;
    Ok(Parsed { election, entry, bytes: text.len() })
}

/// The bounds that a candidate of ours keeps by itself.
fn check(entry: &Entry) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("its {what} is out of bounds"));
    let unfit = |text: &str, most: usize| text.len() > most || text.contains(char::is_control);
    if entry.identity.is_empty() || unfit(&entry.identity, LONGEST_NAME) {
        return refuse("identity");
    }
    if entry.successor.as_ref().is_some_and(|name| unfit(name, LONGEST_NAME)) {
        return refuse("successor");
    }
    let policy = entry.policy.iter();
    let words = policy.flat_map(|it| {
        let said = [&it.digest, &it.settings, &it.state, &it.candidate_settings];
        let against = it.objection.iter().flat_map(|it| [&it.to.policy, &it.to.settings, &it.why]);
        said.into_iter().chain(against).map(Some).chain([it.candidate.as_ref()])
    });
    let places = [entry.zone.as_ref(), entry.node.as_ref()];
    let words = words.chain([Some(&entry.version)]).chain(places).flatten();
    if words.into_iter().any(|word| unfit(word, LONGEST_WORD)) {
        return refuse("policy, version, zone or node");
    }
    let is_bound = |(key, value): &(String, Value)| {
        !key.is_empty() && !unfit(key, LONGEST_KEY) && value.len() <= LONGEST_VALUE
    };
    if entry.signals.len() > MOST_PUBLISHED || !entry.signals.iter().all(is_bound) {
        return refuse("list of signals");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> Entry {
        let policy = PolicyEntry {
            digest: "sha256:aa".to_owned(),
            settings: String::new(),
            state: "stopped".to_owned(),
            candidate: Some("sha256:bb".to_owned()),
            candidate_settings: "sha256:cc".to_owned(),
            objection: Some(Objection {
                to: Fingerprint { policy: "sha256:bb".to_owned(), settings: String::new() },
                why: "refused it at settings: no".to_owned(),
            }),
        };
        let signals = [
            ("lag", Value::Number(1.0)),
            ("count", Value::Integer(-1)),
            ("nofailover", Value::Flag(true)),
            ("tier", Value::Text("{\"json\":1}".to_owned())),
            ("tags", Value::Texts(vec!["a".to_owned()])),
            ("more", Value::Json("{\"a\":1}".to_owned())),
        ];
        Entry {
            identity: "web-0".to_owned(),
            ready: Some(false),
            zone: Some("a".to_owned()),
            node: Some("n-1".to_owned()),
            leads: true,
            successor: Some("web-1".to_owned()),
            version: "1.0".to_owned(),
            policy: Some(policy),
            signals: signals.map(|(key, value)| (key.to_owned(), value)).into(),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was() {
        for entry in [entry(), Entry { identity: "a".to_owned(), ..Entry::default() }] {
            let (text, left) = write("shop", &entry);
            let parsed = Parsed { election: "shop".to_owned(), entry, bytes: text.len() };
            assert_eq!((read("shop", &text), left), (Ok(parsed), 0), "{text}");
            assert_eq!(read("web", &text), Err("it is of another election".to_owned()));
        }
    }

    #[test]
    fn signals_without_room_or_word_are_left_out() {
        let long = |key: &str| (key.to_owned(), Value::Text("\u{1}".repeat(LONGEST_VALUE)));
        let signals = ["a", "b", "c"].map(long).into();
        let (text, left) = write("shop", &Entry { signals, ..entry() });
        assert!(text.len() <= LONGEST_ENTRY);
        assert_eq!((read("shop", &text).unwrap().entry.signals.len(), left), (2, 1));
        let signals = vec![("a".to_owned(), Value::Number(f64::NAN))];
        let (text, left) = write("shop", &Entry { signals, ..entry() });
        assert_eq!((read("shop", &text).unwrap().entry.signals.len(), left), (0, 1));
    }

    #[test]
    fn what_is_out_of_bounds_is_no_entry() {
        let long = "x".repeat(LONGEST_WORD + 1);
        let mut wordy = entry();
        let objection = wordy.policy.as_mut().and_then(|policy| policy.objection.as_mut());
        objection.unwrap().why.clone_from(&long);
        let many = vec![("a".to_owned(), Value::Flag(true)); MOST_PUBLISHED + 1];
        let wide = vec![("a".to_owned(), Value::Text("x".repeat(LONGEST_VALUE + 1)))];
        for (forged, why) in [
            (Entry { identity: String::new(), ..entry() }, "identity"),
            (Entry { identity: "a\nb".to_owned(), ..entry() }, "identity"),
            (Entry { identity: "x".repeat(LONGEST_NAME + 1), ..entry() }, "identity"),
            (Entry { successor: Some("a\u{1b}".to_owned()), ..entry() }, "successor"),
            (Entry { zone: Some(long.clone()), ..entry() }, "zone"),
            (Entry { node: Some(long.clone()), ..entry() }, "node"),
            (Entry { version: long, ..entry() }, "version"),
            (wordy, "policy"),
            (Entry { signals: many, ..entry() }, "signals"),
            (Entry { signals: wide, ..entry() }, "signals"),
        ] {
            let error = read("shop", &write("shop", &forged).0).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(read("shop", &" ".repeat(LONGEST_ENTRY + 1)).unwrap_err().contains("bytes"));
        assert!(read("shop", "{}").is_err() && read("shop", "").is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_refused(text in ".*") {
            let _ = read("shop", &text);
        }
    }
}
