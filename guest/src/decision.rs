//! Builders of decisions.

use crate::{Action, Decision, Value};

impl Decision {
    /// Do nothing, and ask again after so many milliseconds at the latest; 0 is taken as 1.
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

    /// Give the claim up in favour of the candidate of that identity.
    pub fn resign_to(successor: impl Into<String>) -> Decision {
        Decision::of(Action::Resign(Some(successor.into())))
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
        }
    }

    /// Ask again after so many milliseconds at the latest, a second if nothing is said here. 0 is
    /// taken as 1, the least that the contract allows; the most is 86,400,000, a day.
    #[must_use]
    pub fn wake_after(mut self, ms: u64) -> Decision {
        self.wake_after = ms.max(1);
        self
    }

    /// One line for people, at most 1,024 bytes.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Decision {
        self.reason = reason.into();
        self
    }

    /// Bytes that come back in the next input, at most 64 KiB. Nothing is remembered unless each
    /// decision says so again.
    #[must_use]
    pub fn remember(mut self, memory: impl Into<Vec<u8>>) -> Decision {
        self.memory = memory.into();
        self
    }

    /// A lease duration other than the operator's, in milliseconds, within the bounds that
    /// `timing.shortest-lease` and `timing.longest-lease` give.
    #[must_use]
    pub fn lease(mut self, ms: u64) -> Decision {
        self.lease_duration = Some(ms);
        self
    }

    /// A signal for the other candidates' policies, at most 16 of them. The key is made of
    /// lower-case words joined by dots and dashes.
    #[must_use]
    pub fn publish(mut self, key: impl Into<String>, value: impl Into<Value>) -> Decision {
        self.publish.push((key.into(), value.into()));
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

    #[test]
    fn builders_fill_every_field() {
        let decision = Decision::resign_to("b")
            .wake_after(5)
            .because("b is nearer")
            .remember([1, 2])
            .lease(9_000)
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
        };
        assert_eq!(decision, expected);
    }

    #[test]
    fn a_wake_up_is_never_at_once() {
        assert_eq!(Decision::wait_for(0).wake_after, 1);
        assert_eq!(Decision::renew().wake_after(0).wake_after, 1);
    }
}
