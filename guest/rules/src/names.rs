//! The names that an expression may use, for the checker, the evaluator and the manual.

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// Text.
    Text,
    /// A list of text.
    Texts,
    /// A list of candidates.
    Candidates,
}

impl Kind {
    /// As the manual has it.
    #[cfg(test)]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Flag => "flag",
            Kind::Whole => "whole number",
            Kind::Text => "text",
            Kind::Texts => "list of texts",
            Kind::Candidates => "list of candidates",
        }
    }
}

/// A name, what it stands for, and what it says.
pub(crate) type Name = (&'static str, Kind, &'static str);

/// What a candidate knows when it is asked. Durations and ages are in milliseconds.
pub(crate) const NAMES: [Name; 34] = [
    ("leading", Kind::Flag, "this candidate leads"),
    (
        "ready",
        Kind::Flag,
        "the application says by the signal `ready` that it is ready to lead; `false` if it says nothing",
    ),
    ("zone", Kind::Text, "the zone of the own node, with `--facts node`; `''` if it is not known"),
    ("others", Kind::Candidates, "the other candidates on the roster"),
    ("seat.free", Kind::Flag, "this candidate could take the seat now"),
    ("seat.free_in", Kind::Whole, "until this candidate could take the seat"),
    ("seat.holder", Kind::Text, "who holds the seat; `''` if nobody does"),
    (
        "seat.held_for",
        Kind::Whole,
        "since when the holder has held it without a break; 0 if nobody does",
    ),
    ("seat.age", Kind::Whole, "since the lock last changed, as seen from here"),
    ("seat.duration", Kind::Whole, "the lease that the holder promised"),
    ("seat.transitions", Kind::Whole, "how often the holder changed"),
    ("seat.successor", Kind::Text, "whom the last leader named to follow it; `''` if nobody"),
    ("seat.transfer", Kind::Text, "whom a person asked to lead; `''` if nobody"),
    ("seat.paused", Kind::Flag, "a person asked that the leader stays"),
    ("claim.held_for", Kind::Whole, "since this candidate leads; 0 while it does not"),
    (
        "claim.valid_for",
        Kind::Whole,
        "until it leads no more unless it renews; 0 while it does not lead",
    ),
    ("free_for", Kind::Whole, "since this candidate could take the seat; 0 while it cannot"),
    (
        "last_holder",
        Kind::Text,
        "who held the seat last, since this process started; `''` if it saw nobody",
    ),
    ("failures", Kind::Whole, "own writes to the lock that failed in a row"),
    (
        "since_success",
        Kind::Whole,
        "since the last own write that succeeded was sent; a very large number if none was",
    ),
    ("identity", Kind::Text, "this candidate's own name"),
    ("election", Kind::Text, "the election's name"),
    ("election_namespace", Kind::Text, "the lock's namespace"),
    ("uptime", Kind::Whole, "since this process started"),
    ("seats", Kind::Whole, "how many elections this process leads, this one included"),
    ("causes", Kind::Texts, "why the policy is asked now, such as `'drain'`"),
    ("draining", Kind::Flag, "the node or the pod is about to go away, with `--facts pod,node`"),
    (
        "time",
        Kind::Text,
        "the time of day in UTC, such as `'22:05'`, with `--facts time`; `''` if it is not known",
    ),
    ("hour", Kind::Whole, "its hour, 0 to 23; -1 if it is not known"),
    ("minute", Kind::Whole, "its minute, 0 to 59; -1 if it is not known"),
    ("weekday", Kind::Text, "`'monday'` to `'sunday'` in UTC; `''` if it is not known"),
    ("retry_period", Kind::Whole, "the operator's pace of renewals and retries"),
    ("renew_deadline", Kind::Whole, "how long a leader leads after its last successful write"),
    ("lease_duration", Kind::Whole, "how long others wait for a silent leader"),
];

/// What is known of each of `others`, as in `others.exists(o, o.ready)`.
pub(crate) const FIELDS: [Name; 5] = [
    ("identity", Kind::Text, "its name"),
    ("age", Kind::Whole, "since its entry on the roster was last seen to change"),
    (
        "ready",
        Kind::Flag,
        "its application says that it is ready to lead; `false` if it says nothing",
    ),
    ("zone", Kind::Text, "the zone of its node; `''` if it is not known"),
    ("policy", Kind::Text, "the digest of its policy; `''` if it is not known"),
];

/// A function: its name, how many arguments it may have, how it is written, and what it gives.
pub(crate) type Function = (&'static str, &'static [usize], &'static str, &'static str);

/// Functions of this policy. Each is called as it stands for the own facts, and on a candidate, as
/// in `o.signal('lag', 0)`, for those that it published.
pub(crate) const FUNCTIONS: [Function; 4] = [
    (
        "signal",
        &[2],
        "signal(key, otherwise)",
        "what the signal says; `otherwise` if there is none, or none of that kind",
    ),
    ("has_signal", &[1], "has_signal(key)", "whether there is such a signal"),
    (
        "age",
        &[1],
        "age(key)",
        "since the signal was last reported; a very large number if there is none",
    ),
    (
        "unchanged_for",
        &[1],
        "unchanged_for(key)",
        "since when it has its value; 0 if there is none",
    ),
];

/// Functions of the own pod, of numbers and of versions, which are not called on anything.
pub(crate) const PLAIN_FUNCTIONS: [Function; 4] = [
    (
        "label",
        &[2],
        "label(key, otherwise)",
        "the own pod's label, with `--facts pod`, read as what `otherwise` is; `otherwise` if there is none or it cannot be read so",
    ),
    (
        "older",
        &[2],
        "older(a, b)",
        "whether the version `a`, such as `'1.32.4'`, is older than `b`; of two lists the first versions that differ count, and a text that is no version is newer than any",
    ),
    ("max", &[1, 2, 3, 4], "max(a, b)", "the largest of its arguments, or of a list"),
    ("min", &[1, 2, 3, 4], "min(a, b)", "the smallest of its arguments, or of a list"),
];

/// The language's own functions: which, and with how many arguments; called on something if the
/// flag says so.
pub(crate) const OF_CEL: [(&str, &[usize], bool); 11] = [
    ("size", &[1], false),
    ("int", &[1], false),
    ("uint", &[1], false),
    ("double", &[1], false),
    ("string", &[1], false),
    ("bool", &[1], false),
    ("dyn", &[1], false),
    ("size", &[0], true),
    ("contains", &[1], true),
    ("startsWith", &[1], true),
    ("endsWith", &[1], true),
];

/// What the parser makes other expressions of, by name and number of arguments.
pub(crate) const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];
