//! The pod of whoever holds the lock, on a server of the test's own and on virtual time.

use super::*;
use hotseat_apiserver::{Action, Config, Fault, PODS, Server, Status, Verb};
use hotseat_core::event::Via;
use hotseat_core::lock::{Home, Mark, Token};
use hotseat_election::{ElectionName, Lock as _, clock};
use serde_json::{Value, json};
use std::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on virtual time.
const LONG: Duration = Duration::from_secs(600);
/// Longer than anything takes that goes well.
const MINUTE: Duration = Duration::from_secs(60);

/// A lock whose watch tells what the test sends.
struct Told(Mutex<Option<Receiver<Event>>>);

impl hotseat_election::Lock for Told {
    fn read(&self, _: Moment) -> Future<Result<Lock, LockError>> {
        Box::pin(async { Ok(Lock::Absent(None)) })
    }

    fn write(&self, _: Write) -> Future<Result<Record, LockError>> {
        Box::pin(std::future::pending())
    }

    fn follow(&self, events: Sender<Event>, _: Arc<Notify>) -> Future<()> {
        let told = self.0.lock().unwrap().take();
        Box::pin(async move {
            let mut told = told.expect("it is followed once");
            while let Some(event) = told.recv().await {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        })
    }
}

fn process(pod: &str, uid: &str, nonce: &str) -> Incarnation {
    let home = Home {
        pod: pod.to_owned(),
        uid: uid.to_owned(),
        container: Some("hotseat".to_owned()),
        reaction: Duration::ZERO,
    };
    Incarnation { site: pod.to_owned(), nonce: nonce.to_owned(), home: Some(home) }
}

/// A record that this process holds the lock by.
fn held(process: &Incarnation, version: u64) -> Event {
    let record = Record {
        version: Version(version.to_string()),
        uid: "u".to_owned(),
        holder: Some(process.site.clone()),
        duration: Some(Duration::from_secs(15)),
        transitions: 0,
        token: Token(1),
        mark: Some(Mark { incarnation: process.clone(), serial: version, base: None }),
        released: false,
        times: version.to_string(),
        successor: None,
        requests: hotseat_core::request::Requests::default(),
    };
    Event::Observed { lock: Lock::Present(record), via: Via::Watch }
}

/// A pod whose sidecar runs, or has ended after these processes.
fn pod(name: &str, ended: &[&str]) -> Value {
    let ends = |nonce: &&str| {
        json!({"terminated": {"containerID": "containerd://c", "exitCode": 137,
                              "reason": "Error", "message": last_words(nonce)}})
    };
    let mut states = ended.iter().map(ends);
    let last = states.next();
    let sidecar = json!({"name": "hotseat", "containerID": "containerd://d",
        "state": {"running": {}}, "lastState": last.unwrap_or(json!({}))});
    json!({"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": name, "namespace": "le"},
           "status": {"phase": "Running", "containerStatuses": [sidecar]}})
}

struct Scene {
    server: Server,
    told: Sender<Event>,
    seen: Receiver<Event>,
    following: JoinHandle<()>,
}

impl Scene {
    async fn with(prepare: impl FnOnce(&Server)) -> Scene {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        prepare(&server);
        let config = kube::Config::new(server.url().parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let facts = Facts::new(ElectionName::new("le", "seat"), clock::now);
        let (told, from_test) = channel(8);
        let lock = DeathWatch {
            lock: Told(Mutex::new(Some(from_test))),
            pods: Pods {
                channel: Channel::plain(client, facts),
                collection: Request::new("/api/v1/namespaces/le/pods"),
                pace: PACE,
                me: process("web-9", "9", "9"),
            },
        };
        let (events, seen) = channel(8);
        let following = tokio::spawn(lock.follow(events, Arc::default()));
        Scene { server, told, seen, following }
    }

    /// The lock's watch tells this, which is handed on as it is.
    async fn tells(&mut self, event: Event) {
        self.told.send(event.clone()).await.unwrap();
        assert_eq!(self.next().await, event);
    }

    async fn next(&mut self) -> Event {
        timeout(LONG, self.seen.recv()).await.expect("something comes").expect("it goes on")
    }

    /// Nothing comes within a virtual minute.
    async fn nothing_comes(&mut self) {
        if let Ok(event) = timeout(MINUTE, self.seen.recv()).await {
            panic!("{event:?}");
        }
    }

    /// Puts a pod there, and gives the UID that it has from the server.
    fn put(&self, pod: Value) -> String {
        let stored = self.server.store().put(pod).unwrap();
        stored["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    async fn watches_the_pod(&self) {
        while self.server.requests().of(Verb::Watch, "pods") == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_is_reported_when_the_pod_says_so() {
    let mut scene = Scene::with(|_| {}).await;
    let leader = process("web-0", &scene.put(pod("web-0", &[])), "1");
    scene.tells(held(&leader, 1)).await;
    scene.watches_the_pod().await;
    scene.tells(held(&leader, 2)).await;
    scene.put(pod("web-0", &["0"]));
    scene.nothing_comes().await;
    scene.put(pod("web-0", &["1"]));
    assert_eq!(scene.next().await, Event::Died(leader));
    scene.nothing_comes().await;
    assert_eq!(scene.server.requests().of(Verb::List, "pods"), 1);
}

/// The pod had been reported dead before anybody looked.
#[tokio::test(start_paused = true)]
async fn a_death_that_was_reported_before_is_read_after_the_record() {
    let mut scene = Scene::with(|_| {}).await;
    let leader = process("web-0", &scene.put(pod("web-0", &["1"])), "1");
    assert_eq!(scene.server.requests().of(Verb::List, "pods"), 0);
    scene.tells(held(&leader, 1)).await;
    assert_eq!(scene.next().await, Event::Died(leader.clone()));
    // A write that it had sent arrives: its pod is read again, after the record.
    scene.tells(held(&leader, 2)).await;
    assert_eq!(scene.next().await, Event::Died(leader));
    assert_eq!(scene.server.requests().of(Verb::List, "pods"), 2);
    scene.nothing_comes().await;
}

#[tokio::test(start_paused = true)]
async fn the_pod_that_is_followed_is_the_one_of_whoever_holds_the_lock() {
    let mut scene = Scene::with(|_| {}).await;
    let process_in = |name: &str| process(name, &scene.put(pod(name, &[])), "1");
    let (first, second) = (process_in("web-0"), process_in("web-1"));
    scene.tells(held(&first, 1)).await;
    scene.watches_the_pod().await;
    scene.tells(held(&second, 2)).await;
    scene.put(pod("web-0", &["1"]));
    scene.nothing_comes().await;
    scene.put(pod("web-1", &["1"]));
    assert_eq!(scene.next().await, Event::Died(second));
}

/// No pod, a pod that is deleted with its last word, and another pod of the same name.
#[tokio::test(start_paused = true)]
async fn absence_deletion_and_a_name_are_no_death() {
    let mut scene = Scene::with(|_| {}).await;
    let leader = process("web-0", &scene.put(pod("web-0", &[])), "1");
    scene.tells(held(&leader, 1)).await;
    scene.watches_the_pod().await;
    scene.server.store().remove(&PODS, "le", "web-0");
    scene.nothing_comes().await;
    // It has the name, and another UID.
    scene.put(pod("web-0", &["1"]));
    scene.nothing_comes().await;
    scene.server.store().remove(&PODS, "le", "web-0");
    scene.nothing_comes().await;
}

/// Whoever cannot be proved dead is not looked for; nor is this process itself.
#[tokio::test(start_paused = true)]
async fn nobody_looks_where_nothing_can_be_proved() {
    let mut scene = Scene::with(|_| {}).await;
    let homeless = Incarnation { home: None, ..process("web-0", "0", "1") };
    let mut released = held(&process("web-0", "0", "1"), 3);
    if let Event::Observed { lock: Lock::Present(record), .. } = &mut released {
        record.holder = None;
    }
    let events = [held(&homeless, 1), held(&process("web-9", "9", "9"), 2), released];
    for event in events {
        scene.tells(event).await;
        scene.nothing_comes().await;
    }
    assert_eq!(scene.server.requests().of(Verb::List, "pods"), 0);
}

/// I18: what is wrong with the pods holds nothing of the lock up, and is asked for at a pace.
#[tokio::test(start_paused = true)]
async fn pods_that_cannot_be_read_are_not_the_locks_trouble() {
    let mut scene = Scene::with(|server| {
        let no = Status::new(403, "Forbidden", "pods is forbidden: User \"u\" cannot list");
        server.faults().add(Fault::any().resource("pods"), Action::Status(no));
    })
    .await;
    let leader = process("web-0", "0", "1");
    for version in 1..20 {
        scene.tells(held(&leader, version)).await;
        sleep(Duration::from_secs(2)).await;
    }
    let lists = scene.server.requests().of(Verb::List, "pods");
    assert!((2..20).contains(&lists), "{lists} lists");
}

/// I18: whoever may write the lock does not make each of its writes two requests of each candidate.
#[tokio::test(start_paused = true)]
async fn a_lock_that_changes_hands_quickly_is_followed_at_a_pace() {
    let mut scene = Scene::with(|_| {}).await;
    let process_in = |name: &str| process(name, &scene.put(pod(name, &[])), "1");
    let both = [process_in("web-0"), process_in("web-1")];
    for version in 0..300 {
        scene.tells(held(&both[usize::from(version % 2 == 0)], version)).await;
        sleep(Duration::from_millis(200)).await;
    }
    let lists = scene.server.requests().of(Verb::List, "pods");
    assert!((2..20).contains(&lists), "{lists} lists in a minute");
    // Whoever keeps it is followed in the end, and at once again when all was calm.
    scene.tells(held(&both[0], 300)).await;
    scene.nothing_comes().await;
    scene.put(pod("web-0", &["1"]));
    assert_eq!(scene.next().await, Event::Died(both[0].clone()));
    let lists = scene.server.requests().of(Verb::List, "pods");
    scene.tells(held(&both[1], 301)).await;
    while scene.server.requests().of(Verb::List, "pods") == lists {
        sleep(Duration::from_millis(1)).await;
    }
    scene.put(pod("web-1", &["1"]));
    assert_eq!(scene.next().await, Event::Died(both[1].clone()));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_election() {
    let mut scene = Scene::with(|_| {}).await;
    scene.tells(held(&process("web-0", "0", "1"), 1)).await;
    scene.watches_the_pod().await;
    scene.seen.close();
    // The next that the lock tells is nobody's to hear.
    scene.told.send(held(&process("web-0", "0", "1"), 2)).await.unwrap();
    timeout(LONG, scene.following).await.expect("it ends").unwrap();
}
