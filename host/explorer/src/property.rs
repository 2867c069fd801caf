//! What must hold in each state, and what must have happened somewhere for that to mean anything.

use crate::finding::{Broken, Finding, Happened, Sometimes};
use crate::hands::Fault;
use crate::setting::Setting;
use crate::store::{Process, ReplyKind};
use crate::world::{Reading, World};
use hotseat_core::elector::Phase;
use hotseat_core::event::Purpose;

/// Looks at a state that has just followed from another: says what is broken, and keeps up what the
/// properties remember.
pub fn note(setting: &Setting, before: &World, world: &mut World) {
    // What a policy answered just now; what happened further back was counted then.
    let mut happened = world.finding.happened;
    happened.add_spent(&before.budget, &world.budget);
    let mut broken = None;
    for index in 0..world.candidates.len() {
        let (old, new) = (&before.candidates[index], &world.candidates[index]);
        let was = old.token();
        let process = new.process;
        let is = new.token();
        if was.is_some() && (is.is_none() || old.process != process) {
            world.candidates[index].acts = setting.ticks(setting.timing.reaction);
        }
        if let Some(token) = is
            && was != is
        {
            happened.add_all(new_belief(before, world.last_term, process, token));
            if world.candidates[index].early {
                broken = Some(Broken::PromiseNotKept);
            }
            if setting.tokens {
                let is_larger = world.last_term.is_none_or(|(highest, owner)| {
                    token > highest || (token == highest && owner == process)
                });
                if !is_larger {
                    broken = broken.or(Some(Broken::TokenNotLarger));
                }
                world.last_term = Some((token, process));
            }
        }
    }
    let believers = world.candidates.iter().filter(|c| c.token().is_some()).count();
    let acting = world.candidates.iter().filter(|c| c.token().is_some() || c.acts > 0).count();
    if believers > 1 {
        broken = Some(Broken::TwoBelievers);
    } else if believers == 1 && acting > 1 {
        broken = broken.or(Some(Broken::ActsLate));
    }
    if leaves_while_paused(before, world) {
        broken = broken.or(Some(Broken::LeavesWhilePaused));
    }
    happened.add_all(look(before, world));
    world.finding = Finding { broken, happened };
}

/// What it means that a process believes now.
fn new_belief(
    before: &World,
    last: Option<(u64, Process)>,
    process: Process,
    token: u64,
) -> Happened {
    let mut happened = Happened::default();
    happened.add(Sometimes::Leads);
    match last {
        Some((highest, owner)) if owner == process && token == highest => {
            happened.add(Sometimes::Resumes);
        }
        Some((_, owner)) if owner.name != process.name => happened.add(Sometimes::TakesOver),
        Some((_, owner)) if owner != process => happened.add(Sometimes::TakesOverFromItself),
        _ => {}
    }
    let found = before.candidates[usize::from(process.name.0)]
        .pending
        .iter()
        .find_map(|p| p.answer.flatten());
    let released = |c: &crate::world::Candidate| {
        let record = c.cell.elector.sees();
        record.is_some_and(|record| record.holder.is_none())
    };
    if found.is_some() && released(&before.candidates[usize::from(process.name.0)]) {
        happened.add(Sometimes::HandsOver);
    }
    happened
}

/// Whether a leader that sees a pause begins to give its seat up, other than because it shall stop.
fn leaves_while_paused(before: &World, world: &World) -> bool {
    let stops = before.budget.count(Fault::Stop) != world.budget.count(Fault::Stop);
    let paused = |c: &crate::world::Candidate| {
        c.cell.elector.sees().is_some_and(|record| record.requests.paused)
    };
    let leaves = |(old, new): (&crate::world::Candidate, &crate::world::Candidate)| {
        let gives_up = new.cell.elector.situation().phase == Phase::SteppingDown;
        old.token().is_some() && gives_up && paused(old) && paused(new)
    };
    !stops && before.candidates.iter().zip(&world.candidates).any(leaves)
}

/// What can be seen in the state itself.
fn look(before: &World, world: &World) -> Happened {
    let mut happened = Happened::default();
    let stamp = world.store.object.and_then(|object| object.stamp);
    if stamp.is_some_and(|stamp| stamp.purpose == Purpose::Reserve) {
        happened.add(Sometimes::Reserves);
    }
    for (old, new) in before.candidates.iter().zip(&world.candidates) {
        let situation = new.cell.elector.situation();
        match situation.phase {
            Phase::Learning => happened.add(Sometimes::Learns),
            Phase::SteppingDown => happened.add(Sometimes::StepsDown),
            Phase::Finished => happened.add(Sometimes::Finishes),
            Phase::Standby | Phase::Leading => {}
        }
        if situation.unsure {
            happened.add(Sometimes::IsUnsure);
        }
        if matches!(new.reading, Some(Reading::Found(found)) if found != world.store.object) {
            happened.add(Sometimes::IsBehind);
        }
        let hands_over = |wire: &crate::store::Wire| {
            wire.purpose == Purpose::Release && wire.answer != ReplyKind::Leave
        };
        if new.wires.iter().any(hands_over) {
            happened.add(Sometimes::Transfers);
        }
        if new.pending.iter().any(|pending| pending.answer == Some(None)) {
            happened.add(Sometimes::Conflicts);
        }
        let ended = old.token().is_some() && new.token().is_none();
        if ended && old.process == new.process && situation.phase == Phase::Standby {
            let lapsed = new.cell.elector.sees() == old.cell.elector.sees();
            happened.add(if lapsed { Sometimes::Lapses } else { Sometimes::Loses });
        }
    }
    happened
}
