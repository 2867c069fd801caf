//! API servers that go away and come back.

use std::time::{Duration, Instant};

use hotseat_tests::cluster::{Cluster, Options, Rights};
use hotseat_tests::scene::{Api, Candidates, DEADLINE, SOON};
use hotseat_tests::wait::until;

/// What a machine that is busy may add to a deadline before an answer tells of it.
const LATE: Duration = Duration::from_secs(1);

/// Looks at all candidates until `end`; from `silent` on nobody may lead.
#[track_caller]
fn look_on(crew: &Candidates<'_>, silent: Instant, end: Instant) {
    while Instant::now() < end {
        let asked = Instant::now();
        for member in crew.members() {
            let answer = member.leader().unwrap();
            if asked >= silent {
                assert_eq!(answer["self"], false, "{answer}\n{}", crew.logs());
            }
        }
    }
}

/// A leader that can write again: the Lease is renewed, and all agree.
#[track_caller]
fn leads_again(api: &Api, crew: &Candidates<'_>) {
    let before = api.spec("renewTime").unwrap();
    until("a renewal", SOON, || match api.spec("renewTime").unwrap() {
        time if time == before => Err(crew.logs()),
        _ => Ok(()),
    });
    let led = crew.leader();
    assert_eq!(api.spec("holderIdentity").unwrap(), led.name.as_str());
}

#[test]
fn the_server_is_killed_for_5_and_for_30_seconds() {
    let cluster = Cluster::start(Options::default()).unwrap();

    // Shorter than the renew deadline: nobody notices.
    let api = Api::of(&cluster, "killed-for-5-s", Rights::Full).unwrap();
    let flags = ["--lease-duration=40s", "--renew-deadline=30s", "--retry-period=1s"];
    let crew = Candidates::with(&api, &["anna", "ben"], &flags).unwrap();
    let first = crew.leader();
    cluster.kill_apiserver().unwrap();
    let gone = Instant::now();
    while gone.elapsed() < Duration::from_secs(5) {
        assert_eq!(crew.member(&first.name).leader().unwrap()["token"], first.token);
    }
    cluster.restart_apiserver().unwrap();
    leads_again(&api, &crew);
    assert!(crew.leader().is_same_term(&first), "{}", crew.logs());
    crew.finish();

    // Longer than the lease: belief ends, and comes back with the server.
    let api = Api::of(&cluster, "killed-for-30-s", Rights::Full).unwrap();
    let crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let first = crew.leader();
    cluster.kill_apiserver().unwrap();
    let gone = Instant::now();
    look_on(&crew, gone + DEADLINE + LATE, gone + Duration::from_secs(30));
    crew.member(&first.name).process.wait_line("no renewal before the renew deadline", SOON);
    cluster.restart_apiserver().unwrap();
    crew.leader();
    leads_again(&api, &crew);
    crew.finish();
}

#[test]
fn an_embedded_server_pauses_and_resumes() {
    let api = Api::embedded("outage").unwrap();
    let crew = Candidates::start(&api, &["anna", "ben", "cleo"]).unwrap();
    let first = crew.leader();
    api.pause().unwrap();
    let gone = Instant::now();
    look_on(&crew, gone + DEADLINE + LATE, gone + Duration::from_secs(6));
    crew.member(&first.name).process.wait_line("no renewal before the renew deadline", SOON);
    api.resume().unwrap();
    crew.leader();
    leads_again(&api, &crew);
    crew.finish();
}
