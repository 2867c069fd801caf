//! The world: true time, a queue of what will happen, and the candidates in it.

mod policies;
mod scheduled;
mod time;
mod traffic;

use crate::check::{Broken, Checker};
use crate::dice::Dice;
use crate::engine::{Catalog, Hazards};
use crate::member::{Locks, Member, Watch};
use crate::network::{EventFate, Network};
use crate::policies::{Offer, Roster};
use crate::policy::Policy;
use crate::store::Store;
use hotseat_core::config::Config;
use hotseat_core::elector::Situation;
use hotseat_core::electors::Which;
use hotseat_core::event::{Effect, Event, Notice};
use hotseat_core::lock::LastWrite;
use hotseat_core::time::Moment;
use hotseat_core::view::View;
use hotseat_rollout::{Fact, Fingerprint};
use scheduled::Scheduled;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// Writes that reached a store a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    /// All of them. The store refuses most: what they were to replace is gone.
    pub arrived: u64,
    /// Those that landed once more: creates, where the lock had been deleted between.
    pub landed: u64,
}

/// The world.
pub struct World {
    /// True time.
    pub now: Moment,
    /// The lock; of two the inner one.
    pub store: Store,
    /// The outer lock, where candidates have one.
    pub outer: Store,
    /// No request about the lock in that store arrives: its kind alone is out of reach.
    pub unreachable: Option<Which>,
    /// The ways; they may be changed while the world runs.
    pub network: Network,
    /// Writes that reached a store a second time, so far.
    pub repeated: Repeated,
    /// Whether the wall clocks run, by which a new term's token is larger than tokens that were
    /// lost with the lock. If not, tokens grow by what candidates saw alone.
    pub wall_clocks: bool,
    /// Whether a policy that failed too often stays: there is no last good one to go back to. If
    /// not, the built-in rule answers in its place from then on.
    pub keeps_policies: bool,
    /// What may go wrong where policies come into force by a rollout; may be changed as well.
    pub hazards: Hazards,
    /// All facts of rollouts, in order.
    pub facts: Vec<(Moment, usize, Fact)>,
    /// All notices of the candidates, in order.
    pub notices: Vec<(Moment, usize, Notice)>,
    /// The effects of each candidate, if wanted by [`World::record`].
    pub recorded: Option<Vec<(Moment, usize, Effect)>>,
    members: Vec<Member>,
    catalog: Catalog,
    offered: Option<Offer>,
    roster: Roster,
    /// What a person asked to be skipped.
    skip: Option<Fingerprint>,
    /// The first that broke since the last check.
    broken: Option<Broken>,
    dice: Dice,
    checker: Checker,
    queue: BinaryHeap<Reverse<(Moment, u64)>>,
    scheduled: BTreeMap<u64, Scheduled>,
    order: u64,
    /// The second that runs, and how much happened in it.
    pace: (u64, u64),
}

impl World {
    /// An empty world; the seed decides all that chance decides in it.
    pub fn new(seed: u64, network: Network) -> Self {
        World {
            now: Moment::from_millis(1000),
            store: Store::default(),
            outer: Store::default(),
            unreachable: None,
            network,
            repeated: Repeated::default(),
            wall_clocks: false,
            keeps_policies: false,
            hazards: Hazards::none(),
            facts: Vec::new(),
            notices: Vec::new(),
            recorded: None,
            members: Vec::new(),
            catalog: Catalog::new(),
            offered: None,
            roster: Roster::new(),
            skip: None,
            broken: None,
            dice: Dice::new(seed),
            checker: Checker::default(),
            queue: BinaryHeap::new(),
            scheduled: BTreeMap::new(),
            order: 0,
            pace: (0, 0),
        }
    }

    /// Keeps every effect from now on.
    pub fn record(&mut self) {
        self.recorded = Some(Vec::new());
    }

    /// Puts a candidate there, not yet started. Gives its index.
    pub fn add(&mut self, config: Config, policy: Policy, clock_ppm: i64) -> usize {
        self.add_on(Locks::Inner, config, policy, clock_ppm)
    }

    /// Puts a candidate there that has those locks.
    pub fn add_on(
        &mut self,
        locks: Locks,
        config: Config,
        policy: Policy,
        clock_ppm: i64,
    ) -> usize {
        let offset = Duration::from_millis(self.dice.below(100_000));
        self.members.push(Member::new(config, locks, policy, clock_ppm, offset));
        self.members.len() - 1
    }

    /// Starts a candidate: its policy is loaded, or looked for by its rollout, and its watch begins
    /// with a read.
    pub fn start(&mut self, index: usize) {
        self.members[index].alive = true;
        self.feed(index, Event::Started);
        if self.members[index].policies.is_some() {
            self.start_policies(index);
        } else {
            let taken_over = self.members[index].taken_over();
            self.feed(index, taken_over);
        }
        for slot in self.members[index].locks.slots() {
            self.request_read(index, *slot, false);
        }
    }

    /// Kills a candidate, and puts another with this configuration in its place.
    pub fn restart(&mut self, index: usize, config: Config) {
        let locks = self.members[index].locks;
        self.restart_on(index, locks, config, None);
    }

    /// Kills a candidate, and puts another with those locks in its place. `predecessor` is the last
    /// write of a dead process to the outer of two locks.
    pub fn restart_on(
        &mut self,
        index: usize,
        locks: Locks,
        config: Config,
        predecessor: Option<LastWrite>,
    ) {
        self.members[index].end(Some((config, locks, predecessor)));
        self.break_watch(index);
        self.start(index);
    }

    /// Kills a candidate. What it has sent may still arrive.
    pub fn kill(&mut self, index: usize) {
        self.members[index].end(None);
        self.break_watch(index);
    }

    /// Everybody hears of the ends of all processes of a candidate that were killed, each after a
    /// time of its own, up to `longest`.
    pub fn report_ends(&mut self, index: usize, longest: Duration) {
        for dead in self.members[index].ended.clone() {
            for told in 0..self.members.len() {
                let delay = self.dice.between(Duration::ZERO, longest);
                let generation = self.members[told].generation;
                self.later(
                    delay,
                    Scheduled::Tell(told, generation, Which::Inner, Event::Died(dead.clone())),
                );
            }
        }
    }

    /// Stops a candidate's process for a while, or for longer if it is stopped already: what waits
    /// for it comes in its order.
    pub fn freeze(&mut self, index: usize, length: Duration) {
        let member = &mut self.members[index];
        member.frozen_until = member.frozen_until.max(self.now + length);
    }

    /// Cuts a candidate off from the API server, or lets it back.
    pub fn cut(&mut self, index: usize, off: bool) {
        self.members[index].cut_off = off;
        self.break_watch(index);
        if !off {
            let Member { generation, locks, .. } = self.members[index];
            for slot in locks.slots() {
                let relist = Scheduled::Relist(index, generation, *slot);
                self.later(Duration::from_millis(50), relist);
            }
        }
    }

    /// Sets how long a candidate's policy takes to answer.
    pub fn think(&mut self, index: usize, thinking: Duration) {
        self.members[index].thinking = thinking;
    }

    /// Gives a candidate another policy. One with a rollout gets it by [`World::publish`].
    pub fn swap(&mut self, index: usize, policy: Policy) {
        self.members[index].policy = policy;
        let taken_over = self.members[index].taken_over();
        self.feed(index, taken_over);
    }

    /// Tells a candidate something.
    pub fn tell(&mut self, index: usize, event: Event) {
        self.feed(index, event);
    }

    /// A candidate's application stops acting for the term that it believes in, or believed in last,
    /// and says so, as `hotseat run` does when its command has ended.
    pub fn let_go(&mut self, index: usize) {
        let member = &mut self.members[index];
        let term = member.view.term.as_ref().map(|term| term.token);
        let Some(token) = term.or(member.last_token).filter(|_| member.alive) else { return };
        member.let_go = member.let_go.max(token);
        member.believer.acts_until = member.believer.acts_until.min(self.now);
        let generation = member.generation;
        let reason = "its application has let go".to_owned();
        let event = Event::LetGo { token, rest: Duration::ZERO, reason };
        self.deliver(index, generation, Which::Inner, event);
    }

    /// The last write of a candidate's process that was answered: what the next process of its site
    /// finds noted.
    pub fn note(&self, index: usize) -> Option<LastWrite> {
        self.note_of(index, Which::Inner)
    }

    /// The same for one of two locks.
    pub fn note_of(&self, index: usize, slot: Which) -> Option<LastWrite> {
        self.members[index].ways[slot as usize].note.clone()
    }

    /// Lets everybody know that the lock was changed, by watches that leave nothing out. Belongs
    /// after each change by hand.
    pub fn announce(&mut self) {
        self.announce_at(Which::Inner);
        self.announce_at(Which::Outer);
    }

    /// Lets everybody know who has a lock in that store.
    fn announce_at(&mut self, store: Which) {
        let lock = self.store_at(store).last_event();
        for index in 0..self.members.len() {
            let locks = self.members[index].locks;
            let slot = locks.slots().iter().find(|slot| locks.store(**slot) == store);
            let Some(slot) = slot.copied() else { continue };
            let watch = self.members[index].way(slot).watch;
            if !watch.flows {
                continue;
            }
            match self.network.event(&mut self.dice) {
                EventFate::Arrives(delay) => {
                    let at = (self.now + delay).max(watch.last);
                    self.members[index].way(slot).watch.last = at;
                    self.at(at, Scheduled::Watch(index, watch.stream, slot, lock.clone()));
                }
                EventFate::Breaks(pause) => {
                    self.break_watch_of(index, slot);
                    let generation = self.members[index].generation;
                    self.later(pause, Scheduled::Relist(index, generation, slot));
                }
                EventFate::Silence => self.members[index].way(slot).watch.flows = false,
            }
        }
    }

    /// The store of an inner lock, or of an outer one.
    fn store_at(&mut self, store: Which) -> &mut Store {
        match store {
            Which::Inner => &mut self.store,
            Which::Outer => &mut self.outer,
        }
    }

    /// Ends a candidate's streams: what they have not sent yet is lost.
    fn break_watch(&mut self, index: usize) {
        self.break_watch_of(index, Which::Inner);
        self.break_watch_of(index, Which::Outer);
    }

    fn break_watch_of(&mut self, index: usize, slot: Which) {
        let now = self.now;
        let watch = &mut self.members[index].way(slot).watch;
        *watch = Watch { stream: watch.stream + 1, flows: false, last: now };
    }

    /// Chance, from the world's seed.
    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// What a candidate's port 4040 answers now.
    pub fn answer(&self, index: usize) -> &str {
        let member = &self.members[index];
        if member.alive { member.view.leader(self.local(index)) } else { "" }
    }

    /// Whether a candidate believes now.
    pub fn leads(&self, index: usize) -> bool {
        let member = &self.members[index];
        member.alive && member.view.leads(self.local(index))
    }

    /// The candidate that leads now.
    pub fn leader(&self) -> Option<usize> {
        (0..self.members.len()).find(|index| self.leads(*index))
    }

    /// What a candidate shows.
    pub fn view(&self, index: usize) -> &View {
        &self.members[index].view
    }

    /// Where a candidate stands; none if it does not run.
    pub fn situation(&self, index: usize) -> Option<Situation> {
        let member = &self.members[index];
        member.alive.then(|| member.electors.situation())
    }

    /// How many terms there were so far.
    pub fn terms(&self) -> u64 {
        self.checker.terms()
    }
}
