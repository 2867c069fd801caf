//! The functions of this policy.

use std::sync::Arc;

use cel::common::types::{CelDouble, CelList, CelString, Kind};
use cel::common::value::{CowVal, Val};
use cel::{Context, Env, ExecutionError, FunctionContext};
use hotseat_policy::{Signal, Value, source};

use crate::candidate::Candidate;
use crate::facts::Facts;
use crate::values::{flag, signed, whole};
use crate::{values, version};

type Answer<'context, 'call> = Result<CowVal<'context, 'call>, ExecutionError>;
type Function = Box<
    dyn for<'context, 'call> Fn(&mut FunctionContext<'context, 'call>) -> Answer<'context, 'call>
        + Send
        + Sync,
>;

/// What expressions are evaluated in: the language's functions, the policy's, and the facts.
pub(crate) fn context<'f>(facts: &'f Facts<'_>) -> Context<'f, 'f> {
    let env = Env::default().with_optional_support(false).with_stdlib();
    let mut context = Context::with_env(Arc::new(env));
    let own = &facts.own;
    let functions: [(&str, Function); 6] = [
        (
            "signal",
            of_signal(own, |signal, call| {
                let otherwise = otherwise(call)?;
                Ok(signal.and_then(|signal| like(&signal.value, &otherwise)).unwrap_or(otherwise))
            }),
        ),
        ("has_signal", of_signal(own, |signal, _| Ok(flag(signal.is_some())))),
        ("age", of_signal(own, |signal, _| Ok(whole(signal.map_or(u64::MAX, |it| it.age))))),
        (
            "unchanged_for",
            of_signal(own, |signal, _| Ok(whole(signal.map_or(0, |it| it.unchanged_for)))),
        ),
        ("label", label(own.clone())),
        ("older", Box::new(older)),
    ];
    for (name, function) in functions {
        // It fails only for a name that the language has itself.
        let _ = context.add_function(name, function);
    }
    let _ = context.add_function("max", cel::functions::max);
    let _ = context.add_function("min", cel::functions::min);
    context.set_variable_resolver(facts);
    context
}

type OfSignal = for<'s, 'context, 'call> fn(
    Option<&'s Signal>,
    &FunctionContext<'context, 'call>,
) -> Answer<'context, 'call>;

/// A function of a signal: the own one, or that of the candidate on which it is called.
fn of_signal(own: &Candidate, of: OfSignal) -> Function {
    let own = own.clone();
    Box::new(move |call| {
        let candidate = match &call.this {
            None => &own,
            Some(this) => this
                .downcast_ref::<Candidate>()
                .ok_or_else(|| call.error("it is asked of a candidate"))?,
        };
        of(candidate.signal(key(call)?), call)
    })
}

/// The own pod's label: text that is read as the other argument is.
fn label(own: Candidate) -> Function {
    Box::new(move |call| {
        let key = key(call)?;
        let otherwise = otherwise(call)?;
        let label = own.signal_from(source::POD, key).and_then(Signal::text);
        Ok(label.and_then(|text| read_like(text, &otherwise)).unwrap_or(otherwise))
    })
}

/// Whether one version, or row of versions, is older than the other.
fn older<'context, 'call>(call: &mut FunctionContext<'context, 'call>) -> Answer<'context, 'call> {
    let versions = |at: usize| {
        let said = call.args.get(at).and_then(|it| texts(it.as_ref()));
        said.ok_or_else(|| call.error("a version is a text, and several are a list of them"))
    };
    let is_older = version::is_older(&versions(0)?, &versions(1)?);
    Ok(flag(is_older))
}

/// A text, or a list of them.
fn texts(value: &dyn Val) -> Option<Vec<String>> {
    let text = |value: &dyn Val| Some(value.downcast_ref::<CelString>()?.inner().to_owned());
    match value.downcast_ref::<CelList>() {
        Some(list) => list.inner().iter().map(|it| text(it.as_ref())).collect(),
        None => text(value).map(|text| vec![text]),
    }
}

fn key<'k>(call: &'k FunctionContext) -> Result<&'k str, ExecutionError> {
    let key = call.args.first().and_then(|key| key.downcast_ref::<CelString>());
    key.map(|it| it.inner()).ok_or_else(|| call.error("the key is to be a text"))
}

fn otherwise<'context, 'call>(call: &FunctionContext<'context, 'call>) -> Answer<'context, 'call> {
    let missing = || ExecutionError::invalid_argument_count(2, call.args.len());
    call.args.get(1).cloned().ok_or_else(missing)
}

/// The value, as one of the other's kind, JSON as its text; none if it is of another kind. So an
/// expression's types do not depend on what an application reports: a whole number is one with a fraction
/// where that is asked for, and of one with a fraction the whole part counts where a whole number is.
fn like<'b, 'v>(value: &Value, other: &CowVal) -> Option<CowVal<'b, 'v>> {
    Some(match (value, other.get_type().kind()) {
        (Value::Text(text) | Value::Json(text), Kind::String) => {
            CowVal::owned(CelString::from(text.clone()))
        }
        (Value::Integer(number), Kind::Int) => signed(*number),
        (Value::Number(number), Kind::Double) => CowVal::owned(CelDouble::from(*number)),
        (Value::Flag(is_set), Kind::Boolean) => flag(*is_set),
        (Value::Texts(all), Kind::List) => values::texts(all),
        (Value::Integer(number), Kind::Double) =>
        {
            #[allow(
                clippy::cast_precision_loss,
                reason = "whoever wants all bits asks for a whole number"
            )]
            CowVal::owned(CelDouble::from(*number as f64))
        }
        (Value::Number(number), Kind::Int) if !number.is_nan() =>
        {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "what is too large is taken as the largest"
            )]
            signed(number.floor() as i64)
        }
        _ => return None,
    })
}

/// The text as a value of the other's kind.
fn read_like<'b, 'v>(text: &str, other: &CowVal) -> Option<CowVal<'b, 'v>> {
    Some(match other.get_type().kind() {
        Kind::String => CowVal::owned(CelString::from(text.to_owned())),
        Kind::Int => signed(text.parse().ok()?),
        Kind::Double => CowVal::owned(CelDouble::from(text.parse::<f64>().ok()?)),
        Kind::Boolean => flag(text.parse().ok()?),
        _ => return None,
    })
}
