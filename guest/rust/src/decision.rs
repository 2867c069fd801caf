//! Builders of decisions. Whatever they are given, the decision keeps the contract's bounds, so that a
//! number out of another's record or a text that grew makes no policy fail.

use crate::bounds::{
    LARGEST_MEMORY, LONGEST_KEY, LONGEST_NAME, LONGEST_REASON, LONGEST_VALUE, LONGEST_WAKE_MS,
    MOST_PUBLISHED, cut,
};
use crate::{Action, Decision, Timing, Value};

impl Decision {
    /// Do nothing, and ask again after so many milliseconds at the latest, from 1 to 86,400,000, a
    /// day; less and more are taken as these.
    pub fn wait_for(ms: u64) -> Decision {
        Decision::of(Action::Wait).wake_after(ms)
    }

    /// Take the seat, if the host too finds it free.
    pub fn campaign() -> Decision {
        Decision::of(Action::Campaign)
    }

    /// Renew the claim.
    pub fn renew() -> Decision {
        Decision::of(Action::Renew)
    }

    /// Give the claim up to whoever is first.
    pub fn resign() -> Decision {
        Decision::of(Action::Resign(None))
    }

    /// Give the claim up in favour of the candidate of that identity. No candidate has a name that
    /// is empty or longer than 253 bytes: then it is given up to whoever is first.
    pub fn resign_to(successor: impl Into<String>) -> Decision {
        let successor = Some(successor.into());
        let known = successor.filter(|name| (1..=LONGEST_NAME).contains(&name.len()));
        Decision::of(Action::Resign(known))
    }

    /// A decision that is asked again after a second, without a reason, and remembers nothing.
    fn of(action: Action) -> Decision {
        Decision {
            action,
            wake_after: 1_000,
            lease_duration: None,
            reason: String::new(),
            publish: Vec::new(),
            memory: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Ask again after so many milliseconds at the latest, a second if nothing is said here. The
    /// contract allows 1 to 86,400,000, a day; less and more are taken as these. To be asked after
    /// a day at the latest costs nothing where a policy waits for longer.
    #[must_use]
    pub fn wake_after(mut self, ms: u64) -> Decision {
        self.wake_after = ms.clamp(1, LONGEST_WAKE_MS);
        self
    }

    /// One line for people, at most 1,024 bytes; a longer one is cut and ends in `…`.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Decision {
        self.reason = cut(reason.into(), LONGEST_REASON);
        self
    }

    /// Bytes that come back in the next input, at most 64 KiB. Nothing is remembered unless each
    /// decision says so again, and of more than 64 KiB nothing is: a part would be read as
    /// something else than what was meant.
    #[must_use]
    pub fn remember(mut self, memory: impl Into<Vec<u8>>) -> Decision {
        let memory = memory.into();
        self.memory = if memory.len() > LARGEST_MEMORY { Vec::new() } else { memory };
        self
    }

    /// A lease duration other than the operator's, in milliseconds. One that is outside of what
    /// the operator leaves to policies, `shortest_lease` to `longest_lease` of the input's
    /// `timing`, is taken as the nearer of the two.
    #[must_use]
    pub fn lease(mut self, ms: u64, timing: &Timing) -> Decision {
        // `clamp` would panic on bounds that are the wrong way round.
        self.lease_duration = Some(ms.max(timing.shortest_lease).min(timing.longest_lease));
        self
    }

    /// A signal for the other candidates' policies. There are at most 16, and keys of at most 317
    /// bytes: what is more is left out. A text of more than 1,024 bytes is cut and ends in `…`; JSON
    /// and several texts that are longer are left out, since a part would say something else.
    #[must_use]
    pub fn publish(mut self, key: impl Into<String>, value: impl Into<Value>) -> Decision {
        let key = key.into();
        let value = match value.into() {
            Value::Text(text) => Value::Text(cut(text, LONGEST_VALUE)),
            other => other,
        };
        let fits = key.len() <= LONGEST_KEY && value.bytes() <= LONGEST_VALUE;
        if fits && self.publish.len() < MOST_PUBLISHED {
            self.publish.push((key, value));
        }
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Value {
        Value::Texts(texts)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Flag(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TIMING, check};

    #[test]
    fn builders_fill_every_field() {
        let decision = Decision::resign_to("b")
            .wake_after(5)
            .because("b is nearer")
            .remember([1, 2])
            .lease(9_000, &TIMING)
            .publish("app.lag", 1.5)
            .publish("node.zone", "north");
        let expected = Decision {
            action: Action::Resign(Some("b".into())),
            wake_after: 5,
            lease_duration: Some(9_000),
            reason: "b is nearer".into(),
            publish: vec![
                ("app.lag".into(), Value::Number(1.5)),
                ("node.zone".into(), Value::Text("north".into())),
            ],
            memory: vec![1, 2],
            extra: vec![],
        };
        assert_eq!(decision, expected);
    }

    #[test]
    fn a_wake_up_is_neither_at_once_nor_after_more_than_a_day() {
        for (asked, kept) in [(0, 1), (1, 1), (86_400_000, 86_400_000), (u64::MAX, 86_400_000)] {
            assert_eq!(Decision::wait_for(asked).wake_after, kept);
            assert_eq!(Decision::renew().wake_after(asked).wake_after, kept);
        }
    }

    #[test]
    fn whatever_a_builder_is_given_the_bounds_are_kept() {
        let numbers = [0, 1, 999, 1_000, 60_000, 60_001, 86_400_001, u64::MAX];
        let sizes = [0, 1, 253, 254, 317, 318, 1_024, 1_025, 65_536, 65_537, 1 << 20];
        for (ms, size) in numbers.into_iter().flat_map(|ms| sizes.map(|size| (ms, size))) {
            for text in ["x".repeat(size), "ü".repeat(size)] {
                let decision = Decision::resign_to(text.clone())
                    .wake_after(ms)
                    .lease(ms, &TIMING)
                    .because(text.clone())
                    .remember(text.clone());
                let decision = (0..20).fold(decision, |all, _| all.publish("key", text.clone()));
                let decision = decision.publish(text, true);
                assert_eq!(check(&decision, &TIMING), Ok(()), "{ms} ms, {size} letters");
            }
        }
    }

    #[test]
    fn what_is_within_the_bounds_stays_as_it_is() {
        let decision = Decision::resign_to("x".repeat(253))
            .because("x".repeat(1_024))
            .remember(vec![7; 65_536])
            .lease(60_000, &TIMING)
            .publish("k".repeat(317), "v".repeat(1_024))
            .publish("all", vec!["v".repeat(511), "v".repeat(511)])
            .publish("big", i64::MAX);
        assert_eq!(decision.action, Action::Resign(Some("x".repeat(253))));
        assert_eq!(decision.reason, "x".repeat(1_024));
        assert_eq!(decision.memory, vec![7; 65_536]);
        assert_eq!(decision.lease_duration, Some(60_000));
        let texts = vec!["v".repeat(511), "v".repeat(511)];
        let published = [
            ("k".repeat(317), Value::Text("v".repeat(1_024))),
            ("all".into(), Value::Texts(texts)),
            ("big".into(), Value::Integer(i64::MAX)),
        ];
        assert_eq!(decision.publish, published);
    }

    #[test]
    fn what_cannot_be_cut_is_left_out() {
        assert_eq!(Decision::resign_to("").action, Action::Resign(None));
        assert_eq!(Decision::resign_to("x".repeat(254)).action, Action::Resign(None));
        assert!(Decision::renew().remember(vec![0; 65_537]).memory.is_empty());
        let many = (0..20).fold(Decision::renew(), |all, n| all.publish(format!("k{n}"), true));
        assert_eq!(many.publish.len(), 16);
        assert_eq!(many.publish[15].0, "k15");
        assert!(Decision::renew().publish("k".repeat(318), true).publish.is_empty());
        for long in [Value::Json("1".repeat(1_025)), Value::Texts(vec!["v".repeat(205); 5])] {
            assert!(Decision::renew().publish("k", long).publish.is_empty());
        }
    }
}
