//! Rust's values as values of the language.

use cel::common::types::{CelBool, CelInt, CelList, CelString};
use cel::common::value::{CowVal, Val};

/// A number that is larger than any duration, and leaves room to add to it: 285,000 years.
const VERY_LONG: i64 = 1 << 53;

pub(crate) fn flag<'b, 'v>(flag: bool) -> CowVal<'b, 'v> {
    CowVal::owned(CelBool::from(flag))
}

pub(crate) fn signed<'b, 'v>(number: i64) -> CowVal<'b, 'v> {
    CowVal::owned(CelInt::from(number))
}

/// What is larger than [`VERY_LONG`] is taken as that.
pub(crate) fn whole<'b, 'v>(number: u64) -> CowVal<'b, 'v> {
    signed(i64::try_from(number).map_or(VERY_LONG, |number| number.min(VERY_LONG)))
}

/// A list of text.
pub(crate) fn texts(texts: &[String]) -> CowVal<'static, 'static> {
    let texts = texts.iter().map(|it| Box::new(CelString::from(it.clone())) as Box<dyn Val>);
    CowVal::owned(CelList::from(texts.collect::<Vec<_>>()))
}
