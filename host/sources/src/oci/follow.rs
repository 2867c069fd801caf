//! Trying until a registry gives what a reference names.

use super::{Reference, Registries};
use crate::error::SourceError;
use crate::follow::Component;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tries to pull a reference until it has it, hands it on, and ends: what a digest names never
/// changes. Each new reason for a failure is handed on, and one that no later attempt can remedy
/// ends it. It ends, too, when the receiver is gone.
pub(crate) async fn pull_until_found(
    reference: Reference,
    limit: u64,
    registries: Registries,
    components: mpsc::Sender<Component>,
) {
    let mut last: Option<SourceError> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let pulled = tokio::select! {
            pulled = registries.pull(&reference, limit) => pulled,
            () = components.closed() => return,
        };
        let error = match pulled {
            Ok(fetched) => {
                // Without a receiver nobody wants it.
                let _ = components.send(Component::Found(fetched, None)).await;
                return;
            }
            Err(error) => error,
        };
        let lasting =
            matches!(error, SourceError::Read { lasting: true, .. } | SourceError::Size { .. });
        if last.as_ref() != Some(&error) {
            last = Some(error.clone());
            if components.send(Component::Missing(error.into())).await.is_err() {
                return;
            }
        }
        if lasting {
            return;
        }
        tokio::select! {
            () = sleep(spread(pause)) => {}
            () = components.closed() => return,
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
