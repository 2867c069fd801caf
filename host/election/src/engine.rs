//! The port to what runs policies.

use crate::source::Publication;
use hotseat_core::event::AskId;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Decision, Failure, Input};
use hotseat_rollout::{JobId, Policy, Stage, StageEnd};
use std::sync::Arc;
use std::time::Duration;

/// Loads policies and asks them. Nothing here waits: whatever takes time ends in an
/// [`EngineEvent`], which goes to the channel that the engine was made with. Each event answers something that was
/// wanted, so the channel needs no bound.
///
/// Components are kept under their digest, as bytes until they are compiled, until they are to be
/// forgotten.
pub trait PolicyEngine: Send {
    /// Keeps the component of a publication.
    fn keep(&mut self, publication: &Publication);

    /// Takes a policy through a stage. `asked` is the last question to the active policy, with the
    /// active policy's memory, if there was one.
    fn run(&mut self, job: JobId, stage: Stage, policy: &Policy, asked: Option<&Input>);

    /// Starts a policy beside the active one.
    fn start_shadow(&mut self, job: JobId, policy: &Policy);

    /// Puts a question that the active policy answered to the one in shadow.
    fn ask_shadow(&mut self, ask: AskId, input: Input, decision: Decision);

    /// Ends the shadow.
    fn stop_shadow(&mut self);

    /// Lets a policy take over between two answers.
    fn take_over(&mut self, job: JobId, policy: &Policy);

    /// Asks the active policy.
    ///
    /// # Errors
    ///
    /// The question was not taken, and there will be no answer.
    fn ask(&mut self, ask: AskId, input: Input) -> Result<(), AskRefused>;

    /// Drops a component.
    fn forget(&mut self, digest: &str);
}

/// Why a question was not taken, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AskRefused(pub String);

/// What an engine tells, in the order in which it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEvent {
    /// A question was answered.
    Answered {
        /// Which.
        ask: AskId,
        /// The digest of the policy that was asked.
        digest: String,
        /// What it was asked.
        input: Box<Input>,
        /// The decision, or why there is none.
        outcome: Result<Decision, Failure>,
        /// The time of the call, without waiting, and its fuel; none if there was no call.
        spent: Option<(Duration, u64)>,
    },
    /// The policy in shadow answered a question.
    ShadowAnswered {
        /// The job that started it.
        job: JobId,
        /// Which question.
        ask: AskId,
        /// The digest of the policy in shadow.
        digest: String,
        /// What the active policy decided.
        active: Decision,
        /// What this one decided, or why it did not.
        candidate: Result<Decision, Failure>,
    },
    /// A policy cannot run in shadow, in one line why.
    NoShadow {
        /// The job that should have started it.
        job: JobId,
        /// Why.
        why: String,
    },
    /// A stage ended.
    StageEnded {
        /// Which job.
        job: JobId,
        /// How.
        end: StageEnd,
    },
    /// Another policy took over; answers to questions that were put before are void.
    TookOver {
        /// Which job.
        job: JobId,
        /// Its memory, migrated from that of the policy before it.
        memory: Vec<u8>,
        /// Its settings.
        settings: Arc<str>,
        /// What decides where it fails.
        on_failure: OnFailure,
        /// Why it began with an empty memory although there was one.
        memory_lost: Option<String>,
        /// How long no question could be answered because of it.
        pause: Duration,
    },
    /// A policy could not take over, in one line why.
    NotTakenOver {
        /// Which job.
        job: JobId,
        /// Why.
        why: String,
    },
    /// A thread that asked this policy did not come back, and was left behind.
    LeftBehind {
        /// `sha256:` and the hex digest.
        digest: String,
    },
}
