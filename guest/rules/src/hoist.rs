//! What is the same each time round a loop is asked once, and not for each of a hundred candidates: in
//! `others.filter(o, o.signal('lag', 0) < signal('app.lag', 0))` all that does not say `o`.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::Val;
use cel::{Context, Value as CelValue};

/// The tree with its constant parts of loops as what they are in this context; none where it has no loop.
/// It gives what the tree itself does: expressions have no effects, and a part that fails stays as it is,
/// since it may never be asked.
pub(crate) fn hoisted(tree: &IdedExpr, context: &Context<'_, '_>) -> Option<IdedExpr> {
    if !has_loop(tree) {
        return None;
    }
    let mut tree = tree.clone();
    Hoist { context, bound: Vec::new() }.visit(&mut tree);
    Some(tree)
}

struct Hoist<'a, 'p, 'v> {
    context: &'a Context<'p, 'v>,
    /// The names that the loops around bind, of which each has at least one.
    bound: Vec<String>,
}

impl Hoist<'_, '_, '_> {
    fn visit(&mut self, tree: &mut IdedExpr) {
        let constant = !self.bound.is_empty() && self.is_constant(tree);
        if constant && let Some(value) = self.value(tree) {
            tree.expr = Expr::Literal(value);
            return;
        }
        if let Expr::Comprehension(comprehension) = &mut tree.expr {
            return self.visit_loop(comprehension);
        }
        // What is selected of a name is no name of its own: all of it was tried.
        if !(constant && matches!(tree.expr, Expr::Select(_))) {
            each_part_mut(&mut tree.expr, &mut |part| self.visit(part));
        }
    }

    fn visit_loop(&mut self, comprehension: &mut ComprehensionExpr) {
        self.visit(&mut comprehension.iter_range);
        self.visit(&mut comprehension.accu_init);
        let around = self.bound.len();
        self.bound.extend(names(comprehension).map(str::to_owned));
        self.visit(&mut comprehension.loop_cond);
        self.visit(&mut comprehension.loop_step);
        self.bound.truncate(around);
    }

    /// Whether it says nothing of what the loops around bind, and is not a literal already.
    fn is_constant(&self, tree: &IdedExpr) -> bool {
        !matches!(tree.expr, Expr::Literal(_)) && !says(tree, &self.bound)
    }

    /// What it is now, if it can be said and written as a literal.
    fn value(&self, tree: &IdedExpr) -> Option<LiteralValue> {
        let value = CelValue::resolve_val(tree, self.context).ok()?;
        let value: &dyn Val = value.as_ref();
        if let Some(number) = value.downcast_ref::<CelInt>() {
            return Some(LiteralValue::Int(CelInt::from(*number.inner())));
        }
        if let Some(number) = value.downcast_ref::<CelDouble>() {
            return Some(LiteralValue::Double(CelDouble::from(*number.inner())));
        }
        if let Some(flag) = value.downcast_ref::<CelBool>() {
            return Some(LiteralValue::Boolean(CelBool::from(*flag.inner())));
        }
        let text = value.downcast_ref::<CelString>()?;
        Some(LiteralValue::String(CelString::from(text.inner().to_owned())))
    }
}

/// Whether any of these names is said in it. A loop within binds names of its own, the same ones or others.
fn says(tree: &IdedExpr, names_around: &[String]) -> bool {
    match &tree.expr {
        Expr::Ident(name) => names_around.contains(name),
        Expr::Comprehension(comprehension) => {
            if says(&comprehension.iter_range, names_around)
                || says(&comprehension.accu_init, names_around)
            {
                return true;
            }
            let is_own = |name: &&String| names(comprehension).any(|own| own == *name);
            let around: Vec<String> =
                names_around.iter().filter(|name| !is_own(name)).cloned().collect();
            let parts = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
            parts.into_iter().any(|part| says(part, &around))
        }
        // There is no such expression that is accepted.
        Expr::Struct(_) | Expr::Unspecified => true,
        expr => {
            let mut found = false;
            each_part(expr, &mut |part| found = found || says(part, names_around));
            found
        }
    }
}

fn has_loop(tree: &IdedExpr) -> bool {
    let mut found = matches!(tree.expr, Expr::Comprehension(_));
    each_part(&tree.expr, &mut |part| found = found || has_loop(part));
    found
}

/// What a loop binds.
fn names(comprehension: &ComprehensionExpr) -> impl Iterator<Item = &str> {
    let ComprehensionExpr { iter_var, iter_var2, accu_var, .. } = comprehension;
    [Some(iter_var), iter_var2.as_ref(), Some(accu_var)].into_iter().flatten().map(String::as_str)
}

/// The parts of an expression but for a loop's.
fn each_part<'a>(expr: &'a Expr, look: &mut dyn FnMut(&'a IdedExpr)) {
    match expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(look),
        Expr::Select(select) => look(&select.operand),
        Expr::List(list) => list.elements.iter().for_each(look),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    look(&entry.key);
                    look(&entry.value);
                }
            }
        }
        _ => {}
    }
}

/// The same, to change them.
fn each_part_mut(expr: &mut Expr, change: &mut dyn FnMut(&mut IdedExpr)) {
    match expr {
        Expr::Call(call) => {
            call.target.as_deref_mut().into_iter().chain(&mut call.args).for_each(change);
        }
        Expr::Select(select) => change(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(change),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    change(&mut entry.key);
                    change(&mut entry.value);
                }
            }
        }
        _ => {}
    }
}
