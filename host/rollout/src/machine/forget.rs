//! Which components are still needed.

use super::Rollout;
use super::restore::Fallback;
use crate::effect::Effect;
use std::collections::BTreeSet;

impl Rollout {
    /// What the other side keeps and nothing needs any more.
    pub(super) fn forget(&mut self) {
        let in_use = self.digests_in_use();
        let (kept, gone) =
            std::mem::take(&mut self.kept).into_iter().partition(|digest| in_use.contains(digest));
        self.kept = kept;
        let gone: BTreeSet<String> = gone;
        self.effects.extend(gone.into_iter().map(|digest| Effect::Forget { digest }));
    }

    /// A job that was given up still uses its policy.
    pub(super) fn digests_in_use(&self) -> BTreeSet<String> {
        let standard = match self.fallback {
            Fallback::Ready(_) => Some(self.config.standard.digest.as_str()),
            Fallback::Absent | Fallback::Refused(_) => None,
        };
        [
            self.wanted.as_deref(),
            self.candidate.as_ref().map(|candidate| candidate.digest()),
            self.job.as_ref().map(|job| job.policy.digest.as_str()),
            self.takeover.as_ref().map(|takeover| takeover.known.policy.digest.as_str()),
            self.active.as_ref().map(|active| active.policy.digest.as_str()),
            self.last_good.as_ref().map(|good| good.policy.digest.as_str()),
            standard,
        ]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
    }
}
