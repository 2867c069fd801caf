//! `/ui`: the election on one page, for people.
//!
//! The page is made here as a whole, so that it is there without JavaScript. Its one script listens
//! to `/v1/watch`, asks for the page again and puts what differs in its place, so that there is one
//! place where text of others becomes HTML: [`content`], by a macro that escapes all of it. What the
//! page may load or run is said by its `Content-Security-Policy`: the style and the script that are in
//! it, by their digests, and nothing else. Nothing on it changes anything.

mod content;
mod lanes;
mod past;
mod present;
mod words;

pub(super) use content::Shown;

use super::answer::{Answer, Answers};
use hotseat_text::Digest;
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use std::rc::Rc;

/// The page but for what is shown on it.
const PAGE: &str = include_str!("page.html");
/// Where that stands.
const CONTENT: &str = "<!--content-->";
/// The title without an election.
const TITLE: &str = "<title>Hotseat</title>";

/// The frame of the page, taken apart once.
#[derive(Debug)]
pub(super) struct Page {
    policy: HeaderValue,
    /// A page that the operator of this process has for steering it, as that of a demonstration.
    controls: Option<Rc<str>>,
}

impl Page {
    /// A page that links to `controls`, if there are any.
    pub(super) fn new(controls: Option<&str>) -> Page {
        // Hexadecimal digits and base64 are ASCII, so it always is a header.
        let policy = HeaderValue::try_from(security_policy(PAGE));
        Page {
            policy: policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
            controls: controls.map(Rc::from),
        }
    }

    /// The answer with this on the page.
    pub(super) fn answer(&self, answers: &Answers, shown: &Shown) -> Answer {
        let title = content::title(shown).into_string();
        let content = content::page(shown, self.controls.as_deref()).into_string();
        let page = PAGE.replacen(TITLE, &title, 1).replacen(CONTENT, &content, 1);
        let mut answer = answers.html(page);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }
}

/// What a browser may do for the page: run its script, use its style, and ask where it came from.
fn security_policy(page: &str) -> String {
    let (style, script) = (source(inside(page, "style")), source(inside(page, "script")));
    format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// What stands in the one element of that name.
fn inside<'a>(page: &'a str, element: &str) -> &'a str {
    let after = page.split_once(&format!("<{element}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{element}>")).map_or("", |(inside, _)| inside)
}

/// Its digest as a Content-Security-Policy has it.
fn source(text: &str) -> String {
    use base64::Engine as _;
    let digest =
        base64::engine::general_purpose::STANDARD.encode(Digest::of(text.as_bytes()).bytes());
    format!("sha256-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_style_and_one_script_and_nothing_from_outside() {
        for element in ["<style>", "<script>", CONTENT, TITLE] {
            assert_eq!(PAGE.matches(element).count(), 1, "{element}");
        }
        assert!(inside(PAGE, "style").contains("prefers-color-scheme: dark"));
        assert!(inside(PAGE, "script").contains("EventSource"));
        for outside in ["http://", "https://", "//cdn", "@import", "url(", " style=", " onclick="] {
            let page = PAGE.replace("http://www.w3.org/2000/svg", "");
            let page = page.replace("xmlns='http://", "");
            assert!(!page.contains(outside), "{outside}");
        }
        // None of the ways by which text becomes code or markup again.
        for way in
            ["innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(", "document.write"]
        {
            assert!(!PAGE.contains(way), "{way}");
        }
    }

    #[test]
    fn the_policy_names_the_digests_of_both() {
        let policy = security_policy("<style>a{}</style><script>b()</script>");
        // As printf 'a{}' | openssl dgst -sha256 -binary | base64 has it.
        let (style, script) = (source("a{}"), source("b()"));
        assert!(policy.contains(&format!("style-src '{style}'")), "{policy}");
        assert!(policy.contains(&format!("script-src '{script}'")), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
