//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for all connections of port 4040 at a time, and for the rest of the program.
const WANTED: u64 = 4096;

/// Raises what a container's runtime often sets to 1,024, as far as it allows without rights: else
/// a thousand clients that watch would keep everybody else out.
pub fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(WANTED);
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit { current: Some(most), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_never_lowered() {
        let before = getrlimit(Resource::Nofile);
        let soft = |current| {
            let limit = Rlimit { current: Some(current), ..before };
            setrlimit(Resource::Nofile, limit).expect("a limit below the hard one");
        };
        let now = || getrlimit(Resource::Nofile).current.expect("a limit");
        let most = before.maximum.unwrap_or(u64::MAX).min(WANTED);
        assert!(most > 1024, "this machine allows only {most} open files");
        soft(1024);
        allow_many();
        assert_eq!(now(), most);
        soft(most + u64::from(before.maximum.is_none_or(|maximum| maximum > most)));
        let larger = now();
        allow_many();
        assert_eq!(now(), larger);
        setrlimit(Resource::Nofile, before).expect("the limit as it was");
    }
}
