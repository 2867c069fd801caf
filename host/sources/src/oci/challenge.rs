//! What a registry asks for in `WWW-Authenticate`.

/// How a registry wants to know who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password with each request.
    Basic,
    /// A token that is fetched elsewhere first.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// The first challenge that can be met; a token is taken over a password.
pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for header in headers {
        let header = header.trim_start();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        } else if scheme.eq_ignore_ascii_case("bearer")
            && let Some(bearer) = bearer(rest)
        {
            return Some(bearer);
        }
    }
    basic
}

fn bearer(text: &str) -> Option<Challenge> {
    let (mut realm, mut service, mut scope) = (None, None, None);
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = value(after)?;
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value),
            "service" => service = Some(value),
            "scope" => scope = Some(value),
            _ => {}
        }
        rest = after.trim_start().strip_prefix(',').unwrap_or_default();
    }
    Some(Challenge::Bearer { realm: realm?, service, scope })
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return Some((text.get(..end)?.to_owned(), text.get(end..)?));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(header: &str) -> Option<Challenge> {
        parse([header].into_iter())
    }

    #[test]
    fn a_token_is_asked_for() {
        let asked = one(
            r#"Bearer realm="https://auth.example/token",service="reg, \"istry\"",scope="repository:a/b:pull,push", error="invalid_token""#,
        );
        let Some(Challenge::Bearer { realm, service, scope }) = asked else { panic!("{asked:?}") };
        assert_eq!(realm, "https://auth.example/token");
        assert_eq!(service.as_deref(), Some("reg, \"istry\""));
        assert_eq!(scope.as_deref(), Some("repository:a/b:pull,push"));
        let asked = one("bearer realm=https://a/b, service=x");
        assert!(matches!(asked, Some(Challenge::Bearer { service: Some(x), .. }) if x == "x"));
    }

    #[test]
    fn a_password_is_asked_for() {
        assert_eq!(one(r#"Basic realm="registry""#), Some(Challenge::Basic));
        assert_eq!(one("basic"), Some(Challenge::Basic));
        let both = ["Basic realm=\"a\"", "Bearer realm=\"https://a\""];
        assert!(matches!(parse(both.into_iter()), Some(Challenge::Bearer { .. })));
    }

    #[test]
    fn anything_else_is_nothing() {
        for header in [
            "",
            "Negotiate",
            "Bearer",
            "Bearer realm=\"open",
            "Bearer service=\"a\"",
            "Bearer realm=\"a\\",
        ] {
            assert_eq!(one(header), None, "{header}");
        }
    }
}
