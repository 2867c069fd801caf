//! In which order the effects of one step are to be done: the one place that says so.

use super::Effect;

impl Effect {
    /// What is done earlier has the smaller number.
    fn rank(&self) -> u8 {
        match self {
            // The policy thinks on a thread of its own while the rest is done. To ask it promises nobody
            // anything.
            Effect::Ask { .. } => 0,
            // Before every request: the end of belief is seen before a release can reach anybody (I6),
            // and an earlier end before a write with a shorter lease is sent (I1). A view that leads
            // is allowed by a write that was confirmed before this step, so it waits for nothing.
            Effect::Show(_) => 1,
            // On their way before anybody hears of anything: a renewal waits for no log line. A write before
            // a read, since time runs out for it.
            Effect::Write(_) => 2,
            Effect::Read { .. } => 3,
            Effect::RestartWatch => 4,
            // What people hear, in the order in which it happened.
            Effect::Tell(_) => 5,
            // After the notices that led to it, and before another policy is looked for: the decision
            // is the failed one's.
            Effect::Account(_) => 6,
            Effect::RestorePolicy => 7,
            // At the end: nothing is wanted after it.
            Effect::WakeAt(_) | Effect::Finished => 8,
        }
    }
}

/// An effect by itself, or with the lock that it is about.
pub(crate) trait Ranked {
    fn effect(&self) -> &Effect;
}

impl Ranked for Effect {
    fn effect(&self) -> &Effect {
        self
    }
}

/// Puts all effects of one step into the order in which they are to be done. Of several views, as two
/// electors or an end have them, only the last is shown.
pub(crate) fn in_order<E: Ranked>(mut effects: Vec<E>) -> Vec<E> {
    let is_view = |it: &E| matches!(it.effect(), Effect::Show(_));
    let mut others = effects.iter().filter(|it| is_view(it)).count().saturating_sub(1);
    if others > 0 {
        effects.retain(|it| {
            let goes = others > 0 && is_view(it);
            others -= usize::from(goes);
            !goes
        });
    }
    // Stable: what is of one kind stays as it happened.
    effects.sort_by_key(|it| it.effect().rank());
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;
    use crate::view::View;

    #[test]
    fn of_several_views_the_last_is_shown() {
        let view = |failures| Effect::Show(Box::new(View { failures, ..View::default() }));
        let rest = [Effect::RestorePolicy, Effect::WakeAt(Moment::NEVER)];
        for views in 1..4 {
            let mut effects: Vec<_> = (1..=views).map(view).collect();
            effects.extend(rest.clone());
            effects.rotate_left(1);
            // The first view went to the end, so it is the last one.
            let shown = [view(1), rest[0].clone(), rest[1].clone()];
            assert_eq!(in_order(effects), shown);
        }
    }
}
