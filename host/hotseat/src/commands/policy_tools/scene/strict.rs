//! Reads a value into a type and refuses what the type has no name for, with the place and the
//! nearest name.
//!
//! A derived type tells its deserializer the names of its fields; most deserializers take no notice.
//! So what is allowed is what the type has, and nobody keeps a second list of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value};

/// The names of the fields of each record that was read, by its place without the numbers of lists.
pub(super) type Names = RefCell<BTreeMap<String, &'static [&'static str]>>;

/// A value at its place.
pub(super) struct Strict<'a> {
    value: Value,
    /// Such as `observation.signals[2].age_ms`.
    at: String,
    names: &'a Names,
}

/// Why a value is not of the type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    at: Option<String>,
    why: String,
}

impl<'a> Strict<'a> {
    pub(super) fn new(value: Value, names: &'a Names) -> Strict<'a> {
        Strict { value, at: String::new(), names }
    }

    fn part(&self, value: Value, step: &str) -> Strict<'a> {
        let dot = if self.at.is_empty() || step.starts_with('[') { "" } else { "." };
        Strict { value, at: format!("{}{dot}{step}", self.at), names: self.names }
    }

    /// What is found wrong behind the reading itself has the same place.
    fn read_by<'de, T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        let at = self.at.clone();
        seed.deserialize(self).map_err(|unfit| Unfit { at: unfit.at.or(Some(at)), ..unfit })
    }

    fn refuse<T>(&self, why: String) -> Result<T, Unfit> {
        Err(Unfit { at: Some(self.at.clone()), why })
    }
}

/// What is said of a name that there is not.
pub(super) fn unknown(name: &str, names: &[&str]) -> String {
    let name = hotseat_text::cut(name, 64);
    match hotseat_text::nearest(&name, names.iter().copied()) {
        Some(nearest) => format!("`{name}` is not known: write `{nearest}`, if that is meant"),
        None => format!("`{name}` is not known: there are {}", names.join(", ")),
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_deref() {
            Some("") | None => f.write_str(&self.why),
            Some(at) => write!(f, "{at}: {}", self.why),
        }
    }
}

impl std::error::Error for Unfit {}

impl de::Error for Unfit {
    fn custom<T: fmt::Display>(why: T) -> Unfit {
        Unfit { at: None, why: why.to_string() }
    }
}

impl<'de> Deserializer<'de> for Strict<'_> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let at = self.at.clone();
        let visited = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::String(text) => visitor.visit_string(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (_, Some(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Array(ref items) => {
                let items = items.clone().into_iter().enumerate();
                visitor.visit_seq(Items { whole: &self, items })
            }
            Value::Object(ref fields) => {
                let fields = fields.clone().into_iter();
                visitor.visit_map(Fields { whole: &self, fields, value: None })
            }
        };
        visited.map_err(|unfit| Unfit { at: unfit.at.or(Some(at)), ..unfit })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.names.borrow_mut().insert(without_numbers(&self.at), names);
        if let Value::Object(fields) = &self.value
            && let Some(name) = fields.keys().find(|name| !names.contains(&name.as_str()))
        {
            return self.refuse(unknown(name, names));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let (name, value) = match &self.value {
            Value::String(name) => (name.clone(), None),
            Value::Object(fields) if fields.len() == 1 => match fields.iter().next() {
                Some((name, value)) => (name.clone(), Some(value.clone())),
                None => return self.refuse(format!("give one of {}", names.join(", "))),
            },
            _ => return self.refuse(format!("give one of {}", names.join(", "))),
        };
        if !names.contains(&name.as_str()) {
            return self.refuse(unknown(&name, names));
        }
        let at = self.at.clone();
        let value = value.map(|value| self.part(value, &name));
        visitor
            .visit_enum(Variant { name, value })
            .map_err(|unfit| Unfit { at: unfit.at.or(Some(at)), ..unfit })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// `roster[2].signals[0]` as `roster.signals`.
fn without_numbers(at: &str) -> String {
    let mut parts = at.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once(']').map_or("", |(_, rest)| rest))
}

struct Items<'a> {
    whole: &'a Strict<'a>,
    items: std::iter::Enumerate<std::vec::IntoIter<Value>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unfit> {
        let Some((number, value)) = self.items.next() else {
            return Ok(None);
        };
        self.whole.part(value, &format!("[{number}]")).read_by(seed).map(Some)
    }
}

struct Fields<'a> {
    whole: &'a Strict<'a>,
    fields: <Map<String, Value> as IntoIterator>::IntoIter,
    value: Option<Strict<'a>>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unfit> {
        let Some((name, value)) = self.fields.next() else {
            return Ok(None);
        };
        self.value = Some(self.whole.part(value, &name));
        let name: StringDeserializer<Unfit> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        match self.value.take() {
            Some(value) => value.read_by(seed),
            None => Err(de::Error::custom("a value was read before its name")),
        }
    }
}

struct Variant<'a> {
    name: String,
    value: Option<Strict<'a>>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Unfit;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'a>), Unfit> {
        let name: StringDeserializer<Unfit> = self.name.clone().into_deserializer();
        Ok((seed.deserialize(name)?, Content(self)))
    }
}

/// What a variant holds.
struct Content<'a>(Variant<'a>);

impl<'a> Content<'a> {
    fn value<T>(self, read: impl FnOnce(Strict<'a>) -> Result<T, Unfit>) -> Result<T, Unfit> {
        let Content(Variant { name, value }) = self;
        let why = || de::Error::custom(format_args!("`{name}` needs a value: write `{name}: ..`"));
        value.ok_or_else(why).and_then(read)
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        match self.0.value {
            None => Ok(()),
            Some(_) => {
                let why = format!("`{0}` has no value: write `{0}` alone", self.0.name);
                Err(de::Error::custom(why))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        self.value(|value| seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.value(|value| value.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.value(|value| value.deserialize_struct("", names, visitor))
    }
}
