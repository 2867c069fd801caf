//! Somebody leads once faults end: from a state on, everything arrives, and the policies campaign.

use crate::cell::Cell;
use crate::hands::Budget;
use crate::setting::{Policy, Setting};
use crate::store::lock;
use crate::world::{Reading, World};
use hotseat_core::canon::NOW;
use hotseat_core::event::{Event, Trouble, Via};
use hotseat_core::policy::Outcome;
use std::sync::Arc;

/// So many rounds of messages fit into one tick.
const ROUNDS: usize = 12;

/// How many ticks pass until somebody leads, if no fault happens any more; none if nobody does
/// within six times the longest lease. Zero if there is nobody left who could.
pub fn ticks_until_somebody_leads(setting: &Setting, world: &World) -> Option<u32> {
    let setting = Setting { policy: Policy::Campaigns, leases: Vec::new(), ..setting.clone() };
    let mut world = World { budget: Budget::default(), ..world.clone() };
    let leads = |world: &World| world.candidates.iter().any(|c| c.token().is_some());
    for ticks in 0..=u32::from(setting.longest()) * 6 {
        for _ in 0..ROUNDS {
            if leads(&world) || !world.candidates.iter().any(|c| c.alive) {
                return Some(ticks);
            }
            for index in 0..world.candidates.len() {
                world = converse(&setting, world, index);
            }
        }
        for candidate in world.candidates.iter_mut().filter(|candidate| candidate.alive) {
            let mut elector = candidate.cell.elector.clone();
            elector.pass(setting.tick);
            candidate.cell = Arc::new(Cell::new(elector));
        }
    }
    None
}

/// All that is on its way to and from a candidate arrives.
fn converse(setting: &Setting, mut world: World, index: usize) -> World {
    if !world.candidates[index].alive {
        return world;
    }
    for wire in std::mem::take(&mut world.candidates[index].wires) {
        let found = world.store.apply(&wire);
        if world.candidates[index].awaits == Some(wire.serial) {
            world.candidates[index].answer = Some(found);
        }
    }
    if let Some(serial) = world.candidates[index].awaits.take() {
        let trouble = |outcome| Trouble { outcome, retry_after: None, detail: String::new() };
        let result = match world.candidates[index].answer.take() {
            Some(Some(object)) => Ok(object.decode()),
            Some(None) => Err(trouble(Outcome::Conflict)),
            None => Err(trouble(Outcome::TimedOut)),
        };
        world = feed(setting, world, index, Event::WriteEnded { serial, result });
    }
    if let Some(reading) = world.candidates[index].reading.take() {
        let via =
            Via::Read { asked: world.candidates[index].cell.elector.asked_at(), requested: true };
        let found = match reading {
            Reading::Found(object) => object,
            Reading::Sent => world.store.object,
        };
        let lock = lock(found.as_ref(), None);
        world = feed(setting, world, index, Event::Observed { lock, via });
    }
    let last = world.store.history.last().copied();
    if let Some((version, object)) = last.filter(|last| last.0 > world.candidates[index].cursor) {
        world.candidates[index].cursor = version;
        let event = Event::Observed { lock: lock(object.as_ref(), Some(version)), via: Via::Watch };
        world = feed(setting, world, index, event);
    }
    if world.candidates[index].alive && world.candidates[index].cell.elector.is_due() {
        debug_assert!(NOW > hotseat_core::time::Moment::ZERO);
        world = feed(setting, world, index, Event::Timer);
    }
    world
}

fn feed(setting: &Setting, world: World, index: usize, event: Event) -> World {
    if !world.candidates[index].alive {
        return world;
    }
    let mut out = Vec::with_capacity(1);
    let before = world.clone();
    world.feed(setting, index, event, &mut out);
    out.pop().unwrap_or(before)
}
