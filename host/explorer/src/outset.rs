//! Where a search begins: where nobody has read the lock, or later, so that the same number of states
//! gets further.

use crate::cell::Lab;
use crate::setting::Setting;
use crate::steps::{Step, successors};
use crate::world::World;

/// What has happened when the search begins. If it begins with a leader, the first candidate has found no
/// lock and taken the seat, and the others have seen that.
pub fn steps(setting: &Setting) -> Vec<Step> {
    if !setting.led {
        return Vec::new();
    }
    let mut steps = vec![Step::Relist(0), Step::Write(0, 0)];
    if !setting.prompt {
        steps.push(Step::Written(0));
    }
    steps.extend((1..usize::from(setting.candidates)).map(Step::Relist));
    steps
}

/// The states that those steps lead through; the first is where nobody has read the lock.
pub fn worlds(lab: &Lab) -> Vec<World> {
    let mut first = World::new(lab);
    first.canonize(lab);
    let mut worlds = vec![first];
    for wanted in steps(lab.setting) {
        let mut next = None;
        if let Some(last) = worlds.last() {
            successors(lab, last, |step, world| {
                if step == wanted && next.is_none() {
                    next = Some(world);
                }
            });
        }
        worlds.extend(next);
    }
    worlds
}
