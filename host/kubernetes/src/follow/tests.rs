//! A follower against a server that does each thing wrong, on virtual time.

use super::super::exchange::Channel;
use super::super::target::{Pace, Target, Which};
use super::*;
use hotseat_apiserver::{Action, CONFIGMAPS, Config, Fault, FaultId, Server, Status, Verb};
use hotseat_election::ElectionName;
use hotseat_election::Facts;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Resource as _;
use kube::core::Request;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes on virtual time.
const LONG: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);
const PACE: Pace = Pace {
    answer: Duration::from_secs(10),
    silence: Duration::from_secs(90),
    shortest: Duration::from_millis(50),
    longest: Duration::from_secs(2),
};

/// What was seen, by the value of the one key.
#[derive(Debug, PartialEq)]
enum Seen {
    Read(Option<String>),
    Changed(String),
    Deleted,
    Failed(String),
}

struct Scene {
    server: Server,
    seen: Receiver<Seen>,
    following: JoinHandle<Left>,
}

fn map(name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "le"},
        "data": {"key": value},
    })
}

fn value(map: ConfigMap) -> String {
    map.data.unwrap_or_default().remove("key").unwrap_or_default()
}

impl Scene {
    /// A follower of the ConfigMap `mine`, on a server to which this was done before.
    async fn with(prepare: impl FnOnce(&Server)) -> Scene {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        prepare(&server);
        let config = kube::Config::new(server.url().parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let facts = Facts::new(ElectionName::new("le", "seat"), clock::now);
        let mut follower = Follower::new(Target {
            what: "the object",
            channel: Channel::plain(client, facts),
            collection: Request::new(ConfigMap::url_path(&(), Some("le"))),
            which: Which::Named("mine".to_owned()),
            verbs: ("list", "watch"),
            pace: PACE,
        });
        let (into, seen) = channel(16);
        let following = tokio::spawn(async move {
            let say = |sight| {
                Some(match sight {
                    Followed::Read { object, .. } => Seen::Read(object.map(value)),
                    Followed::Changed(object) => Seen::Changed(value(object)),
                    Followed::Deleted { .. } => Seen::Deleted,
                    Followed::Listed(_) => unreachable!("it is asked for by its name"),
                    Followed::Failed(why) => Seen::Failed(why),
                })
            };
            follower.follow(&into, &Notify::new(), say).await
        });
        Scene { server, seen, following }
    }

    async fn next(&mut self) -> Seen {
        timeout(LONG, self.seen.recv()).await.expect("something is seen").expect("it follows")
    }

    fn watches(&self) -> u64 {
        self.server.requests().of(Verb::Watch, "configmaps")
    }

    /// How many watches are begun in a virtual minute.
    async fn watches_in_a_minute(&mut self) -> u64 {
        let before = self.watches();
        let end = Instant::now() + MINUTE;
        // What is read meanwhile must not hold it up.
        while timeout(end - Instant::now(), self.seen.recv()).await.is_ok() {}
        self.watches() - before
    }

    async fn hit(&self, fault: FaultId, count: u64) {
        timeout(LONG, self.server.faults().wait_for_hits(fault, count)).await.unwrap();
    }
}

fn watches() -> Fault {
    Fault::on(Verb::Watch).resource(CONFIGMAPS.plural)
}

#[tokio::test(start_paused = true)]
async fn watch_ends_at_once() {
    for action in [Action::CloseWatch, Action::Expire] {
        let mut scene = Scene::with(|server| {
            server.faults().add(watches(), action);
        })
        .await;
        let count = scene.watches_in_a_minute().await;
        assert!((15..60).contains(&count), "{count} watches in a minute");
        // It is as good as polling: what changes is seen all the same.
        scene.server.store().put(map("mine", "new")).unwrap();
        while scene.next().await != Seen::Read(Some("new".to_owned())) {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lived_is_followed_by_the_next_at_once_and_misses_nothing() {
    let mut scene = Scene::with(|_| {}).await;
    assert_eq!(scene.next().await, Seen::Read(None));
    sleep(MINUTE).await;
    assert_eq!(scene.watches(), 1);
    let began = Instant::now();
    let closed = scene.server.faults().add(watches().times(1), Action::CloseWatch);
    scene.hit(closed, 1).await;
    scene.server.store().put(map("mine", "a")).unwrap();
    assert_eq!(scene.next().await, Seen::Changed("a".to_owned()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(scene.server.requests().of(Verb::List, "configmaps"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_falls_silent_is_found_out() {
    let mut scene = Scene::with(|_| {}).await;
    assert_eq!(scene.next().await, Seen::Read(None));
    let silence = scene.server.faults().add(watches(), Action::Silence);
    scene.hit(silence, 1).await;
    scene.server.store().put(map("mine", "a")).unwrap();
    let began = Instant::now();
    assert_eq!(scene.next().await, Seen::Read(Some("a".to_owned())));
    let took = began.elapsed();
    assert!(took <= PACE.silence + Duration::from_secs(1), "{took:?}");
    // A server without bookmarks is not asked more often than that.
    assert!(scene.watches_in_a_minute().await <= 1);
}

#[tokio::test(start_paused = true)]
async fn field_selector_ignored() {
    let mut scene = Scene::with(|server| {
        server.faults().add(Fault::any(), Action::Unfiltered);
        server.store().put(map("a-neighbour", "other")).unwrap();
    })
    .await;
    assert_eq!(scene.next().await, Seen::Read(None), "what is first in the list is another's");
    scene.server.store().put(map("a-neighbour", "another")).unwrap();
    scene.server.store().put(map("mine", "a")).unwrap();
    assert_eq!(scene.next().await, Seen::Changed("a".to_owned()));
    scene.server.store().remove(&CONFIGMAPS, "le", "a-neighbour");
    scene.server.store().put(map("mine", "b")).unwrap();
    assert_eq!(scene.next().await, Seen::Changed("b".to_owned()));
    scene.server.store().remove(&CONFIGMAPS, "le", "mine");
    assert_eq!(scene.next().await, Seen::Deleted);
}

/// On real time, like the next one: megabytes wait in the kernel for the reader's window now and then, both
/// ends are idle meanwhile, and virtual time would leap over the patience for a silent server.
#[tokio::test]
async fn a_line_without_an_end_is_given_up() {
    let mut scene = Scene::with(|server| {
        server.faults().add(watches(), Action::Endless);
    })
    .await;
    assert_eq!(scene.next().await, Seen::Read(None));
    let Seen::Failed(why) = scene.next().await else { panic!("no failure") };
    assert!(why.starts_with("the answer is longer than 4 MiB"), "{why}");
    let left = scene.following.await.unwrap();
    assert!(matches!(left, Left::Impossible(_)), "{left:?}");
}

#[tokio::test]
async fn a_list_without_an_end_is_given_up() {
    let mut scene = Scene::with(|server| {
        server.faults().add(Fault::on(Verb::List), Action::Endless);
    })
    .await;
    let Seen::Failed(why) = scene.next().await else { panic!("no failure") };
    assert!(why.starts_with("the answer is longer than 8 MiB"), "{why}");
    assert!(matches!(scene.following.await.unwrap(), Left::Impossible(_)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_json_is_named_and_not_repeated() {
    let mut scene = Scene::with(|server| {
        let page = format!("<html>{}", "secret".repeat(1_000));
        server.faults().add(Fault::on(Verb::List), Action::Text(page));
    })
    .await;
    let Seen::Failed(why) = scene.next().await else { panic!("no failure") };
    assert!(why.contains("is not the Kubernetes API"), "{why}");
    assert!(!why.contains("secret") && why.len() < 400, "{why}");
    assert!(!scene.following.is_finished(), "it may pass");
    let lists = scene.server.requests().of(Verb::List, "configmaps");
    sleep(MINUTE).await;
    let more = scene.server.requests().of(Verb::List, "configmaps") - lists;
    assert!((15..60).contains(&more), "{more} lists in a minute");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_left_to_the_caller() {
    let mut scene = Scene::with(|server| {
        let no = Status::new(403, "Forbidden", "configmaps is forbidden: User \"u\" cannot watch");
        server.faults().add(watches(), Action::Status(no));
    })
    .await;
    assert_eq!(scene.next().await, Seen::Read(None));
    let Seen::Failed(why) = scene.next().await else { panic!("no failure") };
    assert!(why.contains("give the account the Role"), "{why}");
    let Left::Impossible(error) = scene.following.await.unwrap() else { panic!("unheard") };
    assert_eq!(error.outcome, Outcome::Denied);
}

#[tokio::test(start_paused = true)]
async fn all_are_listed_and_followed_in_each_namespace() {
    let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
    let elsewhere = |value: &str| {
        let mut object = map("mine", value);
        object["metadata"]["namespace"] = json!("other");
        object
    };
    for number in 0..150 {
        server.store().put(map(&format!("map-{number}"), "x")).unwrap();
    }
    server.store().put(elsewhere("old")).unwrap();
    let config = kube::Config::new(server.url().parse().unwrap());
    let client = kube::Client::try_from(config).unwrap();
    let facts = Facts::new(ElectionName::new("", ""), clock::now);
    let mut follower = Follower::new(Target {
        what: "the objects",
        channel: Channel::plain(client, facts),
        collection: Request::new(ConfigMap::url_path(&(), None)),
        which: Which::All,
        verbs: ("list", "watch"),
        pace: PACE,
    });
    let (into, mut seen) = channel(16);
    let following =
        tokio::spawn(
            async move { follower.follow::<ConfigMap, _>(&into, &Notify::new(), Some).await },
        );
    let mut next = async || timeout(LONG, seen.recv()).await.unwrap().unwrap();
    // In pages, of which each asks for the next.
    let Followed::Listed(all) = next().await else { panic!("no list") };
    assert_eq!(all.objects.len(), 151);
    server.store().put(elsewhere("new")).unwrap();
    let Followed::Changed(changed) = next().await else { panic!("no change") };
    assert_eq!(changed.metadata.namespace.as_deref(), Some("other"));
    assert_eq!(value(changed), "new");
    assert!(server.store().remove(&CONFIGMAPS, "other", "mine"));
    let Followed::Deleted { namespace, name, .. } = next().await else { panic!("no end") };
    assert_eq!((namespace.as_str(), name.as_str()), ("other", "mine"));
    following.abort();
}
