//! Rosters on a server of the test's own, on virtual time.

use super::*;
use crate::codec::WRITE;
use hotseat_apiserver::{Action, Config, Fault, LEASES, Server, Status as Refusal, Verb};
use hotseat_core::lock::Token;
use hotseat_core::policy::{self, Source};
use hotseat_core::time::Moment;
use hotseat_core::view::{Term, View};
use hotseat_election::clock;
use hotseat_election::roster::Entry;
use hotseat_election::signals::{Key, Report};
use hotseat_rollout::{About, Active, Need, Policy};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes on virtual time.
const LONG: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);

struct Candidate {
    status: Status,
    keeper: RosterKeeper,
}

async fn server() -> Server {
    Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap()
}

fn place(name: &str) -> Place {
    let pod =
        Pod { namespace: "le".to_owned(), name: name.to_owned(), uid: Some(format!("u-{name}")) };
    let election = ElectionName::new("le", "seat");
    Place { election, identity: name.to_owned(), pod: Some(pod) }
}

/// A candidate of a server, whose policy asks for the roster or does not.
fn start(server: &Server, name: &str, wants: bool) -> Candidate {
    start_at(server, place(name), wants, Wanted::default())
}

fn start_at(server: &Server, place: Place, wants: bool, wanted: Wanted) -> Candidate {
    let (election, name) = (place.election.clone(), &place.identity);
    let status = Status::new(election, name, clock::now(), Duration::from_secs(2));
    decide(&status, if wants { &["roster"] } else { &[] });
    let config = kube::Config::new(server.url().parse().unwrap());
    let client = kube::Client::try_from(config).unwrap();
    let channel = Channel::plain(client, Facts::new(place.election.clone(), clock::now));
    let hints = Hints { rights: "ask for the Role" };
    let keeper = Keeper { channel, status: status.clone(), place, version: "1.0", wanted, hints };
    Candidate { status, keeper: RosterKeeper::begin(keeper) }
}

/// A policy with these needs decides.
fn decide(status: &Status, needs: &[&str]) {
    let need = |fact: &&str| Need { fact: (*fact).to_owned(), given: true, from: String::new() };
    let needs = needs.iter().map(need).collect();
    let active = Active {
        policy: Policy { digest: "sha256:aa".to_owned(), settings: "".into() },
        about: About { needs, ..About::default() },
        source: String::new(),
        since: clock::now(),
        memory_lost: None,
        pause_micros: 0,
        broken: false,
    };
    status.change_policy(|report| report.rollout.active = Some(active));
}

impl Candidate {
    fn publish(&self, lag: i64) {
        let signals = vec![("lag".to_owned(), policy::Value::Integer(lag))];
        self.status.change_policy(|report| report.published = signals);
    }

    /// The others as this candidate sees them, each with its lag.
    fn sees(&self) -> Vec<(String, Option<policy::Value>)> {
        let lag = |entry: &Entry| entry.signals.first().map(|(_, value)| value.clone());
        let others = self.status.roster().others.clone();
        others.iter().map(|one| (one.entry.identity.clone(), lag(&one.entry))).collect()
    }

    async fn until(&self, what: &str, is: impl Fn(&Candidate) -> bool) {
        let wait = async {
            while !is(self) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = timeout(LONG, wait).await;
        assert!(waited.is_ok(), "{what}: {:?}", self.status.roster());
    }

    async fn until_sees(&self, others: &[&str]) {
        let names =
            |it: &Candidate| it.sees().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        self.until(&format!("{others:?}"), |it| names(it) == others).await;
    }
}

fn leases(server: &Server) -> Vec<Value> {
    server.store().list(&LEASES, "le").iter().map(|lease| (**lease).clone()).collect()
}

/// A Lease as somebody else makes it.
fn forged(name: &str, label: &str, text: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name, "namespace": "le", "labels": {ROSTER: label}, "annotations": {CANDIDATE: text},
        },
        "spec": {},
    })
}

#[tokio::test(start_paused = true)]
async fn candidates_see_each_other_and_what_changes_of_them() {
    let server = server().await;
    let [a, b] = ["a", "b"].map(|name| start(&server, name, true));
    a.until_sees(&["b"]).await;
    b.until_sees(&["a"]).await;
    b.publish(7);
    a.until("a lag", |a| a.sees() == [("b".to_owned(), Some(policy::Value::Integer(7)))]).await;
    let lease = leases(&server).into_iter().find(|it| it["spec"]["holderIdentity"] == "b").unwrap();
    let metadata = &lease["metadata"];
    assert_eq!(metadata["labels"][ROSTER], "seat");
    assert_eq!(metadata["ownerReferences"][0]["uid"], "u-b");
    assert!(metadata["name"].as_str().unwrap().starts_with("seat-"), "{metadata}");
    // One that leaves takes its entry back before it has ended.
    b.status.show(View { stopping: true, ..(*b.status.view()).clone() });
    a.until_sees(&[]).await;
    assert_eq!(timeout(LONG, b.keeper.finish(LONG)).await, Ok(()));
    assert_eq!(leases(&server).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_ends_in_time_though_the_server_does_not_answer() {
    let server = server().await;
    for patience in [Duration::from_secs(1), LONG] {
        let a = start(&server, "a", true);
        a.until("its entry", |a| a.status.roster().own.is_some()).await;
        server.faults().add(Fault::on(Verb::Delete).resource("leases"), Action::Hang);
        let began = Instant::now();
        assert_eq!(timeout(LONG, a.keeper.finish(patience)).await, Ok(()));
        let took = began.elapsed();
        assert!(took < patience.min(PATIENCE_AT_END) + Duration::from_millis(500), "{took:?}");
        server.faults().clear();
    }
}

/// The design's figure: N candidates cost N/60 writes a second.
#[tokio::test(start_paused = true)]
async fn three_candidates_cost_three_writes_a_minute_and_changes_are_paced() {
    let server = server().await;
    let all = ["a", "b", "c"].map(|name| start(&server, name, true));
    all[0].until_sees(&["b", "c"]).await;
    let writes = || server.requests().of(Verb::Patch, "leases");
    let before = writes();
    sleep(20 * MINUTE).await;
    let quiet = writes() - before;
    assert!((48..=72).contains(&quiet), "{quiet} writes in 20 minutes, 60 are expected");
    assert_eq!(server.requests().of(Verb::Create, "leases"), 3);
    // A policy that publishes something else with each decision, ten times a second.
    let before = writes();
    for lag in 0..600 {
        all[1].publish(lag);
        sleep(Duration::from_millis(100)).await;
    }
    let busy = writes() - before;
    assert!((10..=24).contains(&busy), "{busy} writes in a minute");
    let last = Some(policy::Value::Integer(599));
    all[0].until("the last change", |it| it.sees()[0].1 == last).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_or_followed_before_a_policy_asks_and_after_none_does() {
    let server = server().await;
    let a = start(&server, "a", false);
    sleep(MINUTE).await;
    let of_leases = |verb| server.requests().of(verb, "leases");
    assert_eq!(of_leases(Verb::Create) + of_leases(Verb::List) + of_leases(Verb::Watch), 0);
    decide(&a.status, &["roster"]);
    a.until("its entry", |a| a.status.roster().own.is_some()).await;
    assert_eq!(leases(&server).len(), 1);
    decide(&a.status, &[]);
    a.until("the end", |a| !a.status.roster().wanted).await;
    assert_eq!(leases(&server).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_others_forge_is_left_out_and_costs_the_real_ones_nothing() {
    let server = server().await;
    let store = server.store();
    let as_own = codec::write("seat", &Entry { identity: "a".to_owned(), ..Entry::default() }).0;
    let of_another = codec::write("x", &Entry { identity: "x".to_owned(), ..Entry::default() }).0;
    for (name, label, text) in [
        ("forged-1", "seat", as_own.as_str()),
        ("forged-2", "seat", "{{{"),
        ("forged-3", "seat", &"x".repeat(17_000)),
        ("forged-4", "seat", &of_another),
    ] {
        store.put(forged(name, label, text)).unwrap();
    }
    // Of another election's roster: nothing is left out of this one.
    store.put(forged("other", "other", &as_own)).unwrap();
    let [a, b] = ["a", "b"].map(|name| start(&server, name, true));
    a.until_sees(&["b"]).await;
    a.until("those", |a| a.status.roster().left_out == 4).await;
    // To b the first is a candidate: it has a's name, and who comes second with it is left out.
    b.until_sees(&["a"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_reported_with_its_remedy_and_retried_at_a_pace() {
    let server = server().await;
    let no = || Action::Status(Refusal::new(403, "Forbidden", "leases is forbidden"));
    let create = server.faults().add(Fault::on(Verb::Create).resource("leases"), no());
    let list = server.faults().add(Fault::on(Verb::List).resource("leases"), no());
    let a = start(&server, "a", true);
    a.until("both", |a| {
        let roster = a.status.roster();
        let words = |why: &Option<String>, word| why.as_ref().is_some_and(|why| why.contains(word));
        words(&roster.not_published, "ask for the Role") && words(&roster.not_followed, "403")
    })
    .await;
    sleep(10 * MINUTE).await;
    for fault in [create, list] {
        let tries = server.faults().hits(fault);
        assert!((5..30).contains(&tries), "{tries} tries in ten minutes");
    }
    server.faults().clear();
    let _b = start(&server, "b", true);
    a.until_sees(&["b"]).await;
    a.until("its own", |a| a.status.roster().not_published.is_none()).await;
}

/// What its policy publishes may be what has no room.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_not_taken_is_tried_again_when_it_changes() {
    let server = server().await;
    let long = Refusal::new(422, "Invalid", "metadata.annotations: Too long");
    let create =
        server.faults().add(Fault::on(Verb::Create).resource("leases"), Action::Status(long));
    let a = start(&server, "a", true);
    a.until("the reason", |a| a.status.roster().not_published.is_some()).await;
    sleep(20 * MINUTE).await;
    let tries = server.faults().hits(create);
    assert!((8..25).contains(&tries), "{tries} tries in twenty minutes");
    for lag in 1..=3 {
        a.publish(lag);
        sleep(Duration::from_secs(10)).await;
    }
    let more = server.faults().hits(create) - tries;
    assert!((3..6).contains(&more), "{more} tries in half a minute with three changes");
}

/// A process that was killed leaves its entry behind, and the next one of the pod goes on with it.
#[tokio::test(start_paused = true)]
async fn an_own_lease_is_taken_up_again_and_a_lock_is_never_touched() {
    let server = server().await;
    let name = name::lease_name("seat", &place("a").site());
    server.store().put(forged(&name, "seat", "left behind")).unwrap();
    let a = start(&server, "a", true);
    a.until("its entry", |a| a.status.roster().own.is_some()).await;
    assert_eq!(leases(&server)[0]["spec"]["holderIdentity"], "a");

    // The name of another election's lock: it has no label, or has it by an operator's wish.
    let name = name::lease_name("seat", &place("b").site());
    let mut lock = forged(&name, "seat", "");
    lock["metadata"]["annotations"] = json!({WRITE: "{}"});
    lock["spec"] = json!({"holderIdentity": "somebody"});
    server.store().put(lock).unwrap();
    let b = start(&server, "b", true);
    b.until("the reason", |b| {
        let why = b.status.roster().not_published.clone();
        why.is_some_and(|why| why.contains("is not this candidate's"))
    })
    .await;
    drop(b);
    let lock = leases(&server).into_iter().find(|it| it["metadata"]["name"] == *name).unwrap();
    assert_eq!(lock["spec"]["holderIdentity"], "somebody");
}

/// Somebody deleted it, or all of them.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_deleted_comes_back() {
    let server = server().await;
    let [a, b] = ["a", "b"].map(|name| start(&server, name, true));
    a.until_sees(&["b"]).await;
    for lease in leases(&server) {
        server.store().remove(&LEASES, "le", lease["metadata"]["name"].as_str().unwrap());
    }
    a.until_sees(&[]).await;
    a.until_sees(&["b"]).await;
    b.until_sees(&["a"]).await;
}

/// A candidate of that election on that node, which counts the seats there.
fn on_node(server: &Server, election: &str, name: &str, node: &str) -> Candidate {
    let place = Place { election: ElectionName::new("le", election), ..place(name) };
    let candidate = start_at(server, place, false, Wanted { always: true, seats: true });
    let key = Key::new(Source::Pod, "pod.node").unwrap();
    let value = policy::Value::Text(node.to_owned());
    let report = Report { value, at: clock::now(), ttl: None };
    candidate.status.signals().report(key, report).unwrap();
    candidate
}

impl Candidate {
    fn seats_on_node(&self) -> Option<policy::Value> {
        let all = self.status.signals().all(clock::now());
        let found = all.into_iter().find(|held| held.key.as_str() == neighbours::SEATS);
        found.map(|held| held.report.value)
    }

    async fn until_seats(&self, count: Option<i64>) {
        let said = count.map(policy::Value::Integer);
        self.until(&format!("{count:?} seats"), |it| it.seats_on_node() == said).await;
    }

    fn leads(&self, leads: bool) {
        let term = leads.then(|| Term {
            token: Token(1),
            uid: "u".to_owned(),
            transitions: 0,
            since: clock::now(),
            until: Moment::NEVER,
        });
        self.status.show(View { term, ..(*self.status.view()).clone() });
    }
}

#[tokio::test(start_paused = true)]
async fn the_seats_of_a_node_are_counted_over_all_elections_of_the_namespace() {
    let server = server().await;
    let a = on_node(&server, "seat", "a", "n-1");
    a.until_seats(Some(0)).await;
    let b = on_node(&server, "other", "b", "n-1");
    let c = on_node(&server, "third", "c", "n-2");
    [&b, &c].iter().for_each(|it| it.leads(true));
    a.until_seats(Some(1)).await;
    // The own seat is known otherwise.
    a.leads(true);
    b.until_seats(Some(1)).await;
    c.until_seats(Some(0)).await;
    b.leads(false);
    a.until_seats(Some(0)).await;
    // What cannot be read is not known.
    let no = Action::Status(Refusal::new(403, "Forbidden", "leases is forbidden"));
    let list = server.faults().add(Fault::on(Verb::List).resource("leases"), no.clone());
    let watch = server.faults().add(Fault::on(Verb::Watch).resource("leases"), no);
    let running =
        server.faults().add(Fault::on(Verb::Watch).resource("leases"), Action::CloseWatch);
    a.until_seats(None).await;
    for fault in [list, watch, running] {
        server.faults().remove(fault);
    }
    a.until_seats(Some(0)).await;
    // Nor is it where the node is not.
    a.status.signals().remove(&Key::new(Source::Pod, "pod.node").unwrap(), clock::now());
    a.until_seats(None).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_counted_where_nothing_asks_for_it() {
    let server = server().await;
    let [a, b] = ["a", "b"].map(|name| start(&server, name, true));
    let key = Key::new(Source::Pod, "pod.node").unwrap();
    let report =
        Report { value: policy::Value::Text("n-1".to_owned()), at: clock::now(), ttl: None };
    a.status.signals().report(key, report).unwrap();
    a.until_sees(&["b"]).await;
    b.until_sees(&["a"]).await;
    sleep(MINUTE).await;
    assert_eq!((a.seats_on_node(), server.requests().of(Verb::Watch, "leases")), (None, 2));
}
