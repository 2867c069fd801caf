//! What becomes of a policy's memory when another one takes over.

use hotseat_core::policy::{FailureKind, LARGEST_MEMORY};

use crate::bindings::wit::Refusal;
use crate::error::MigrateError;
use crate::instance::LoadedPolicy;
use crate::settings::Limits;
use crate::text::one_line;

/// The memory with which a policy begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inherited {
    /// At most 64 KiB; empty if there was nothing, or nothing that could be converted.
    pub memory: Vec<u8>,
    /// Why it begins empty although there was something; one line.
    pub lost: Option<String>,
}

impl LoadedPolicy {
    /// Makes the memory of `before` over for this policy: bytes of the same name and schema are
    /// taken as they are, others go through its `migrate`. One that does not know them begins
    /// empty and says so.
    ///
    /// # Errors
    ///
    /// `migrate` trapped, used more than `limits` allows, or gave more than 64 KiB.
    pub fn inherit(
        &self,
        before: &LoadedPolicy,
        memory: &[u8],
        limits: &Limits,
    ) -> Result<Inherited, MigrateError> {
        let (from, to) = (before.descriptor(), self.descriptor());
        if memory.is_empty() {
            return Ok(Inherited::default());
        }
        if (&from.name, from.memory_schema) == (&to.name, to.memory_schema) {
            return Ok(Inherited { memory: memory.to_vec(), lost: None });
        }
        match self.migrate(&from.name, from.memory_schema, memory, limits) {
            Ok(Ok(memory)) if memory.len() > LARGEST_MEMORY => {
                let detail = format!(
                    "`migrate` gave {} bytes of memory, at most {LARGEST_MEMORY} are allowed",
                    memory.len()
                );
                Err(MigrateError { kind: FailureKind::Rejected, detail })
            }
            Ok(Ok(memory)) => Ok(Inherited { memory, lost: None }),
            Ok(Err(refusal)) => {
                let why = match refusal {
                    Refusal::UnusableMemory(why)
                    | Refusal::UnusableSettings(why)
                    | Refusal::Other(why) => why,
                };
                let lost = one_line(&format!(
                    "the memory of {} with schema {} is not taken over: {why}",
                    from.name, from.memory_schema
                ));
                Ok(Inherited { memory: Vec::new(), lost: Some(lost) })
            }
            Err(failure) => Err(MigrateError::of(failure)),
        }
    }
}
