//! The page for people, of real candidates, in a real browser: with scripts and without, light and
//! dark, on a phone, by keyboard, for a screen reader, and with names that would like to be code.
//! Pictures of what was looked at are left in `target/tmp/ui`. `hotseat ui`, the page of all elections of a
//! namespace, and the page on which `hotseat demo` is steered, are looked at in the same way.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

#[path = "ui/demo.rs"]
mod demo;
#[path = "ui/fleet.rs"]
mod fleet;
#[path = "ui/fleet_refusals.rs"]
mod fleet_refusals;

use hotseat_tests::browser::{Browser, Screen};
use hotseat_tests::process::send;
use hotseat_tests::scene::{Api, Candidate, Candidates, Led, QUICK, SOON};
use hotseat_tests::wait::until;

hotseat_tests::on_both![fleet::all_elections_are_seen_and_a_press_is_carried_out];

/// Becomes a global variable wherever it is run.
const HOSTILE: &str = "<img src=x onerror=hostile=1><script>hostile=2</script>'\"&amp;";
/// The policy is compiled before a candidate campaigns, on a busy machine.
const LOADED: Duration = Duration::from_secs(120);
const DESK: Screen = Screen { width: 1280, height: 900, dark: false };
const NIGHT: Screen = Screen { dark: true, ..DESK };
const PHONE: Screen = Screen { width: 360, height: 740, dark: false };

fn page(candidate: &Candidate) -> String {
    format!("http://{}/ui", candidate.process.http_addr())
}

/// Where pictures are kept.
fn shot(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// Candidates that see each other on the roster, and a leader on whom all agree.
fn crew<'a>(api: &'a Api, names: &[&str]) -> (Candidates<'a>, Led) {
    let flags = [QUICK[0], QUICK[1], QUICK[2], "--roster"];
    let crew = Candidates::with_patience(api, names, &flags, LOADED).unwrap();
    let leader = crew.leader();
    for member in crew.members() {
        until("a whole roster", LOADED, || {
            let roster = member.json("/v1/roster").map_err(|error| error.to_string())?;
            let listed = roster["candidates"].as_array().map_or(0, Vec::len);
            if listed == names.len() { Ok(()) } else { Err(roster.to_string()) }
        });
        until("a policy", LOADED, || match member.json("/v1/policy") {
            Ok(policy) if policy["active"].is_object() => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
    (crew, leader)
}

/// Waits until that expression is true in the page.
#[track_caller]
fn until_true(browser: &mut Browser, what: &str, expression: &str) {
    until(what, SOON, || match browser.value(expression) {
        Ok(value) if value == true => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn without_scripts_it_says_all_that_matters() {
    let api = Api::embedded("ui-plain").unwrap();
    let (crew, leader) = crew(&api, &["anna", "ben"]);
    let mut browser = Browser::start().unwrap();
    browser.allow_scripts(false).unwrap();
    browser.look(DESK).unwrap();
    for member in crew.members() {
        browser.open(&page(member)).unwrap();
        let html = browser.html().unwrap();
        let headline = format!("<h1><bdi>{}</bdi> leads</h1>", leader.name);
        let own = member.name() == leader.name;
        for part in [
            headline.as_str(),
            "this answer holds for <b class=\"left\" id=\"left\">",
            "Who led",
            "Hand-overs",
            "Candidates",
            "<h3><bdi>anna</bdi></h3>",
            "<h3><bdi>ben</bdi></h3>",
            "standard 0.1.0",
            "Swaps and refusals",
            "Decisions",
            "reload for the present",
        ] {
            assert!(html.contains(part), "{part:?} is not in {html}");
        }
        assert_eq!(html.contains("it is <b>this candidate</b>"), own, "{html}");
        // Nothing here that somebody could press: this page changes nothing.
        assert!(!html.contains("<button") && !html.contains("<form"), "{html}");
        browser.picture(&shot(&format!("plain-{}", member.name()))).unwrap();
    }
    assert_eq!(browser.complaints(), [] as [String; 0]);
    crew.finish();
}

#[test]
fn it_follows_a_hand_over_without_being_loaded_anew() {
    let api = Api::embedded("ui-live").unwrap();
    let (mut crew, first) = crew(&api, &["anna", "ben"]);
    let other = if first.name == "anna" { "ben" } else { "anna" };
    let mut browser = Browser::start().unwrap();
    browser.look(DESK).unwrap();
    browser.open(&page(crew.member(other))).unwrap();
    until_true(
        &mut browser,
        "a live page",
        "document.getElementById('link').dataset.link === 'live'",
    );
    let says = |name: &str| format!("document.querySelector('h1').textContent === '{name} leads'");
    until_true(&mut browser, "the first leader", &says(&first.name));
    // What is shown never holds for longer than the lease.
    let left = browser.value("parseFloat(document.getElementById('left').textContent)").unwrap();
    assert!((0.0..=3.0).contains(&left.as_f64().unwrap()), "{left}");
    browser.value("globalThis.loadedOnce = true").unwrap();
    crew.take(&first.name).end();
    let second = crew.leader();
    assert_eq!(second.name, other);
    until_true(&mut browser, "the second leader", &says(other));
    until_true(
        &mut browser,
        "the hand-over and its reason",
        &format!(
            "[...document.querySelectorAll('[aria-labelledby=handovers] li')].some(it => \
             it.textContent.includes('{other} leads') && it.textContent.includes('{} gave the seat up'))",
            first.name
        ),
    );
    until_true(
        &mut browser,
        "an own term",
        "document.body.textContent.includes('it is this candidate')",
    );
    assert_eq!(browser.value("globalThis.loadedOnce").unwrap(), true, "it was loaded anew");
    browser.picture(&shot("handed-over")).unwrap();

    // A sidecar that is gone is not believed for longer than it said.
    crew.take(other).kill().unwrap();
    until_true(
        &mut browser,
        "the end of belief",
        "document.getElementById('page').classList.contains('over') && \
         document.getElementById('left').textContent === '0.0 s' && \
         document.getElementById('link').dataset.link === 'lost'",
    );
    // What is over looks different, and can be read all the same.
    for (name, screen) in [("over-light", DESK), ("over-dark", NIGHT)] {
        browser.look(screen).unwrap();
        assert_eq!(browser.barriers().unwrap(), [] as [String; 0], "{name}");
        browser.picture(&shot(name)).unwrap();
    }
    crew.finish();
}

#[test]
fn everybody_can_read_it() {
    let api = Api::embedded("ui-read").unwrap();
    let (crew, leader) = crew(&api, &["anna", "ben", "cleo"]);
    let mut browser = Browser::start().unwrap();
    browser.look(DESK).unwrap();
    browser.open(&page(crew.member(&leader.name))).unwrap();
    let colour = "getComputedStyle(document.documentElement).backgroundColor";
    let mut grounds = Vec::new();
    for (name, screen) in [("light", DESK), ("dark", NIGHT), ("phone", PHONE)] {
        browser.look(screen).unwrap();
        assert_eq!(browser.barriers().unwrap(), [] as [String; 0], "{name}");
        let over = browser.value("document.documentElement.scrollWidth - innerWidth").unwrap();
        assert!(over.as_i64().unwrap() <= 0, "{name}: {over} pixels too wide");
        grounds.push(browser.value(colour).unwrap());
        browser.picture(&shot(name)).unwrap();
    }
    assert_ne!(grounds[0], grounds[1], "dark is as light");
    // By keyboard alone: first past the head, then through the links.
    browser.look(DESK).unwrap();
    browser.press("Tab", 9).unwrap();
    let focus = "document.activeElement.textContent";
    assert_eq!(browser.value(focus).unwrap(), "Skip to who leads");
    let seen = "document.activeElement.getBoundingClientRect().left >= 0";
    assert_eq!(browser.value(seen).unwrap(), true, "the focus is out of sight");
    browser.press("Tab", 9).unwrap();
    assert_eq!(browser.value(focus).unwrap(), "leader");
    // The lanes for who does not see them.
    let lane = format!(
        "[...document.querySelectorAll('svg')].map(it => it.getAttribute('aria-label')).some(it => it.startsWith('{} leads'))",
        leader.name
    );
    assert_eq!(browser.value(&lane).unwrap(), true);
    let named = "[...document.querySelectorAll('svg, progress')].every(it => it.getAttribute('aria-label'))";
    assert_eq!(browser.value(named).unwrap(), true, "a picture or a bar has no name");
    assert_eq!(browser.complaints(), [] as [String; 0]);
    crew.finish();
}

#[test]
fn names_and_signals_are_never_more_than_text() {
    let api = Api::embedded("ui-hostile").unwrap();
    let (crew, _) = crew(&api, &["anna", HOSTILE]);
    let anna = crew.member("anna");
    for key in ["note", "%3Cscript%3Ehostile=3%3C%2Fscript%3E"] {
        let path = format!("/v1/signals/{key}");
        let sent = send(anna.process.http_addr(), "PUT", &path, HOSTILE).unwrap();
        assert_eq!(sent.status, 200, "{}", sent.text());
    }
    let mut browser = Browser::start().unwrap();
    for screen in [DESK, PHONE] {
        browser.look(screen).unwrap();
        browser.open(&page(anna)).unwrap();
        let shown = format!(
            "document.querySelector('[aria-labelledby=signals]').textContent.includes({0}) && \
             document.querySelector('[aria-labelledby=roster]').textContent.includes({0})",
            serde_json::to_string(HOSTILE).unwrap()
        );
        until_true(&mut browser, "the name and the signal as text", &shown);
        // The page again, by the script, after an event.
        until_true(
            &mut browser,
            "a live page",
            "document.getElementById('link').dataset.link === 'live'",
        );
        send(anna.process.http_addr(), "PUT", "/v1/signals/more", HOSTILE).unwrap();
        until_true(
            &mut browser,
            "one signal more",
            "document.querySelectorAll('[aria-labelledby=signals] li').length === 3",
        );
        assert_eq!(browser.value("typeof hostile").unwrap(), "undefined");
        assert_eq!(browser.value("document.querySelectorAll('img').length").unwrap(), 0);
        assert_eq!(browser.value("document.scripts.length").unwrap(), 1);
        let over = browser.value("document.documentElement.scrollWidth - innerWidth").unwrap();
        assert!(over.as_i64().unwrap() <= 0, "{over} pixels too wide");
        send(anna.process.http_addr(), "DELETE", "/v1/signals/more", "").unwrap();
    }
    // Were it markup after all, the browser would still not run it.
    browser.value("document.body.append(Object.assign(document.createElement('script'), {textContent: 'hostile = 4'}))").unwrap();
    assert_eq!(browser.value("typeof hostile").unwrap(), "undefined");
    assert_eq!(browser.complaints().len(), 1, "{:?}", browser.complaints());
    assert!(
        browser.complaints()[0].contains("Content Security Policy"),
        "{:?}",
        browser.complaints()
    );
    browser.picture(&shot("hostile")).unwrap();
    crew.finish();
}
