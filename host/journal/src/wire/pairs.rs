//! Pairs of a key and a value: what a policy publishes, and what a later host may add.

use super::scalar::{integer, number};
use hotseat_core::policy::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Value", rename_all = "kebab-case")]
pub(super) enum ValueDef {
    Text(String),
    Integer(#[serde(with = "integer")] i64),
    Number(#[serde(with = "number")] f64),
    Flag(bool),
    Texts(Vec<String>),
    Json(String),
}

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
