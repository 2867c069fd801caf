//! A candidate as an expression has it in hand: its fields, and its signals by functions.

use std::any::Any;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelString, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use hotseat_policy::{Candidate as Published, Signal, Value, source};

use crate::values::{flag, whole};

/// The signal that has the zone of the own node.
const ZONE: &str = "topology.kubernetes.io/zone";
/// The signal by which the application says that it is ready to lead.
const READY: &str = "ready";
/// The host's clock, such as `22:05` in UTC.
pub(crate) const TIME_OF_DAY: &str = "host.time-of-day";
/// `monday` to `sunday`.
pub(crate) const WEEKDAY: &str = "host.weekday";
/// What says that this candidate is about to go away, by source and key.
const DRAINING: [(&str, &str); 2] =
    [(source::NODE, "node.draining"), (source::POD, "pod.terminating")];

static TYPE: Type = Type::new_unspecified_type("candidate");

/// This candidate, or another one: one of those that the question names, of whom all is there once however
/// often an expression hands one on.
#[derive(Clone)]
pub(crate) struct Candidate {
    all: Arc<Vec<Published>>,
    at: usize,
}

impl Candidate {
    /// This candidate, with its own signals.
    pub(crate) fn own(identity: &str, signals: Vec<Signal>) -> Candidate {
        let ready = find(&signals, READY).map(|it| it.value == Value::Flag(true));
        let zone = find(&signals, ZONE).and_then(Signal::text).map(ToOwned::to_owned);
        let own = Published {
            identity: identity.to_owned(),
            age: 0,
            ready,
            zone,
            policy: None,
            signals,
            extra: Vec::new(),
        };
        Candidate { all: Arc::new(vec![own]), at: 0 }
    }

    /// The others, as they published themselves.
    pub(crate) fn others(all: &Arc<Vec<Published>>) -> impl Iterator<Item = Candidate> {
        (0..all.len()).map(|at| Candidate { all: Arc::clone(all), at })
    }

    fn known(&self) -> &Published {
        &self.all[self.at]
    }

    pub(crate) fn identity(&self) -> &str {
        &self.known().identity
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.known().ready.unwrap_or(false)
    }

    pub(crate) fn zone(&self) -> &str {
        self.known().zone.as_deref().unwrap_or_default()
    }

    fn policy(&self) -> &str {
        self.known().policy.as_deref().unwrap_or_default()
    }

    /// What the host itself says under that key; nothing where it does not.
    pub(crate) fn host(&self, key: &str) -> &str {
        self.signal_from(source::HOST, key).and_then(Signal::text).unwrap_or_default()
    }

    /// Is the node or the pod about to go away?
    pub(crate) fn is_draining(&self) -> bool {
        let says = |(source, key): (&str, &str)| self.signal_from(source, key)?.flag();
        DRAINING.into_iter().any(|it| says(it) == Some(true))
    }

    /// The signal of that key from that source.
    pub(crate) fn signal_from(&self, source: &str, key: &str) -> Option<&Signal> {
        self.known().signals.iter().find(|signal| signal.source == source && signal.key == key)
    }

    /// The signal of that key; of several sources the one that is to be trusted most.
    pub(crate) fn signal(&self, key: &str) -> Option<&Signal> {
        find(&self.known().signals, key)
    }
}

fn find<'a>(signals: &'a [Signal], key: &str) -> Option<&'a Signal> {
    signals.iter().find(|signal| signal.key == key)
}

fn text<'b, 'v>(text: &str) -> CowVal<'b, 'v> {
    CowVal::owned(CelString::from(text.to_owned()))
}

impl Debug for Candidate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "candidate {}", self.identity())
    }
}

impl StaticVal for Candidate {}

impl Val for Candidate {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Candidate>().is_some_and(|other| other.identity() == self.identity())
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
}

impl Indexer for Candidate {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let field = field.downcast_ref::<CelString>().map_or("", |it| it.inner());
        Ok(match field {
            "identity" => text(self.identity()),
            "age" => whole(self.known().age),
            "ready" => flag(self.is_ready()),
            "zone" => text(self.zone()),
            "policy" => text(self.policy()),
            other => return Err(ExecutionError::no_such_key(other)),
        })
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}
