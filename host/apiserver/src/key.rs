//! Where an object is among all of them.

use crate::resource::Resource;

/// The place of an object; the order is that of lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) plural: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &'static Resource, namespace: &str, name: &str) -> Key {
        Key { plural: resource.plural, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}
