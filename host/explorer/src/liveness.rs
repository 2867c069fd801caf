//! Somebody leads once faults end: from a state on, everything arrives, and the policies campaign.

use crate::cell::Lab;
use crate::hands::Budget;
use crate::world::{Happening, How, Pending, Reading, World};

/// So many rounds of messages fit into one tick.
const ROUNDS: usize = 12;

/// How many ticks pass until somebody leads, if no fault happens any more; none if nobody does
/// within six times the longest lease. Zero if there is nobody left who could.
pub fn ticks_until_somebody_leads(lab: &Lab, world: &World) -> Option<u32> {
    let mut world = World { budget: Budget::default(), ..world.clone() };
    let leads = |world: &World| world.candidates.iter().any(|c| c.token().is_some());
    let tick = lab.setting.tick;
    for ticks in 0..=u32::from(lab.setting.longest()) * 6 {
        for _ in 0..ROUNDS {
            if leads(&world) || !world.candidates.iter().any(|c| c.alive) {
                return Some(ticks);
            }
            for index in 0..world.candidates.len() {
                converse(lab, &mut world, index);
                world.canonize(lab);
            }
        }
        for candidate in world.candidates.iter_mut().filter(|candidate| candidate.alive) {
            candidate.cell = lab.other(&candidate.cell, tick, |elector| elector.pass(tick));
        }
    }
    None
}

/// All that is on its way to and from a candidate arrives.
fn converse(lab: &Lab, world: &mut World, index: usize) {
    for wire in std::mem::take(&mut world.candidates[index].wires) {
        let found = world.store.apply(&wire);
        let pending = &mut world.candidates[index].pending;
        for pending in pending.iter_mut().filter(|pending| pending.serial == wire.serial) {
            pending.answer = Some(found);
        }
    }
    for Pending { serial, answer } in std::mem::take(&mut world.candidates[index].pending) {
        let event = match answer {
            Some(found) => Happening::Written(serial, found),
            None => Happening::WriteLost(serial),
        };
        feed(lab, world, index, event);
    }
    if let Some(reading) = world.candidates[index].reading.take() {
        let found = match reading {
            Reading::Found(object) => object,
            Reading::Sent => world.store.object,
        };
        feed(lab, world, index, Happening::Observed(found, None, How::Asked));
    }
    let told = world.candidates[index].watch;
    let next = |told: u64| world.store.history.iter().find(|(version, _)| *version > told);
    if let Some((version, object)) = told.and_then(next).copied() {
        world.candidates[index].watch = Some(version);
        feed(lab, world, index, Happening::Observed(object, Some(version), How::Watch));
    } else if told.is_none() {
        world.candidates[index].watch = Some(world.store.version);
        feed(lab, world, index, Happening::Observed(world.store.object, None, How::Anew));
    }
    if world.candidates[index].cell.elector.is_due() {
        feed(lab, world, index, Happening::Timer);
    }
}

/// Of all answers of the policy the first, which campaigns.
fn feed(lab: &Lab, world: &mut World, index: usize, event: Happening) {
    if world.candidates[index].alive {
        let mut out = Vec::new();
        world.clone().feed(lab, index, event, &mut out);
        if let Some(next) = out.into_iter().next() {
            *world = next;
        }
    }
}
