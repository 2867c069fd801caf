//! Pairs of a key and a value: what a policy publishes, and what a later host may add.

use super::input::ValueDef;
use hotseat_core::policy::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize)]
struct Lent<'a> {
    key: &'a str,
    #[serde(with = "ValueDef")]
    value: &'a Value,
}

#[derive(Deserialize)]
struct Owned {
    key: String,
    #[serde(with = "ValueDef")]
    value: Value,
}

pub(super) fn serialize<S: Serializer>(list: &[(String, Value)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(list.iter().map(|(key, value)| Lent { key, value }))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(String, Value)>, D::Error> {
    let list = Vec::<Owned>::deserialize(from)?;
    Ok(list.into_iter().map(|Owned { key, value }| (key, value)).collect())
}
