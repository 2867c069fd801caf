//! The rules of the settings as trees, and what they say of one question.

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString, CelUInt};
use cel::common::value::Val;
use cel::{Context, Value as CelValue};
use hotseat_policy::{Issue, Value};

use crate::candidate::Candidate;
use crate::check;
use crate::expression;
use crate::failure::Failure;
use crate::hoist;
use crate::issues::Issues;
use crate::settings::{RULES, Settings};

/// What a rule is to give that is a length of time.
const MILLISECONDS: &str = "a number of milliseconds";

/// The settings with their expressions as trees.
pub(crate) struct Rules {
    /// What was written.
    pub(crate) settings: Settings,
    trees: [Option<IdedExpr>; 7],
    publish: Vec<IdedExpr>,
}

impl Rules {
    /// Makes trees of the expressions, and does not look at the names in them: settings that were
    /// validated need no second look.
    pub(crate) fn read(text: &str) -> Result<Rules, Vec<Issue>> {
        Rules::read_with(text, |_, _| Ok(()))
    }

    /// The same, with a look at each name.
    pub(crate) fn read_and_check(text: &str) -> Result<Rules, Vec<Issue>> {
        Rules::read_with(text, check::check)
    }

    fn read_with(
        text: &str,
        check: impl Fn(&str, &IdedExpr) -> Result<(), Vec<String>>,
    ) -> Result<Rules, Vec<Issue>> {
        let settings = Settings::read(text)?;
        let mut issues = Issues::default();
        let mut read = |at: &[&str], text: &str| {
            let tree = expression::parse(text).map_err(|why| vec![why]);
            match tree.and_then(|tree| check(text, &tree).map(|()| tree)) {
                Ok(tree) => Some(tree),
                Err(faults) => {
                    faults.into_iter().for_each(|why| issues.add(at, why));
                    None
                }
            }
        };
        let trees = RULES.map(|name| read(&[name], settings.rule(name)?));
        let published = settings.publish.iter();
        let publish = published.filter_map(|(key, text)| read(&["publish", key], text)).collect();
        issues.end(Rules { settings, trees, publish })
    }

    /// May this candidate take a free seat? Where nothing is said it may.
    pub(crate) fn campaign(&self, context: &Context) -> Result<bool, Failure> {
        Ok(self.flag("campaign", context)?.unwrap_or(true))
    }

    /// Shall this leader go? Where nothing is said it stays.
    pub(crate) fn resign(&self, context: &Context) -> Result<bool, Failure> {
        Ok(self.flag("resign", context)?.unwrap_or(false))
    }

    /// Whom a leader that goes names.
    pub(crate) fn successor(&self, context: &Context) -> Result<Option<String>, Failure> {
        let said = self.answer(
            "successor",
            context,
            "the name of a candidate, or a list of them",
            |value| {
                if let Some(list) = value.downcast_ref::<CelList>() {
                    return match list.inner().first() {
                        Some(first) => name(first.as_ref()).map(Some),
                        None => Some(None),
                    };
                }
                name(value).map(Some)
            },
        )?;
        Ok(said.flatten().filter(|name| !name.is_empty()))
    }

    /// How many go before this candidate at a free seat.
    pub(crate) fn rank(&self, context: &Context) -> Result<u64, Failure> {
        Ok(self.answer("rank", context, "a number", whole)?.unwrap_or(0))
    }

    /// How many milliseconds more it leaves a free seat to others.
    pub(crate) fn wait(&self, context: &Context) -> Result<u64, Failure> {
        Ok(self.answer("wait", context, MILLISECONDS, whole)?.unwrap_or(0))
    }

    /// How many milliseconds others wait for a silent leader; none: as long as the operator says.
    pub(crate) fn lease(&self, context: &Context) -> Result<Option<u64>, Failure> {
        self.answer("lease", context, MILLISECONDS, whole)
    }

    /// How many milliseconds lie between two writes of which the first one failed; none: as few as the
    /// standard policy has.
    pub(crate) fn pause(&self, context: &Context) -> Result<Option<u64>, Failure> {
        self.answer("pause", context, MILLISECONDS, whole)
    }

    /// What the other candidates are to see: keys and values.
    pub(crate) fn published(&self, context: &Context) -> Result<Vec<(String, Value)>, Failure> {
        let mut published = Vec::with_capacity(self.publish.len());
        for ((key, _), tree) in self.settings.publish.iter().zip(&self.publish) {
            let value = evaluate(
                &["publish", key],
                tree,
                context,
                "a flag, a number, a text, a list of texts or null",
                |value| {
                    let nothing = value.get_type().kind() == cel::common::types::Kind::NullType;
                    if nothing { Some(None) } else { publishable(value).map(Some) }
                },
            )?;
            published.extend(value.map(|value| (key.clone(), value)));
        }
        Ok(published)
    }

    fn flag(&self, rule: &str, context: &Context) -> Result<Option<bool>, Failure> {
        self.answer(rule, context, "true or false", |value| {
            value.downcast_ref::<CelBool>().map(|flag| *flag.inner())
        })
    }

    /// None where the rule was not given.
    fn answer<T>(
        &self,
        rule: &str,
        context: &Context,
        wanted: &str,
        read: impl FnOnce(&dyn Val) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let at = RULES.iter().position(|name| *name == rule);
        match at.and_then(|at| self.trees[at].as_ref()) {
            Some(tree) => evaluate(&[rule], tree, context, wanted, read).map(Some),
            None => Ok(None),
        }
    }
}

fn evaluate<T>(
    at: &[&str],
    tree: &IdedExpr,
    context: &Context,
    wanted: &str,
    read: impl FnOnce(&dyn Val) -> Option<T>,
) -> Result<T, Failure> {
    let hoisted = hoist::hoisted(tree, context);
    let tree = hoisted.as_ref().unwrap_or(tree);
    let value = CelValue::resolve_val(tree, context).map_err(|error| Failure::of(at, &error))?;
    read(value.as_ref()).ok_or_else(|| Failure::wrong_type(at, value.get_type().name(), wanted))
}

fn name(value: &dyn Val) -> Option<String> {
    if let Some(candidate) = value.downcast_ref::<Candidate>() {
        return Some(candidate.identity().to_owned());
    }
    value.downcast_ref::<CelString>().map(|text| text.inner().to_owned())
}

/// A number that is taken as whole and not below 0.
fn whole(value: &dyn Val) -> Option<u64> {
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return Some(u64::try_from(*number.inner()).unwrap_or(0));
    }
    if let Some(number) = value.downcast_ref::<CelUInt>() {
        return Some(*number.inner());
    }
    let number = *value.downcast_ref::<CelDouble>()?.inner();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is below 0 is taken as 0, and what is too large as the largest"
    )]
    (!number.is_nan()).then_some(number as u64)
}

fn publishable(value: &dyn Val) -> Option<Value> {
    if let Some(flag) = value.downcast_ref::<CelBool>() {
        return Some(Value::Flag(*flag.inner()));
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some(Value::Text(text.inner().to_owned()));
    }
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return Some(Value::Integer(*number.inner()));
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        let texts = list.inner().iter().map(|it| name(it.as_ref()));
        return texts.collect::<Option<_>>().map(Value::Texts);
    }
    value.downcast_ref::<CelDouble>().map(|number| Value::Number(*number.inner()))
}
