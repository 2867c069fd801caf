//! `hotseat ui`: who may not, and what cannot be shown.

use hotseat_apiserver::{Denial, LEASES, Verb};
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Launch, Stream, get, send_with};
use hotseat_tests::scene::{Api, Candidates, ELECTION, SOON};
use serde_json::json;

use super::fleet::{plain_lease, show};

/// Runs it to its failure; what it says.
#[track_caller]
fn refused(launch: Launch) -> String {
    let mut process = launch.start().unwrap();
    let status = process.wait_exit(SOON);
    assert_eq!(status.code(), Some(1), "{process}");
    let error = process.output(Stream::Stderr);
    assert_eq!(
        (error.lines().count(), process.output(Stream::Stdout).as_str()),
        (1, ""),
        "{process}"
    );
    error
}

fn ui() -> Launch {
    Launch::hotseat().unwrap().arg("ui")
}

#[test]
fn who_may_only_read_has_no_button_and_a_forged_press_is_refused() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "fleet-rights", Rights::Full).unwrap();
    let account = |name: &str, rights| {
        cluster.create_candidate_account(api.namespace(), name, rights).unwrap()
    };
    let (onlooker, nobody) =
        (account("onlooker", Rights::ReadOnly), account("nobody", Rights::None));
    let crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let leader = crew.leader();
    let name = format!("{}/{ELECTION}", api.namespace());
    let shown = show(&api, &onlooker, &[]);
    let page = shown.until_shows(&name, &[&format!("<h1><bdi>{}</bdi> leads</h1>", leader.name)]);
    assert!(!page.contains("<button") && !page.contains("<form"), "{page}");
    let why =
        format!("your account may not update leases {ELECTION} in namespace {}", api.namespace());
    assert!(page.contains(&why) && page.contains("hotseat rbac --for people"), "{page}");
    for (request, body) in [("pause", ""), ("transfer", "to=ben"), ("resume", "")] {
        let answer = shown.press(&format!("{name}/{request}"), body);
        assert_eq!(answer.status, 403, "{request}: {}", answer.text());
        assert!(answer.text().contains(&why), "{request}: {}", answer.text());
    }
    let lease = api.lease().unwrap().unwrap();
    for asked in ["hotseat.dev/pause", "hotseat.dev/transfer"] {
        assert!(lease["metadata"]["annotations"].get(asked).is_none(), "{lease}");
    }
    // And whoever may has them.
    show(&api, api.kubeconfig(), &[]).until_shows(&name, &[">Pause<"]);

    let error = refused(ui().args(["-n", api.namespace()]).kubeconfig(&nobody));
    let who = format!(":nobody may not list and watch leases in namespace {}", api.namespace());
    assert!(error.contains(&who) && error.contains("hotseat rbac --for ui"), "{error}");
    let error = refused(ui().arg("-A").kubeconfig(&onlooker));
    let who = ":onlooker may not list and watch leases in all namespaces: give one --namespace";
    assert!(error.contains(who), "{error}");
    show(&api, api.admin(), &["-A"]).until_shows("", &["elections in all namespaces", &name]);
    crew.finish();
}

#[test]
fn nobody_without_the_address_and_no_other_page_of_a_browser_sees_or_presses_anything() {
    let api = Api::embedded("fleet-guard").unwrap();
    let crew = Candidates::start(&api, &["anna"]).unwrap();
    crew.leader();
    plain_lease(&api, "plain", "anna", &json!({}));
    let shown = show(&api, api.kubeconfig(), &[]);
    assert_eq!(shown.root.len(), 34, "128 random bits: {}", shown.root);
    let own = shown.address.to_string();
    let origin = format!("http://{own}");
    let pause = format!("{}/{ELECTION}/pause", api.namespace());
    let asked = || {
        let lease = api.lease().unwrap().unwrap();
        lease["metadata"]["annotations"]["hotseat.dev/pause"].is_string()
    };
    for (headers, what) in [
        (
            &[("Host", "evil.example"), ("Origin", "http://evil.example")][..],
            "a name that was rebound",
        ),
        (&[("Host", "evil.example:80")], "another host"),
        (&[("Host", own.as_str()), ("Origin", "http://evil.example")], "another page"),
        (&[("Host", own.as_str()), ("Origin", "null")], "a page without an origin"),
        (&[("Host", own.as_str()), ("Sec-Fetch-Site", "cross-site")], "another site"),
    ] {
        let answer = shown.send(&pause, headers, "");
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        assert!(!asked(), "{what}");
    }
    let rebound = [("Host", "evil.example")];
    let looked = send_with(shown.address, "GET", &shown.root, &rebound, "").unwrap();
    assert_eq!(looked.status, 403, "{}", looked.text());
    // Without the secret there is nothing, not even its first half.
    for path in ["/", "/watch", &format!("/{pause}"), &format!("{}/{pause}", &shown.root[..17])] {
        let answer = get(shown.address, path).unwrap();
        assert_eq!((answer.status, answer.text().contains("anna")), (404, false), "{path}");
        let headers = [("Host", own.as_str()), ("Origin", origin.as_str())];
        assert_eq!(
            send_with(shown.address, "POST", path, &headers, "").unwrap().status,
            404,
            "{path}"
        );
    }
    // A look carries nothing out, and what is no form of the page is no request.
    assert_eq!(shown.get(&pause).status, 303);
    let none = format!("{}/{ELECTION}/delete", api.namespace());
    assert_eq!(shown.press(&none, "").status, 404);
    assert_eq!(shown.press(&format!("{}/nowhere/pause", api.namespace()), "").status, 404);
    assert_eq!(shown.press(&pause, &"x".repeat(5000)).status, 413);
    assert!(!asked());
    let answer = shown.get("");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self'"),
        "{policy}"
    );
    let plain = shown.press(&format!("{}/plain/pause", api.namespace()), "");
    assert_eq!(plain.status, 409, "{}", plain.text());
    // With all of it in order it is carried out.
    assert_eq!(shown.press(&pause, "").status, 303);
    assert!(asked());
    crew.finish();
}

#[test]
fn what_cannot_be_shown_is_said_with_the_reason_and_what_to_do() {
    let api = Api::embedded("fleet-refused").unwrap();
    let error =
        refused(ui().env("HOME", "/nonexistent").kubeconfig("/nonexistent/config".as_ref()));
    assert!(error.contains("/nonexistent/config"), "{error}");
    let error = refused(ui().args(["-n", "nowhere"]).kubeconfig(api.kubeconfig()));
    assert!(error.contains("namespace nowhere: there is no such namespace"), "{error}");
    assert!(error.contains("check --namespace"), "{error}");
    let error = refused(ui().args(["--listen", "0.0.0.0:0"]).kubeconfig(api.kubeconfig()));
    assert!(
        error.contains("--listen 0.0.0.0:0: who reaches the page acts with your rights"),
        "{error}"
    );

    plain_lease(&api, ELECTION, "anna", &json!({}));
    let shown = show(&api, api.kubeconfig(), &[]);
    let taken = shown.address.to_string();
    let error = refused(ui().args(["--listen", &taken]).kubeconfig(api.kubeconfig()));
    assert!(
        error.contains(&format!("--listen {taken}: the page cannot be shown there")),
        "{error}"
    );

    api.server().access().deny(Denial::of(Verb::List, &LEASES));
    let error = refused(ui().args(["-n", api.namespace()]).kubeconfig(api.kubeconfig()));
    assert!(error.contains("may not list leases in namespace"), "{error}");
    api.server().access().allow_all();
    api.pause().unwrap();
    let error = refused(ui().args(["-n", api.namespace()]).kubeconfig(api.kubeconfig()));
    assert!(
        error.contains("the Leases in namespace") && error.contains("cannot be read"),
        "{error}"
    );
    // Who looks already sees why, and goes on when the server is back.
    shown.until_shows("", &["The Leases cannot be read for now"]);
    api.resume().unwrap();
    plain_lease(&api, "another", "ben", &json!({}));
    let page = shown.until_shows("", &["another"]);
    assert!(!page.contains("cannot be read for now"), "{page}");
}
