//! The seat passed on as operators make it happen: by deleting a pod, by a rollout, by a drain.

use std::time::Duration;

use super::belief::{Belief, PACE};
use super::figures::{median, median_and_longest, note, note_barred};
use super::processes::Processes;
use super::sidecar::{LABELS, shop};
use super::space::{SOON, run};

/// How often the leader is deleted.
const ROUNDS: usize = 10;
/// A closer look than usual, where milliseconds count.
const CLOSE: Duration = Duration::from_millis(4);

/// The times without a leader that were heard in these rounds, none of which waited for a lease of 15 s to
/// run out.
#[track_caller]
fn lasted(belief: Belief) -> Vec<Duration> {
    let heard = belief.end();
    heard.assert_no_overlap();
    let lasted: Vec<Duration> = heard.gaps().iter().map(|gap| gap.lasted).collect();
    assert_eq!(lasted.len(), ROUNDS, "{:?}", heard.terms());
    assert!(lasted.iter().all(|lasted| *lasted < Duration::from_secs(8)), "{lasted:?}");
    lasted
}

/// In turn with the same program as processes without pods, asked in the same way, so that both have the same
/// machine.
#[test]
fn a_deleted_leader_passes_the_seat_on() {
    let space = shop("delete");
    let mut leader = space.leader(LABELS, None);
    let mut processes = Processes::start(&space, &leader);
    let in_pods = Belief::watch(&space, LABELS, CLOSE);
    let between_processes = Belief::watch_processes(&processes.addresses(), CLOSE);
    for _ in 0..ROUNDS {
        space.kubectl(&["delete", "pod", &leader.name]);
        leader = space.leader(LABELS, Some(&leader.name));
        space.rolled_out("shop", 3);
        processes.hand_over();
    }
    let (pods, processes) = (lasted(in_pods), lasted(between_processes));
    note("`kubectl delete pod LEADER`: without a leader", &median_and_longest(&pods));
    note(
        "SIGTERM to the leader of three processes on the node, in turn with that",
        &median_and_longest(&processes),
    );
    let (pods, processes) = (median(&pods).unwrap(), median(&processes).unwrap());
    let ratio = pods.as_secs_f64() / processes.as_secs_f64();
    note_barred(
        "the median in pods beside that between processes",
        &format!("{ratio:.2} times"),
        "at most 1.5 times",
        ratio <= 1.5,
    );
}

#[test]
fn a_rollout_restart_keeps_a_leader() {
    let space = shop("restart");
    space.leader(LABELS, None);
    let belief = Belief::watch(&space, LABELS, PACE);
    let before: Vec<String> = space.pods(LABELS).into_iter().map(|pod| pod.name).collect();
    for _ in 0..3 {
        space.kubectl(&["rollout", "restart", "deployment/shop"]);
        space.rolled_out("shop", 3);
    }
    let leader = space.leader(LABELS, None).name;
    assert!(!before.contains(&leader), "{leader} is older than the rollout");
    let heard = belief.end();
    heard.assert_no_overlap();
    let lasted: Vec<Duration> = heard.gaps().iter().map(|gap| gap.lasted).collect();
    note_barred(
        "`kubectl rollout restart`, three replicas, three times: each time without a leader",
        &median_and_longest(&lasted),
        "longest 300 ms",
        heard.longest_gap() <= Duration::from_millis(300),
    );
    assert!(heard.longest_gap() < Duration::from_secs(8), "{:?}", heard.gaps());
}

#[test]
fn a_drain_takes_all_pods_and_a_leader_comes_back_with_the_node() {
    let space = shop("drain");
    let belief = Belief::watch(&space, LABELS, PACE);
    let old = space.leader(LABELS, None).name;
    let drained = run(
        &["drain", "node1", "--pod-selector=app=shop", "--timeout=180s", "--delete-emptydir-data"],
        "",
    );
    // The node is everybody's: it has to take pods again, whatever comes next.
    let back = run(&["uncordon", "node1"], "");
    drained.unwrap();
    back.unwrap();
    // The old one has given its seat up: the lock names nobody, or one of the new pods.
    let holder = space.object("lease/shop")["spec"]["holderIdentity"].clone();
    assert_ne!(holder, old.as_str());
    space.rolled_out("shop", 3);
    space.leader(LABELS, Some(&old));
    let heard = belief.end();
    heard.assert_no_overlap();
    note(
        "`kubectl drain` of the only node, and `uncordon`: without a leader",
        &format!("{} ms", heard.longest_gap().as_millis()),
    );
    assert!(heard.longest_gap() < SOON);
}
