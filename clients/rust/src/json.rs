//! As much of JSON as the sidecar's documents take: the members of one object. Bounded in depth.

/// How deep values may lie in each other.
const DEEPEST: u32 = 32;

/// A value; what is in lists, objects and numbers that are not whole is only skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Flag(bool),
    Whole(u64),
    Text(String),
    Other,
}

/// The members of the object that the text is; none where it is anything else.
pub(crate) fn members(text: &str) -> Option<Vec<(String, Value)>> {
    let mut reader = Reader { rest: text };
    let members = reader.object(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(members)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Whether these characters come next; they are taken then.
    fn takes(&mut self, expected: &str) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn object(&mut self, depth: u32) -> Option<Vec<(String, Value)>> {
        let mut members = Vec::new();
        self.list('{', '}', |reader| {
            reader.skip_space();
            let name = reader.text()?;
            let value = reader.takes(":").then(|| reader.value(depth + 1))??;
            members.push((name, value));
            Some(())
        })?;
        Some(members)
    }

    fn list(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(open)?;
        let close = close.to_string();
        if self.takes(&close) {
            return Some(());
        }
        loop {
            item(self)?;
            if !self.takes(",") {
                return self.takes(&close).then_some(());
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        match self.rest.chars().next().filter(|_| depth < DEEPEST)? {
            '{' => self.object(depth).map(|_| Value::Other),
            '[' => {
                let item = |reader: &mut Self| reader.value(depth + 1).map(|_| ());
                self.list('[', ']', item).map(|()| Value::Other)
            }
            '"' => self.text().map(Value::Text),
            't' => self.takes("true").then_some(Value::Flag(true)),
            'f' => self.takes("false").then_some(Value::Flag(false)),
            'n' => self.takes("null").then_some(Value::Other),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !"+-.0123456789eE".contains(c));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let whole = number.bytes().all(|byte| byte.is_ascii_digit());
        match whole {
            true => number.parse().ok().map(Value::Whole),
            false => number.parse::<f64>().ok().map(|_| Value::Other),
        }
    }

    fn text(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\'])?;
            text.push_str(self.rest.get(..end)?);
            let escape = self.rest.as_bytes().get(end) == Some(&b'\\');
            self.rest = self.rest.get(end + 1..)?;
            if !escape {
                return Some(text);
            }
            text.push(self.escaped()?);
        }
    }

    /// The character behind a backslash.
    fn escaped(&mut self) -> Option<char> {
        let kind = self.rest.chars().next()?;
        self.rest = self.rest.get(kind.len_utf8()..)?;
        Some(match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let low = match high {
                    0xd800..=0xdbff => {
                        self.rest = self.rest.strip_prefix("\\u")?;
                        Some(self.unit()?)
                    }
                    _ => None,
                };
                return char::decode_utf16([high].into_iter().chain(low)).next()?.ok();
            }
            '"' | '\\' | '/' => kind,
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4)?;
        self.rest = self.rest.get(4..)?;
        u16::from_str_radix(digits, 16).ok()
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
        let names: String = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, "abcdegh");
        assert_eq!(read[..2], [("a".into(), Value::Flag(true)), ("b".into(), Value::Whole(12))]);
        assert_eq!(read[2].1, Value::Text("x\"é😀\n".into()));
        assert!(read[3..].iter().all(|(_, value)| *value == Value::Other));
        assert_eq!(members("{}"), Some(vec![]));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let deep = format!("{{\"a\":{}", "[".repeat(60_000));
        let wrong = ["", "{", "[]", "7", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}"];
        let texts =
            ["{\"a\":\"", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":tru}", "{\"a\":-}"];
        for text in wrong.into_iter().chain(texts).chain([deep.as_str()]) {
            assert_eq!(members(text), None, "{text:.20}");
        }
    }
}
