//! A fleet of candidates of several kinds, whose members are killed, asked to end and replaced at
//! random, watched all the while.

use std::time::Duration;

use super::{Api, Belief, Candidate, Peer, Sampler};
use crate::process::Signal;
use crate::wait;
use anyhow::Context;

/// The lease, the deadline and the pace of every member, in milliseconds. A lease is two seconds
/// longer than the deadline, since some members see whole seconds.
const MILLIS: [u64; 3] = [6000, 4000, 800];
/// How long nobody may lead: several leases, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The 0.4 image's algorithm, on Endpoints.
    Image,
    /// client-go's, with its word for the lock.
    ClientGo(&'static str),
    /// Hotseat, with its word for the lock.
    Hotseat(&'static str),
}

enum Member {
    Peer(Peer),
    Hotseat(Candidate),
}

/// The fleet.
pub struct Fleet<'a> {
    api: &'a Api,
    members: Vec<(Kind, Member)>,
    sampler: Sampler,
    beliefs: Vec<Belief>,
    dice: u64,
    started: u32,
    /// How often somebody was killed or asked to end.
    pub ended: u32,
    /// How often a Hotseat was found to lead, and another.
    pub led: [u32; 2],
}

impl<'a> Fleet<'a> {
    /// Members of these kinds. The seed decides who ends when and how.
    ///
    /// # Errors
    ///
    /// When one cannot be started.
    pub fn start(api: &'a Api, kinds: &[Kind], seed: u64) -> anyhow::Result<Self> {
        let mut fleet = Fleet {
            api,
            members: Vec::new(),
            sampler: Sampler::default(),
            beliefs: Vec::new(),
            dice: seed.wrapping_mul(2).wrapping_add(1),
            started: 0,
            ended: 0,
            led: [0; 2],
        };
        for kind in kinds {
            let member = fleet.launch(*kind)?;
            fleet.members.push((*kind, member));
        }
        Ok(fleet)
    }

    /// Ends the member at `index` in one way or the other, and starts one of that kind in its place.
    ///
    /// # Errors
    ///
    /// When it had ended before, or the next cannot be started.
    pub fn replace(&mut self, index: usize, kind: Kind) -> anyhow::Result<()> {
        let signal = if self.below(2) == 0 { Signal::KILL } else { Signal::TERM };
        let next = self.launch(kind)?;
        let (_, member) = std::mem::replace(&mut self.members[index], (kind, next));
        self.ended += 1;
        match member {
            Member::Peer(peer) => self.beliefs.extend(peer.end(signal)?),
            Member::Hotseat(mut candidate) if signal == Signal::TERM => candidate.end(),
            Member::Hotseat(mut candidate) => candidate.kill()?,
        }
        Ok(())
    }

    /// Ends so many members, one after the other, each followed by another of its kind: leaders more
    /// often than others, and sometimes while nobody leads.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    ///
    /// # Panics
    ///
    /// When nobody comes to lead.
    pub fn churn(&mut self, times: u32) -> anyhow::Result<()> {
        for _ in 0..times {
            let leader = match self.below(4) {
                0 => None,
                _ => Some(self.leader()),
            };
            std::thread::sleep(Duration::from_millis(self.below(1500)));
            let any = self.below(self.members.len() as u64) as usize;
            let index = leader.unwrap_or(any);
            self.replace(index, self.members[index].0)?;
        }
        Ok(())
    }

    /// Waits until a member leads.
    ///
    /// # Panics
    ///
    /// When none does for minutes; the message has all logs.
    #[track_caller]
    pub fn leader(&mut self) -> usize {
        let found = wait::try_until(PATIENCE, || {
            self.leaders().first().copied().ok_or_else(|| self.kinds())
        });
        let index = match found {
            Ok(index) => index,
            Err(kinds) => panic!("nobody leads among {kinds:?} for {PATIENCE:?}\n{}", self.logs()),
        };
        let kind = usize::from(!matches!(self.members[index].0, Kind::Hotseat(_)));
        self.led[kind] += 1;
        index
    }

    /// The members that lead, by their own word at this moment.
    #[must_use]
    pub fn leaders(&self) -> Vec<usize> {
        let leads = |member: &Member| match member {
            Member::Peer(peer) => peer.leads(),
            Member::Hotseat(candidate) => {
                candidate.leader().is_ok_and(|answer| answer["self"] == true)
            }
        };
        let all = self.members.iter().enumerate();
        all.filter(|(_, (_, member))| leads(member)).map(|(index, _)| index).collect()
    }

    /// What all said.
    fn logs(&self) -> String {
        let said = |member: &Member| match member {
            Member::Peer(peer) => format!("{}: {}\n", peer.name(), peer.process),
            Member::Hotseat(candidate) => format!("{}: {}\n", candidate.name(), candidate.process),
        };
        self.members.iter().map(|(_, member)| said(member)).collect()
    }

    /// What the members are.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        self.members.iter().map(|(kind, _)| *kind).collect()
    }

    /// Lets nothing happen until every promise of members that ended has run out.
    pub fn rest(&self) {
        std::thread::sleep(Duration::from_millis(MILLIS[0]) + Duration::from_secs(1));
    }

    /// Ends all, and tells each time in which a Hotseat led and somebody else did, too.
    ///
    /// # Errors
    ///
    /// When a member had ended before.
    pub fn finish(mut self) -> anyhow::Result<Vec<String>> {
        for (_, member) in std::mem::take(&mut self.members) {
            match member {
                Member::Peer(peer) => self.beliefs.extend(peer.end(Signal::KILL)?),
                Member::Hotseat(mut candidate) => candidate.end(),
            }
        }
        Ok(self.sampler.overlaps_with(&self.beliefs))
    }

    fn launch(&mut self, kind: Kind) -> anyhow::Result<Member> {
        self.started += 1;
        let name = format!("{}-{}", word(kind), self.started);
        let [lease, deadline, retry] = MILLIS;
        match kind {
            // Its deadline is half of its ttl, and its pace a quarter.
            Kind::Image => {
                let millis = [lease, lease / 2, lease / 4];
                Ok(Member::Peer(Peer::start(self.api, &name, "image", "endpoints", millis)?))
            }
            Kind::ClientGo(lock) => {
                Ok(Member::Peer(Peer::start(self.api, &name, "client-go", lock, MILLIS)?))
            }
            Kind::Hotseat(lock) => {
                let flags = [
                    format!("--lock={lock}"),
                    format!("--lease-duration={lease}ms"),
                    format!("--renew-deadline={deadline}ms"),
                    format!("--retry-period={retry}ms"),
                ];
                let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
                let candidate = Candidate::start(self.api, &name, &flags)?;
                let address = candidate.process.http_addr();
                self.sampler
                    .watch(self.api.namespace(), &name, address)
                    .context("a thread that asks it")?;
                Ok(Member::Hotseat(candidate))
            }
        }
    }

    /// A number below that one, by chance.
    fn below(&mut self, bound: u64) -> u64 {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % bound.max(1)
    }
}

fn word(kind: Kind) -> String {
    match kind {
        Kind::Image => "image".to_owned(),
        Kind::ClientGo(lock) => format!("client-go-{lock}"),
        Kind::Hotseat(lock) => format!("hotseat-{lock}"),
    }
}
