//! Death that is seen: with `--watch-pods` a standby takes the seat of a container that the kubelet
//! reports to have ended, and does not wait for a lease of 15 s to run out.

use std::time::Duration;

use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::figures::{median_and_longest, note, note_barred, within};
use super::sidecar::{LABELS, shop_with};
use super::space::{SOON, kill};

/// How many crashes are looked at in which another pod takes over.
const CRASHES: usize = 5;

#[test]
fn a_standby_takes_the_seat_of_a_container_that_crashed() {
    let space = shop_with("death", &["--watch-pods=true", "--reaction-time=0s"]);
    let belief = Belief::watch(&space, LABELS, PACE);
    let mut moved = 0;
    let mut crashes = 0;
    while moved < CRASHES {
        let leader = space.leader(LABELS, None);
        // So that there are standbys, and none of them waits for the kubelet.
        space.kubectl(&["wait", "--for=condition=Ready", "pods", "-l", LABELS, "--timeout=180s"]);
        let before = space.term();
        kill(&leader.container_id("hotseat"));
        crashes += 1;
        assert!(crashes < 5 * CRASHES, "the seat moved {moved} times in {crashes} crashes");
        // A container that is back at once takes its own seat back. From its second crash on the
        // kubelet lets it wait, and another pod is first.
        until("a term of its own", SOON, || {
            let now = space.term();
            if now != before && !now.1.is_empty() { Ok(()) } else { Err(now) }
        });
        moved += usize::from(space.leader(LABELS, None).name != leader.name);
    }
    let heard = belief.end();
    heard.assert_no_overlap();
    let gaps = heard.gaps();
    let lasted = |same: bool| -> Vec<Duration> {
        let chosen = gaps.iter().filter(|gap| (gap.from == gap.to) == same);
        chosen.map(|gap| gap.lasted).collect()
    };
    note_barred(
        "SIGKILL of the leader's container, a lease of 15 s, `--watch-pods`: until another leads",
        &median_and_longest(&lasted(false)),
        "median 2 s, longest 4 s",
        within(&lasted(false), Duration::from_secs(2), Duration::from_secs(4)),
    );
    note(
        "the same where the container is back first: until it leads again",
        &median_and_longest(&lasted(true)),
    );
    // Whoever took over from another did not wait until the lease had run out. A container that is back
    // first may have waited for the kubelet, which takes its time from the second crash on.
    assert!(lasted(false).iter().all(|lasted| *lasted < Duration::from_secs(10)), "{gaps:?}");
}
