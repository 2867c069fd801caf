//! `hotseat ui`: all elections of a namespace, of real candidates, by requests and in a browser.

use std::net::SocketAddr;

use hotseat_tests::browser::Browser;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Hotseat, Launch, Response, get, send_with};
use hotseat_tests::scene::{Api, Candidates, ELECTION, Led, POLITE, SOON};
use hotseat_tests::wait::until;
use serde_json::{Value, json};

use super::{DESK, HOSTILE, LOADED, NIGHT, PHONE, shot, until_true};

/// The page, as a program beside the test shows it.
pub struct Shown {
    /// Ends with this value.
    _process: Hotseat,
    pub address: SocketAddr,
    /// The path with its secret.
    pub root: String,
}

/// Shows the elections of the scene's namespace to the person of that kubeconfig.
#[track_caller]
pub fn show(api: &Api, kubeconfig: &std::path::Path, more: &[&str]) -> Shown {
    let launch = Launch::hotseat().unwrap().args(["ui", "-n", api.namespace()]).args(more);
    let process = launch.kubeconfig(kubeconfig).start().unwrap();
    let line = process.wait_line("http://", SOON);
    let (_, address) = line.text.split_once("http://").unwrap();
    let (address, root) = address.split_once('/').unwrap();
    let (address, root) = (address.parse().unwrap(), format!("/{root}"));
    Shown { _process: process, address, root }
}

impl Shown {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.root)
    }

    pub fn get(&self, path: &str) -> Response {
        get(self.address, &format!("{}{path}", self.root)).unwrap()
    }

    /// Presses a button, as a browser does.
    pub fn press(&self, path: &str, body: &str) -> Response {
        let (host, origin) = (self.address.to_string(), format!("http://{}", self.address));
        self.send(path, &[("Host", &host), ("Origin", &origin)], body)
    }

    pub fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut headers = headers.to_vec();
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        send_with(self.address, "POST", &format!("{}{path}", self.root), &headers, body).unwrap()
    }

    /// Waits until the page at that path has all of these in it.
    #[track_caller]
    pub fn until_shows(&self, path: &str, parts: &[&str]) -> String {
        until(&format!("{parts:?} on the page"), SOON, || {
            let page = self.get(path).text();
            match parts.iter().find(|part| !page.contains(**part)) {
                None => Ok(page),
                Some(part) => Err(format!("{part:?} is not in {page}")),
            }
        })
    }
}

/// Candidates that see each other on the roster, and a leader on whom all agree.
fn crew<'a>(api: &'a Api, names: &[&str]) -> (Candidates<'a>, Led) {
    let flags = [&POLITE[..], &["--roster"]].concat();
    let crew = Candidates::with_patience(api, names, &flags, LOADED).unwrap();
    let leader = crew.leader();
    for member in crew.members() {
        until("a whole roster and a policy", LOADED, || {
            let [roster, policy] = ["/v1/roster", "/v1/policy"].map(|path| member.json(path));
            let (Ok(roster), Ok(policy)) = (&roster, &policy) else {
                return Err(format!("{roster:?} {policy:?}"));
            };
            let listed = roster["candidates"].as_array().map_or(0, Vec::len);
            let whole = listed == names.len() && policy["active"].is_object();
            if whole { Ok(()) } else { Err(format!("{roster} {policy}")) }
        });
    }
    (crew, leader)
}

/// A Lease that no Hotseat writes.
pub fn plain_lease(api: &Api, name: &str, holder: &str, annotations: &Value) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": api.namespace(), "annotations": annotations},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now},
    });
    api.create("coordination.k8s.io/v1/leases", &lease).unwrap();
}

/// The scene again with an account that may keep the roster, where the server asks what accounts may.
fn with_roster(api: &Api) -> Option<Api> {
    let real = api.namespace().starts_with("r-");
    real.then(|| Api::of(Cluster::shared(), "fleet-roster", Rights::Roster).unwrap())
}

fn annotations(api: &Api) -> Value {
    api.lease().unwrap().unwrap()["metadata"]["annotations"].clone()
}

pub fn all_elections_are_seen_and_a_press_is_carried_out(api: &Api) {
    let with_roster = with_roster(api);
    let api = with_roster.as_ref().unwrap_or(api);
    plain_lease(api, "plain", "somebody-else", &json!({}));
    let (crew, before) = crew(api, &["anna", "ben"]);
    let to = if before.name == "anna" { "ben" } else { "anna" };
    let shown = show(api, api.kubeconfig(), &[]);
    let name = format!("{}/{ELECTION}", api.namespace());
    let leads = |name: &str| format!("<bdi>{name}</bdi></strong> leads");
    let overview = shown.until_shows(
        "",
        &[
            "<h1>1 election</h1>",
            &leads(&before.name),
            "Other Leases",
            "somebody-else</bdi></strong> holds it",
        ],
    );
    assert!(overview.contains(&format!("<a href=\"{}{name}\">", shown.root)), "{overview}");
    // Candidates' own Leases are no elections.
    assert_eq!(overview.matches("<li class=\"card").count(), 2, "{overview}");
    let headline = format!("<h1><bdi>{}</bdi> leads</h1>", before.name);
    let hand_over = format!("Hand over to <bdi>{to}</bdi>");
    let parts = [&headline, "fencing token", "<h3><bdi>anna</bdi></h3>", "<h3><bdi>ben</bdi></h3>"];
    let page = shown.until_shows(&name, &[&parts[..], &[&hand_over, ">Pause<"]].concat());
    assert!(page.contains("it holds the lock already"), "{page}");
    // What another elector writes is shown, and nothing can be asked of it.
    let plain = shown.get(&format!("{}/plain", api.namespace())).text();
    assert!(plain.contains("not written by a Hotseat") && !plain.contains("<button"), "{plain}");

    let answer = shown.press(&format!("{name}/pause"), "");
    assert_eq!(
        (answer.status, answer.header("location").unwrap()),
        (303, &*format!("{}{name}", shown.root))
    );
    assert!(annotations(api)["hotseat.dev/pause"].is_string(), "{}", annotations(api));
    // The very page that follows shows it: where there are no scripts it stays as it is.
    let page = shown.get(&name).text();
    assert!(page.contains(">Resume<") && !page.contains(">Pause<"), "{page}");
    let page = shown.until_shows(&name, &["<strong>Paused</strong>", ">Resume<", "is paused: "]);
    assert!(!page.contains("Hand over to"), "{page}");
    shown.until_shows("", &["paused"]);
    // What cannot be done now is said, and where: on the page itself.
    let refused = shown.press(&format!("{name}/transfer"), &format!("to={to}"));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("the election is paused"), "{}", refused.text());
    assert_eq!(shown.press(&format!("{name}/resume"), "").status, 303);
    assert!(annotations(api)["hotseat.dev/pause"].is_null(), "{}", annotations(api));
    shown.until_shows(&name, &[&hand_over]);

    let answer = shown.press(&format!("{name}/transfer"), &format!("to={to}"));
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(crew.leader_after(&before).name, to, "{}", crew.logs());
    let why = format!("{} handed over to {to}, as ", before.name);
    shown.until_shows(&name, &[&format!("<h1><bdi>{to}</bdi> leads</h1>"), &why]);
    crew.finish();
}

#[test]
fn everybody_can_read_the_elections_and_follow_one_by_keyboard() {
    let api = Api::embedded("ui-fleet").unwrap();
    let transfer = json!({"to": HOSTILE, "by": HOSTILE, "until": "x"}).to_string();
    plain_lease(&api, "plain", HOSTILE, &json!({"hotseat.dev/transfer": transfer}));
    let (crew, before) = crew(&api, &["anna", "ben", "cleo"]);
    let shown = show(&api, api.kubeconfig(), &[]);
    let name = format!("{}/{ELECTION}", api.namespace());
    let hand_over = "document.querySelectorAll('form[action$=transfer] button').length";
    let mut browser = Browser::start().unwrap();
    for (page, what) in [("", "fleet"), (name.as_str(), "fleet-one")] {
        let mut grounds = Vec::new();
        browser.look(DESK).unwrap();
        browser.open(&shown.url(page)).unwrap();
        let live = "document.getElementById('link').dataset.link === 'live'";
        until_true(&mut browser, "a live page", live);
        if page == name {
            until_true(
                &mut browser,
                "a button for each other candidate",
                &format!("{hand_over} === 2"),
            );
        }
        for (name, screen) in [("light", DESK), ("dark", NIGHT), ("phone", PHONE)] {
            browser.look(screen).unwrap();
            assert_eq!(browser.barriers().unwrap(), [] as [String; 0], "{what} {name}");
            let over = browser.value("document.documentElement.scrollWidth - innerWidth").unwrap();
            assert!(over.as_i64().unwrap() <= 0, "{what} {name}: {over} pixels too wide");
            let ground = "getComputedStyle(document.documentElement).backgroundColor";
            grounds.push(browser.value(ground).unwrap());
            browser.picture(&shot(&format!("{what}-{name}"))).unwrap();
        }
        assert_ne!(grounds[0], grounds[1], "dark is as light");
        let named = "[...document.querySelectorAll('svg, progress')].every(it => it.getAttribute('aria-label'))";
        assert_eq!(browser.value(named).unwrap(), true, "a picture or a bar has no name");
        assert_eq!(browser.value("typeof hostile").unwrap(), "undefined");
    }
    browser.look(DESK).unwrap();

    // By keyboard alone, as each page of a browser may: its form is taken, and what follows is seen.
    browser.value("globalThis.loadedOnce = true").unwrap();
    let focus = "document.activeElement.textContent";
    let button = |browser: &mut Browser| {
        for _ in 0..12 {
            browser.press("Tab", 9).unwrap();
            let text = browser.value(focus).unwrap();
            if text.as_str().is_some_and(|text| text.starts_with("Hand over to ")) {
                return text.as_str().unwrap().trim_start_matches("Hand over to ").to_owned();
            }
        }
        panic!("no button for a hand-over is reached by Tab");
    };
    let to = button(&mut browser);
    browser.press(" ", 32).unwrap();
    assert_eq!(crew.leader_after(&before).name, to, "{}", crew.logs());
    let leads = format!("document.querySelector('h1').textContent === '{to} leads'");
    until_true(&mut browser, "the new leader", &leads);
    let why =
        format!("document.body.textContent.includes('{} handed over to {to}, as ')", before.name);
    until_true(&mut browser, "the hand-over and its reason", &why);
    browser.picture(&shot("fleet-handed-over")).unwrap();
    assert_eq!(browser.complaints(), [] as [String; 0]);
    crew.finish();
}

#[test]
fn without_scripts_the_elections_are_there_with_their_forms() {
    let api = Api::embedded("ui-fleet-plain").unwrap();
    let (crew, _) = crew(&api, &["anna", "ben"]);
    let shown = show(&api, api.kubeconfig(), &[]);
    let name = format!("{}/{ELECTION}", api.namespace());
    shown.until_shows(&name, &[">Pause<", "Hand over to <bdi>"]);
    let mut browser = Browser::start().unwrap();
    browser.allow_scripts(false).unwrap();
    browser.look(DESK).unwrap();
    browser.open(&shown.url("")).unwrap();
    let html = browser.html().unwrap();
    assert!(html.contains("1 election") && html.contains("reload for the present"), "{html}");
    browser.open(&shown.url(&name)).unwrap();
    // Past the head's two links, to the first button.
    for _ in 0..3 {
        browser.press("Tab", 9).unwrap();
    }
    browser.press(" ", 32).unwrap();
    until("a pause", SOON, || {
        let annotations = annotations(&api);
        if annotations["hotseat.dev/pause"].is_string() {
            Ok(())
        } else {
            Err(annotations.to_string())
        }
    });
    until("the page that follows", SOON, || {
        let html = browser.html().map_err(|error| format!("{error:#}"))?;
        if html.contains("is paused: ") && html.contains(">Resume<") { Ok(()) } else { Err(html) }
    });
    browser.picture(&shot("fleet-plain")).unwrap();
    assert_eq!(browser.complaints(), [] as [String; 0]);
    crew.finish();
}
