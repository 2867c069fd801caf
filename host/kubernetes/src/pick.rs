//! Picking one object out of what a server lists, by its name, without taking in the others.

use super::exchange::{Failure, parse, unreadable};
use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// What is needed of every object, whoever's it is.
#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(default)]
    pub(super) metadata: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) resource_version: String,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// The object of that name in a list, and the list's version. Not each server narrows a list to the
/// name, and what has another name is somebody else's.
///
/// # Errors
///
/// It is not a list that can be read.
pub(super) fn pick<K: DeserializeOwned>(
    list: &[u8],
    name: &str,
) -> Result<(Option<K>, String), Failure> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        metadata: Meta,
        items: Vec<Head>,
    }
    let List { metadata, items } = parse(list)?;
    let version = metadata.resource_version;
    let Some(index) = items.iter().position(|item| item.metadata.name == name) else {
        return Ok((None, version));
    };
    let mut reader = serde_json::Deserializer::from_slice(list);
    let object = reader.deserialize_map(Items { index, kind: PhantomData });
    Ok((object.map_err(|error| unreadable(&error))?, version))
}

/// Reads one item of the list, and passes over everything else.
struct Items<K> {
    index: usize,
    kind: PhantomData<K>,
}

impl<'de, K: DeserializeOwned> Visitor<'de> for Items<K> {
    type Value = Option<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut list: A) -> Result<Option<K>, A::Error> {
        let mut found = None;
        while let Some(key) = list.next_key::<String>()? {
            match key.as_str() {
                "items" => {
                    found = list.next_value_seed(Item { index: self.index, kind: PhantomData })?
                }
                _ => drop(list.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

struct Item<K> {
    index: usize,
    kind: PhantomData<K>,
}

impl<'de, K: DeserializeOwned> DeserializeSeed<'de> for Item<K> {
    type Value = Option<K>;

    fn deserialize<D: Deserializer<'de>>(self, items: D) -> Result<Option<K>, D::Error> {
        items.deserialize_seq(self)
    }
}

impl<'de, K: DeserializeOwned> Visitor<'de> for Item<K> {
    type Value = Option<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<K>, A::Error> {
        for _ in 0..self.index {
            items.next_element::<IgnoredAny>()?;
        }
        let found = items.next_element()?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_object_of_that_name_is_picked_wherever_it_stands() {
        let list = br#"{"kind":"List","items":[{"metadata":{"name":"a"},"x":[1,{}]},
            {"metadata":{"name":"b","resourceVersion":"3"},"x":2}],"metadata":{"resourceVersion":"7"}}"#;
        let (found, version) = pick::<Value>(list, "b").unwrap();
        assert_eq!((found.unwrap()["x"].clone(), version.as_str()), (2.into(), "7"));
        assert!(pick::<Value>(list, "c").unwrap().0.is_none());
        assert!(pick::<Value>(b"{}", "c").is_err(), "no list");
        assert!(pick::<Value>(b"<html>", "c").is_err());
    }
}
