//! As much of JSON as the sidecar's documents take: the members of one object. Bounded in depth.

use std::collections::HashMap;

/// How deep values may lie in each other.
const DEEPEST: u32 = 32;

/// The members of the object that the text is, each value as it stands there; none where it is anything else.
pub(crate) fn members(text: &str) -> Option<HashMap<String, &str>> {
    let mut reader = Reader { rest: text, members: HashMap::new() };
    let value = reader.value(0)?;
    reader.skip_space();
    (value.starts_with('{') && reader.rest.is_empty()).then_some(reader.members)
}

/// What a value says that is a text.
pub(crate) fn text(value: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(mut next) = chars.next() {
        if next == '\\' {
            next = match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    units.push(u16::from_str_radix(chars.as_str().get(..4)?, 16).ok()?);
                    chars.nth(3);
                    continue;
                }
                same @ ('"' | '\\' | '/') => same,
                _ => return None,
            };
        }
        units.extend_from_slice(next.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

struct Reader<'a> {
    rest: &'a str,
    /// Those of the outermost object.
    members: HashMap<String, &'a str>,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Whether that sign comes next; it is taken then.
    fn takes(&mut self, sign: char) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: u32) -> Option<&'a str> {
        self.skip_space();
        let begin = self.rest;
        match begin.chars().next().filter(|_| depth < DEEPEST)? {
            '{' => self.list('{', '}', depth)?,
            '[' => self.list('[', ']', depth)?,
            '"' => {
                let mut escaped = true; // the quotation mark at the beginning ends nothing
                let end = begin.find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })?;
                self.rest = begin.get(end + 1..)?;
                text(begin.get(..=end)?)?;
            }
            _ => {
                let end = begin.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
                let (word, rest) = begin.split_at(end.unwrap_or(begin.len()));
                let digits = word.chars().all(|c| "+-.0123456789eE".contains(c));
                let number = digits && !word.starts_with('+') && word.parse::<f64>().is_ok();
                (number || ["true", "false", "null"].contains(&word)).then_some(())?;
                self.rest = rest;
            }
        }
        begin.get(..begin.len() - self.rest.len())
    }

    /// The members of an object, or the values of a list.
    fn list(&mut self, open: char, close: char, depth: u32) -> Option<()> {
        self.takes(open);
        let mut ends = self.takes(close);
        while !ends {
            let mut value = self.value(depth + 1)?;
            if open == '{' {
                let name = text(value)?;
                value = self.takes(':').then(|| self.value(depth + 1))??;
                if depth == 0 {
                    self.members.insert(name, value);
                }
            }
            ends = !self.takes(',');
            if ends && !self.takes(close) {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_object_are_read() {
        let text = r#" {"a":true,"b":12, "c" : "x\"\u00e9\ud83d\ude00\n","d":null,"e":[1,{"f":[]}],
            "g":-1.5e3,"h":{}} "#;
        let read = members(text).unwrap();
        assert_eq!(read.len(), 7);
        assert_eq!((read["a"], read["b"], read["d"]), ("true", "12", "null"));
        assert_eq!(super::text(read["c"]).unwrap(), "x\"é😀\n");
        assert_eq!((read["e"], read["g"], read["h"]), (r#"[1,{"f":[]}]"#, "-1.5e3", "{}"));
        assert_eq!(members("{}"), Some(HashMap::new()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}", "[".repeat(60_000));
        let wrong = ["", "{", "[]", "7", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}"];
        let texts = [
            "{\"a\":\"",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":tru}",
            "{\"a\":-}",
            "{\"a\":+5}",
        ];
        for text in wrong.into_iter().chain(texts).chain([deep.as_str()]) {
            assert_eq!(members(text), None, "{text:.20}");
        }
    }
}
