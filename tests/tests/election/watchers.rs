//! A thousand who watch while the leader changes a hundred times a second.

use std::time::Duration;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK};
use hotseat_tests::watchers::{Seat, Watchers};

const WATCHERS: usize = 1000;
const CHANGES: u32 = 1000;
const PACE: Duration = Duration::from_millis(10);
/// For all of it, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);
/// Who leads after the last change.
const LAST: &str = "the-last";

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
