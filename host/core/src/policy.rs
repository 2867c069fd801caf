//! What an election policy is asked and what it may answer.
//!
//! These are the records of `wit/policy.wit` as plain Rust values, so that the core, the built-in
//! rule and every test speak of a policy without knowing WebAssembly. Durations and ages are in
//! milliseconds, as in the contract; see there for the meaning of each field.

use std::hash::{Hash, Hasher};

/// The longest `wake_after` that is accepted, in milliseconds: a day.
pub const LONGEST_WAKE_MS: u64 = 86_400_000;
/// The longest reason that is accepted, in bytes.
pub const LONGEST_REASON: usize = 1024;
/// The most memory that a decision may carry, in bytes.
pub const LARGEST_MEMORY: usize = 64 * 1024;
/// The most signals that a decision may publish.
pub const MOST_PUBLISHED: usize = 16;
/// The longest key, and the longest text, of a published signal, in bytes.
pub const LONGEST_SIGNAL: usize = 128;

/// Why the policy is asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The first question after the process started.
    Started,
    /// The lock changed, or was read for the first time.
    SeatChanged,
    /// The last decision's `wake_after` has passed.
    Timer,
    /// A signal appeared, changed or went away.
    SignalChanged,
    /// The roster changed.
    RosterChanged,
    /// A write to the lock ended.
    WriteFinished,
    /// The policy has just taken over from another.
    Swapped,
    /// The process was asked to stop; only a named successor counts in the answer.
    Stopping,
}

/// The lock as this candidate last observed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seat {
    /// The name in the lock; none if it is vacant.
    pub holder: Option<String>,
    /// Milliseconds since this content was first observed here.
    pub age: u64,
    /// The lease duration that the holder promised, in milliseconds.
    pub duration: u64,
    /// Milliseconds until the guard would let this candidate take the seat; 0: now.
    pub free_in: u64,
    /// How often the holder changed, as the lock counts it.
    pub transitions: u64,
    /// Whom the last leader, or a person, asked to follow.
    pub successor: Option<String>,
    /// A person asked that nobody moves.
    pub paused: bool,
}

/// This candidate's own leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Milliseconds since this term was acquired.
    pub held_for: u64,
    /// Milliseconds until belief ends unless a renewal succeeds.
    pub valid_for: u64,
}

/// How the last write to the lock ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing was written yet.
    #[default]
    None,
    /// It was written.
    Written,
    /// Somebody else wrote first.
    Conflict,
    /// The API server refused it.
    Denied,
    /// The API server asked to slow down.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// No connection, a reset, or a server error.
    Unreachable,
}

impl Outcome {
    /// In one word, for metrics and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::None => "none",
            Outcome::Written => "written",
            Outcome::Conflict => "conflict",
            Outcome::Denied => "denied",
            Outcome::Throttled => "throttled",
            Outcome::TimedOut => "timed-out",
            Outcome::Unreachable => "unreachable",
        }
    }
}

/// This candidate's own writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attempts {
    /// How the last one ended.
    pub last: Outcome,
    /// Failures in a row since the last success.
    pub failures: u32,
    /// Milliseconds since the last successful write was sent.
    pub since_success: Option<u64>,
}

/// What a signal says.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// The value in a form that compares and hashes. A number counts by its bits: an elector's
    /// state has to equal itself, whatever an application reported, a NaN too.
    fn key(&self) -> (u8, &str, u64) {
        match self {
            Value::Text(text) => (0, text, 0),
            Value::Number(number) => (1, "", number.to_bits()),
            Value::Flag(flag) => (2, "", u64::from(*flag)),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// A fact with its age.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Lower-case words joined by dots and dashes.
    pub key: String,
    /// What it says.
    pub value: Value,
    /// Milliseconds since it was last reported.
    pub age: u64,
}

/// Another candidate as it published itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its name.
    pub identity: String,
    /// Milliseconds since its publication was last observed to change.
    pub age: u64,
    /// What it published.
    pub signals: Vec<Signal>,
}

/// All that a candidate knows when it asks its policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Observation {
    /// This candidate's own name.
    pub identity: String,
    /// Milliseconds since this process started.
    pub uptime: u64,
    /// Why the policy is asked.
    pub cause: Cause,
    /// None until the lock has been read once.
    pub seat: Option<Seat>,
    /// None while this candidate does not lead.
    pub claim: Option<Claim>,
    /// The candidate's own writes.
    pub attempts: Attempts,
    /// What the application and the host's probes report.
    pub signals: Vec<Signal>,
    /// The other candidates.
    pub roster: Vec<Candidate>,
}

/// The operator's timing, in milliseconds, as the policy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pace {
    /// How long others wait for a silent leader.
    pub lease_duration: u64,
    /// How long a leader believes after sending its last successful write.
    pub renew_deadline: u64,
    /// The pace for renewals and retries.
    pub retry_period: u64,
    /// The shortest lease duration that a policy may choose.
    pub shortest_lease: u64,
    /// The longest lease duration that a policy may choose.
    pub longest_lease: u64,
}

/// The argument of `decide`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// The operator's settings, JSON or empty.
    pub settings: String,
    /// The bytes of the last decision.
    pub memory: Vec<u8>,
    /// Uniform bits, fresh for each call.
    pub entropy: u64,
    /// The operator's timing.
    pub timing: Pace,
    /// What the candidate knows.
    pub observation: Observation,
}

/// What the candidate should do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Do nothing before `wake_after`.
    Wait,
    /// Take the seat if the guard finds it free.
    Campaign,
    /// Renew the claim.
    Renew,
    /// Give the claim up, in favour of somebody if named.
    Resign(Option<String>),
}

impl Action {
    /// The word for metrics, logs and people; a successor's name is not in it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Action::Wait => "wait",
            Action::Campaign => "campaign",
            Action::Renew => "renew",
            Action::Resign(_) => "resign",
        }
    }
}

/// The answer of `decide`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Ask again after this many milliseconds at the latest.
    pub wake_after: u64,
    /// A lease duration other than the operator's, in milliseconds.
    pub lease_duration: Option<u64>,
    /// One line for people.
    pub reason: String,
    /// Signals for the other candidates' policies.
    pub publish: Vec<(String, Value)>,
    /// Handed back in the next input.
    pub memory: Vec<u8>,
}

/// Why there is no decision. Another is made in its place ([`crate::on_failure`]), and the failure
/// is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// One line for people.
    pub detail: String,
}

/// The kinds of failure of a policy; each is a label in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The policy answered with a refusal.
    Refused,
    /// The policy trapped.
    Trapped,
    /// The policy used up its fuel.
    OutOfFuel,
    /// The policy did not answer in time.
    TimedOut,
    /// The policy wanted more memory than it may have.
    OutOfMemory,
    /// The answer was larger than an answer may be.
    AnswerTooLarge,
    /// The answer broke a bound of the contract.
    Rejected,
}

impl FailureKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [FailureKind; 7] = [
        FailureKind::Refused,
        FailureKind::Trapped,
        FailureKind::OutOfFuel,
        FailureKind::TimedOut,
        FailureKind::OutOfMemory,
        FailureKind::AnswerTooLarge,
        FailureKind::Rejected,
    ];

    /// The word for metrics, logs and `/v1/policy`.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Refused => "refused",
            FailureKind::Trapped => "trapped",
            FailureKind::OutOfFuel => "out-of-fuel",
            FailureKind::TimedOut => "timed-out",
            FailureKind::OutOfMemory => "out-of-memory",
            FailureKind::AnswerTooLarge => "answer-too-large",
            FailureKind::Rejected => "rejected",
        }
    }
}

/// Checks a decision against the bounds of the contract.
///
/// # Errors
///
/// The first bound that it breaks, in words; the decision is then rejected as a whole.
pub fn check(decision: &Decision, timing: &Pace) -> Result<(), String> {
    if decision.wake_after == 0 || decision.wake_after > LONGEST_WAKE_MS {
        return Err(format!(
            "wake-after is {} ms, it must be from 1 to {LONGEST_WAKE_MS} ms",
            decision.wake_after
        ));
    }
    if let Some(lease) = decision.lease_duration
        && !(timing.shortest_lease..=timing.longest_lease).contains(&lease)
    {
        return Err(format!(
            "lease-duration is {lease} ms, it must be from {} to {} ms",
            timing.shortest_lease, timing.longest_lease
        ));
    }
    if decision.reason.len() > LONGEST_REASON {
        return Err(format!(
            "the reason has {} bytes, at most {LONGEST_REASON} are allowed",
            decision.reason.len()
        ));
    }
    if decision.memory.len() > LARGEST_MEMORY {
        return Err(format!(
            "the memory has {} bytes, at most {LARGEST_MEMORY} are allowed",
            decision.memory.len()
        ));
    }
    if decision.publish.len() > MOST_PUBLISHED {
        return Err(format!(
            "{} signals are published, at most {MOST_PUBLISHED} are allowed",
            decision.publish.len()
        ));
    }
    let too_long = |(key, value): &&(String, Value)| {
        key.len() > LONGEST_SIGNAL
            || matches!(value, Value::Text(text) if text.len() > LONGEST_SIGNAL)
    };
    if decision.publish.iter().find(too_long).is_some() {
        return Err(format!(
            "a published signal has a key or a text of more than {LONGEST_SIGNAL} bytes"
        ));
    }
    if let Action::Resign(Some(name)) = &decision.action
        && (name.is_empty() || name.len() > LONGEST_NAME)
    {
        return Err(format!(
            "the successor's name has {} bytes, it must have from 1 to {LONGEST_NAME}",
            name.len()
        ));
    }
    Ok(())
}

/// The longest name of a candidate, in bytes: as a Lease's holder may have in practice.
pub const LONGEST_NAME: usize = 253;
