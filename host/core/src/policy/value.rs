//! Facts: what they say, and who says so.

use std::hash::{Hash, Hasher};

/// What a fact says.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    Texts(Vec<String>),
    /// JSON, for what has parts of its own.
    Json(String),
}

impl Value {
    /// The bytes of its text, of all its texts and a separator after each, or of its JSON; 0 for
    /// what is not text.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a value is never absent: a number has 0 bytes of text"
    )]
    pub fn len(&self) -> usize {
        match self {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::Texts(texts) => texts.iter().map(|text| text.len() + 1).sum(),
            Value::Integer(_) | Value::Number(_) | Value::Flag(_) => 0,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Text(one), Value::Text(other)) | (Value::Json(one), Value::Json(other)) => {
                one == other
            }
            (Value::Texts(one), Value::Texts(other)) => one == other,
            (Value::Integer(one), Value::Integer(other)) => one == other,
            // By its bits: an elector's state has to equal itself, whatever an application
            // reported, a NaN too.
            (Value::Number(one), Value::Number(other)) => one.to_bits() == other.to_bits(),
            (Value::Flag(one), Value::Flag(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Text(text) | Value::Json(text) => text.hash(state),
            Value::Texts(texts) => texts.hash(state),
            Value::Integer(number) => number.hash(state),
            Value::Number(number) => number.to_bits().hash(state),
            Value::Flag(flag) => flag.hash(state),
        }
    }
}

/// Who says what a signal says, and whom one has to trust for it: of one key, the application comes
/// last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The host itself.
    Host,
    /// The node that the pod runs on.
    Node,
    /// The pod's own labels, annotations and state.
    Pod,
    /// A probe of the host.
    Probe,
    /// The application beside the sidecar.
    Application,
}

impl Source {
    /// All of them, in the order of the enum.
    pub const ALL: [Source; 5] =
        [Source::Host, Source::Node, Source::Pod, Source::Probe, Source::Application];

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Application => "application",
            Source::Probe => "probe",
            Source::Pod => "pod",
            Source::Node => "node",
            Source::Host => "host",
        }
    }
}
