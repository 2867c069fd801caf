//! Containers that are killed, as by a crash.

use std::time::Duration;

use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::figures::note;
use super::sidecar::{LABELS, shop};
use super::space::{Pod, SOON, Space, kill};

/// Waits until a container of that pod has been started again.
#[track_caller]
fn restarted(space: &Space, pod: &Pod, container: &str) -> Pod {
    let before = pod.container(container)["restartCount"].as_u64().unwrap();
    until("the container to run again", SOON, || {
        let pods = space.pods(LABELS);
        let now = pods.iter().find(|other| other.name == pod.name).cloned();
        let now = now.ok_or_else(|| format!("{} is gone", pod.name))?;
        let status = now.container(container);
        let again = status["restartCount"].as_u64() > Some(before);
        match again && !status["state"]["running"].is_null() {
            true => Ok(now),
            false => Err(status.to_string()),
        }
    })
}

#[test]
fn a_killed_sidecar_takes_its_seat_back_with_a_new_token() {
    let space = shop("crash");
    let leader = space.leader(LABELS, None);
    let belief = Belief::watch(&space, LABELS, PACE);
    let began = space.term();
    kill(&leader.container_id("hotseat"));
    restarted(&space, &leader, "hotseat");
    let after = space.leader(LABELS, None);
    until("a term of its own", SOON, || {
        let now = space.term();
        if now != began { Ok(()) } else { Err(now) }
    });
    let heard = belief.end();
    heard.assert_no_overlap();
    assert_eq!(after.name, leader.name, "{:?}", heard.gaps());
    let tokens: Vec<u64> = heard.terms().iter().map(|term| term.token).collect();
    assert!(tokens.len() >= 2 && tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
    note(
        "SIGKILL of the leader's sidecar: until it leads again",
        &format!("{} ms", heard.longest_gap().as_millis()),
    );
    // It did not wait until its own lease of 15 s had run out.
    assert!(heard.longest_gap() < Duration::from_secs(12), "{:?}", heard.gaps());
}

#[test]
fn a_killed_application_leaves_the_seat_where_it_is() {
    let space = shop("app-crash");
    let leader = space.leader(LABELS, None);
    let belief = Belief::watch(&space, LABELS, PACE);
    kill(&leader.container_id("shop"));
    let after = restarted(&space, &leader, "shop");
    assert_eq!(after.container("hotseat")["restartCount"], 0);
    assert_eq!(space.leader(LABELS, None).name, leader.name);
    let heard = belief.end();
    heard.assert_no_overlap();
    assert_eq!(heard.terms().len(), 1, "{:?}", heard.terms());
}
