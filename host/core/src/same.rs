//! When two decisions are the same.

use crate::policy::{Decision, Value};

impl Decision {
    /// Whether both have the same done: neither the reason, which is for people, nor the memory,
    /// which is a policy's own, counts.
    pub fn does_the_same(&self, other: &Decision) -> bool {
        let Decision { action, wake_after, lease_duration, reason: _, publish, memory: _, extra } =
            self;
        *action == other.action
            && *wake_after == other.wake_after
            && *lease_duration == other.lease_duration
            && same_signals(publish, &other.publish)
            && same_signals(extra, &other.extra)
    }

    /// Whether both are the same in every field.
    pub fn is_the_same(&self, other: &Decision) -> bool {
        self.does_the_same(other) && self.reason == other.reason && self.memory == other.memory
    }
}

fn same_signals(one: &[(String, Value)], other: &[(String, Value)]) -> bool {
    let same = |(one, other): (&(String, Value), &(String, Value))| {
        one.0 == other.0 && same_value(&one.1, &other.1)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // One value that is not a number is as good as another.
        (Value::Number(one), Value::Number(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Action;

    fn decision() -> Decision {
        Decision {
            action: Action::Wait,
            wake_after: 10,
            lease_duration: None,
            reason: "a".to_owned(),
            publish: vec![("lag".to_owned(), Value::Number(f64::NAN))],
            memory: vec![1],
            extra: vec![("by".to_owned(), Value::Integer(7))],
        }
    }

    #[test]
    fn one_value_that_is_not_a_number_is_as_good_as_another() {
        let (one, mut other) = (decision(), decision());
        other.publish[0].1 = Value::Number(-f64::NAN);
        assert_ne!(one.publish[0].1, other.publish[0].1);
        assert!(one.does_the_same(&other) && one.is_the_same(&other));
    }

    #[test]
    fn what_is_done_counts() {
        let one = decision();
        assert!(one.is_the_same(&one.clone()));
        let changes: [fn(&mut Decision); 6] = [
            |it| it.action = Action::Resign(None),
            |it| it.wake_after = 11,
            |it| it.lease_duration = Some(10),
            |it| it.publish.clear(),
            |it| it.extra.clear(),
            |it| it.publish[0].1 = Value::Number(0.0),
        ];
        for change in changes {
            let mut other = decision();
            change(&mut other);
            assert!(!one.does_the_same(&other), "{other:?}");
        }
    }

    #[test]
    fn reason_and_memory_count_if_asked() {
        let changes: [fn(&mut Decision); 2] = [|it| it.reason.clear(), |it| it.memory.clear()];
        for change in changes {
            let mut other = decision();
            change(&mut other);
            assert!(decision().does_the_same(&other) && !decision().is_the_same(&other));
        }
    }
}
