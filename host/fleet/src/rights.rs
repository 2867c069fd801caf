//! What this person may do to an election, by the API server's word.

use hotseat_core::time::Moment;
use hotseat_election::{ElectionName, Facts, Right, clock};
use hotseat_kubernetes::{Connection, Inspector, LockKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long an answer is shown before the server is asked again. What is pressed is judged anew.
const FRESH: Duration = Duration::from_secs(30);
/// The most answers that are kept.
const MOST: usize = 256;

/// Whether this person may ask something of an election, by writing its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum May {
    /// Yes.
    Yes,
    /// These rights are missing.
    No(Vec<Right>),
    /// It is not known, for this reason.
    Unknown(String),
}

/// What to do where rights are missing, in words that this crate does not know.
pub type Remedy = fn(&ElectionName) -> String;

/// Asks the API server, and remembers the answers for a while. Cheap to clone.
#[derive(Clone)]
pub struct Rights {
    connection: Connection,
    known: Arc<Mutex<BTreeMap<ElectionName, (Moment, May)>>>,
}

impl Rights {
    /// By that person's credentials.
    pub fn new(connection: Connection) -> Rights {
        Rights { connection, known: Arc::default() }
    }

    /// What the server said lately, for what is shown.
    pub(crate) async fn lately(&self, name: &ElectionName) -> May {
        let known = |rights: &Rights| {
            let known = rights.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(name).filter(|(at, _)| clock::now() < *at + FRESH).map(|(_, may)| may.clone())
        };
        match known(self) {
            Some(may) => may,
            None => self.now(name).await,
        }
    }

    /// What the server says now, for what is done.
    pub(crate) async fn now(&self, name: &ElectionName) -> May {
        let facts = Facts::new(name.clone(), clock::now);
        let inspector = Inspector::new(self.connection.clone(), facts, LockKind::Leases);
        let may = match inspector.missing(&inspector.rights_to_ask()).await {
            Ok(missing) if missing.is_empty() => May::Yes,
            Ok(missing) => May::No(missing),
            Err(why) => May::Unknown(why),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name.clone(), (clock::now(), may.clone()));
        may
    }
}

impl May {
    /// For people: why not, and what to do; none if they may.
    pub(crate) fn refusal(&self, name: &ElectionName, remedy: Remedy) -> Option<String> {
        match self {
            May::Yes => None,
            May::Unknown(why) => {
                Some(format!("whether you may ask anything of it is not known: {why}"))
            }
            May::No(missing) => {
                let verbs: Vec<&str> = missing.iter().map(|right| right.verb).collect();
                Some(format!(
                    "your account may not {} leases {} in namespace {}: {}",
                    verbs.join(" and "),
                    name.name(),
                    name.namespace(),
                    remedy(name),
                ))
            }
        }
    }
}
