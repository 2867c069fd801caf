//! One text out of a map of many: of labels and annotations, which anybody may fill, the one that counts.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The text under the key of `K`, if there is one. The others are passed over and not kept.
pub(super) struct Only<K>(pub(super) Option<String>, PhantomData<K>);

/// Which key.
pub(super) trait Key {
    const KEY: &'static str;
}

impl<K> fmt::Debug for Only<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, K: Key> Deserialize<'de> for Only<K> {
    fn deserialize<D: Deserializer<'de>>(map: D) -> Result<Only<K>, D::Error> {
        map.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K>(PhantomData<K>);

impl<'de, K: Key> Visitor<'de> for Entries<K> {
    type Value = Only<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Only<K>, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            match key == K::KEY {
                true => found = Some(map.next_value()?),
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Only(found, PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wanted;

    impl Key for Wanted {
        const KEY: &'static str = "b";
    }

    #[test]
    fn the_one_that_counts_is_kept() {
        let read = |text: &str| serde_json::from_str::<Option<Only<Wanted>>>(text);
        let found = |text: &str| read(text).unwrap().and_then(|only| only.0);
        assert_eq!(found(r#"{"a":"x","b":"y","c":[7]}"#).as_deref(), Some("y"));
        assert_eq!(found(r#"{"a":"x"}"#), None);
        assert_eq!(found("null"), None);
        assert!(read(r#"{"b":7}"#).is_err() && read("[]").is_err());
    }
}
