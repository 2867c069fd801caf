//! Whether the sidecar is alive, and whether it is ready.

use hotseat_core::time::Moment;
use hotseat_election::{PolicyReport, Status};
use hotseat_text::one_line;

/// The longest reason that is repeated, in bytes.
const LONGEST_REASON: usize = 500;

/// Alive: the election's loop still turns. The error says why not.
///
/// client-go's adaptor also fails when the lock names this candidate and was not renewed for
/// longer than the lease and a grace time. Here that would do harm only. Belief ends by the clock
/// without anybody's help, so a leader that cannot renew misleads nobody. What stops the renewals
/// then is the API server or the network; a restart cures neither, and takes from the leader the
/// term that it would otherwise go on with after the outage (I14).
pub(super) fn alive(status: &Status, now: Moment) -> Result<(), String> {
    let silence = now.since(status.last_beat());
    if silence <= status.stuck_after() {
        return Ok(());
    }
    Err(format!(
        "the election is stuck: it gave no sign for {:.1} s, one is due every {:.1} s",
        silence.as_secs_f64(),
        status.beat_every().as_secs_f64()
    ))
}

/// Ready: the lock was read once, so that the answers mean something, something decides that may
/// take a free seat, and the process does not stop. Without the second a rollout would end the old
/// pods while none of the new ones can lead.
///
/// An outage of the API server or of the policy's source later does not make it unready: it would take
/// the application out of its Service for no fault of its own. Where the source is away from the start
/// it stays unready, for as long as that takes.
///
/// `details`: whoever asks may be shown what `/v1/policy` says, which may repeat settings.
pub(super) fn ready(status: &Status, details: bool) -> Result<(), String> {
    let view = status.view();
    if view.stopping {
        return Err("the process is stopping".to_owned());
    }
    if view.seen.is_none() {
        return Err(format!("the lock {} was not read yet", status.election()));
    }
    let policy = status.policy();
    if policy.can_take_a_seat() {
        return Ok(());
    }
    let awaited = awaited(&policy, details);
    Err(format!("no policy decides yet, so this candidate cannot take the seat: {awaited}"))
}

/// What the first policy waits for.
fn awaited(policy: &PolicyReport, details: bool) -> String {
    const ELSEWHERE: &str = "/v1/policy says why";
    let why = |why: &str| match details {
        true => one_line(why, LONGEST_REASON),
        false => ELSEWHERE.to_owned(),
    };
    if let Some(error) = &policy.rollout.source_error {
        return format!("its source gives nothing: {}", why(error));
    }
    match &policy.rollout.candidate {
        None => "its source was not read yet".to_owned(),
        Some(candidate) => match &candidate.refusal {
            Some(refusal) => {
                format!("it was refused at stage {}: {}", refusal.stage, why(&refusal.why))
            }
            None => format!("it is at stage {}", candidate.stage),
        },
    }
}
