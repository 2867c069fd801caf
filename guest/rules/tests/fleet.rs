//! Fleets that run the ready-made rules in virtual time while facts go to and fro and members die:
//! none of the rules moves the seat more often than its bound, and none leaves it empty for longer.
//!
//! `HOTSEAT_FLEETS` says how many elections there are for each, by default as many as a test may take.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]
#![allow(clippy::disallowed_methods, reason = "a test has an environment")]

use hotseat_policy::testing::{Scene, TIMING};
use hotseat_policy::{Action, Decision, Input, Policy, Signal, Value, source};
use hotseat_policy_rules::ByRules;
use std::fs;
use std::path::Path;

const MEMBERS: usize = 3;
/// How long an election is watched.
const LENGTH: u64 = 600_000;
/// How often something happens to a member.
const TURN: u64 = 1_000;

/// Numbers that are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }
}

struct Member {
    name: String,
    up_since: Option<u64>,
    wake_at: u64,
    memory: Vec<u8>,
    facts: Facts,
    published: Vec<(String, Value, u64)>,
}

#[derive(Clone)]
struct Facts {
    ready: bool,
    lag: f64,
    priority: i64,
    version: i64,
    heard_at: u64,
    zone: &'static str,
}

struct Fleet {
    now: u64,
    dice: Dice,
    members: Vec<Member>,
    holder: Option<usize>,
    held_since: u64,
    renewed_at: u64,
    free_at: u64,
    successor: Option<String>,
    /// How often somebody took the seat, and resigned.
    taken: u64,
    resigned: u64,
    /// Since when nobody held it, and the longest such time without a death in it.
    empty_since: Option<u64>,
    longest: u64,
    empty: u64,
}

impl Fleet {
    fn new(seed: u64) -> Fleet {
        let mut dice = Dice(seed);
        let members = (0..MEMBERS).map(|at| Member {
            name: format!("web-{at}"),
            up_since: Some(0),
            wake_at: dice.below(500),
            memory: Vec::new(),
            facts: Facts {
                ready: true,
                lag: 0.0,
                priority: at as i64,
                version: at as i64,
                heard_at: 0,
                zone: if at == 0 { "a" } else { "b" },
            },
            published: Vec::new(),
        });
        let members = members.collect();
        Fleet {
            now: 0,
            dice,
            members,
            holder: None,
            held_since: 0,
            renewed_at: 0,
            free_at: 0,
            successor: None,
            taken: 0,
            resigned: 0,
            empty_since: Some(0),
            longest: 0,
            empty: 0,
        }
    }

    fn run(&mut self, settings: &str) {
        let mut turn_at = TURN;
        while self.now < LENGTH {
            let up = self.members.iter().enumerate().filter(|(_, it)| it.up_since.is_some());
            let next = up.min_by_key(|(_, it)| it.wake_at).map(|(at, it)| (at, it.wake_at));
            match next {
                Some((at, wake_at)) if wake_at <= turn_at => {
                    self.now = wake_at.max(self.now);
                    self.ask(at, settings);
                }
                _ => {
                    self.now = turn_at;
                    turn_at += TURN;
                    self.turn();
                }
            }
        }
        self.filled();
    }

    /// Something happens to one member: a fact changes, it dies, or it comes back.
    fn turn(&mut self) {
        let at = self.dice.below(MEMBERS as u64) as usize;
        let now = self.now;
        match self.dice.below(40) {
            0 => {
                self.members[at].up_since = None;
                if self.holder == Some(at) {
                    self.holder = None;
                    self.free_at = self.renewed_at + TIMING.lease_duration;
                    // What follows is the lease that is waited out, and no rule's doing.
                    self.empty_since = None;
                }
                self.wake_all();
                return;
            }
            1..=3 => self.members[at].facts.ready ^= true,
            4..=8 => self.members[at].facts.lag = self.dice.below(4) as f64 * 600_000.0,
            9 => self.members[at].facts.priority = self.dice.below(5) as i64,
            10..=30 => self.members[at].facts.heard_at = now,
            _ => {}
        }
        let member = &mut self.members[at];
        if member.up_since.is_none() {
            member.up_since = Some(now);
            member.memory.clear();
            member.published.clear();
            if self.empty_since.is_none() && self.holder.is_none() {
                self.empty_since = Some(self.free_at.max(now));
            }
        }
        member.wake_at = now;
    }

    fn wake_all(&mut self) {
        for member in &mut self.members {
            member.wake_at = member.wake_at.min(self.now + 5);
        }
    }

    fn input(&mut self, at: usize, settings: &str) -> Input {
        let entropy = self.dice.roll();
        let Fleet { now, .. } = *self;
        let member = &self.members[at];
        let facts = &member.facts;
        let of = |source: &str, signal: Signal| Signal { source: source.into(), ..signal };
        let label = facts.priority.to_string();
        let mut scene = Scene::new()
            .identity(&member.name)
            .uptime(now - member.up_since.unwrap_or(now))
            .settings(settings)
            .memory(member.memory.clone())
            .entropy(entropy)
            .signal("ready", facts.ready)
            .signal("app.lag", facts.lag)
            .signal("app.version", facts.version)
            .old_signal("app.heartbeat", true, now - facts.heard_at)
            .fact(of(source::POD, Signal::new("shop.example/priority", label.as_str())))
            .fact(of(source::NODE, Signal::new("topology.kubernetes.io/zone", facts.zone)))
            .fact(of(source::HOST, Signal::new("host.time-of-day", "03:00")));
        for (other, it) in self.members.iter().enumerate() {
            if other != at && it.up_since.is_some() {
                let published = it.published.iter().map(|(key, value, since)| Signal {
                    unchanged_for: now - since,
                    ..Signal::new(key.as_str(), value.clone())
                });
                scene = scene.candidate(&it.name, 1_000, published.collect());
                scene = scene.with_candidate(|seen| {
                    seen.ready = Some(it.facts.ready);
                    seen.zone = Some(it.facts.zone.into());
                });
            }
        }
        let scene = if self.holder == Some(at) {
            scene.leading(now - self.renewed_at)
        } else if let Some(holder) = self.holder {
            let left = (self.renewed_at + TIMING.lease_duration).saturating_sub(now);
            scene.held_by(&self.members[holder].name, left)
        } else {
            let (free_in, successor) = (self.free_at.saturating_sub(now), self.successor.clone());
            scene.vacant().with_seat(|seat| {
                seat.free_in = free_in;
                seat.successor = successor;
            })
        };
        let mut input = scene.input();
        if let Some(claim) = &mut input.observation.claim {
            claim.held_for = now - self.held_since;
        }
        input
    }

    fn ask(&mut self, at: usize, settings: &str) {
        let input = self.input(at, settings);
        let decision: Decision = ByRules::decide(input).unwrap();
        let now = self.now;
        let mut news = false;
        let member = &mut self.members[at];
        member.memory = decision.memory;
        member.wake_at = now + decision.wake_after;
        for (key, value) in decision.publish {
            match member.published.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, known, _)) if *known == value => {}
                Some(known) => (*known, news) = ((key, value, now), true),
                None => {
                    member.published.push((key, value, now));
                    news = true;
                }
            }
        }
        match decision.action {
            Action::Campaign if self.holder.is_none() && self.free_at <= now => {
                self.filled();
                (self.holder, self.held_since, self.renewed_at) = (Some(at), now, now);
                (self.successor, self.taken) = (None, self.taken + 1);
                self.members[at].wake_at = now + 5;
                news = true;
            }
            Action::Renew if self.holder == Some(at) => self.renewed_at = now,
            Action::Resign(successor) if self.holder == Some(at) => {
                (self.holder, self.free_at, self.successor) = (None, now, successor);
                (self.resigned, self.empty_since) = (self.resigned + 1, Some(now));
                news = true;
            }
            _ => {}
        }
        if news {
            self.wake_all();
        }
    }

    fn filled(&mut self) {
        let length = self.empty_since.take().map_or(0, |since| self.now.saturating_sub(since));
        self.empty += length;
        self.longest = self.longest.max(length);
    }
}

/// How often a candidate may resign by its rule in the time: each rest is twice as long as the one
/// before, and each term that lasted begins anew.
fn most_resignations(settings: &str) -> u64 {
    let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
    let settle = settings["settle_ms"].as_u64().unwrap_or(60_000);
    let restarts = LENGTH / settle + 1;
    let doublings = (0..).take_while(|n| 5_000 * ((1_u64 << n) - 1) < LENGTH).count() as u64;
    MEMBERS as u64 * restarts.max(doublings)
}

#[test]
fn no_rule_moves_the_seat_more_often_than_its_bound() {
    let fleets = std::env::var("HOTSEAT_FLEETS").ok().and_then(|text| text.parse().ok());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rules");
    for name in ["heartbeat", "lag", "night", "priority", "ready", "zone"] {
        let yaml = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        let settings: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
        let settings = settings.to_string();
        let (mut taken, mut resigned, mut most, mut longest, mut empty) = (0, 0, 0, 0, 0);
        let count: u64 = fleets.unwrap_or(20);
        for seed in 0..count {
            let mut fleet = Fleet::new(seed);
            fleet.run(&settings);
            taken += fleet.taken;
            resigned += fleet.resigned;
            most = most.max(fleet.resigned);
            longest = longest.max(fleet.longest);
            empty += fleet.empty;
            let bound = most_resignations(&settings);
            assert!(fleet.resigned <= bound, "{name}, seed {seed}: {} moves", fleet.resigned);
            assert!(fleet.taken > 0, "{name}, seed {seed}: nobody ever led");
        }
        println!(
            "{name}: {count} elections of ten minutes: {:.1} terms and {:.1} resignations each, at most {most}; nobody led for {:.1} % of the time beside leases waited out, at most for {longest} ms",
            taken as f64 / count as f64,
            resigned as f64 / count as f64,
            empty as f64 * 100.0 / (count * LENGTH) as f64,
        );
    }
}
