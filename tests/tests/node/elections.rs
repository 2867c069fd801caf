//! `hotseat ui` on a person's machine, through a kubeconfig with the rights that `hotseat rbac` prints for
//! it: the elections of pods, and a button that is carried out where the person may.

use std::net::SocketAddr;

use hotseat_tests::process::{Hotseat, Launch, Response, get, send_with};
use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::readme::Person;
use super::sidecar::{LABELS, shop_with};
use super::space::{SOON, Space};

/// The page while the program shows it.
struct Shown {
    /// Ends with this value.
    _process: Hotseat,
    address: SocketAddr,
    /// The path with its secret.
    root: String,
}

impl Shown {
    /// To somebody who has the rights for these features.
    fn to(space: &Space, person: &str, features: &str) -> Self {
        let (account, features) =
            (format!("--service-account={person}"), format!("--for={features}"));
        let role = format!("--role={person}");
        let namespace = format!("--election-namespace={}", space.name());
        space.apply(&space.printed(&[
            "rbac",
            "--election=shop",
            &namespace,
            "--roster",
            &features,
            &role,
            &account,
            "--with-account",
        ]));
        let person = Person::account(space, person);
        let launch = Launch::hotseat().unwrap().args(["ui", "-n", space.name()]);
        let process = launch.kubeconfig(&person.kubeconfig()).start().unwrap();
        let line = process.wait_line("http://", SOON).text;
        let (address, root) = line.split_once("http://").unwrap().1.split_once('/').unwrap();
        let (address, root) = (address.parse().unwrap(), format!("/{root}"));
        Self { _process: process, address, root }
    }

    /// The page at that path, once it has all of these in it.
    #[track_caller]
    fn until_shows(&self, path: &str, parts: &[&str]) -> String {
        until(&format!("{parts:?} on the page"), SOON, || {
            let page = get(self.address, &format!("{}{path}", self.root));
            let page = page.map_err(|error| format!("{error:#}"))?.text();
            if parts.iter().all(|part| page.contains(part)) { Ok(page) } else { Err(page) }
        })
    }

    /// Presses a button, as a browser does.
    fn press(&self, path: &str, body: &str) -> Response {
        let (host, origin) = (self.address.to_string(), format!("http://{}", self.address));
        let headers = [
            ("Host", &*host),
            ("Origin", &*origin),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        send_with(self.address, "POST", &format!("{}{path}", self.root), &headers, body).unwrap()
    }
}

#[test]
fn the_elections_of_pods_are_shown_and_a_press_moves_the_seat() {
    let space = shop_with("elections", &["--roster"]);
    let belief = Belief::watch(&space, LABELS, PACE);
    let leader = space.leader(LABELS, None).name;
    let other = space.pods(LABELS).into_iter().find(|pod| pod.name != leader).unwrap().name;
    let election = format!("{}/shop", space.name());
    let headline = format!("<h1><bdi>{leader}</bdi> leads</h1>");
    let hand_over = format!("Hand over to <bdi>{other}</bdi>");

    // Who may look and nothing else has no buttons.
    let viewer = Shown::to(&space, "viewer", "ui");
    let leads = format!("<bdi>{leader}</bdi></strong> leads");
    viewer.until_shows("", &["<h1>1 election</h1>", &leads]);
    let page = viewer.until_shows(&election, &[&headline, &format!("<bdi>{other}</bdi>")]);
    assert!(!page.contains("<button"), "{page}");

    let operator = Shown::to(&space, "operator", "ui,people");
    operator.until_shows(&election, &[&headline, &hand_over, ">Pause<"]);
    let answer = operator.press(&format!("{election}/transfer"), &format!("to={other}"));
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(space.leader(LABELS, Some(&leader)).name, other);
    // Both see it without asking anew.
    let why = format!("{leader} handed over to {other}, as ");
    for shown in [&viewer, &operator] {
        shown.until_shows(&election, &[&format!("<h1><bdi>{other}</bdi> leads</h1>"), &why]);
    }
    belief.end().assert_no_overlap();
}
