//! Three candidates that follow one policy while things go wrong: processes end in each way, freeze, are cut
//! off, the API server is away or slow, and facts change.

use super::facts::{Entry, Facts};
use super::moves::{Bound, Moves};
use super::native::{Decide, Published, policy};
use hotseat_core::config::{Config, Timing};
use hotseat_core::event::{Event, Notice, StepDownReason};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::Incarnation;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::time::Moment;
use hotseat_simulator::{Broken, Dice, Network, World};
use std::time::Duration;

const MEMBERS: usize = 3;
/// How often who leads is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often something may happen, in looks.
const LOOKS: u64 = 5;
/// A fact changes once in so many of those times, a quarter of a minute.
const FACTS: u64 = 30;
/// The same where facts change each second.
const HURRIED_FACTS: u64 = 2;
/// How long faults and changes go on.
pub const LENGTH: Duration = Duration::from_secs(600);
/// How long everything is well afterwards, where that is looked at, and the part of it at whose end nothing
/// moves any more: longer than the longest rest of a candidate that resigned.
const QUIET: Duration = Duration::from_secs(480);
const STILL: Duration = Duration::from_secs(60);

/// What came of an election.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Looks, and those at which somebody led.
    pub looks: u64,
    pub led: u64,
    /// The longest time without a leader, in looks.
    pub longest: u64,
    /// How often another candidate led than before.
    pub changes: u64,
    /// Terms that began.
    pub terms: u64,
    /// Leaders that went because their policy said so.
    pub resigned: u64,
    /// What went wrong, and facts that changed.
    pub faults: u64,
    pub facts: u64,
    /// Writes to the lock that failed.
    pub failed_writes: u64,
}

/// A candidate.
pub struct Member {
    name: String,
    pub facts: Facts,
    published: Published,
    moves: Moves,
    pub entry: Option<Entry>,
    /// Its next process starts then.
    pub back_at: Option<Moment>,
    /// It reaches the API server again then.
    cut_until: Option<Moment>,
    frozen_until: Moment,
}

pub struct Fleet {
    pub world: World,
    dice: Dice,
    pub members: Vec<Member>,
    starts: u64,
    /// A fact changes once in so many times.
    facts: u64,
    /// The API server is slow until then.
    slow_until: Moment,
    outcome: Outcome,
    leader: Option<usize>,
    gap: u64,
    /// The roster has changed since the candidates saw it.
    pub news: bool,
}

impl Fleet {
    /// The candidates ask a policy with those settings, which keeps that bound, if any.
    pub fn new(seed: u64, decide: &Decide, settings: &str, bound: Option<Bound>) -> Fleet {
        Fleet::over(Fleet::network(), seed, decide, settings, bound)
    }

    /// The same where no request is lost or late.
    pub fn undisturbed(decide: &Decide, settings: &str, bound: Option<Bound>) -> Fleet {
        Fleet::over(Network::perfect(), 1, decide, settings, bound)
    }

    fn network() -> Network {
        Network {
            delay: Duration::from_millis(20),
            lost_requests: 1,
            lost_answers: 1,
            stragglers: 1,
            straggling: Duration::from_secs(5),
            lost_events: 1,
            silent_events: 1,
            ..Network::perfect()
        }
    }

    fn over(
        network: Network,
        seed: u64,
        decide: &Decide,
        settings: &str,
        bound: Option<Bound>,
    ) -> Fleet {
        let mut fleet = Fleet {
            world: World::new(seed, network),
            dice: Dice::new(seed ^ 0x5eed),
            members: Vec::new(),
            starts: 0,
            facts: FACTS,
            slow_until: Moment::ZERO,
            outcome: Outcome::default(),
            leader: None,
            gap: 0,
            news: true,
        };
        fleet.world.wall_clocks = true;
        for index in 0..MEMBERS {
            let published = Published::default();
            let moves = Moves::new(bound);
            let policy = policy(decide.clone(), settings, published.clone(), moves.clone());
            let name = format!("web-{index}");
            let config = fleet.config(&name);
            let ppm = fleet.dice.below(401) as i64 - 200;
            fleet.world.add(config, policy, ppm);
            fleet.members.push(Member {
                name,
                facts: Facts::new(index),
                published,
                moves,
                entry: None,
                back_at: Some(fleet.world.now),
                cut_until: None,
                frozen_until: Moment::ZERO,
            });
        }
        fleet
    }

    /// Facts change each second.
    pub fn hurried(self) -> Fleet {
        Fleet { facts: HURRIED_FACTS, ..self }
    }

    /// Runs it with faults, and if `quiet` to its rest.
    pub fn run(mut self, quiet: bool) -> Result<Outcome, Broken> {
        let end = self.world.now + LENGTH;
        while self.world.now < end {
            if self.dice.below(120) == 0 {
                self.fault();
            }
            if self.dice.below(self.facts) == 0 {
                let index = self.dice.below(MEMBERS as u64) as usize;
                self.members[index].facts.change(self.world.now, &mut self.dice);
                self.outcome.facts += 1;
            }
            self.go_on()?;
        }
        self.fill_gap();
        let mut outcome = self.outcome;
        for (_, _, notice) in &self.world.notices {
            match notice {
                Notice::BecameLeader { .. } => outcome.terms += 1,
                Notice::SteppedDown(StepDownReason::Resigned(_)) => outcome.resigned += 1,
                Notice::WriteFailed { .. } => outcome.failed_writes += 1,
                _ => {}
            }
        }
        if quiet {
            self.come_to_rest()?;
        }
        match self.members.iter().find_map(|member| member.moves.broken()) {
            Some(what) => Err(Broken { at: self.world.now, what }),
            None => Ok(outcome),
        }
    }

    /// With nothing wrong and no fact that changes, somebody leads before long and stays.
    fn come_to_rest(&mut self) -> Result<(), Broken> {
        let now = self.world.now;
        self.slow_until = now;
        for member in &mut self.members {
            member.facts.recover();
            member.back_at = member.back_at.map(|_| now);
            member.cut_until = member.cut_until.map(|_| now);
        }
        self.world.network = Network::perfect();
        let end = now + QUIET;
        while self.world.now < end - STILL {
            self.go_on()?;
        }
        let (before, led, looks) = (self.outcome.changes, self.outcome.led, self.outcome.looks);
        while self.world.now < end {
            self.go_on()?;
        }
        let Outcome { changes, .. } = self.outcome;
        if changes != before || self.outcome.led - led != self.outcome.looks - looks {
            let what =
                format!("it comes to no rest: {} changes in the last minute", changes - before);
            return Err(Broken { at: self.world.now, what });
        }
        Ok(())
    }

    /// Lets half a second go by.
    pub fn go_on(&mut self) -> Result<(), Broken> {
        self.recover();
        self.tell();
        for _ in 0..LOOKS {
            self.world.run_for(LOOK)?;
            self.look();
        }
        Ok(())
    }

    fn look(&mut self) {
        self.outcome.looks += 1;
        let Some(leader) = self.world.leader() else {
            self.gap += 1;
            return;
        };
        self.fill_gap();
        self.outcome.led += 1;
        if self.leader.is_some_and(|before| before != leader) {
            self.outcome.changes += 1;
        }
        self.leader = Some(leader);
    }

    fn fill_gap(&mut self) {
        self.outcome.longest = self.outcome.longest.max(std::mem::take(&mut self.gap));
    }

    fn config(&mut self, name: &str) -> Config {
        self.starts += 1;
        let nonce = self.starts.to_string();
        let mut timing = Timing::client_go();
        timing.longest_lease = Duration::from_secs(60);
        Config {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: name.to_owned(),
            incarnation: Incarnation { site: format!("site-{name}"), nonce, home: None },
            predecessor: None,
            timing,
            drain: Duration::ZERO,
            warm_up: Duration::ZERO,
            preemptions_per_hour: 6,
            on_failure: OnFailure::Hold,
            failure_share: DEFAULT_SHARE,
            seed: self.dice.bits(),
        }
    }

    fn between(&mut self, shortest: u64, longest: u64) -> Moment {
        let length = |secs| Duration::from_secs(secs);
        self.world.now + self.dice.between(length(shortest), length(longest))
    }

    /// Something goes wrong.
    fn fault(&mut self) {
        self.outcome.faults += 1;
        let index = self.dice.below(MEMBERS as u64) as usize;
        match self.dice.below(8) {
            // It crashes; now and then its pod is gone with it.
            0 | 1 => {
                self.world.kill(index);
                self.members[index].back_at = Some(self.between(2, 40));
                if self.dice.percent(40) {
                    self.members[index].entry = None;
                    self.news = true;
                }
            }
            // It is asked to end.
            2 | 3 => {
                if self.world.situation(index).is_some() {
                    self.world.tell(index, Event::Stop);
                }
                self.members[index].back_at = Some(self.between(2, 40));
                self.members[index].entry = None;
                self.news = true;
            }
            4 => {
                let until = self.between(1, 20);
                self.world.freeze(index, until.since(self.world.now));
                self.members[index].frozen_until = until;
            }
            5 => {
                let until = self.between(1, 30);
                self.cut(index, until);
            }
            // The API server is away.
            6 => {
                let until = self.between(2, 40);
                (0..MEMBERS).for_each(|index| self.cut(index, until));
            }
            _ => {
                self.slow_until = self.between(5, 30);
                let held = self.dice.between(Duration::from_millis(200), Duration::from_secs(3));
                (self.world.network.held_writes, self.world.network.held_reads) = (held, held);
            }
        }
    }

    fn cut(&mut self, index: usize, until: Moment) {
        let member = &mut self.members[index];
        member.cut_until = Some(member.cut_until.map_or(until, |known| known.max(until)));
        self.world.cut(index, true);
    }

    fn recover(&mut self) {
        let now = self.world.now;
        if self.slow_until <= now {
            let none = Duration::ZERO;
            (self.world.network.held_writes, self.world.network.held_reads) = (none, none);
        }
        for index in 0..MEMBERS {
            if self.members[index].cut_until.take_if(|until| *until <= now).is_some() {
                self.world.cut(index, false);
                self.news = true;
            }
            if self.members[index].back_at.take_if(|at| *at <= now).is_some() {
                let name = self.members[index].name.clone();
                let config = self.config(&name);
                self.world.restart(index, config);
                self.news = true;
            }
        }
    }

    /// Gives each what there is to know.
    fn tell(&mut self) {
        let now = self.world.now;
        for (index, member) in self.members.iter_mut().enumerate() {
            let up = self.world.situation(index).is_some() && member.back_at.is_none();
            if up && member.frozen_until <= now && member.cut_until.is_none() {
                let Member { entry, facts, published, .. } = member;
                self.news |= Entry::write(entry, facts, published, now);
            }
        }
        let news = std::mem::take(&mut self.news);
        for index in 0..MEMBERS {
            if self.world.situation(index).is_none() || self.members[index].frozen_until > now {
                continue;
            }
            let own = self.world.local(index);
            let local = |at: Moment| Moment::at(own.since_origin().saturating_sub(now.since(at)));
            let signals = self.members[index].facts.signals(now, local);
            self.world.tell(index, Event::Signals(signals));
            if news && self.members[index].cut_until.is_none() {
                let others = self.members.iter().enumerate().filter(|(other, _)| *other != index);
                let seen =
                    others.filter_map(|(_, it)| Some(it.entry.as_ref()?.seen(&it.name, local)));
                let roster = Event::Roster(seen.collect());
                self.world.tell(index, roster);
            }
        }
    }
}
