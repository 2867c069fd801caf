//! What runs a candidate's policies, as a model: stages take time and fail, threads do not come
//! back, and a policy takes over between two questions or cannot.

use crate::dice::Dice;
use crate::policy;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind, Input};
use hotseat_core::time::Moment;
use hotseat_rollout::{About, JobId, Passed, Policy, Refusal, Stage, StageEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A component that a source may publish.
pub struct Component {
    /// Whether the standard policy may take over where this one fails.
    pub standard_may_follow: bool,
    /// What decides in its place.
    pub on_failure: OnFailure,
    /// The stage that refuses it with these settings, if any does.
    pub refused_at: fn(&str) -> Option<Stage>,
    /// Of a hundred questions, those whose thread does not come back.
    pub hangs: u64,
    /// What decides, from a seed.
    pub decides: Box<dyn Fn(u64) -> policy::Policy>,
}

impl Default for Component {
    /// The built-in rule, as a component.
    fn default() -> Component {
        Component {
            standard_may_follow: true,
            on_failure: OnFailure::Standard,
            refused_at: |_| None,
            hangs: 0,
            decides: Box::new(|_| Box::new(|input| Ok(hotseat_core::rule::decide(input)))),
        }
    }
}

/// What may go wrong around policies, and how long it takes if it does not. Each pair is the
/// shortest and the longest time.
#[derive(Clone, Debug)]
pub struct Hazards {
    /// One stage.
    pub stages: [Duration; 2],
    /// From a takeover's being asked for to its being there.
    pub takeovers: [Duration; 2],
    /// Until a source sees a publication, and between its attempts while it is cut off.
    pub sources: [Duration; 2],
    /// Between a candidate's looks at the roster, where it also publishes itself.
    pub rosters: [Duration; 2],
    /// Of a hundred stages, those that refuse for a reason which is not the policy's.
    pub refused: u64,
    /// Of a hundred takeovers, those that fail.
    pub not_taken_over: u64,
    /// Of a hundred questions to a policy in shadow, those that end its trial.
    pub failing_shadows: u64,
    /// Of a hundred takeovers, those that lose the memory.
    pub memory_lost: u64,
}

impl Hazards {
    /// Nothing goes wrong, and everything takes a few milliseconds.
    pub fn none() -> Hazards {
        let fast = [Duration::from_millis(3); 2];
        Hazards {
            stages: fast,
            takeovers: fast,
            sources: fast,
            rosters: [Duration::from_secs(1); 2],
            refused: 0,
            not_taken_over: 0,
            failing_shadows: 0,
            memory_lost: 0,
        }
    }

    /// A bad day.
    pub fn bad() -> Hazards {
        let up_to = |secs| [Duration::ZERO, Duration::from_secs(secs)];
        Hazards {
            stages: up_to(2),
            takeovers: up_to(2),
            sources: up_to(5),
            rosters: up_to(8),
            refused: 3,
            not_taken_over: 30,
            failing_shadows: 2,
            memory_lost: 20,
        }
    }
}

/// Which components there are, by digest.
pub(crate) type Catalog = BTreeMap<String, Component>;

/// The engine of one candidate.
#[derive(Default)]
pub(crate) struct Engine {
    /// What answers now.
    active: Option<Loaded>,
    shadow: Option<Shadow>,
    /// The digests of which bytes or code are kept.
    kept: BTreeSet<String>,
    memory: Vec<u8>,
    /// When the last of what it says arrives: later words do not overtake it.
    pub(crate) last: Moment,
}

struct Loaded {
    policy: Policy,
    decide: policy::Policy,
    on_failure: OnFailure,
    hangs: u64,
}

struct Shadow {
    job: JobId,
    loaded: Loaded,
    memory: Vec<u8>,
}

/// How a question was answered.
pub(crate) struct Answered {
    pub(crate) policy: Policy,
    pub(crate) answer: Result<Decision, Failure>,
    /// The threads that did not come back, by digest.
    pub(crate) left_behind: Vec<String>,
    pub(crate) shadow: Option<(JobId, Shadowed)>,
}

/// What came of a question to the policy in shadow.
pub(crate) enum Shadowed {
    Answered { differs: bool, resigns: bool },
    Failed,
}

impl Engine {
    pub(crate) fn keep(&mut self, digest: &str) {
        self.kept.insert(digest.to_owned());
    }

    /// The policy that answers.
    pub(crate) fn active(&self) -> Option<&Policy> {
        self.active.as_ref().map(|loaded| &loaded.policy)
    }

    pub(crate) fn memory(&self) -> Vec<u8> {
        self.memory.clone()
    }

    /// What decides where the active policy gives no decision.
    pub(crate) fn on_failure(&self) -> OnFailure {
        self.active.as_ref().map_or(OnFailure::Standard, |loaded| loaded.on_failure)
    }

    pub(crate) fn forget(&mut self, digest: &str) -> Result<(), String> {
        match self.kept.remove(digest) {
            true => Ok(()),
            false => Err(format!("{digest} is forgotten twice")),
        }
    }

    /// How a stage ends. The standard policy comes with the program: it is always there.
    pub(crate) fn stage(
        &self,
        stage: Stage,
        policy: &Policy,
        catalog: &Catalog,
        refused: bool,
    ) -> Result<StageEnd, String> {
        let component = self.find(policy, catalog)?;
        if refused || (component.refused_at)(&policy.settings) == Some(stage) {
            let why = "does not fit".to_owned();
            return Ok(StageEnd::Refused(Refusal { stage: stage.word(), why }));
        }
        Ok(StageEnd::Passed(match stage {
            Stage::Prepare => Passed::Prepared(About {
                name: policy.digest.clone(),
                standard_may_follow: component.standard_may_follow,
                ..About::default()
            }),
            Stage::Settings | Stage::Migrate | Stage::DryRun => Passed::Fit,
        }))
    }

    pub(crate) fn take_over(
        &mut self,
        policy: Policy,
        catalog: &Catalog,
        memory_lost: bool,
        seed: u64,
    ) -> Result<(), String> {
        if memory_lost {
            self.memory.clear();
        }
        self.active = Some(self.load(policy, catalog, seed)?);
        Ok(())
    }

    pub(crate) fn start_shadow(
        &mut self,
        job: JobId,
        policy: Policy,
        catalog: &Catalog,
        seed: u64,
    ) -> Result<(), String> {
        let loaded = self.load(policy, catalog, seed)?;
        match self.shadow.replace(Shadow { job, loaded, memory: self.memory.clone() }) {
            None => Ok(()),
            Some(_) => Err("two trials at a time".to_owned()),
        }
    }

    pub(crate) fn stop_shadow(&mut self) -> Result<(), String> {
        self.shadow.take().map(|_| ()).ok_or_else(|| "no trial to stop".to_owned())
    }

    /// Asks the active policy, and beside it the one in shadow if the active one decided. None if
    /// there is no policy.
    pub(crate) fn ask(
        &mut self,
        input: &Input,
        hazards: &Hazards,
        dice: &mut Dice,
    ) -> Option<Answered> {
        let active = self.active.as_mut()?;
        let (answer, hung) = active.ask(input, dice);
        let mut left_behind: Vec<String> = hung.into_iter().collect();
        if let Ok(decision) = &answer {
            self.memory.clone_from(&decision.memory);
        }
        let shadow = self.shadow.as_mut().zip(answer.as_ref().ok()).map(|(shadow, is)| {
            let (would, hung) = shadow.ask(input, is, dice);
            left_behind.extend(hung);
            let fails = dice.percent(hazards.failing_shadows);
            (shadow.job, if fails { Shadowed::Failed } else { would })
        });
        Some(Answered { policy: active.policy.clone(), answer, left_behind, shadow })
    }

    fn load(&self, policy: Policy, catalog: &Catalog, seed: u64) -> Result<Loaded, String> {
        let component = self.find(&policy, catalog)?;
        Ok(Loaded {
            decide: (component.decides)(seed),
            on_failure: component.on_failure,
            hangs: component.hangs,
            policy,
        })
    }

    fn find<'a>(&self, policy: &Policy, catalog: &'a Catalog) -> Result<&'a Component, String> {
        let digest = &policy.digest;
        let component = catalog.get(digest).filter(|_| self.kept.contains(digest));
        component.ok_or_else(|| format!("{digest} is wanted, and was forgotten or never found"))
    }
}

impl Loaded {
    /// The answer, and the digest if the thread did not come back with it.
    fn ask(
        &mut self,
        input: &Input,
        dice: &mut Dice,
    ) -> (Result<Decision, Failure>, Option<String>) {
        if dice.percent(self.hangs) {
            let detail = "the thread did not come back".to_owned();
            let failure = Failure { kind: FailureKind::TimedOut, detail };
            return (Err(failure), Some(self.policy.digest.clone()));
        }
        ((self.decide)(input), None)
    }
}

impl Shadow {
    /// Asks it what the active policy decided, with settings and memory of its own. A trial ends with
    /// its first failure.
    fn ask(&mut self, input: &Input, is: &Decision, dice: &mut Dice) -> (Shadowed, Option<String>) {
        let settings = self.loaded.policy.settings.to_string();
        let input = Input { settings, memory: self.memory.clone(), ..input.clone() };
        let (would, hung) = self.loaded.ask(&input, dice);
        let Ok(would) = would else { return (Shadowed::Failed, hung) };
        self.memory.clone_from(&would.memory);
        let resigns = |decision: &Decision| matches!(decision.action, Action::Resign(_));
        let shadowed = Shadowed::Answered {
            differs: !is.does_the_same(&would),
            resigns: resigns(&would) && !resigns(is),
        };
        (shadowed, hung)
    }
}
