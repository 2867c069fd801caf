//! Elections between real `hotseat` processes, on a real or an embedded API server.

mod api;
mod candidate;
mod crew;
mod fleet;
mod peer;
mod pod;
mod sampler;
mod tether;

pub use self::api::Api;
pub use self::candidate::Candidate;
pub use self::crew::{Candidates, Led};
pub use self::fleet::{Fleet, Kind};
pub use self::peer::Peer;
pub use self::pod::Pod;
pub use self::sampler::{Belief, Sampler};
pub use self::tether::PartitionedCandidate;

use std::time::Duration;

/// The name of the election in every scene; the namespace tells scenes apart.
pub const ELECTION: &str = "seat";
/// The lease duration of [`QUICK`].
pub const LEASE: Duration = Duration::from_secs(3);
/// The renew deadline of [`QUICK`].
pub const DEADLINE: Duration = Duration::from_secs(2);
/// A timing that lets scenes end soon.
pub const QUICK: [&str; 3] = ["--lease-duration=3s", "--renew-deadline=2s", "--retry-period=500ms"];
/// A timing for scenes in which nobody has to wait for a lease to run out: renewals are as quick as those
/// of [`QUICK`], and a machine that stands still for some seconds, which a busy one does, loses no term.
pub const PATIENT: [&str; 3] =
    ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=500ms"];
/// A timing whose lease is longer than anything here is waited for: who leads next within [`SOON`] was
/// given the seat, and did not wait for the lease to run out.
pub const STEADY: [&str; 3] =
    ["--lease-duration=90s", "--renew-deadline=60s", "--retry-period=500ms"];
/// A timing in which a named successor has 3 s, the retry period, before others may take the seat: long
/// enough for a machine that is busy.
pub const POLITE: [&str; 3] = ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=3s"];
/// As long as a policy's call may take at most: what is late on a busy machine is a failure of the policy.
pub const LONG_CALLS: &str = "--policy-time=400ms";
/// How long anything may take that is not bounded by the lease: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);

/// Plays each scene on either server, as tests of the modules `embedded` and `real`.
#[macro_export]
macro_rules! on_both {
    ($($module:ident::$scene:ident),* $(,)?) => {
        mod embedded {
            $(#[test]
            fn $scene() {
                super::$module::$scene(&$crate::scene::Api::embedded(stringify!($scene)).unwrap());
            })*
        }
        mod real {
            $(#[test]
            fn $scene() {
                super::$module::$scene(&$crate::scene::Api::real(stringify!($scene)).unwrap());
            })*
        }
    };
}
