//! A thousand who watch while the leader changes a hundred times a second, and what watchers cost a leader.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use hotseat_tests::cluster::{AuditRecord, Caller, Cluster, Rights};
use hotseat_tests::scene::{Api, Candidate, ELECTION, LONG_CALLS, QUICK, SOON, STEADY};
use hotseat_tests::wait::{until, until_async};
use hotseat_tests::watchers::{Seat, Watchers};
use jiff::Timestamp;

const WATCHERS: usize = 1000;
const CHANGES: u32 = 1000;
const PACE: Duration = Duration::from_millis(10);
/// For all of it, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);
/// Who leads after the last change.
const LAST: &str = "the-last";

/// How often watchers come and go again beside a leader.
const ROUNDS: usize = 4;
/// Of them, those that read.
const READING: usize = 100;
/// And those that ask, and read nothing.
const STUCK: usize = 20;
/// The time between two renewals of that leader, whose term no busy machine ends.
const RETRY: Duration = Duration::from_millis(500);

#[test]
fn none_of_a_thousand_watchers_loses_a_change_without_being_told() {
    let api = Api::of(Cluster::shared(), "watchers", Rights::Full).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = async {
        let seat = Seat::create(api.kubeconfig(), api.namespace(), ELECTION).await.unwrap();
        let candidate = Candidate::start(&api, "anna", &QUICK).unwrap();
        let address = candidate.process.http_addr();
        let watchers = Watchers::gather(address, WATCHERS, LAST).await.unwrap();
        assert_eq!(watchers.watching(), WATCHERS);
        seat.change(CHANGES, PACE, LAST).await.unwrap();
        watchers.heard().await
    };
    let all = runtime.block_on(async { tokio::time::timeout(PATIENCE, all).await });
    for heard in all.expect("all hear of the last change") {
        let heard = heard.expect("a watcher that is held to the end");
        assert_eq!(heard.lost, 0, "{heard:?}");
        // None is missing on the way to the sidecar either.
        assert!(heard.changes + heard.missed >= u64::from(CHANGES), "{heard:?}");
    }
}

#[test]
fn watchers_cost_a_leader_neither_a_renewal_nor_another_request() {
    let api = Api::of(Cluster::shared(), "watched", Rights::Full).unwrap();
    // A policy that is late three times in a row would be another Event.
    let flags = [&STEADY[..], &[LONG_CALLS]].concat();
    let anna = Candidate::start(&api, "anna", &flags).unwrap();
    let renewals = || anna.metric("hotseat_renewals_total").unwrap();
    // A new term and its policy write Events; there are no more of them after some renewals.
    anna.process.wait_line("the policy is active", SOON);
    let mut last = (api.events().unwrap(), renewals());
    until("the last Event of the new term", SOON, || match (api.events().unwrap(), renewals()) {
        (events, count) if events.is_empty() || events != last.0 => {
            last = (events, count);
            Err(last.clone())
        }
        (_, count) if count >= last.1 + 4.0 => Ok(()),
        now => Err(now),
    });
    let (began, since, before) = (Instant::now(), Timestamp::now(), renewals());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let address = anna.process.http_addr();
        for round in 0..ROUNDS {
            let stuck: Vec<TcpStream> = (0..STUCK).map(|_| stuck(address)).collect();
            let watchers = Watchers::gather(address, READING, LAST).await.unwrap();
            let enough = before + 3.0 * (round as f64 + 1.0);
            until_async("renewals beside watchers", SOON, async || match renewals() {
                count if count >= enough => Ok(()),
                count => Err(count),
            })
            .await;
            assert_eq!((watchers.watching(), stuck.len()), (READING, STUCK));
        }
    });
    let (renewed, took) = (renewals() - before, began.elapsed());
    // Each renewal is one request, and there is no other: the audit log may be a moment behind.
    let asked = until("the renewals in the audit log", SOON, || {
        let asked = asked_by(&api, since);
        if asked.len() as f64 >= renewed { Ok(asked) } else { Err(asked.len()) }
    });
    let other =
        |it: &&AuditRecord| (it.verb.as_str(), it.resource.as_str()) != ("update", "leases");
    assert_eq!(asked.iter().find(other), None);
    // A renewal comes a retry period after the one before; some 500 watchers came meanwhile.
    let most = took.as_secs_f64() / RETRY.as_secs_f64() + 2.0;
    assert!(renewed <= most, "{renewed} renewals in {took:?}");
    assert_eq!(anna.leader().unwrap()["self"], true);
}

/// What the candidate asked the server for.
fn asked_by(api: &Api, since: Timestamp) -> Vec<AuditRecord> {
    let mut asked = Cluster::shared().requests(since, Caller::UserAgent("hotseat/")).unwrap();
    asked.retain(|record| record.namespace == api.namespace());
    asked
}

/// A connection that asks for events, and whose end takes none of them.
fn stuck(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream
}
