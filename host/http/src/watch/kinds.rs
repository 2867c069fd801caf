//! What a client may ask to be sent.

use crate::access::Refusal;
use hyper::StatusCode;

/// What a watcher wants to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(super) leader: bool,
    pub(super) policy: bool,
    pub(super) roster: bool,
    pub(super) decisions: bool,
}

impl Kinds {
    /// The kinds that a query asks for: `kinds=leader,policy`; without it, who leads.
    pub(crate) fn of(query: Option<&str>) -> Result<Kinds, Refusal> {
        let mut kinds = Kinds::default();
        let Some(query) = query.filter(|query| !query.is_empty()) else {
            return Ok(Kinds { leader: true, ..kinds });
        };
        let wrong = || {
            let shown: String = query.chars().take(64).collect();
            let why = format!(
                "?{shown} has no meaning here: give ?kinds=leader,policy,roster,decisions, or some of them"
            );
            Refusal(StatusCode::BAD_REQUEST, why)
        };
        for kind in query.strip_prefix("kinds=").ok_or_else(wrong)?.split(',') {
            match kind {
                "leader" => kinds.leader = true,
                "policy" => kinds.policy = true,
                "roster" => kinds.roster = true,
                "decisions" => kinds.decisions = true,
                _ => return Err(wrong()),
            }
        }
        Ok(kinds)
    }

    /// Whether any of them repeats settings and signals, which not everybody is shown.
    pub(crate) fn has_detail(self) -> bool {
        self.policy || self.roster || self.decisions
    }
}
