//! When two answers are the same.

use hotseat_core::policy::{Decision, Value};

/// Whether both would have the same done. The reason is for people, and memory is a policy's own:
/// they count only if `strict`.
pub(crate) fn same(one: &Decision, other: &Decision, strict: bool) -> bool {
    let Decision { action, wake_after, lease_duration, reason, publish, memory } = one;
    let done = *action == other.action
        && *wake_after == other.wake_after
        && *lease_duration == other.lease_duration
        && same_signals(publish, &other.publish);
    done && (!strict || (*reason == other.reason && *memory == other.memory))
}

fn same_signals(one: &[(String, Value)], other: &[(String, Value)]) -> bool {
    let same = |(one, other): (&(String, Value), &(String, Value))| {
        one.0 == other.0 && same_value(&one.1, &other.1)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // Not a number is not equal to itself.
        (Value::Number(one), Value::Number(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_core::policy::Action;

    fn decision() -> Decision {
        Decision {
            action: Action::Wait,
            wake_after: 10,
            lease_duration: None,
            reason: "a".to_owned(),
            publish: vec![("lag".to_owned(), Value::Number(f64::NAN))],
            memory: vec![1],
        }
    }

    #[test]
    fn what_is_done_counts() {
        let one = decision();
        assert!(same(&one, &one.clone(), true));
        let changes: [fn(&mut Decision); 5] = [
            |it| it.action = Action::Resign(None),
            |it| it.wake_after = 11,
            |it| it.lease_duration = Some(10),
            |it| it.publish.clear(),
            |it| it.publish[0].1 = Value::Number(0.0),
        ];
        for change in changes {
            let mut other = decision();
            change(&mut other);
            assert!(!same(&one, &other, false), "{other:?}");
        }
    }

    #[test]
    fn reason_and_memory_count_if_asked() {
        let changes: [fn(&mut Decision); 2] = [|it| it.reason.clear(), |it| it.memory.clear()];
        for change in changes {
            let mut other = decision();
            change(&mut other);
            assert!(same(&decision(), &other, false) && !same(&decision(), &other, true));
        }
    }
}
