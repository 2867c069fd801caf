//! `/ui`: what is on the page for whom, and what a browser may do for it. `tests/tests/ui.rs` looks at
//! it in one.

use crate::client::{Client, get};
use crate::site::{TestServer, own_address};
use hotseat_core::event::{LockError, Notice};
use hotseat_core::policy::{Outcome, Source, Value};
use hotseat_election::Fact;
use hotseat_election::clock;
use hotseat_election::roster::{Entry, Listed};
use hotseat_http::{Access, Detail, Limits};
use std::net::SocketAddr;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// What would be code if it were not escaped, and what would read as something else.
const HOSTILE: &str = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202e}";

/// A site on which all that others may write is hostile.
fn hostile(access: Access, address: &str) -> TestServer {
    let site = TestServer::open_to(access, address, Limits::default());
    site.show_holder(HOSTILE, MINUTE);
    site.say(Fact::Elector(Notice::LeaderChanged(HOSTILE.to_owned())));
    site.report(Source::Application, "note", Value::Text(HOSTILE.to_owned()));
    let entry = Entry {
        identity: HOSTILE.to_owned(),
        zone: Some(HOSTILE.to_owned()),
        version: HOSTILE.to_owned(),
        signals: vec![(HOSTILE.to_owned(), Value::Texts(vec![HOSTILE.to_owned()]))],
        ..Entry::default()
    };
    site.state.change_roster(|roster| {
        roster.wanted = true;
        roster.not_followed = Some(HOSTILE.to_owned());
        roster.others = vec![Listed { entry, at: clock::now(), since: Vec::new() }];
    });
    site.state.change_policy(|report| {
        report.source = HOSTILE.to_owned();
        report.rollout.source_error = Some(HOSTILE.to_owned());
    });
    let (outcome, detail) = (Outcome::Unreachable, HOSTILE.to_owned());
    let error = LockError { outcome, retry_after: None, of_content: false, detail };
    let later = clock::now() + MINUTE;
    site.state.change_lock(|lock| lock.last_failure = Some((later, error)));
    site
}

#[test]
fn it_is_one_page_with_nothing_from_outside_and_a_strict_policy() {
    let site = TestServer::start();
    site.show_own_term(MINUTE);
    let answer = get(site.address(), "/ui");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let policy = answer.header("content-security-policy").expect("a policy");
    for part in
        ["default-src 'none'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(answer.body.contains("<title>web-0 leads · shop/web</title>"), "{}", answer.body);
    assert!(answer.body.contains("<h1><bdi>web-0</bdi> leads</h1>"), "{}", answer.body);
    assert!(answer.body.contains("fencing token <b>4711</b>"), "{}", answer.body);
    for wrong in ["src=", "<button", "<form", "<iframe", "<!--content-->", "<a href=\"http"] {
        assert!(!answer.body.contains(wrong), "{wrong}");
    }
    let head = Client::connect(site.address()).ask("HEAD", "/ui");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(Client::connect(site.address()).ask("POST", "/ui").status, 405);
}

#[test]
fn nobody_leads_is_said_with_the_reason() {
    let site = TestServer::start();
    site.show_holder("web-1", MINUTE);
    site.say(Fact::Elector(Notice::LeaderChanged("web-1".to_owned())));
    site.show_holder("web-1", Duration::ZERO);
    site.say(Fact::Elector(Notice::LeaderChanged(String::new())));
    let page = get(site.address(), "/ui").body;
    assert!(page.contains("Nobody leads"), "{page}");
    assert!(page.contains("web-1 did not renew: its lease ran out"), "{page}");
}

#[test]
fn what_others_wrote_is_text_wherever_it_stands() {
    let site = hostile(Access::default(), "127.0.0.1:0");
    let page = get(site.address(), "/ui").body;
    assert_eq!(page.matches("<script>").count(), 1, "{page}");
    assert!(!page.contains("<img") && !page.contains('\u{202e}'), "{page}");
    // Title, headline, history, roster and its parts, signals, errors.
    assert!(page.matches("&lt;script&gt;alert(1)").count() >= 10, "{page}");
    // In attributes, such as what lanes are called, quotes end nothing.
    assert!(!page.contains("onerror=alert(2)>\""), "{page}");
}

#[test]
fn others_see_who_leads_and_why_they_see_no_more() {
    let site = hostile(Access::default(), ":0");
    let pod = SocketAddr::from((own_address(), site.address().port()));
    let page = get(pod, "/ui");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("&lt;script&gt;alert(1)"), "who leads: {}", page.body);
    assert!(page.body.contains("data-watch=\"/v1/watch?kinds=leader\""), "{}", page.body);
    let why = format!("shown to this pod only, and this came from {}", pod.ip());
    assert!(page.body.contains("Not shown to you") && page.body.contains(&why), "{}", page.body);
    for hidden in ["Hand-overs", "Candidates", "Decisions", "note", "Signals</h2>"] {
        assert!(!page.body.contains(&format!(">{hidden}<")), "{hidden}: {}", page.body);
    }
    let access = Access { detail: Detail::PodNetwork, ..Access::default() };
    let open = hostile(access, ":0");
    let pod = SocketAddr::from((own_address(), open.address().port()));
    let page = get(pod, "/ui").body;
    assert!(page.contains("Hand-overs") && page.contains("?kinds=leader,policy,"), "{page}");
}
