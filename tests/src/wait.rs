//! Waiting for a condition, with a deadline and a message that says what was awaited.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// Time between two looks at the condition.
const POLL: Duration = Duration::from_millis(10);

/// Looks at `check` until it gives `Ok`, and returns that.
///
/// `check` gives `Err` with the state that it saw as long as the condition does not hold.
///
/// # Panics
///
/// When `within` has passed; the message names `what`, the time, and the last state seen.
#[track_caller]
pub fn until<T, S: Debug>(what: &str, within: Duration, check: impl FnMut() -> Result<T, S>) -> T {
    match try_until(within, check) {
        Ok(value) => value,
        Err(seen) => panic!("waited {within:?} for {what}; last seen: {seen:?}"),
    }
}

/// Like [`until`], but gives the last state seen instead of a panic.
///
/// # Errors
///
/// The state that `check` saw last, when `within` has passed.
pub fn try_until<T, S>(within: Duration, mut check: impl FnMut() -> Result<T, S>) -> Result<T, S> {
    let start = Instant::now();
    loop {
        match check() {
            Ok(value) => return Ok(value),
            Err(seen) if start.elapsed() >= within => return Err(seen),
            Err(_) => thread::sleep(POLL),
        }
    }
}

/// Like [`until`], for a condition that has to be awaited.
///
/// # Panics
///
/// As [`until`] does. A `check` that hangs is given up at the deadline too.
pub async fn until_async<T, S: Debug>(
    what: &str,
    within: Duration,
    mut check: impl AsyncFnMut() -> Result<T, S>,
) -> T {
    let mut seen = None;
    let polling = async {
        loop {
            match check().await {
                Ok(value) => return value,
                Err(state) => seen = Some(state),
            }
            tokio::time::sleep(POLL).await;
        }
    };
    let outcome = tokio::time::timeout(within, polling).await;
    match outcome {
        Ok(value) => value,
        Err(_) => panic!("waited {within:?} for {what}; last seen: {seen:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_as_soon_as_the_condition_holds() {
        let mut looks = 0;
        let value = until("the third look", Duration::from_secs(5), || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err(looks) }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "waited 20ms for rain; last seen: \"sun\"")]
    fn says_what_was_awaited_and_seen() {
        until::<(), _>("rain", Duration::from_millis(20), || Err("sun"));
    }

    #[tokio::test]
    #[should_panic(expected = "waited 50ms for rain; last seen: Some(\"sun\")")]
    async fn gives_up_a_check_that_hangs() {
        let mut first = true;
        until_async::<(), _>("rain", Duration::from_millis(50), async || {
            if !std::mem::replace(&mut first, false) {
                std::future::pending::<()>().await;
            }
            Err("sun")
        })
        .await;
    }
}
