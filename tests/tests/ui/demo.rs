//! The page on which `hotseat demo` is steered: a person gets there from a candidate's page, and each button does
//! what it says.

use hotseat_tests::browser::{Browser, Screen};
use hotseat_tests::demo::{BEGUN, Demo};
use hotseat_tests::wait::until;

use super::{DESK, NIGHT, PHONE, shot};

/// Presses the button with these words, once it is there, and waits for the page that follows.
#[track_caller]
fn press(browser: &mut Browser, page: &str, words: &str) {
    let button = format!(
        "[...document.querySelectorAll('button')].find(it => it.textContent === {})",
        quoted(words)
    );
    until(&format!("the button {words:?}"), BEGUN, || {
        browser.open(page).map_err(|error| format!("{error:#}"))?;
        let pressed = browser.value(&format!("globalThis.before = true; {button}.click()"));
        pressed.map_err(|error| format!("{error:#}"))
    });
    until("the page after a press", BEGUN, || match browser.value("typeof before") {
        Ok(value) if value == "undefined" => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// Loads the page until it shows that.
#[track_caller]
fn until_shows(browser: &mut Browser, page: &str, words: &str) {
    let shown = format!("document.body.textContent.includes({})", quoted(words));
    until(&format!("{words:?} on the page"), BEGUN, || {
        browser.open(page).map_err(|error| format!("{error:#}"))?;
        match browser.value(&shown) {
            Ok(value) if value == true => Ok(()),
            other => Err(format!("{other:?} {:?}", browser.value("document.body.innerText"))),
        }
    });
}

fn quoted(words: &str) -> String {
    serde_json::to_string(words).unwrap()
}

/// The name in the row of the leader.
fn leader(browser: &mut Browser, page: &str) -> String {
    until("a leader on the page", BEGUN, || {
        browser.open(page).map_err(|error| format!("{error:#}"))?;
        let name = browser.value("document.querySelector('.leads h2').textContent");
        let name = name.map_err(|error| format!("{error:#}"))?;
        name.as_str().map(str::to_owned).ok_or_else(|| name.to_string())
    })
}

#[test]
fn a_demonstration_is_steered_in_a_browser() {
    let demo = Demo::start().unwrap();
    let first_page =
        format!("http://localhost:{}/ui", demo.candidates().unwrap()[0].address.port());
    let mut browser = Browser::start().unwrap();
    browser.look(DESK).unwrap();
    browser.open(&first_page).unwrap();
    let html = browser.html().unwrap();
    let page = demo.page();
    assert!(html.contains(&format!("<a href=\"{page}\">")), "{html}");

    browser.open(&page).unwrap();
    let first = leader(&mut browser, &page);
    press(&mut browser, &page, &format!("Silence {first}'s application"));
    until_shows(&mut browser, &page, "its application is silent");
    press(&mut browser, &page, &format!("Let {first}'s application speak"));
    until_shows(&mut browser, &page, &format!("{first}'s application gives its heartbeat again"));
    press(&mut browser, &page, "Swap to app-heartbeat");
    until_shows(&mut browser, &page, "it decides in all candidates after");
    press(&mut browser, &page, &format!("Kill {first}"));
    until_shows(&mut browser, &page, &format!("{first} is killed without warning"));
    until_shows(&mut browser, &page, &format!("nobody may lead before {first}'s lease runs out"));
    let second = leader(&mut browser, &page);
    assert_ne!(second, first);
    press(&mut browser, &page, &format!("Cut {second} off"));
    until_shows(&mut browser, &page, "cut off from the API server");
    everybody_can_read_it(&mut browser);
    press(&mut browser, &page, &format!("Connect {second} again"));
    until_shows(&mut browser, &page, &format!("{second} reaches the API server again"));
    press(&mut browser, &page, &format!("Start {first}"));
    until_shows(&mut browser, &page, &format!("{first} is started again"));
    let third = leader(&mut browser, &page);
    press(&mut browser, &page, &format!("Ask {third} to leave"));
    until_shows(&mut browser, &page, &format!("{third} is asked to leave"));
    press(&mut browser, &page, "Let the script play on");
    until_shows(&mut browser, &page, "the script plays on");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

fn everybody_can_read_it(browser: &mut Browser) {
    let mut grounds = Vec::new();
    let screens: [(&str, Screen); 3] =
        [("demo-light", DESK), ("demo-dark", NIGHT), ("demo-phone", PHONE)];
    for (name, screen) in screens {
        browser.look(screen).unwrap();
        let over = browser.value("document.documentElement.scrollWidth - innerWidth").unwrap();
        assert!(over.as_i64().unwrap() <= 0, "{name}: {over} pixels too wide");
        assert_eq!(browser.barriers().unwrap(), [] as [String; 0], "{name}");
        let ground = "getComputedStyle(document.documentElement).backgroundColor";
        grounds.push(browser.value(ground).unwrap());
        browser.picture(&shot(name)).unwrap();
    }
    assert_ne!(grounds[0], grounds[1], "dark is as light");
    browser.look(DESK).unwrap();
}
