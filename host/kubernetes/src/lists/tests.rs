//! Lists of a server that hands out pages, on virtual time where little is sent.

use super::super::pick::Head;
use super::*;
use hotseat_apiserver::{Action, CONFIGMAPS, Config, Fault, Server, Status, Verb};
use hotseat_core::policy::Outcome;
use hotseat_election::{ElectionName, Facts, clock};
use http_body_util::Full;
use hyper::body::Bytes as Body;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Resource as _;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;

const ENOUGH: Bounds = Bounds { objects: 1000, bytes: 64 << 20 };

fn map(number: usize, value: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": format!("map-{number:04}"), "namespace": "le", "labels": {"of": "it"}},
        "data": {"key": value},
    })
}

/// A server with so many objects, each of so many bytes.
async fn server(count: usize, bytes: usize) -> Server {
    let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
    for number in 0..count {
        server.store().put(map(number, &"x".repeat(bytes))).unwrap();
    }
    server
}

fn channel(url: &str) -> Channel {
    let client = kube::Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();
    Channel::plain(client, Facts::new(ElectionName::new("le", "seat"), clock::now))
}

/// The labelled ones, and those who have any label.
async fn both(url: &str, within: Bounds) -> [Result<Listed<Head>, Failure>; 2] {
    let (channel, collection) = (channel(url), Request::new(ConfigMap::url_path(&(), Some("le"))));
    let lists = Lists {
        channel: &channel,
        collection: &collection,
        verb: "list",
        patience: Duration::from_secs(20),
        pause: Duration::from_millis(50),
    };
    [lists.labelled("of", "it", within).await, lists.all(within).await]
}

fn requests(server: &Server) -> u64 {
    server.requests().of(Verb::List, "configmaps")
}

fn names(listed: &Listed<Head>) -> Vec<&str> {
    listed.objects.iter().map(|it| it.metadata.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_page_asks_for_the_next() {
    let server = server(250, 1).await;
    for listed in both(&server.url(), ENOUGH).await {
        let listed = listed.unwrap();
        assert_eq!((listed.objects.len(), listed.cut), (250, false));
        assert_eq!(listed.version, server.store().version().to_string());
        let names = names(&listed);
        assert_eq!((names[0], names[249]), ("map-0000", "map-0249"));
    }
    assert_eq!(requests(&server), 2 * 3);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_gone_is_begun_anew_and_mixes_no_two_moments() {
    let server = server(250, 1).await;
    let gone = Status::new(410, "Expired", "The provided continue parameter is too old");
    let fault = Fault::on(Verb::List).next_page();
    // In each list the second page is gone once.
    let first = server.faults().add(fault.clone().times(1), Action::Status(gone.clone()));
    let [labelled, _] = both(&server.url(), ENOUGH).await;
    let labelled = labelled.unwrap();
    let mut names = names(&labelled);
    names.dedup();
    assert_eq!((names.len(), labelled.cut, server.faults().hits(first)), (250, false, 1));
    // The gone page and what was begun anew, and the other list.
    assert_eq!(requests(&server), 2 + 3 + 3);

    // A server that can never go on is not asked for ever, nor without a pause.
    let always = server.faults().add(fault, Action::Status(gone));
    let began = tokio::time::Instant::now();
    for listed in both(&server.url(), ENOUGH).await {
        let Err(failure) = listed else { panic!("a list that cannot be gone on with") };
        assert!(failure.is_gone() && failure.error.outcome == Outcome::Unreachable, "{failure:?}");
    }
    assert_eq!(server.faults().hits(always), 2 * u64::from(MOST_BEGINNINGS));
    assert!(began.elapsed() >= Duration::from_millis(2 * 2 * 50), "{:?}", began.elapsed());
}

/// On real time, as one below.
#[tokio::test]
async fn the_bounds_are_those_of_all_pages_together() {
    let server = server(250, 1000).await;
    for listed in both(&server.url(), Bounds { objects: 120, ..ENOUGH }).await {
        let listed = listed.unwrap();
        assert_eq!((listed.objects.len(), listed.cut), (120, true));
    }
    assert_eq!(requests(&server), 2 * 2);
    // As many as there are is not too many.
    for listed in both(&server.url(), Bounds { objects: 250, ..ENOUGH }).await {
        assert!(!listed.unwrap().cut);
    }
    // A page of a hundred has more than 100 kB.
    for listed in both(&server.url(), Bounds { bytes: 150_000, ..ENOUGH }).await {
        let listed = listed.unwrap();
        assert_eq!((listed.objects.len(), listed.cut), (200, true));
    }
}

/// On real time: megabytes wait in the kernel for the reader's window now and then, both ends are idle
/// meanwhile, and virtual time would leap over the client's patience.
#[tokio::test]
async fn objects_as_long_as_can_be_are_asked_for_a_few_at_a_time() {
    // A hundred of them have more than an answer that is read.
    let server = server(40, 250_000).await;
    for listed in both(&server.url(), ENOUGH).await {
        let listed = listed.unwrap();
        assert_eq!((listed.objects.len(), listed.cut), (40, false));
    }
    assert_eq!(requests(&server), 2 * (1 + 10));
}

/// A server that always has one more page, and on it what it is given.
async fn endless(items: Value) -> String {
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let page = json!({"metadata": {"resourceVersion": "7", "continue": "more"}, "items": items});
    let page = Body::from(page.to_string());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let page = page.clone();
            let answer =
                hyper::service::service_fn(move |_: hyper::Request<hyper::body::Incoming>| {
                    let page = page.clone();
                    async move { Ok::<_, Infallible>(hyper::Response::new(Full::new(page))) }
                });
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, answer));
        }
    });
    url
}

#[tokio::test(start_paused = true)]
async fn pages_without_an_end_are_given_up() {
    let within = Bounds { objects: 40, ..ENOUGH };
    for items in [json!([]), json!([{"metadata": {"name": "a"}}])] {
        let count = items.as_array().unwrap().len();
        let url = endless(items).await;
        for listed in both(&url, within).await {
            let listed = listed.unwrap();
            assert_eq!(listed.objects.len(), count * (40 / SMALL_PAGE as usize + SPARE_PAGES));
            assert!(listed.cut);
        }
    }
    // One that hands out more than it was asked for fills no memory either.
    let many = vec![json!({"metadata": {"name": "a"}}); 1000];
    for listed in both(&endless(json!(many)).await, within).await {
        let listed = listed.unwrap();
        assert_eq!((listed.objects.len(), listed.cut), (40, true));
    }
}

#[tokio::test(start_paused = true)]
async fn of_one_name_there_is_one_and_no_page() {
    let server = server(3, 1).await;
    server.faults().add(Fault::any(), Action::Unfiltered);
    let (channel, collection) =
        (channel(&server.url()), Request::new(ConfigMap::url_path(&(), Some("le"))));
    let lists = Lists {
        channel: &channel,
        collection: &collection,
        verb: "list",
        patience: Duration::from_secs(20),
        pause: Duration::from_millis(50),
    };
    let (found, version) = lists.named::<ConfigMap>("map-0001").await.unwrap();
    assert_eq!(found.unwrap().metadata.name.as_deref(), Some("map-0001"));
    assert_eq!(version, server.store().version().to_string());
    assert!(server.store().remove(&CONFIGMAPS, "le", "map-0001"));
    assert!(lists.named::<ConfigMap>("map-0001").await.unwrap().0.is_none());
}
