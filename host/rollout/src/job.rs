//! What is done for a rollout, one job at a time: a stage of a policy, a shadow, a take-over.

/// The number of a job, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What a policy goes through before it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Parse, imports, exports, compile and describe.
    Prepare,
    /// Does it accept its settings?
    Settings,
    /// Can it take up the active policy's memory?
    Migrate,
    /// Does it decide on the last question?
    DryRun,
}

impl Stage {
    /// The stage in facts and reports, while it is under way.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Prepare => "compile",
            Stage::Settings => "settings",
            Stage::Migrate => "migrate",
            Stage::DryRun => "dry-run",
        }
    }
}
