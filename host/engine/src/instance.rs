//! A policy that is loaded, and its questions.

use std::sync::Arc;

use hotseat_core::policy::{self, Action, Decision, Failure, FailureKind, Input, Value};
use wasmtime::{Result, Store};

use crate::bindings::wit::{self, Guest, Refusal};
use crate::bindings::{Election, ElectionPre};
use crate::blindfold::Blindfold;
use crate::descriptor::{Descriptor, ROSTER};
use crate::issue::Issue;
use crate::runtime::Runtime;
use crate::sandbox::{Interruptible, Sandbox, Spent, run};
use crate::settings::Limits;
use crate::text::one_line;

/// A policy that is loaded. Each question is answered by a new instance: nothing leaks from one
/// answer to the next, and no failure is carried over.
///
/// A clone is the same policy.
#[derive(Clone)]
pub struct LoadedPolicy(Arc<Inner>);

struct Inner {
    linked: Linked,
    label: String,
    digest: String,
    descriptor: Descriptor,
}

impl LoadedPolicy {
    /// A component that was linked and has described itself.
    pub(crate) fn new(
        linked: Linked,
        label: String,
        digest: String,
        descriptor: Descriptor,
    ) -> LoadedPolicy {
        LoadedPolicy(Arc::new(Inner { linked, label, digest, descriptor }))
    }

    /// Where it came from, such as `file:/etc/hotseat/policy.wasm`.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// `sha256:` and the digest of the component's bytes in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// What it says of itself.
    pub fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    /// Asks the policy what to do, on this thread, whose stack must have 512 KiB. Blocks for as
    /// long as `limits.wall`; a hostile policy can make it longer, or for ever: such a one is asked
    /// by a [`Loader`](crate::Loader) or a [`PolicyWorker`](crate::PolicyWorker).
    ///
    /// # Errors
    ///
    /// The policy refused, broke down, used more than `limits` allows, or its answer broke a bound
    /// of the contract.
    pub fn decide(
        &self,
        input: &Input,
        limits: &Limits,
    ) -> std::result::Result<(Decision, Spent), Failure> {
        self.decide_unless(input, limits, None)
    }

    /// [`decide`](Self::decide), which somebody else may end early.
    pub(crate) fn decide_unless(
        &self,
        input: &Input,
        limits: &Limits,
        interruptible: Option<Interruptible>,
    ) -> std::result::Result<(Decision, Spent), Failure> {
        let linked = &self.0.linked;
        let (answer, mut spent) = linked.run(limits, interruptible, |store| {
            store.data_mut().blindfold = Blindfold::new(input.observation.uptime, input.entropy);
            let instance = linked.pre.instantiate(&mut *store)?;
            let mut question = wit::Input::from(input);
            if !self.descriptor().needs(ROSTER) {
                // The contract: who does not ask for it need not have room for it.
                question.observation.roster.clear();
            }
            let answer = guest(&instance).call_decide(&mut *store, &question)?;
            Ok(judge(answer, input).map_err(|failure| store.data().blindfold.explain(failure)))
        })?;
        let decision: Decision = answer?;
        spent.answer = size(&decision);
        Ok((decision, spent))
    }

    /// Asks the policy whether it can work with `settings`: what it finds wrong with them.
    ///
    /// # Errors
    ///
    /// The policy broke down or used more than `limits` allows.
    pub(crate) fn validate(
        &self,
        settings: &str,
        limits: &Limits,
    ) -> std::result::Result<Vec<Issue>, Failure> {
        let linked = &self.0.linked;
        let (answer, _) = linked.run(limits, None, |store| {
            let instance = linked.pre.instantiate(&mut *store)?;
            guest(&instance).call_validate(store, settings)
        })?;
        Ok(answer.iter().map(Issue::of).collect())
    }

    /// Asks the policy to make the memory of another one over; the inner error is its refusal.
    pub(crate) fn migrate(
        &self,
        from_name: &str,
        from_schema: u32,
        memory: &[u8],
        limits: &Limits,
    ) -> std::result::Result<std::result::Result<Vec<u8>, Refusal>, Failure> {
        let linked = &self.0.linked;
        let (answer, _) = linked.run(limits, None, |store| {
            let instance = linked.pre.instantiate(&mut *store)?;
            guest(&instance).call_migrate(store, from_name, from_schema, memory)
        })?;
        Ok(answer)
    }

    /// The runtime that runs it.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.linked.runtime
    }
}

/// A component whose imports and exports fit, before it was asked anything.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(crate) runtime: Runtime,
    pub(crate) pre: ElectionPre<Sandbox>,
    /// What the instances of a call take of the engine's own memory, in bytes.
    pub(crate) overhead: usize,
}

impl Linked {
    /// Runs `call` in a new store within `limits`.
    fn run<R>(
        &self,
        limits: &Limits,
        interruptible: Option<Interruptible>,
        call: impl FnOnce(&mut Store<Sandbox>) -> Result<R>,
    ) -> std::result::Result<(R, Spent), Failure> {
        run(&self.runtime, limits, self.overhead, interruptible, call)
    }

    /// What is wrong with the types of the exports, which show only in an instance. A component
    /// that cannot be instantiated tells nothing; asking it anything will tell that.
    ///
    /// # Errors
    ///
    /// Why it cannot be instantiated.
    pub(crate) fn mismatch(
        &self,
        limits: &Limits,
    ) -> std::result::Result<Option<wasmtime::Error>, Failure> {
        let checked = self.run(limits, None, |store| {
            let instance = self.pre.instance_pre().instantiate(&mut *store)?;
            Ok(Election::new(store, &instance).err())
        });
        checked.map(|(mismatch, _)| mismatch)
    }

    /// Asks the policy who it is.
    pub(crate) fn describe(
        &self,
        limits: &Limits,
    ) -> std::result::Result<wit::Descriptor, Failure> {
        let asked = self.run(limits, None, |store: &mut Store<Sandbox>| -> Result<_> {
            let instance = self.pre.instantiate(&mut *store)?;
            guest(&instance).call_describe(store)
        });
        asked.map(|(said, _)| said)
    }
}

/// The bytes that the host copied out of the policy: texts, memory, and the entries of lists.
fn size(decision: &Decision) -> usize {
    let published = decision.publish.iter().chain(&decision.extra).map(|(key, value)| {
        let parts = if let Value::Texts(texts) = value { texts.len() } else { 0 };
        let entry = size_of::<(String, wit::Value)>() + parts * size_of::<String>();
        entry + key.len() + value.len()
    });
    let successor = match &decision.action {
        Action::Resign(Some(successor)) => successor.len(),
        _ => 0,
    };
    successor + decision.reason.len() + decision.memory.len() + published.sum::<usize>()
}

fn guest(instance: &Election) -> &Guest {
    instance.hotseat_policy_policy()
}

/// The decision, if it is one and within the bounds of the contract.
fn judge(
    answer: std::result::Result<wit::Decision, Refusal>,
    input: &Input,
) -> std::result::Result<Decision, Failure> {
    let failure = |kind, detail| Failure { kind, detail };
    let decision: Decision =
        answer.map_err(|refusal| failure(FailureKind::Refused, refused(&refusal)))?.into();
    match policy::check(&decision, &input.timing) {
        Ok(()) => Ok(decision),
        Err(bound) => Err(failure(FailureKind::Rejected, bound)),
    }
}

fn refused(refusal: &Refusal) -> String {
    let (what, why) = match refusal {
        Refusal::UnusableSettings(why) => ("unusable settings", why),
        Refusal::UnusableMemory(why) => ("unusable memory", why),
        Refusal::Other(why) => ("refused", why),
    };
    one_line(&format!("{what}: {why}"))
}
