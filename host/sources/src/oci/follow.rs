//! Trying until a registry gives what a reference names.

use super::{Reference, Registries};
use crate::error::SourceError;
use crate::follow::Update;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tries to pull a reference until it has it, tells `updates`, and ends: what a digest names never
/// changes. Each new reason for a failure is told, and one that no later attempt can mend ends it.
/// It ends, too, when the receiver is gone.
pub async fn follow_oci(
    reference: Reference,
    limit: u64,
    registries: Registries,
    updates: mpsc::Sender<Update>,
) {
    let mut told: Option<SourceError> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let pulled = tokio::select! {
            pulled = registries.pull(&reference, limit) => pulled,
            () = updates.closed() => return,
        };
        let error = match pulled {
            Ok(fetched) => {
                // Without a receiver there is nobody to tell.
                let _ = updates.send(Update::Fetched(fetched)).await;
                return;
            }
            Err(error) => error,
        };
        let lasting =
            matches!(error, SourceError::Read { lasting: true, .. } | SourceError::Size { .. });
        if told.as_ref() != Some(&error) {
            told = Some(error.clone());
            if updates.send(Update::Failed(error)).await.is_err() {
                return;
            }
        }
        if lasting {
            return;
        }
        tokio::select! {
            () = sleep(spread(pause)) => {}
            () = updates.closed() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// From half to one and a half of `pause`: a fleet must not come back all at once.
fn spread(pause: Duration) -> Duration {
    let mut byte = [128];
    // Without entropy, the middle will do.
    let _ = getrandom::fill(&mut byte);
    pause / 2 + pause.mul_f64(f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread() {
        for _ in 0..100 {
            let pause = spread(FIRST_PAUSE);
            assert!((FIRST_PAUSE / 2..=FIRST_PAUSE * 3 / 2).contains(&pause), "{pause:?}");
        }
    }
}
