//! Why a rule gives no answer, in words for people.

use cel::ExecutionError;

/// Why a rule gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The rule's name, and the key of what is published.
    pub(crate) at: Vec<String>,
    /// In one line.
    pub(crate) why: String,
    /// It is so whatever the facts are: a wrong type.
    pub(crate) certain: bool,
}

impl Failure {
    /// The evaluator's error.
    pub(crate) fn of(at: &[&str], error: &ExecutionError) -> Failure {
        Failure::new(at, words(error), is_certain(error))
    }

    /// The answer is of a type that the rule has no use for.
    pub(crate) fn wrong_type(at: &[&str], given: &str, wanted: &str) -> Failure {
        let given = type_name(given);
        Failure::new(at, format!("it gives {given}, and is to give {wanted}"), true)
    }

    fn new(at: &[&str], why: String, certain: bool) -> Failure {
        Failure { at: at.iter().map(|name| (*name).to_owned()).collect(), why, certain }
    }
}

/// An error that does not hang on the facts.
fn is_certain(error: &ExecutionError) -> bool {
    !matches!(
        error,
        ExecutionError::NoSuchKey(_)
            | ExecutionError::DivisionByZero(_)
            | ExecutionError::RemainderByZero(_)
            | ExecutionError::Overflow(..)
            | ExecutionError::IndexOutOfBounds(_)
            | ExecutionError::DuplicateKey(_)
            | ExecutionError::FunctionError { .. }
    )
}

/// In one line.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => {
            let name = overload.function();
            let sign = name.trim_matches(['_', '@', '?', '[', ']']);
            let sign = if sign.is_empty() { name } else { sign };
            let types = overload.argument_types().iter().map(|name| type_name(name));
            format!("{sign} does not take {}", types.collect::<Vec<_>>().join(" and "))
        }
        ExecutionError::UnsupportedBinaryOperator(name, one, other) => {
            let sign = match *name {
                "add" => "+",
                "sub" => "-",
                "mul" => "*",
                "div" => "/",
                "rem" => "%",
                name => name,
            };
            let (one, other) = (one.type_of().to_string(), other.type_of().to_string());
            format!("{sign} does not take {} and {}", type_name(&one), type_name(&other))
        }
        ExecutionError::IndexOutOfBounds(_) => "the list has no such item".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        other => other.to_string().lines().collect::<Vec<_>>().join(" "),
    }
}

/// A type in words.
fn type_name(name: &str) -> &str {
    match name {
        "bool" => "a flag",
        "int" | "uint" => "a whole number",
        "double" | "float" => "a number with a fraction",
        "string" => "a text",
        "list" => "a list",
        "map" => "a map",
        "null_type" => "null",
        "candidate" => "a candidate",
        other => other,
    }
}
