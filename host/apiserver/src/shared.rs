//! What all connections of a server share.

use crate::access::Access;
use crate::config::Config;
use crate::faults::Faults;
use crate::requests::Counter;
use crate::store::Store;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub config: Config,
    pub store: Store,
    pub faults: Faults,
    pub access: Access,
    pub requests: Counter,
}
