//! A Service that leads to the leader, by the label that its pod has while it leads.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hotseat_tests::process::get;
use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::figures::{median_and_longest, note, note_barred};
use super::sidecar::{LABELS, shop_with};
use super::space::{PORT, SOON, Space};

const FLAG: &str = "--label-leader=hotseat.dev/leader=shop";
const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: leader}
spec: {selector: {hotseat.dev/leader: shop}, ports: [{port: 4040}]}
";

/// The Service's address, behind which the sidecar of the leader answers.
fn service(space: &Space) -> SocketAddr {
    space.apply(SERVICE);
    let object = space.object("service/leader");
    let ip: IpAddr = object["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
    SocketAddr::new(ip, PORT)
}

/// Waits until the Service leads to a pod that leads, and to no other.
#[track_caller]
fn leads_to(space: &Space, address: SocketAddr, pod: &str) {
    until("the Service to lead to the leader", SOON, || {
        let labelled: Vec<String> =
            space.pods("hotseat.dev/leader=shop").into_iter().map(|pod| pod.name).collect();
        let answer = get(address, "/leader");
        match answer {
            Ok(answer) if answer.status == 200 && labelled == [pod] => Ok(()),
            other => Err((labelled, format!("{other:?}"))),
        }
    });
}

#[test]
fn a_service_leads_to_the_leader_and_follows_it() {
    let space = shop_with("label", &[FLAG]);
    let address = service(&space);
    let first = space.leader(LABELS, None).name;
    leads_to(&space, address, &first);
    let belief = Belief::watch(&space, LABELS, PACE);
    let asked = Asked::begin(address);
    space.kubectl(&["delete", "pod", &first]);
    let second = space.leader(LABELS, Some(&first)).name;
    leads_to(&space, address, &second);
    let by_service = asked.end();
    space.rolled_out("shop", 3);
    let asked = Asked::begin(address);
    space.kubectl(&["rollout", "restart", "deployment/shop"]);
    space.rolled_out("shop", 3);
    let last = space.leader(LABELS, None).name;
    leads_to(&space, address, &last);
    let in_rollout = asked.end();
    let heard = belief.end();
    heard.assert_no_overlap();
    let lasted: Vec<Duration> = heard.gaps().iter().map(|gap| gap.lasted).collect();
    note_barred(
        "with `--label-leader`, a deleted leader and `kubectl rollout restart`: each time without a leader",
        &median_and_longest(&lasted),
        "longest 300 ms",
        heard.longest_gap() <= Duration::from_millis(300),
    );
    let ms = |time: Duration| format!("{} ms", time.as_millis());
    note(
        "longest time without an answer by the leader's Service, at `kubectl delete pod`",
        &ms(by_service),
    );
    note("the same at `kubectl rollout restart`", &ms(in_rollout));
}

/// Asks the Service all the while for the leader.
struct Asked {
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Duration>,
}

impl Asked {
    fn begin(address: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            while !ends.load(Ordering::Relaxed) {
                if get(address, "/leader").is_ok_and(|answer| answer.status == 200) {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                thread::sleep(PACE);
            }
            longest
        });
        Self { over, thread }
    }

    /// The longest time between two answers of a leader.
    fn end(self) -> Duration {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
