//! The one file that every page for people is: its style and its script, and what a browser may do for
//! it.

use hotseat_text::Digest;
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use maud::Markup;

/// The page but for what is shown on it.
const PAGE: &str = include_str!("page.html");
/// Where that stands.
const CONTENT: &str = "<!--content-->";
/// The title without an election.
const TITLE: &str = "<title>Hotseat</title>";

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Frame {
    policy: HeaderValue,
    referrer: HeaderValue,
}

impl Frame {
    /// The frame of a page on which nothing can be pressed.
    pub fn to_read() -> Frame {
        Frame::new("'none'", "no-referrer")
    }

    /// The frame of a page with forms, which go to where the page came from. Without a referrer of its own
    /// origin a browser would not say of what origin a form is.
    pub fn with_forms() -> Frame {
        Frame::new("'self'", "same-origin")
    }

    fn new(forms: &str, referrer: &'static str) -> Frame {
        // Hexadecimal digits and base64 are ASCII, so it always is a header.
        let policy = HeaderValue::try_from(security_policy(PAGE, forms));
        Frame {
            policy: policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
            referrer: HeaderValue::from_static(referrer),
        }
    }

    /// The page with a title, which is a whole element, and with this on it: one element `#page`, whose
    /// `data-page` and `data-watch` say where the script finds the page and the events that renew it.
    pub fn page(title: &Markup, content: &Markup) -> String {
        PAGE.replacen(TITLE, &title.0, 1).replacen(CONTENT, &content.0, 1)
    }

    /// What a browser gets beside the page.
    pub fn put_on(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, self.referrer.clone());
    }
}

/// What a browser may do for the page: run its script, use its style, ask where it came from, and send
/// forms to `forms`.
fn security_policy(page: &str, forms: &str) -> String {
    let (style, script) = (source(inside(page, "style")), source(inside(page, "script")));
    format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
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
        let policy = security_policy("<style>a{}</style><script>b()</script>", "'self'");
        // As printf 'a{}' | openssl dgst -sha256 -binary | base64 has it.
        let (style, script) = (source("a{}"), source("b()"));
        assert!(policy.contains(&format!("style-src '{style}'")), "{policy}");
        assert!(policy.contains(&format!("script-src '{script}'")), "{policy}");
        assert!(policy.contains("form-action 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
