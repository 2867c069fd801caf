//! How long a pod takes from its start to its first answer.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use hotseat_tests::process::get;
use hotseat_tests::wait::until;

use super::figures::{median_and_longest, note};
use super::space::{SOON, Space, image, process};

const ROUNDS: usize = 5;

/// Time since the machine started, in hundredths of a second, as the kernel gives the start of a process.
fn uptime() -> Duration {
    let text = fs::read_to_string("/proc/uptime").unwrap();
    Duration::from_secs_f64(text.split(' ').next().unwrap().parse().unwrap())
}

/// When the first process of a container began.
fn began(container: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process(container))).unwrap();
    // Behind the name, which may have blanks in it, from the third field on.
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap();
    Duration::from_millis(ticks.parse::<u64>().unwrap() * 10)
}

#[test]
fn a_pod_answers_soon_after_it_is_made() {
    let space = Space::new("start", false);
    space.grant("start", "default", &[]);
    // On the node's own network its address is known before there is a pod.
    let address: SocketAddr = "10.200.0.1:4040".parse().unwrap();
    let (mut whole, mut own) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (image, name) = (image(), format!("start-{round}"));
        let asking = thread::spawn(move || {
            until("an answer", SOON, || get(address, "/"));
            (Instant::now(), uptime())
        });
        space.apply(&format!(
            r#"
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  hostNetwork: true
  containers:
  - name: hotseat
    image: "{image}"
    args: [--election=start]
    env:
    - {{name: POD_NAME, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
"#
        ));
        let made = Instant::now();
        let (answered, answered_up) = asking.join().unwrap();
        space.kubectl(&["wait", "--for=condition=Ready", &format!("pod/{name}"), "--timeout=180s"]);
        let pod = super::space::Pod { object: space.object(&format!("pod/{name}")), name };
        whole.push(answered.saturating_duration_since(made));
        own.push(answered_up.saturating_sub(began(&pod.container_id("hotseat"))));
        space.kubectl(&["delete", "pod", &pod.name]);
    }
    note("a pod: from its object to the first answer", &median_and_longest(&whole));
    note("of which from the start of the container's process", &median_and_longest(&own));
    assert_eq!(whole.len(), ROUNDS);
}
