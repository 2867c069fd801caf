//! `/v1/watch`: server-sent events about who leads.

mod client;
mod details;

use crate::client::{Client, get};
use crate::crowd::until;
use crate::site::{TestServer, leading, seen};
use client::{Event, Watch};
use hotseat_election::KEPT;
use hotseat_http::Limits;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

fn numbers(events: &[Event]) -> Vec<u64> {
    let number = |event: &Event| event.id.rsplit_once('-').expect("an id").1.parse();
    events.iter().map(|event| number(event).expect("a number")).collect()
}

#[test]
fn it_says_what_the_leader_page_says_and_each_change() {
    let site = TestServer::start();
    let mut watch = Watch::of(&site);
    let first = watch.expect("leader");
    assert_eq!(
        (first.data["name"].as_str(), first.data["remaining_ms"].as_u64()),
        (Some(""), Some(0))
    );
    site.show_holder("web-1", MINUTE);
    let other = watch.expect("leader");
    assert_eq!((&other.data["name"], &other.data["self"]), (&"web-1".into(), &false.into()));
    site.show_own_term(MINUTE);
    let own = watch.expect("leader");
    assert_eq!((&own.data["self"], &own.data["token"]), (&true.into(), &4711.into()));
    let mut page = get(site.address(), "/v1/leader").json();
    let mut pushed = own.data;
    for document in [&mut page, &mut pushed] {
        let document = document.as_object_mut().expect("an object");
        for time in ["remaining_ms", "observed_ms", "held_ms"] {
            assert!(document.remove(time).is_some(), "no {time}");
        }
    }
    assert_eq!(page, pushed);
    assert_eq!(numbers(&[first]), [0]);
}

#[test]
fn a_renewal_is_no_change_but_a_heartbeat_tells_how_long_the_answer_holds() {
    let site = TestServer::start();
    site.state.show(leading(MINUTE));
    let mut watch = Watch::of(&site);
    watch.expect("leader");
    let mut renewed = leading(MINUTE * 60);
    renewed.term.as_mut().expect("a term").since = site.state.view().term.as_ref().unwrap().since;
    site.state.show(renewed);
    loop {
        let beat = watch.next().expect("an event");
        assert_eq!(beat.name, "heartbeat");
        // The first may have left before the renewal.
        if beat.data["remaining_ms"].as_u64().expect("a time") > 3_000_000 {
            break;
        }
    }
}

#[test]
fn an_answer_that_expires_is_taken_back_though_nothing_changed() {
    let site = TestServer::start();
    site.state.show(leading(Duration::from_millis(700)));
    let mut watch = Watch::of(&site);
    assert_eq!(watch.expect("leader").data["self"], true);
    // No heartbeat can be the one that says it: the next is two seconds away.
    let end = watch.next().expect("an event");
    assert_eq!((end.name.as_str(), &end.data["self"]), ("leader", &false.into()));
    assert_eq!(end.data["remaining_ms"], 0);
}

#[test]
fn no_change_is_lost_without_a_gap_that_says_so() {
    let site = TestServer::start();
    let mut watch = Watch::of(&site);
    let mut events = vec![watch.expect("leader")];
    let all = KEPT as u64 * 3;
    show_many(&site, all);
    // How far behind the watcher falls is the scheduler's choice; that nothing is missing is not.
    events.extend(watch.until_holder(&format!("web-{}", all - 1)));
    let missed: u64 = events.iter().filter_map(|event| event.data["missed"].as_u64()).sum();
    let came = events.iter().filter(|event| event.name == "leader").count() as u64;
    assert_eq!(missed + came, all + 1, "the first one is from before");
    assert!(events.last().unwrap().data["remaining_ms"].as_u64().unwrap() > 0);
}

#[test]
fn what_another_change_followed_is_history_that_nobody_may_act_on() {
    let site = TestServer::start();
    let id = Watch::of(&site).expect("leader").id;
    let all = KEPT as u64 * 3;
    show_many(&site, all);
    // Every change but the last is over by the time this client asks for them.
    let mut watch = Watch::begin(site.address(), "/v1/watch", &format!("Last-Event-ID: {id}\r\n"));
    let mut events = watch.until_holder(&format!("web-{}", all - 1));
    let last = events.pop().expect("an event");
    assert!(last.data["remaining_ms"].as_u64().unwrap() > 0);
    let gap = events.remove(0);
    assert_eq!((gap.name.as_str(), gap.data["missed"].as_u64()), ("gap", Some(all - KEPT as u64)));
    assert_eq!(events.len(), KEPT - 1);
    for event in &events {
        assert_eq!((event.name.as_str(), &event.data["remaining_ms"]), ("leader", &0.into()));
    }
}

/// As many changes as fast as they can be made: `web-0` leads, then `web-1`, and so on.
fn show_many(site: &TestServer, all: u64) {
    for number in 0..all {
        site.state.show(seen(&format!("web-{number}"), MINUTE));
    }
}

#[test]
fn who_comes_back_goes_on_where_it_was() {
    let site = TestServer::start();
    site.show_holder("web-1", MINUTE);
    let id = Watch::of(&site).expect("leader").id;
    site.show_holder("web-2", MINUTE);
    site.show_holder("web-3", MINUTE);
    let names = |id: &str, count: usize| -> Vec<Json> {
        let mut watch =
            Watch::begin(site.address(), "/v1/watch", &format!("Last-Event-ID: {id}\r\n"));
        (0..count).map(|_| watch.expect("leader").data["name"].take()).collect()
    };
    assert_eq!(names(&id, 2), ["web-2", "web-3"]);
    let (process, number) = id.split_once('-').expect("an id");
    assert_eq!(number, "1");
    // Of another process, of the future, and of nobody: the answer of now.
    for id in ["0-1".to_owned(), format!("{process}-99"), "\"".to_owned()] {
        assert_eq!(names(&id, 1), ["web-3"], "{id}");
    }
}

#[test]
fn head_has_no_events_and_other_methods_are_refused() {
    let site = TestServer::start();
    let mut client = Client::connect(site.address());
    client.send("HEAD /v1/watch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let bytes = client.until_closed();
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && bytes.ends_with(b"\r\n\r\n"));
    let answer = Client::connect(site.address()).ask("POST", "/v1/watch");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn watchers_take_no_places_and_outlast_all_others() {
    let idle = Duration::from_millis(100);
    let limits = Limits { connections: 2, idle_time: idle, write_time: idle, ..Limits::default() };
    let site = TestServer::with(limits);
    let mut watches: Vec<Watch> = (0..20).map(|_| Watch::of(&site)).collect();
    for watch in &mut watches {
        watch.expect("leader");
    }
    for _ in 0..5 {
        assert_eq!(get(site.address(), "/").status, 200);
    }
    let begin = Instant::now();
    until("more than the time of an idle connection", || begin.elapsed() > idle * 3);
    site.show_holder("web-1", MINUTE);
    for watch in &mut watches {
        assert_eq!(watch.expect("leader").data["name"], "web-1");
    }
}

#[test]
fn a_watcher_that_does_not_read_costs_only_its_own_connection() {
    let limits = Limits { write_time: Duration::from_millis(300), ..Limits::default() };
    let site = TestServer::with(limits);
    let mut stuck = Watch::of(&site);
    stuck.expect("leader");
    let mut other = Watch::of(&site);
    other.expect("leader");
    // Until the kernel takes no more for the one that does not read, and its time is over.
    let long = "x".repeat(200);
    let mut number = 0;
    let mut shown = || {
        number += 1;
        let name = format!("{long}-{number}");
        site.show_holder(&name, MINUTE);
        name
    };
    let open = || crate::crowd::open_connections(&site);
    let begin = Instant::now();
    while open() > 1 {
        assert!(begin.elapsed() < MINUTE, "the stuck one is still there");
        let name = shown();
        while other.next().expect("the other one goes on").data["name"] != name.as_str() {}
    }
    let name = shown();
    while other.next().expect("the other one goes on").data["name"] != name.as_str() {}
}

#[test]
fn a_server_that_stops_ends_the_stream_properly() {
    let site = TestServer::start();
    let mut watch = Watch::of(&site);
    watch.expect("leader");
    site.server.stop(Duration::from_secs(20));
    // A heartbeat may have left before.
    while watch.next().is_some() {}
    assert!(watch.ended, "it was cut off");
}

#[test]
fn a_thousand_watch_and_one_more_is_refused() {
    let site = TestServer::start();
    let mut watches: Vec<Watch> = (0..1024).map(|_| Watch::of(&site)).collect();
    let refused = get(site.address(), "/v1/watch");
    assert_eq!((refused.status, refused.body.contains("1024 clients watch")), (503, true));
    site.show_holder("web-1", MINUTE);
    for watch in &mut watches {
        while watch.expect("leader").data["name"] != "web-1" {}
    }
    watches.pop();
    until("a place is free", || {
        let mut client = Client::connect(site.address());
        client.send("GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.until_closed_or_answered().is_some_and(|head| head.starts_with(b"HTTP/1.1 200"))
    });
}
