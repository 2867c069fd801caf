//! Faults on demand: what the network and the server do wrong, as rules that come and go.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use crate::resource::Verb;
use crate::status::Status;
use crate::sync::lock;

/// What happens to a request instead of a proper answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answered with that refusal; nothing is applied.
    Status(Status),
    /// Applied, but answered with that refusal.
    ApplyThenStatus(Status),
    /// Never answered and not applied; the connection stays open.
    Hang,
    /// Applied but never answered; the connection stays open.
    ApplyThenHang,
    /// Not applied; the connection is reset without an answer.
    Reset,
    /// Applied, then the connection is reset without an answer.
    ApplyThenReset,
    /// Handled properly after that time.
    Delay(Duration),
    /// Applied at once, answered after that time.
    DelayAnswer(Duration),
    /// Handled as if no selector had been given, as by a server that knows none.
    Unfiltered,
    /// Answered with that text and the code 200; nothing is applied.
    Text(String),
    /// Answered with the code 200 and a body that has no end, of one line; nothing is applied.
    Endless,
    /// Watches stay open but deliver nothing, also no bookmark and no end, while this rule is
    /// there; then they go on with what they missed. New watches are accepted and silent too.
    Silence,
    /// Watches, running and new ones, deliver the error 410 and end.
    Expire,
    /// Watches, running and new ones, end without an error.
    CloseWatch,
}

/// Which requests a rule is for. Every part that is not set fits all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fault {
    verb: Option<Verb>,
    resource: Option<String>,
    name: Option<String>,
    agent: Option<String>,
    times: Option<u32>,
    next_page: bool,
}

/// The handle of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u64);

impl Fault {
    /// All requests for objects and access reviews; never discovery, version and health.
    pub fn any() -> Fault {
        Fault::default()
    }

    /// Requests with that verb.
    pub fn on(verb: Verb) -> Fault {
        Fault { verb: Some(verb), ..Fault::default() }
    }

    /// Only for objects of that kind, by plural name, such as `leases`.
    pub fn resource(mut self, plural: &str) -> Fault {
        self.resource = Some(plural.to_owned());
        self
    }

    /// Only for the object of that name, or a list or watch narrowed to it by a field selector.
    pub fn name(mut self, name: &str) -> Fault {
        self.name = Some(name.to_owned());
        self
    }

    /// Only for clients whose `User-Agent` contains that text.
    pub fn agent(mut self, text: &str) -> Fault {
        self.agent = Some(text.to_owned());
        self
    }

    /// Only requests that go on with a list, for its second page or a later one.
    pub fn next_page(mut self) -> Fault {
        self.next_page = true;
        self
    }

    /// Only the next `count` requests; the rule goes away after them.
    pub fn times(mut self, count: u32) -> Fault {
        self.times = Some(count);
        self
    }

    fn fits(&self, request: &Request<'_>) -> bool {
        let same = |rule: &Option<String>, given: &str| rule.as_ref().is_none_or(|r| r == given);
        self.verb.is_none_or(|v| v == request.verb)
            && (request.next_page || !self.next_page)
            && same(&self.resource, request.resource)
            && same(&self.name, request.name)
            && self.agent.as_ref().is_none_or(|a| request.agent.contains(a.as_str()))
    }
}

/// What rules are compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub verb: Verb,
    pub resource: &'a str,
    pub name: &'a str,
    /// It goes on with a list.
    pub next_page: bool,
    pub agent: &'a str,
}

/// The rules of a server. The first rule that fits decides.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Rules>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Rules {
    active: Vec<Rule>,
    /// How often each rule ever made was met, by number.
    hits: Vec<u64>,
}

#[derive(Debug)]
struct Rule {
    id: FaultId,
    fault: Fault,
    action: Action,
}

impl Faults {
    pub(crate) fn new() -> Faults {
        Faults { rules: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Installs a rule, after those that are there. It concerns requests that arrive from now on
    /// and, for [`Action::Silence`], [`Action::Expire`] and [`Action::CloseWatch`], running watches.
    pub fn add(&self, fault: Fault, action: Action) -> FaultId {
        let mut rules = lock(&self.rules);
        let id = FaultId(rules.hits.len() as u64);
        rules.hits.push(0);
        if fault.times != Some(0) {
            rules.active.push(Rule { id, fault, action });
        }
        drop(rules);
        self.touch();
        id
    }

    /// Removes a rule and says whether it was still there. What hangs goes on hanging.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut rules = lock(&self.rules);
        let before = rules.active.len();
        rules.active.retain(|rule| rule.id != id);
        let removed = rules.active.len() < before;
        drop(rules);
        self.touch();
        removed
    }

    /// Removes all rules.
    pub fn clear(&self) {
        lock(&self.rules).active.clear();
        self.touch();
    }

    /// How often the rule was met, also after its removal. A silenced watch counts once.
    pub fn hits(&self, id: FaultId) -> u64 {
        let rules = lock(&self.rules);
        let index = usize::try_from(id.0).unwrap_or(usize::MAX);
        rules.hits.get(index).copied().unwrap_or(0)
    }

    /// Waits until the rule was met that often.
    pub async fn wait_for_hits(&self, id: FaultId, count: u64) {
        let mut changed = self.changed.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = changed.wait_for(|_| self.hits(id) >= count).await;
    }

    /// The action for a request that has just arrived.
    pub(crate) fn take(&self, request: &Request<'_>) -> Option<Action> {
        self.meet(request, false).map(|(_, action)| action)
    }

    /// The action for a watch that runs already. `met` is the rule that it met last, which is not
    /// counted again.
    pub(crate) fn on_stream(
        &self,
        request: &Request<'_>,
        met: Option<FaultId>,
    ) -> Option<(FaultId, Action)> {
        {
            let rules = lock(&self.rules);
            let still = rules.active.iter().find(|r| Some(r.id) == met);
            if let Some(rule) = still {
                return Some((rule.id, rule.action.clone()));
            }
        }
        self.meet(request, true)
    }

    /// Wakes on every change of the rules.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Finds and counts the first rule that fits, among those for streams or among the others: a
    /// new watch meets rules for streams when its stream starts.
    fn meet(&self, request: &Request<'_>, streams: bool) -> Option<(FaultId, Action)> {
        let mut guard = lock(&self.rules);
        let rules = &mut *guard;
        let position = rules.active.iter().position(|rule| {
            rule.fault.times != Some(0)
                && rule.action.is_for_streams() == streams
                && rule.fault.fits(request)
        })?;
        let rule = &mut rules.active[position];
        let met = (rule.id, rule.action.clone());
        if let Some(hits) = rules.hits.get_mut(usize::try_from(met.0.0).ok()?) {
            *hits += 1;
        }
        // A used-up silence takes no more streams but stays for those that it has.
        if let Some(times) = &mut rule.fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 && met.1 != Action::Silence {
                rules.active.remove(position);
            }
        }
        drop(guard);
        self.touch();
        Some(met)
    }

    fn touch(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }
}

impl Action {
    fn is_for_streams(&self) -> bool {
        matches!(self, Action::Silence | Action::Expire | Action::CloseWatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(agent: &str) -> Request<'_> {
        Request { verb: Verb::Update, resource: "leases", name: "x", next_page: false, agent }
    }

    #[test]
    fn rules_fit_what_they_name_and_are_used_up() {
        let faults = Faults::new();
        let fault = Fault::on(Verb::Update).resource("leases").name("x").agent("cat");
        let id = faults.add(fault.times(2), Action::Hang);
        assert_eq!(faults.take(&update("dog/1")), None);
        assert_eq!(faults.take(&Request { name: "y", ..update("cat/1") }), None);
        assert_eq!(faults.take(&update("cat/1")), Some(Action::Hang));
        assert_eq!(faults.take(&update("cat/2")), Some(Action::Hang));
        assert_eq!(faults.take(&update("cat/1")), None);
        assert_eq!(faults.hits(id), 2);
        assert!(!faults.remove(id));
    }

    #[test]
    fn the_first_rule_decides() {
        let faults = Faults::new();
        let first = faults.add(Fault::any(), Action::Reset);
        faults.add(Fault::any(), Action::Hang);
        assert_eq!(faults.take(&update("")), Some(Action::Reset));
        assert!(faults.remove(first));
        assert_eq!(faults.take(&update("")), Some(Action::Hang));
        faults.clear();
        assert_eq!(faults.take(&update("")), None);
    }

    #[test]
    fn a_silence_keeps_the_streams_that_it_has() {
        let faults = Faults::new();
        let watch = Request { verb: Verb::Watch, ..update("") };
        let id = faults.add(Fault::on(Verb::Watch).times(1), Action::Silence);
        assert_eq!(faults.take(&watch), None);
        let met = faults.on_stream(&watch, None);
        assert_eq!(met, Some((id, Action::Silence)));
        assert_eq!(faults.on_stream(&watch, Some(id)), met);
        assert_eq!(faults.on_stream(&watch, None), None);
        assert_eq!(faults.hits(id), 1);
        faults.remove(id);
        assert_eq!(faults.on_stream(&watch, Some(id)), None);
    }
}
