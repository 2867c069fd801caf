//! A timer that one thread sleeps on and others set.

#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(target_os = "linux")]
mod timerfd;

#[cfg(not(target_os = "linux"))]
pub(crate) use portable::Timer;
#[cfg(target_os = "linux")]
pub(crate) use timerfd::Timer;

#[cfg(test)]
mod tests {
    use super::{portable, timerfd};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    /// The same for each kind: `$kind` is the module.
    macro_rules! waits {
        ($($kind:ident: $name:ident),*) => {$(
            #[test]
            fn $name() {
                let timer = $kind::Timer::new().unwrap();
                let begun = Instant::now();
                timer.set(Some(Duration::from_millis(30))).unwrap();
                timer.wait().unwrap();
                assert!(begun.elapsed() >= Duration::from_millis(30));
                // A moment that has passed wakes at once, and a timer that was stopped not at all:
                // only what is set afterwards ends the wait.
                timer.set(Some(Duration::ZERO)).unwrap();
                timer.wait().unwrap();
                timer.set(Some(Duration::from_secs(3600))).unwrap();
                timer.set(None).unwrap();
                let (woken, wakes) = channel();
                std::thread::scope(|scope| {
                    let timer = &timer;
                    scope.spawn(move || woken.send(timer.wait().is_ok()).unwrap());
                    assert!(wakes.recv_timeout(Duration::from_millis(30)).is_err());
                    timer.set(Some(Duration::from_millis(1))).unwrap();
                    assert_eq!(wakes.recv_timeout(Duration::from_secs(60)), Ok(true));
                });
            }
        )*};
    }

    waits!(timerfd: the_kernels_timer_wakes_when_it_is_set_to, portable: the_portable_timer_does_the_same);
}
