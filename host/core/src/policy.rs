//! What an election policy is asked and what it may answer.
//!
//! These are the records of `wit/policy.wit` as plain Rust values, so that the core, the built-in
//! rule and every test speak of a policy without knowing WebAssembly. Durations and ages are in
//! milliseconds, as in the contract; see there for the meaning of each field.

mod bounds;
mod cause;
mod value;

pub use bounds::{
    LARGEST_MEMORY, LONGEST_KEY, LONGEST_NAME, LONGEST_REASON, LONGEST_VALUE, LONGEST_WAKE_MS,
    MOST_PUBLISHED, check,
};
pub use cause::{Cause, Causes};
pub use value::{Source, Value};

/// The lock as this candidate last observed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeatView {
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
    /// Milliseconds since the holder was first observed here to hold the lock without a break; 0 if
    /// nobody does.
    pub held_for: u64,
    /// Whom the last leader named to follow it.
    pub successor: Option<String>,
    /// Whom somebody asked to lead.
    pub transfer: Option<Transfer>,
    /// Somebody asked that the leader stays.
    pub paused: bool,
    /// What a later host may add.
    pub extra: Vec<(String, Value)>,
}

/// A request that the leader hands over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// The candidate that shall lead.
    pub to: String,
    /// Who asked, as far as the request says.
    pub by: String,
    /// Milliseconds until the request is void.
    pub remaining: u64,
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
    /// All of them, in the order of the enum.
    pub const ALL: [Outcome; 7] = [
        Outcome::None,
        Outcome::Written,
        Outcome::Conflict,
        Outcome::Denied,
        Outcome::Throttled,
        Outcome::TimedOut,
        Outcome::Unreachable,
    ];

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

/// What became of the policy's own last decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastDecision {
    /// What it was.
    pub action: Action,
    /// What the guard did with it.
    pub verdict: Verdict,
}

/// What the guard did with a decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// There was nothing to do.
    Nothing,
    /// It was carried out: a write was sent, or belief ended.
    CarriedOut,
    /// It was not carried out, for this reason.
    Overruled(String),
}

impl Verdict {
    /// The word for policies and documents.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Nothing => "nothing",
            Verdict::CarriedOut => "carried-out",
            Verdict::Overruled(_) => "overruled",
        }
    }
}

/// A fact with its age.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Free text, within [`LONGEST_KEY`].
    pub key: String,
    /// Who says so.
    pub source: Source,
    /// What it says.
    pub value: Value,
    /// Milliseconds since it was last reported.
    pub age: u64,
    /// Milliseconds since it was first reported with this value without a break.
    pub unchanged_for: u64,
}

/// Another candidate as it published itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its name.
    pub identity: String,
    /// Milliseconds since its publication was last observed to change.
    pub age: u64,
    /// Whether its application says that it is ready to lead; none if it says nothing.
    pub ready: Option<bool>,
    /// The zone of its node.
    pub zone: Option<String>,
    /// The digest of the policy that decides for it.
    pub policy: Option<String>,
    /// What its policy published.
    pub signals: Vec<Signal>,
    /// What a later host may add.
    pub extra: Vec<(String, Value)>,
}

/// All that a candidate knows when it asks its policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observation {
    /// The election's name.
    pub election: String,
    /// The lock's namespace.
    pub namespace: String,
    /// This candidate's own name.
    pub identity: String,
    /// Milliseconds since this process started.
    pub uptime: u64,
    /// How many elections this process leads, this one included.
    pub seats: u32,
    /// Why the policy is asked.
    pub causes: Causes,
    /// None until the lock has been read once.
    pub seat: Option<SeatView>,
    /// None while this candidate does not lead.
    pub claim: Option<Claim>,
    /// The candidate's own writes.
    pub attempts: Attempts,
    /// What became of the policy's last decision; none before its first, and where another decided
    /// in its place.
    pub last_decision: Option<LastDecision>,
    /// What the application and the host's probes report, and what is known of pod and node.
    pub signals: Vec<Signal>,
    /// The other candidates.
    pub roster: Vec<Candidate>,
    /// What a later host may add.
    pub extra: Vec<(String, Value)>,
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
    /// For abilities of a later host.
    pub extra: Vec<(String, Value)>,
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
