//! What a policy implements, and how it becomes a component.

use crate::bounds::{LONGEST_KEY, MOST_NEEDS};
use crate::{Decision, Descriptor, Input, Issue, OnFailure, Refusal, Severity};

/// An election policy. The functions have no `self`: each question is answered by a fresh
/// instance, and what a policy wants to remember goes through [`Decision::remember`].
pub trait Policy {
    /// Says who the policy is. Asked once, when it is loaded.
    fn describe() -> Descriptor;

    /// What to do now.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] if the policy cannot decide. It is counted as a failure of the policy, as a
    /// panic is, and [`Descriptor::on_failure`] says what decides in its place.
    fn decide(input: Input) -> Result<Decision, Refusal>;

    /// Are these settings usable? They are the operator's text, empty if none were given. What is
    /// wrong with them; they are taken if none of it is an error. By default only blank text and the
    /// empty JSON object are.
    fn validate(settings: &str) -> Vec<Issue> {
        let compact: String = settings.split_whitespace().collect();
        if compact.is_empty() || compact == "{}" {
            return Vec::new();
        }
        let name = Self::describe().name;
        vec![Issue::whole(format!("the {name} policy has no settings: give none"))]
    }

    /// Makes the memory of another version, or of another policy, over for this one. By default
    /// the bytes are kept if name and memory schema are this policy's own, else it starts anew.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] if the bytes are unusable and starting anew would be wrong: the swap then
    /// fails, and the policy before goes on.
    fn migrate(from_name: &str, from_schema: u32, memory: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let own = Self::describe();
        let kept = from_name == own.name && from_schema == own.memory_schema;
        Ok(if kept { memory } else { Vec::new() })
    }
}

impl Descriptor {
    /// A policy without settings that keeps no memory, or whose memory has its first schema, 1.
    /// Where it fails, a leader renews and a standby waits.
    pub fn new(name: &str, version: &str, summary: &str) -> Descriptor {
        Descriptor {
            name: name.into(),
            version: version.into(),
            summary: summary.into(),
            memory_schema: 1,
            settings_schema: String::new(),
            needs: Vec::new(),
            on_failure: None,
        }
    }

    /// Another number for what the bytes of the memory mean.
    #[must_use]
    pub fn memory_schema(mut self, schema: u32) -> Descriptor {
        self.memory_schema = schema;
        self
    }

    /// The JSON Schema of the settings, at most 64 KiB.
    #[must_use]
    pub fn settings_schema(mut self, schema: &str) -> Descriptor {
        self.settings_schema = schema.into();
        self
    }

    /// A fact that this policy cannot do without: a signal's key, or `roster`, which costs one
    /// object for each candidate. There are at most 64 of at most 317 bytes: what is more is left
    /// out.
    #[must_use]
    pub fn needs(mut self, fact: impl Into<String>) -> Descriptor {
        let fact = fact.into();
        if self.needs.len() < MOST_NEEDS && (1..=LONGEST_KEY).contains(&fact.len()) {
            self.needs.push(fact);
        }
        self
    }

    /// What decides where this policy gives no decision: [`OnFailure::Hold`] unless it says
    /// otherwise. [`OnFailure::Resign`] is for a policy without which nobody is to lead, and
    /// [`OnFailure::Standard`] for one whose candidates may all lead at any time.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Descriptor {
        self.on_failure = Some(on_failure);
        self
    }
}

impl Issue {
    /// An error in one value, named by a JSON pointer such as `/prefer`.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Issue {
        Issue { severity: Severity::Error, pointer: pointer.into(), message: message.into() }
    }

    /// An error in the settings as a whole.
    pub fn whole(message: impl Into<String>) -> Issue {
        Issue::at("", message)
    }

    /// The same as a warning: the settings are taken, and people are told.
    #[must_use]
    pub fn as_warning(mut self) -> Issue {
        self.severity = Severity::Warning;
        self
    }
}

/// Exports a [`Policy`] from the component that a crate becomes. Once in a crate, at its top.
///
/// It has no effect where the crate is built for anything but WebAssembly, as in its unit tests,
/// beyond the check that the type is a policy.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        const _: fn($crate::Input) -> Result<$crate::Decision, $crate::Refusal> =
            <$policy as $crate::Policy>::decide;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::bindings::exports::hotseat::policy::policy::Guest for Exported {
                fn describe() -> $crate::Descriptor {
                    $crate::hear_panics();
                    <$policy as $crate::Policy>::describe()
                }
                fn validate(settings: String) -> Vec<$crate::Issue> {
                    $crate::hear_panics();
                    <$policy as $crate::Policy>::validate(&settings)
                }
                fn decide(input: $crate::Input) -> Result<$crate::Decision, $crate::Refusal> {
                    $crate::hear_panics();
                    <$policy as $crate::Policy>::decide(input)
                }
                fn migrate(
                    from_name: String,
                    from_schema: u32,
                    memory: Vec<u8>,
                ) -> Result<Vec<u8>, $crate::Refusal> {
                    $crate::hear_panics();
                    <$policy as $crate::Policy>::migrate(&from_name, from_schema, memory)
                }
            }

    $crate::bindings::export_component!(Exported with_types_in $crate::bindings);
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_in_its_place_is_left_unsaid_or_said() {
        let unsaid = Descriptor::new("plain", "1.2.3", "waits");
        assert_eq!(unsaid.on_failure, None);
        assert_eq!(unsaid.on_failure(OnFailure::Resign).on_failure, Some(OnFailure::Resign));
    }

    #[test]
    fn a_need_is_a_key_and_there_are_not_too_many() {
        let plain = Descriptor::new("plain", "1.2.3", "waits").needs("roster").needs("");
        let plain = plain.needs("k".repeat(317)).needs("k".repeat(318));
        assert_eq!(plain.needs, ["roster".to_owned(), "k".repeat(317)]);
        let many = (0..70).fold(plain, |plain, n| plain.needs(n.to_string()));
        assert_eq!(many.needs.len(), 64);
    }

    struct Plain;

    impl Policy for Plain {
        fn describe() -> Descriptor {
            Descriptor::new("plain", "1.2.3", "waits").memory_schema(7)
        }
        fn decide(_: Input) -> Result<Decision, Refusal> {
            Ok(Decision::wait_for(1))
        }
    }

    #[test]
    fn without_settings_only_blank_ones_are_accepted() {
        for blank in ["", " \n", "{}", " { }\n"] {
            assert_eq!(Plain::validate(blank), [], "{blank:?}");
        }
        let issues = Plain::validate(r#"{"a":1}"#);
        let message = "the plain policy has no settings: give none";
        assert_eq!(issues, [Issue::at("", message)]);
    }

    #[test]
    fn memory_of_the_same_name_and_schema_is_kept() {
        assert_eq!(Plain::migrate("plain", 7, vec![1, 2]), Ok(vec![1, 2]));
        assert_eq!(Plain::migrate("plain", 6, vec![1, 2]), Ok(vec![]));
        assert_eq!(Plain::migrate("other", 7, vec![1, 2]), Ok(vec![]));
    }
}
