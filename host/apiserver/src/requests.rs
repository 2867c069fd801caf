//! A count of requests, by who asked for what.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::resource::Verb;
use crate::sync::lock;

/// How often one client did one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The `User-Agent` header, at most 128 bytes of it; empty if there was none.
    pub agent: String,
    /// What was asked; none for discovery, health and other documents.
    pub verb: Option<Verb>,
    /// The plural name, such as `leases`; the path for documents.
    pub resource: String,
    /// Requests so far.
    pub count: u64,
}

/// The counts at one moment. A watch counts once, however long it lasts; a request that a fault
/// swallowed counts too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    counts: Vec<Count>,
}

impl Requests {
    /// One line for each client, verb and resource, in that order.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.sum(|_| true)
    }

    /// Requests for objects of one kind, by verb and plural name.
    pub fn of(&self, verb: Verb, resource: &str) -> u64 {
        self.sum(|c| c.verb == Some(verb) && c.resource == resource)
    }

    /// Requests of the clients whose `User-Agent` contains that text.
    pub fn by_agent(&self, agent: &str) -> Requests {
        let counts = self.counts.iter().filter(|c| c.agent.contains(agent));
        Requests { counts: counts.cloned().collect() }
    }

    /// What came since an earlier moment.
    pub fn since(&self, earlier: &Requests) -> Requests {
        let before = |count: &Count| {
            earlier
                .counts
                .iter()
                .find(|c| {
                    (&c.agent, c.verb, &c.resource) == (&count.agent, count.verb, &count.resource)
                })
                .map_or(0, |c| c.count)
        };
        let grown = self.counts.iter().filter_map(|count| {
            let new = count.count.saturating_sub(before(count));
            (new > 0).then(|| Count { count: new, ..count.clone() })
        });
        Requests { counts: grown.collect() }
    }

    fn sum(&self, wanted: impl Fn(&Count) -> bool) -> u64 {
        let counts = self.counts.iter().filter(|c| wanted(c));
        counts.map(|c| c.count).sum()
    }
}

/// Client, verb and resource.
type Kind = (String, Option<Verb>, String);

/// The running counts.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: Mutex<BTreeMap<Kind, u64>>,
}

impl Counter {
    /// More kinds of request than this are counted together, so that a client with ever new names
    /// cannot fill the memory.
    const MOST: usize = 10_000;

    pub(crate) fn count(&self, agent: &str, verb: Option<Verb>, resource: &str) {
        let mut counts = lock(&self.counts);
        let mut key = (clip(agent), verb, clip(resource));
        if counts.len() >= Counter::MOST && !counts.contains_key(&key) {
            key = ("others".to_owned(), None, String::new());
        }
        *counts.entry(key).or_insert(0) += 1;
    }

    pub(crate) fn read(&self) -> Requests {
        let counts = lock(&self.counts);
        let counts = counts.iter().map(|((agent, verb, resource), count)| Count {
            agent: agent.clone(),
            verb: *verb,
            resource: resource.clone(),
            count: *count,
        });
        Requests { counts: counts.collect() }
    }
}

fn clip(text: &str) -> String {
    text.get(..128).unwrap_or(text).chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences() {
        let counter = Counter::default();
        counter.count("a/1", Some(Verb::Get), "leases");
        counter.count("a/1", Some(Verb::Get), "leases");
        let earlier = counter.read();
        counter.count("a/1", Some(Verb::Update), "leases");
        counter.count("b/1", Some(Verb::Get), "leases");
        counter.count("b/1", None, "/version");
        let now = counter.read();
        assert_eq!(now.total(), 5);
        assert_eq!(now.of(Verb::Get, "leases"), 3);
        assert_eq!(now.by_agent("a/").total(), 3);
        assert_eq!(now.since(&earlier).total(), 3);
        assert_eq!(now.since(&earlier).of(Verb::Get, "leases"), 1);
    }

    #[test]
    fn ever_new_clients_are_counted_together() {
        let counter = Counter::default();
        for n in 0..=Counter::MOST {
            counter.count(&n.to_string(), Some(Verb::Get), "leases");
        }
        counter.count(&"x".repeat(500), Some(Verb::Get), "leases");
        let read = counter.read();
        assert_eq!(read.total(), 10_002);
        assert_eq!(read.counts().len(), Counter::MOST + 1);
    }
}
