//! What the rules make of a question. The standard policy has the pace: renewals, retries, waits and
//! jitter are its own; a rule keeps this candidate from a seat, makes it wait, or has it go.

use cel::Context;
use hotseat_policy::{Decision, Input, Policy, Refusal};
use hotseat_policy_standard::Standard;

use crate::facts::{Facts, Remembered, Surroundings};
use crate::failure::Failure;
use crate::functions::context;
use crate::memory::Memory;
use crate::rules::Rules;
use crate::writes::Writes;

/// The longest text of a rule in a reason, in letters.
const LONGEST_QUOTE: usize = 160;

/// What to do.
pub(crate) fn decide(rules: &Rules, mut input: Input) -> Result<Decision, Refusal> {
    let mut memory = Memory::read(&input.memory);
    let uptime = input.observation.uptime;
    let free = !input.observation.leads() && input.observation.seat_is_free();
    memory.free_since = free.then(|| memory.free_since.unwrap_or(uptime).min(uptime));
    let free_for = memory.free_since.map_or(0, |since| uptime - since);
    if let Some(holder) = input.observation.seat().and_then(|seat| seat.holder.as_ref()) {
        memory.last_holder.clone_from(holder);
    }

    let remembered = Remembered { free_for, last_holder: memory.last_holder.clone() };
    let surroundings = Surroundings::take(&mut input.observation);
    let facts = Facts::new(&input.observation, &input.timing, remembered, surroundings);
    let context = context(&facts);
    let answered = Question { rules, input: &input, context: &context }.answer(&mut memory);
    let Answered { answer, published, writes } = answered
        .map_err(|failure| Refusal::Other(format!("{}: {}", failure.at.join(" "), failure.why)))?;
    drop(context);

    let before = memory.clone();
    let decision = match answer {
        Answer::Standard => standard(input, &mut memory)?,
        Answer::StandardWithin(ms) => {
            let decision = standard(input, &mut memory)?;
            let wake = decision.wake_after.min(ms);
            decision.wake_after(wake)
        }
        Answer::Stop(successor) => named(standard(input, &mut memory)?, successor),
        Answer::Own(decision) => decision,
    };
    let decision = writes.keep(decision, &mut memory, before);
    let decision = published.into_iter().fold(decision, |it, (key, value)| it.publish(key, value));
    Ok(decision.remember(memory.write()))
}

/// Who answers, and what.
enum Answer {
    /// The standard policy.
    Standard,
    /// The standard policy, and asked again within so many milliseconds.
    StandardWithin(u64),
    /// The standard policy at the end of the process, with this successor.
    Stop(Option<String>),
    /// The rules.
    Own(Decision),
}

struct Question<'a> {
    rules: &'a Rules,
    input: &'a Input,
    context: &'a Context<'a, 'a>,
}

/// What the rules say of a question.
struct Answered {
    answer: Answer,
    published: Vec<(String, hotseat_policy::Value)>,
    writes: Writes,
}

impl Question<'_> {
    fn answer(&self, memory: &mut Memory) -> Result<Answered, Failure> {
        let seen = &self.input.observation;
        let published = self.rules.published(self.context)?;
        let answer = if seen.is_stopping() {
            Answer::Stop(self.rules.successor(self.context)?)
        } else if seen.leads() {
            self.lead(memory)?
        } else if seen.seat_is_free() {
            self.follow(memory)?
        } else {
            Answer::Standard
        };
        let writes = Writes::of(self.rules, self.input, self.context)?;
        Ok(Answered { answer, published, writes })
    }

    /// A leader goes at once where it must not lead, and after a term that lasted where it only
    /// makes room for a better one.
    fn lead(&self, memory: &mut Memory) -> Result<Answer, Failure> {
        let seen = &self.input.observation;
        let settings = &self.rules.settings;
        let held_for = seen.claim().map_or(0, |claim| claim.held_for);
        if held_for >= settings.settle_ms {
            memory.settle(seen.uptime);
        }
        if seen.seat().is_some_and(|seat| seat.paused) || !self.rules.resign(self.context)? {
            return Ok(Answer::Standard);
        }
        let left = settings.settle_ms.saturating_sub(held_for);
        if left > 0 && self.rules.campaign(self.context)? {
            return Ok(Answer::StandardWithin(left));
        }
        let successor = self.rules.successor(self.context)?.filter(|name| *name != seen.identity);
        memory.resign(seen.uptime, settings.rest_ms, settings.longest_rest_ms);
        let reason = format!("resign holds: {}", self.quote("resign"));
        let decision =
            Decision::resign().because(reason).wake_after(self.input.timing.retry_period);
        Ok(Answer::Own(named(decision, successor)))
    }

    /// A standby of a free seat.
    fn follow(&self, memory: &mut Memory) -> Result<Answer, Failure> {
        let seen = &self.input.observation;
        let retry = self.input.timing.retry_period;
        let wait = |ms: u64, why: String| Ok(Answer::Own(Decision::wait_for(ms).because(why)));
        let rest = memory.rest_until.saturating_sub(seen.uptime);
        if rest > 0 {
            return wait(rest, format!("rests for {rest} ms after it resigned"));
        }
        if !self.rules.campaign(self.context)? {
            // An age that passes a bound is not an event, so it is looked for.
            return wait(retry, format!("campaign does not hold: {}", self.quote("campaign")));
        }
        let named = seen.seat().and_then(|seat| seat.successor.as_ref());
        if named == Some(&seen.identity) {
            return Ok(Answer::Standard);
        }
        let settings = &self.rules.settings;
        let rank = self.rules.rank(self.context)?;
        let step = settings.step_ms.unwrap_or(retry / 2);
        let delay = rank.saturating_mul(step).saturating_add(self.rules.wait(self.context)?);
        let delay = delay.min(settings.longest_wait_ms);
        let since = memory.free_since.unwrap_or(seen.uptime);
        match since.saturating_add(delay).saturating_sub(seen.uptime) {
            0 => Ok(Answer::Standard),
            left => wait(
                left.min(retry),
                format!("rank {rank}: leaves the free seat to others for {left} ms more"),
            ),
        }
    }

    /// The rule's text, for a reason.
    fn quote(&self, rule: &str) -> String {
        let text = self.rules.settings.rule(rule).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// A resignation in favour of somebody.
fn named(decision: Decision, successor: Option<String>) -> Decision {
    let Some(successor) = successor else { return decision };
    let Decision { action, .. } = Decision::resign_to(successor);
    Decision { action, ..decision }
}

/// The standard policy's decision, with its part of the memory.
fn standard(input: Input, memory: &mut Memory) -> Result<Decision, Refusal> {
    let own = std::mem::take(&mut memory.standard);
    let mut decision = Standard::decide(Input { settings: String::new(), memory: own, ..input })?;
    memory.standard = std::mem::take(&mut decision.memory);
    Ok(decision)
}
