//! The safety invariants by name.
//!
//! The code that holds one up names it in a comment, and `docs/mutations.md` shows for each which
//! test fails when that code is broken on purpose.

/// What holds whatever the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// I1: a candidate believes only from its own confirmed write, until the moment before sending
    /// plus the renew deadline. Nothing read extends belief.
    BeliefFromOwnWrite,
    /// I2: `D/(1-rho) + S <= L/(1+rho)`, or the configuration is refused.
    TimingLeavesRoom,
    /// I3: a standby waits the record's duration from its own receipt of the last change.
    WaitFromReceipt,
    /// I4: every write is a compare-and-swap on the resource version, or a create.
    CompareAndSwap,
    /// I5: an unknown outcome is settled by reading and comparing the write's mark.
    UnknownIsRead,
    /// I6: to stop, belief ends first, then drain, then release, and only an own record.
    BeliefEndsFirst,
    /// I7: a deleted lock or a holder cleared by hand does not vacate the seat.
    ClearedIsNotFree,
    /// I8: two processes of one name are told apart by their incarnation.
    IncarnationNotName,
    /// I9: the fencing token is the resource version of the acquiring write.
    TokenOfTheTerm,
    /// I10: what is said of the leader is computed when it is asked.
    AnswerWhenAsked,
    /// I11: a policy cannot extend belief, skip the wait, or preempt beyond the budget.
    PolicyCannotReachSafety,
    /// I12: when the policy fails the built-in rule decides.
    RuleOnFailure,
    /// I13: a swap happens between two decisions and costs no renewal.
    SwapBetweenDecisions,
    /// I14: after an outage an own compare-and-swap that succeeds continues the term.
    TermGoesOn,
}

impl Invariant {
    /// Every invariant, in order.
    pub const ALL: [Invariant; 14] = [
        Invariant::BeliefFromOwnWrite,
        Invariant::TimingLeavesRoom,
        Invariant::WaitFromReceipt,
        Invariant::CompareAndSwap,
        Invariant::UnknownIsRead,
        Invariant::BeliefEndsFirst,
        Invariant::ClearedIsNotFree,
        Invariant::IncarnationNotName,
        Invariant::TokenOfTheTerm,
        Invariant::AnswerWhenAsked,
        Invariant::PolicyCannotReachSafety,
        Invariant::RuleOnFailure,
        Invariant::SwapBetweenDecisions,
        Invariant::TermGoesOn,
    ];

    /// The short name, such as `I1`.
    pub fn label(self) -> String {
        format!("I{}", self as u8 + 1)
    }
}
