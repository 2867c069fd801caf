//! What people ask of an election, as it stands on its lock.
//!
//! It is advice (I17): no rule of safety reads it. A pause keeps the guard from letting a leader go,
//! and a transfer has a leader resign as a policy could; whatever stands there, nobody believes longer
//! or takes a seat earlier by it.

use std::time::Duration;

/// How long a request for a transfer holds that does not say.
pub const TRANSFER_WITHIN: Duration = Duration::from_secs(30);
/// How long one may hold at most.
pub const LONGEST_TRANSFER: Duration = Duration::from_secs(3600);

/// What people ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requests {
    /// That another candidate leads.
    pub transfer: Option<TransferRequest>,
    /// The same by `spec.preferredHolder` of a Lease, which says neither who asked nor for how long.
    pub preferred: Option<String>,
    /// That the leader stays.
    pub paused: bool,
    /// That no candidate waits with a policy for others: for how policies come into force, and nothing
    /// to an elector.
    pub skip: Option<SkipRequest>,
}

/// The policy with which nobody has to wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SkipRequest {
    /// `sha256:` and the hex digest of the component.
    pub policy: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
}

/// A request that a candidate leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransferRequest {
    /// The candidate that shall lead.
    pub to: String,
    /// Who asked, as far as the request says.
    pub by: String,
    /// How long it holds. Each candidate counts it from its own first sight of the request, so that no
    /// clock is compared with another; one that starts later counts it anew, which costs a hand-over
    /// at most.
    pub within: Duration,
    /// Until when it holds by the clock of whoever asked: text that tells two requests apart.
    pub until: String,
    /// Why the leader does not carry it out, as it has written; then nobody does.
    pub refused: Option<String>,
}

impl TransferRequest {
    /// Whether both are one request, answered or not.
    pub fn is_same(&self, other: &TransferRequest) -> bool {
        let TransferRequest { to, by, within, until, refused: _ } = self;
        (to, by, within, until) == (&other.to, &other.by, &other.within, &other.until)
    }
}

/// What a write does with the requests that stand on the lock which it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It leaves them as they are.
    #[default]
    Leave,
    /// The transfer is carried out, or its time is over: its request goes.
    Remove,
    /// The transfer is not carried out: the reason is written beside the request.
    Refuse(String),
    /// The preferred holder leads, or has been named as the successor: the field is emptied.
    Unprefer,
}

impl Reply {
    /// What is left of the requests.
    pub fn apply(&self, requests: &mut Requests) {
        match self {
            Reply::Leave => {}
            Reply::Remove => requests.transfer = None,
            Reply::Refuse(reason) => {
                if let Some(transfer) = &mut requests.transfer {
                    transfer.refused = Some(reason.clone());
                }
            }
            Reply::Unprefer => requests.preferred = None,
        }
    }
}
