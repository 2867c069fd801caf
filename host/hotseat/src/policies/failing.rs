//! What decides where the active policy fails, and while the wanted one is not yet there: the
//! policy's own word, unless the operator overrules it.

use super::Policies;
use hotseat_core::on_failure::OnFailure;
use hotseat_engine::Setup;
use hotseat_sources::Origin;

/// What decides until the first policy has taken over. The built-in rule is the standard policy's
/// native twin, so where that one is wanted the election need not wait for it to be compiled. Any
/// other policy is waited for: the rule would let a candidate lead that it may not.
pub fn before_the_first(wanted: &Origin, overruled: Option<OnFailure>) -> OnFailure {
    overruled.unwrap_or(match wanted {
        Origin::Builtin => OnFailure::Standard,
        Origin::File(_) | Origin::ConfigMap(_) | Origin::Oci(_) => OnFailure::Hold,
    })
}

impl Policies {
    /// What decides in the place of this policy where it fails.
    pub(super) fn on_failure(&self, of: &Setup) -> OnFailure {
        self.0.around.on_failure.unwrap_or(of.policy.descriptor().on_failure)
    }

    /// Whether the standard policy may decide in the place of a policy that is not there, or that
    /// failed too often with no good one before it.
    pub(super) fn standard_may_decide(&self, for_the_active: Option<&Setup>) -> bool {
        let on_failure = match for_the_active {
            Some(active) => Some(self.on_failure(active)),
            None => self.0.around.on_failure,
        };
        on_failure == Some(OnFailure::Standard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_sources::PolicyRef;

    #[test]
    fn only_the_standard_policy_is_not_waited_for() {
        let oci = format!("oci://registry.example/policy@sha256:{}", "0".repeat(64));
        for (wanted, word) in [
            ("builtin", OnFailure::Standard),
            ("file:/p.wasm", OnFailure::Hold),
            ("configmap:policy", OnFailure::Hold),
            (oci.as_str(), OnFailure::Hold),
        ] {
            let wanted: PolicyRef = wanted.parse().unwrap();
            assert_eq!(before_the_first(&wanted.origin, None), word, "{wanted}");
            for overruled in OnFailure::ALL {
                assert_eq!(before_the_first(&wanted.origin, Some(overruled)), overruled);
            }
        }
    }
}
