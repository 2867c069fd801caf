//! Labels on pods of a server of the test's own, on virtual time.

use super::*;
use crate::lock_error::plain;
use hotseat_apiserver::{Action, Config, Fault, PODS, Server, Status as Refusal, Verb};
use hotseat_core::event::{Base, Fencing, StepDownReason};
use hotseat_core::lock::{Incarnation, Mark, Token};
use hotseat_core::policy::Outcome;
use hotseat_core::view::{Term, View};
use hotseat_election::{ElectionName, Lock as _};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes on virtual time.
const LONG: Duration = Duration::from_secs(600);

struct Scene {
    server: Server,
    status: Status,
    label: LeaderLabel,
}

fn status(name: &str) -> Status {
    let election = ElectionName::new("le", "seat");
    Status::new(election, name, clock::now(), Duration::from_secs(2))
}

fn pod(name: &str, metadata: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = json!("le");
    pod
}

/// The pod of whoever leads an election.
fn labelled(name: &str, election: Option<&str>) -> Value {
    let annotations = election.map(|election| json!({LEADS: election, "other": "1"}));
    pod(name, json!({"labels": {"role": "leader", "app": "web"}, "annotations": annotations}))
}

impl Scene {
    async fn with(prepare: impl FnOnce(&Server)) -> Scene {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        server.store().put(pod("web-0", json!({"labels": {"app": "web"}}))).unwrap();
        prepare(&server);
        let config = kube::Config::new(server.url().parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let status = status("web-0");
        let facts = Facts::new(status.election().clone(), clock::now);
        let marks = LeaderMarks {
            namespace: "le".to_owned(),
            name: "web-0".to_owned(),
            uid: None,
            label: Some(("role".to_owned(), "leader".to_owned())),
            deletion_cost: Some(100),
        };
        let label = LeaderLabel::begin(Channel::plain(client, facts), status.clone(), marks);
        Scene { server, status, label }
    }

    fn hears(&self, notice: Notice) {
        let fact = Fact::Elector(notice);
        let election = self.status.election();
        self.label.observe(Occurrence { election, at: clock::now(), fact: &fact });
    }

    /// A term begins; its belief lasts.
    fn wins(&self) {
        let term = Term {
            token: Token(1),
            uid: "u".to_owned(),
            transitions: 0,
            since: clock::now(),
            until: Moment::NEVER,
        };
        self.status.show(View { term: Some(term), ..(*self.status.view()).clone() });
        self.hears(Notice::BecameLeader { token: Token(1), transitions: 0, reason: String::new() });
    }

    fn loses(&self) {
        self.status.show(View { term: None, ..(*self.status.view()).clone() });
        self.hears(Notice::SteppedDown(StepDownReason::Lapsed));
    }

    fn metadata(&self, name: &str) -> Value {
        let pods = self.server.store().list(&PODS, "le");
        let pod = pods.iter().find(|pod| pod["metadata"]["name"] == name);
        pod.unwrap_or_else(|| panic!("{pods:?}"))["metadata"].clone()
    }

    /// Waits until a pod bears the label, or no longer does.
    async fn until(&self, name: &str, label: bool) {
        let wait = async {
            while (self.metadata(name)["labels"]["role"] == "leader") != label {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = timeout(LONG, wait).await;
        assert!(waited.is_ok(), "{name}: {}", self.metadata(name));
    }
}

#[tokio::test(start_paused = true)]
async fn the_pod_is_labelled_for_as_long_as_it_leads() {
    let scene = Scene::with(|_| {}).await;
    scene.wins();
    scene.until("web-0", true).await;
    let metadata = scene.metadata("web-0");
    assert_eq!(metadata["labels"]["app"], "web");
    assert_eq!(metadata["annotations"][LEADS], "le/seat");
    assert_eq!(metadata["annotations"][DELETION_COST], "100");
    scene.loses();
    scene.until("web-0", false).await;
    let metadata = scene.metadata("web-0");
    assert_eq!(metadata["labels"], json!({"app": "web"}));
    assert!(metadata["annotations"][DELETION_COST].is_null(), "{metadata}");
    scene.hears(Notice::ResumedTerm { token: Token(2) });
    scene.until("web-0", true).await;
    assert_eq!(timeout(LONG, scene.label.finish(LONG)).await, Ok(()));
    assert!(scene.metadata("web-0")["labels"]["role"].is_null());
}

/// An earlier process of the pod was killed while it led.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_goes_at_the_start() {
    let scene = Scene::with(|server| {
        server.store().put(labelled("web-0", Some("le/seat"))).unwrap();
    })
    .await;
    scene.until("web-0", false).await;
    assert_eq!(scene.metadata("web-0")["annotations"], json!({"other": "1"}));
}

#[tokio::test(start_paused = true)]
async fn the_next_leader_takes_the_label_off_whoever_led_this_election() {
    let scene = Scene::with(|server| {
        let others = [
            labelled("web-1", Some("le/seat")),
            labelled("web-2", Some("le/another-seat")),
            labelled("web-3", None),
        ];
        others.into_iter().for_each(|pod| drop(server.store().put(pod).unwrap()));
    })
    .await;
    scene.wins();
    scene.until("web-1", false).await;
    scene.until("web-0", true).await;
    assert_eq!(scene.metadata("web-1")["annotations"], json!({"other": "1"}));
    for another in ["web-2", "web-3"] {
        assert_eq!(scene.metadata(another)["labels"]["role"], "leader", "{another}");
    }
}

/// A namespace in which many pods have the label, most of them for another election.
#[tokio::test(start_paused = true)]
async fn a_pod_that_led_before_is_found_on_whatever_page_it_is() {
    let scene = Scene::with(|server| {
        for number in 0..150 {
            let pod = labelled(&format!("bank-{number}"), Some("le/another-seat"));
            server.store().put(pod).unwrap();
        }
        server.store().put(labelled("web-1", Some("le/seat"))).unwrap();
    })
    .await;
    scene.wins();
    scene.until("web-1", false).await;
    assert_eq!(scene.server.requests().of(Verb::List, "pods"), 2);
}

/// Whoever labels its pod after this one's belief has ended is right to do so.
#[tokio::test(start_paused = true)]
async fn a_leader_that_believes_no_longer_takes_nobodys_label_off() {
    let scene = Scene::with(|server| {
        server.store().put(labelled("web-1", Some("le/seat"))).unwrap();
    })
    .await;
    // The term is reported, but belief has ended meanwhile.
    let notice = Notice::BecameLeader { token: Token(1), transitions: 0, reason: String::new() };
    scene.hears(notice);
    scene.until("web-0", true).await;
    sleep(Duration::from_secs(300)).await;
    assert_eq!(scene.metadata("web-1")["labels"]["role"], "leader");
}

/// I18: what fails is tried again at a pace.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_tried_again_at_a_pace() {
    let scene = Scene::with(|_| {}).await;
    scene.wins();
    scene.until("web-0", true).await;
    let no = Refusal::new(403, "Forbidden", "pods \"web-0\" is forbidden");
    let fault = Fault::on(Verb::Patch).resource("pods");
    let fault = scene.server.faults().add(fault, Action::Status(no));
    scene.loses();
    sleep(LONG).await;
    let tries = scene.server.faults().hits(fault);
    assert!((8..40).contains(&tries), "{tries} tries");
    assert!(scene.server.faults().remove(fault));
    scene.until("web-0", false).await;
}

/// A leader's label that somebody took away comes back, and one request a minute is all it costs.
#[tokio::test(start_paused = true)]
async fn a_label_that_was_edited_away_comes_back() {
    let scene = Scene::with(|_| {}).await;
    scene.wins();
    scene.until("web-0", true).await;
    let edit = |pod: &mut Value| pod["metadata"]["labels"]["role"] = json!("follower");
    scene.server.store().edit(&PODS, "le", "web-0", edit).unwrap();
    scene.until("web-0", true).await;
    let before = scene.server.requests().of(Verb::Patch, "pods");
    sleep(LONG).await;
    let patches = scene.server.requests().of(Verb::Patch, "pods") - before;
    assert!((8..=11).contains(&patches), "{patches} in ten minutes");
}

/// The lock itself: it says how the pod was labelled when it was written.
struct Told(Arc<Server>);

impl hotseat_election::Lock for Told {
    fn read(&self, _: Moment) -> Future<Result<Lock, LockError>> {
        Box::pin(async { Ok(Lock::Absent(None)) })
    }

    fn write(&self, _: Write) -> Future<Result<Record, LockError>> {
        let server = Arc::clone(&self.0);
        Box::pin(async move {
            let pods = server.store().list(&PODS, "le");
            let labelled = pods.iter().any(|pod| pod["metadata"]["labels"]["role"] == "leader");
            let detail = if labelled { "labelled" } else { "not labelled" }.to_owned();
            Err(plain(Outcome::Denied, detail))
        })
    }

    fn follow(&self, _: Sender<Event>, _: Arc<Notify>) -> Future<()> {
        Box::pin(std::future::pending())
    }
}

fn write(purpose: Purpose) -> Write {
    let incarnation = Incarnation { site: "s".to_owned(), nonce: "n".to_owned(), home: None };
    Write {
        purpose,
        mark: Mark { incarnation, serial: 1, base: None },
        base: Base::Create,
        holder: None,
        duration: Duration::from_secs(1),
        transitions: 0,
        token: Fencing::Keep(Token(1)),
        successor: None,
        reply: hotseat_core::request::Reply::default(),
        deadline: clock::now() + Duration::from_secs(10),
    }
}

#[tokio::test(start_paused = true)]
async fn the_seat_is_given_up_after_the_label() {
    let Scene { server, status, label } = Scene::with(|_| {}).await;
    let scene = Scene { server, status, label };
    scene.wins();
    scene.until("web-0", true).await;
    let Scene { server, status, label } = scene;
    let server = Arc::new(server);
    let patches = Fault::on(Verb::Patch).resource("pods");
    let slow = server.faults().add(patches, Action::Delay(Duration::from_millis(100)));
    let lock = LabelledLock::new(Told(Arc::clone(&server)), label.clone());
    let how = async |purpose| lock.write(write(purpose)).await.unwrap_err().detail;
    assert_eq!(how(Purpose::Renew).await, "labelled");
    let fact = Fact::Elector(Notice::SteppedDown(StepDownReason::Stopped));
    label.observe(Occurrence { election: status.election(), at: clock::now(), fact: &fact });
    assert_eq!(how(Purpose::Release).await, "not labelled");
    // One that cannot be taken off does not keep the seat.
    server.faults().remove(slow);
    let fact = Fact::Elector(Notice::ResumedTerm { token: Token(2) });
    label.observe(Occurrence { election: status.election(), at: clock::now(), fact: &fact });
    while how(Purpose::Renew).await != "labelled" {
        sleep(Duration::from_millis(5)).await;
    }
    server.faults().add(Fault::on(Verb::Patch).resource("pods"), Action::Hang);
    let fact = Fact::Elector(Notice::SteppedDown(StepDownReason::Stopped));
    label.observe(Occurrence { election: status.election(), at: clock::now(), fact: &fact });
    let asked = Instant::now();
    assert_eq!(how(Purpose::Release).await, "labelled");
    assert!(asked.elapsed() <= RELEASE_WAITS + Duration::from_millis(50), "{:?}", asked.elapsed());
}
