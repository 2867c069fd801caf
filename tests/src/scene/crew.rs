//! The candidates of one election, watched all the while.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use super::{Api, Candidate, QUICK, SOON, Sampler};
use crate::wait;

/// Candidates of one election. A sampler asks each of them all the while whether it leads.
pub struct Candidates<'a> {
    api: &'a Api,
    flags: Vec<&'a str>,
    members: Vec<Candidate>,
    sampler: Sampler,
    patience: Duration,
}

/// A leader on whom all agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// Its name.
    pub name: String,
    /// The fencing token of its term.
    pub token: u64,
    /// How often the holder had changed.
    pub transitions: u64,
    /// When this was seen.
    pub at: Instant,
}

impl Led {
    /// Whether the other is a sighting of the same term.
    #[must_use]
    pub fn is_same_term(&self, other: &Led) -> bool {
        (&self.name, self.token, self.transitions) == (&other.name, other.token, other.transitions)
    }
}

impl<'a> Candidates<'a> {
    /// Starts candidates of these names with the timing [`QUICK`].
    ///
    /// # Errors
    ///
    /// When one cannot be started.
    pub fn start(api: &'a Api, names: &[&str]) -> anyhow::Result<Self> {
        Self::with(api, names, &QUICK)
    }

    /// Starts candidates of these names and flags.
    ///
    /// # Errors
    ///
    /// When one cannot be started.
    pub fn with(api: &'a Api, names: &[&str], flags: &[&'a str]) -> anyhow::Result<Self> {
        Self::with_patience(api, names, flags, SOON)
    }

    /// Starts candidates that may take longer than [`SOON`] to agree on a leader.
    ///
    /// # Errors
    ///
    /// When one cannot be started.
    pub fn with_patience(
        api: &'a Api,
        names: &[&str],
        flags: &[&'a str],
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let (flags, sampler) = (flags.to_vec(), Sampler::default());
        let mut crew = Candidates { api, flags, members: vec![], sampler, patience };
        for name in names {
            crew.add(name)?;
        }
        Ok(crew)
    }

    /// Starts one more, or one that was taken out again.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn add(&mut self, name: &str) -> anyhow::Result<&Candidate> {
        self.add_with(name, &[])
    }

    /// Starts one more, with flags of its own besides.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn add_with(&mut self, name: &str, flags: &[&str]) -> anyhow::Result<&Candidate> {
        let flags = [&self.flags, flags].concat();
        self.take_in(Candidate::start(self.api, name, &flags)?)
    }

    /// Takes in one that was started elsewhere.
    ///
    /// # Errors
    ///
    /// When it cannot be watched.
    pub fn take_in(&mut self, candidate: Candidate) -> anyhow::Result<&Candidate> {
        let address = candidate.process.http_addr();
        self.sampler.watch(self.api.namespace(), candidate.name(), address)?;
        self.members.push(candidate);
        self.members.last().context("nobody was added")
    }

    /// Lets one go on as a member that was taken out and is alive.
    pub fn put_back(&mut self, candidate: Candidate) {
        self.members.push(candidate);
    }

    /// Takes one out: no agreement with it is waited for any more. The sampler goes on asking it.
    ///
    /// # Panics
    ///
    /// When there is nobody of that name.
    #[track_caller]
    pub fn take(&mut self, name: &str) -> Candidate {
        match self.members.iter().position(|member| member.name() == name) {
            Some(index) => self.members.remove(index),
            None => panic!("nobody is named {name}"),
        }
    }

    /// The candidate of that name.
    ///
    /// # Panics
    ///
    /// When there is nobody of that name.
    #[must_use]
    #[track_caller]
    pub fn member(&self, name: &str) -> &Candidate {
        match self.members.iter().find(|member| member.name() == name) {
            Some(member) => member,
            None => panic!("nobody is named {name}"),
        }
    }

    /// All who are not taken out.
    #[must_use]
    pub fn members(&self) -> &[Candidate] {
        &self.members
    }

    /// Waits until one of them leads in its own eyes and in those of all others.
    ///
    /// # Panics
    ///
    /// When that takes longer than [`SOON`], or than was said at the start.
    #[track_caller]
    pub fn leader(&self) -> Led {
        self.leader_that("one leader on whom all agree", self.patience, |_| true)
    }

    /// Waits for a term that is not that one.
    ///
    /// # Panics
    ///
    /// When that takes longer than [`SOON`], or than was said at the start.
    #[track_caller]
    pub fn leader_after(&self, before: &Led) -> Led {
        self.leader_that("another term", self.patience, |led| led.token != before.token)
    }

    /// Waits for a leader like that on whom all agree.
    ///
    /// # Panics
    ///
    /// When that takes longer than `within`.
    #[track_caller]
    pub fn leader_that(&self, what: &str, within: Duration, wanted: impl Fn(&Led) -> bool) -> Led {
        let found = wait::try_until(within, || match self.look() {
            Ok(led) if wanted(&led) => Ok(led),
            other => Err(format!("{other:?}")),
        });
        match found {
            Ok(led) => led,
            Err(seen) => panic!("waited {within:?} for {what}; last seen: {seen}\n{}", self.logs()),
        }
    }

    /// What all say at this moment, or how they differ.
    fn look(&self) -> Result<Led, String> {
        let at = Instant::now();
        let answers: Vec<Value> = self
            .members
            .iter()
            .map(|member| member.leader().map_err(|error| format!("{error:#}")))
            .collect::<Result<_, _>>()?;
        let mut leaders = answers.iter().filter(|answer| answer["self"] == true);
        let (Some(leader), None) = (leaders.next(), leaders.next()) else {
            return Err(format!("{answers:?}"));
        };
        let agree = answers.iter().all(|answer| {
            answer["name"] == leader["identity"] && answer["transitions"] == leader["transitions"]
        });
        match (agree, leader["token"].as_u64(), leader["transitions"].as_u64()) {
            (true, Some(token), Some(transitions)) => Ok(Led {
                name: leader["identity"].as_str().unwrap_or_default().to_owned(),
                token,
                transitions,
                at,
            }),
            _ => Err(format!("{answers:?}")),
        }
    }

    /// Ends the watching and fails if two led at a time.
    ///
    /// # Panics
    ///
    /// When they did; the message has the moments and all logs.
    #[track_caller]
    pub fn finish(mut self) {
        let overlaps = std::mem::take(&mut self.sampler).overlaps();
        assert!(overlaps.is_empty(), "two led at a time: {overlaps:?}\n{}", self.logs());
    }

    /// What all said.
    #[must_use]
    pub fn logs(&self) -> String {
        self.members
            .iter()
            .map(|member| format!("{}: {}\n", member.name(), member.process))
            .collect()
    }
}
