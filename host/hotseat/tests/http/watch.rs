//! `/v1/watch`: server-sent events.

use crate::client::{Client, get};
use crate::crowd::until;
use crate::site::{Site, leading, own_address, policy, seen};
use hotseat_core::event::{Account, AskId, Judged};
use hotseat_core::policy::{
    Action, Cause, Decision, Input, Observation, Pace, Seat, Value, Verdict,
};
use hotseat_election::history::DECISIONS;
use hotseat_election::roster::{Entry, Listed};
use hotseat_election::{Decided, Fact, KEPT, clock};
use hotseat_http::{Access, Detail, Limits};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// An event as a client gets it.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Json,
}

/// A client that watches.
struct Watch {
    client: Client,
    /// Bytes as they came, coded in chunks.
    coded: Vec<u8>,
    text: String,
    events: VecDeque<Event>,
    ended: bool,
}

impl Watch {
    fn begin(address: SocketAddr, path: &str, headers: &str) -> Watch {
        let mut client = Client::connect(address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        let mut watch = Watch {
            client,
            coded: Vec::new(),
            text: String::new(),
            events: VecDeque::new(),
            ended: false,
        };
        let end = loop {
            if let Some(end) = watch.coded.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(watch.read(), "closed before an answer: {:?}", watch.coded);
        };
        let head: Vec<u8> = watch.coded.drain(..end).collect();
        let head = String::from_utf8(head).expect("ASCII");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("\r\nCache-Control: no-store\r\n"), "{head}");
        watch
    }

    fn of(site: &Site) -> Watch {
        Watch::begin(site.address(), "/v1/watch", "")
    }

    /// The next event; none at the end of the stream.
    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended || !self.read() {
                return None;
            }
            self.decode();
        }
    }

    /// The next event of that name, heartbeats left out.
    #[track_caller]
    fn expect(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name != "heartbeat" || name == "heartbeat" {
                assert_eq!(event.name, name, "{event:?}");
                return event;
            }
        }
    }

    /// All events up to the one that says that this one leads.
    fn until_holder(&mut self, name: &str) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        while events.last().is_none_or(|event| event.data["name"] != name) {
            events.push(self.next().expect("the stream goes on"));
        }
        events
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 16384];
        match self.client.stream.read(&mut buffer) {
            Ok(count) => {
                self.coded.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            // The process was stopped for a while.
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => panic!("no event and no end: {error}"),
        }
    }

    fn decode(&mut self) {
        while let Some(line) = self.coded.windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&self.coded[..line]).expect("a size");
            let size = usize::from_str_radix(size, 16).expect("a size in hex");
            let whole = line + 2 + size + 2;
            if self.coded.len() < whole {
                break;
            }
            self.ended |= size == 0;
            let chunk = self.coded[line + 2..line + 2 + size].to_vec();
            self.text.push_str(&String::from_utf8(chunk).expect("UTF-8"));
            self.coded.drain(..whole);
        }
        while let Some(end) = self.text.find("\n\n") {
            let block: String = self.text.drain(..end + 2).collect();
            if block.starts_with(':') {
                continue; // A comment.
            }
            let field = |name: &str| {
                let found = block.lines().find_map(|line| line.strip_prefix(name));
                found.unwrap_or_else(|| panic!("no {name:?} in {block:?}")).to_owned()
            };
            let data = serde_json::from_str(&field("data: ")).expect("JSON");
            self.events.push_back(Event { id: field("id: "), name: field("event: "), data });
        }
    }
}

fn numbers(events: &[Event]) -> Vec<u64> {
    let number = |event: &Event| event.id.rsplit_once('-').expect("an id").1.parse();
    events.iter().map(|event| number(event).expect("a number")).collect()
}

#[test]
fn it_says_what_the_leader_page_says_and_each_change() {
    let site = Site::start();
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
    let site = Site::start();
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
    let site = Site::start();
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
    let site = Site::start();
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
    let site = Site::start();
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
fn show_many(site: &Site, all: u64) {
    for number in 0..all {
        site.state.show(seen(&format!("web-{number}"), MINUTE));
    }
}

#[test]
fn who_comes_back_goes_on_where_it_was() {
    let site = Site::start();
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
fn policies_are_pushed_to_those_who_ask_for_them() {
    let site = Site::start();
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=policy", "");
    assert_eq!(watch.expect("policy").data["active"], Json::Null);
    site.state.change_policy(|report| report.decisions += 1); // No news.
    site.show_policy(policy("rotate", "1.2.3"));
    let event = watch.expect("policy");
    assert_eq!(
        (&event.data["active"]["name"], &event.data["decisions"]),
        (&"rotate".into(), &1.into())
    );

    let mut both = Watch::begin(site.address(), "/v1/watch?kinds=leader,policy", "");
    both.expect("leader");
    assert_eq!(both.expect("policy").data["active"]["version"], "1.2.3");
    for query in ["kinds=decision", "kinds=", "last=3", "kinds=leader,x"] {
        let answer = get(site.address(), &format!("/v1/watch?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let remedy = "give ?kinds=leader,policy,roster,decisions, or some of them";
        assert!(answer.body.contains(remedy), "{answer:?}");
    }
}

#[test]
fn details_are_pushed_to_this_pod_alone() {
    let site = Site::at(":0", Limits::default());
    let pod = SocketAddr::from((own_address(), site.address().port()));
    for kind in ["policy", "roster", "decisions", "leader,decisions"] {
        assert_eq!(get(pod, &format!("/v1/watch?kinds={kind}")).status, 403, "{kind}");
    }
    Watch::begin(pod, "/v1/watch", "").expect("leader");
    let access = Access { detail: Detail::PodNetwork, ..Access::default() };
    let open = Site::open_to(access, ":0", Limits::default());
    let pod = SocketAddr::from((own_address(), open.address().port()));
    Watch::begin(pod, "/v1/watch?kinds=roster", "").expect("roster");
}

#[test]
fn a_roster_is_pushed_when_a_candidate_says_something_else() {
    let site = Site::start();
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=roster", "");
    assert_eq!(watch.expect("roster").data["wanted"], false);
    let listed = |ready| Listed {
        entry: Entry { identity: "web-1".to_owned(), ready, ..Entry::default() },
        at: clock::now(),
        since: Vec::new(),
    };
    site.state.change_roster(|roster| {
        roster.wanted = true;
        roster.others = vec![listed(None)];
    });
    assert_eq!(watch.expect("roster").data["candidates"][0]["identity"], "web-1");
    // Each says the same again every minute, which is no news.
    site.state.change_roster(|roster| roster.others = vec![listed(None)]);
    site.state.change_roster(|roster| roster.others = vec![listed(Some(true))]);
    let event = watch.expect("roster");
    assert_eq!(event.data["candidates"][0]["ready"], true);
    assert_eq!(event.data["left_out"], get(site.address(), "/v1/roster").json()["left_out"]);
}

#[test]
fn each_decision_is_pushed_with_its_cause_and_what_the_guard_did() {
    let site = Site::start();
    site.say(decided(1, Verdict::CarriedOut));
    let mut watch = Watch::begin(site.address(), "/v1/watch?kinds=decisions", "");
    // It was before, and the next two are not.
    site.say(decided(2, Verdict::Overruled("paused".to_owned())));
    site.say(decided(3, Verdict::Nothing));
    let event = watch.expect("decision");
    let (data, answer) = (&event.data, &event.data["answer"]);
    assert_eq!((&data["number"], &data["ask"]), (&2.into(), &2.into()));
    assert_eq!(data["causes"], json!(["timer", "signal-changed"]));
    assert_eq!((&data["seen"]["holder"], &data["seen"]["signals"]), (&"web-1".into(), &0.into()));
    assert_eq!((&answer["action"], &answer["successor"]), (&"resign".into(), &"web-2".into()));
    assert_eq!((&answer["verdict"], &answer["overruled"]), (&"overruled".into(), &"paused".into()));
    assert_eq!(answer["by"], "policy");
    assert_eq!(watch.expect("decision").data["answer"]["verdict"], "nothing");
    // What makes a decision large, or is a secret, is in the journal alone.
    assert!(!event.data.to_string().contains("secret"), "{event:?}");
    let history = get(site.address(), "/v1/history").json();
    assert_eq!(history["decisions"].as_array().map(Vec::len), Some(3));
    assert_eq!(history["decisions"][1]["answer"], *answer);
}

#[test]
fn no_decision_is_lost_without_a_gap_and_who_comes_back_goes_on() {
    let site = Site::start();
    let path = "/v1/watch?kinds=leader,decisions";
    site.say(decided(1, Verdict::Nothing));
    let id = Watch::begin(site.address(), path, "").expect("leader").id;
    assert_eq!(id.matches('-').count(), 2, "both numbers: {id}");
    let all = DECISIONS as u64 + 44;
    for ask in 2..=all + 1 {
        site.say(decided(ask, Verdict::Nothing));
    }
    site.show_holder("web-1", MINUTE);
    let mut watch = Watch::begin(site.address(), path, &format!("Last-Event-ID: {id}\r\n"));
    assert_eq!(watch.expect("leader").data["name"], "web-1");
    let gap = watch.expect("gap");
    assert_eq!(gap.data, json!({"missed": all - DECISIONS as u64, "of": "decisions"}));
    for number in all - DECISIONS as u64 + 2..=all + 1 {
        assert_eq!(watch.expect("decision").data["number"], number);
    }
    // Of a process before: from now on.
    let mut watch = Watch::begin(site.address(), path, "Last-Event-ID: 0-1-1\r\n");
    watch.expect("leader");
    site.say(decided(7, Verdict::Nothing));
    assert_eq!(watch.expect("decision").data["number"], all + 2);
}

/// A decision to resign that was asked for twice over.
fn decided(ask: u64, verdict: Verdict) -> Fact {
    let seat = Seat {
        holder: Some("web-1".to_owned()),
        age: 1,
        duration: 15_000,
        free_in: 9_000,
        transitions: 3,
        held_for: 1,
        ..Seat::default()
    };
    let observation = Observation {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "web-0".to_owned(),
        uptime: 1,
        causes: [Cause::Timer, Cause::SignalChanged].into_iter().collect(),
        seat: Some(seat),
        ..Observation::default()
    };
    let timing = Pace {
        lease_duration: 15_000,
        renew_deadline: 10_000,
        retry_period: 2_000,
        shortest_lease: 1_000,
        longest_lease: 60_000,
    };
    let (settings, memory) = ("secret".to_owned(), b"secret".to_vec());
    let input = Input { settings, memory, entropy: 7, timing, observation };
    let decision = Decision {
        action: Action::Resign(Some("web-2".to_owned())),
        wake_after: 2_000,
        lease_duration: None,
        reason: "it lags less".to_owned(),
        publish: vec![("secret".to_owned(), Value::Flag(true))],
        memory: b"secret".to_vec(),
        extra: Vec::new(),
    };
    let answer = Some(Ok(Judged { decision, verdict }));
    let account = Account { ask: Some(AskId(ask)), input, answer, instead: None };
    Fact::Decided(Box::new(Decided { policy: Some("sha256:00".to_owned()), account }))
}

#[test]
fn head_has_no_events_and_other_methods_are_refused() {
    let site = Site::start();
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
    let site = Site::with(limits);
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
    let site = Site::with(limits);
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
    let site = Site::start();
    let mut watch = Watch::of(&site);
    watch.expect("leader");
    site.server.stop(Duration::from_secs(20));
    // A heartbeat may have left before.
    while watch.next().is_some() {}
    assert!(watch.ended, "it was cut off");
}

#[test]
fn a_thousand_watch_and_one_more_is_refused() {
    let site = Site::start();
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
