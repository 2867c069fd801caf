//! As much of JSON as the sidecar's documents take: the members of one object.

use std::collections::HashMap;

/// The members of the object that the text is, each value as it stands there, and of a list or an object only
/// how it begins. None where the text is anything else.
pub(crate) fn members(mut rest: &str) -> Option<HashMap<String, &str>> {
    let (mut members, mut sign) = (HashMap::new(), "{");
    while token(&mut rest)? == sign {
        let name = text(token(&mut rest)?)?;
        let value = (token(&mut rest)? == ":").then(|| value(&mut rest))??;
        members.insert(name, value);
        if rest.trim() == "}" {
            return Some(members);
        }
        sign = ",";
    }
    None
}

/// What a value says that is a text.
pub(crate) fn text(value: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(mut next) = chars.next() {
        if next == '\\' {
            let kind = chars.next()?;
            if kind == 'u' {
                units.push(u16::from_str_radix(chars.as_str().get(..4)?, 16).ok()?);
                chars.nth(3);
                continue;
            }
            next = "\u{8}\u{c}\n\r\t\"\\/".chars().nth("bfnrt\"\\/".find(kind)?)?;
        }
        units.extend_from_slice(next.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

/// The next value. What a list or an object has in it is passed over, however deep it lies.
fn value<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let value = token(rest).filter(|first| ![",", ":"].contains(first))?;
    let (mut depth, mut next) = (0, value);
    loop {
        match next {
            "{" | "[" => depth += 1,
            "}" | "]" => depth -= 1,
            _ => {}
        }
        match depth {
            0 => return Some(value),
            1.. => next = token(rest)?,
            _ => return None,
        }
    }
}

/// The next text with its quotation marks, word or sign.
fn token<'a>(rest: &mut &'a str) -> Option<&'a str> {
    *rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    let mut escaped = true; // the quotation mark at the beginning ends nothing
    let end = match rest.chars().next()? {
        '"' => {
            1 + rest.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })?
        }
        '{' | '}' | '[' | ']' | ':' | ',' => 1,
        _ => rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
            .unwrap_or(rest.len()),
    };
    let (token, after) = rest.split_at_checked(end).filter(|_| end > 0)?;
    *rest = after;
    Some(token)
}
#[cfg(test)]
mod tests {
    use super::{members, text};

    #[test]
    fn the_members_of_an_object_are_read() {
        let read = members(
            r#" {"a":true,"b":12, "c" : "x\"\u00e9\ud83d\ude00\n","d":null,"e":[1,{"f":["]"]}],
            "g":-1.5e3,"h":{}} "#,
        );
        let read = read.unwrap();
        assert_eq!(read.len(), 7);
        assert_eq!((read["a"], read["b"], read["d"]), ("true", "12", "null"));
        assert_eq!(text(read["c"]).unwrap(), "x\"é😀\n");
        assert_eq!((read["e"], read["g"], read["h"]), ("[", "-1.5e3", "{"));
        let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(60_000), "]".repeat(60_000));
        assert_eq!(members(&deep).unwrap()["b"], "1");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}", "[".repeat(60_000));
        let wrong = ["", "{", "{}", "[]", "7", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}"];
        let more = ["{\"a\":\"", "{\"a\":,}", "{\"a\":]}", "{\"a\":1", "{\"a\":1]", "{\"a\":1}}"];
        for text in wrong.into_iter().chain(more).chain([deep.as_str()]) {
            assert_eq!(members(text), None, "{text:.20}");
        }
        for wrong in ["1", "\"\\x\"", "\"\\ud800\"", "\"\\u00g0\"", "\"\\\"", "\""] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }
}
