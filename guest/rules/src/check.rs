//! Every name in an expression is looked up before the expression is used.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, operators};
use cel::parser::pratt_parser::{Lexer, TokenKind};

use crate::names::{FIELDS, FUNCTIONS, MACROS, NAMES, OF_CEL, PLAIN_FUNCTIONS};
use crate::nearest::nearest;

/// The levels of the tree, of which a chain such as `a + b + c` has one for each sign: evaluating one
/// takes room on the stack, too.
const DEEPEST_TREE: usize = 48;
/// Looks each name of the tree up.
///
/// # Errors
///
/// One line for each that there is not: where, and what may have been meant.
pub(crate) fn check(text: &str, tree: &IdedExpr) -> Result<(), Vec<String>> {
    let mut checker = Checker { text, scope: Vec::new(), found: Vec::new(), level: 0 };
    checker.shape(tree);
    if checker.found.is_empty() { Ok(()) } else { Err(checker.found) }
}

/// As much of an expression's type as names need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Candidate,
    Candidates,
    /// A text, a number or a flag.
    Plain,
    /// Anything.
    Other,
}

struct Checker<'a> {
    text: &'a str,
    /// The names that a macro binds, innermost last.
    scope: Vec<(&'a str, Shape)>,
    found: Vec<String>,
    /// How deep in the tree.
    level: usize,
}

impl<'a> Checker<'a> {
    /// Checks the expression, and says what it is.
    fn shape(&mut self, tree: &'a IdedExpr) -> Shape {
        if self.level == DEEPEST_TREE {
            let fault = format!(
                "it has more than {DEEPEST_TREE} levels: write it with fewer parentheses and signs in a row"
            );
            if !self.found.contains(&fault) {
                self.found.push(fault);
            }
            return Shape::Other;
        }
        self.level += 1;
        let shape = self.shape_within(tree);
        self.level -= 1;
        shape
    }

    fn shape_within(&mut self, tree: &'a IdedExpr) -> Shape {
        match &tree.expr {
            Expr::Ident(name) => self.name(name, None),
            Expr::Select(select) => {
                if let Expr::Ident(root) = &select.operand.expr
                    && !self.is_bound(root)
                {
                    if select.test {
                        let all = format!("has({root}.{})", select.field);
                        self.fault(
                            root,
                            format!("{all} is always true: compare the value instead"),
                        );
                        return Shape::Other;
                    }
                    return self.name(root, Some(&select.field));
                }
                if self.shape(&select.operand) == Shape::Candidate {
                    self.field(&select.field);
                }
                Shape::Other
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                let shapes: Vec<Shape> = list.elements.iter().map(|it| self.shape(it)).collect();
                let candidates =
                    !shapes.is_empty() && shapes.iter().all(|it| *it == Shape::Candidate);
                if candidates { Shape::Candidates } else { Shape::Other }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.shape(&entry.key);
                        self.shape(&entry.value);
                    }
                }
                Shape::Other
            }
            Expr::Struct(made) => {
                self.fault(&made.type_name, format!("there is no type {}", made.type_name));
                Shape::Other
            }
            Expr::Literal(_) => Shape::Plain,
            Expr::Unspecified => Shape::Other,
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.scope.iter().any(|(bound, _)| *bound == name)
    }

    /// A name that stands alone, or the first part of one.
    fn name(&mut self, name: &str, field: Option<&str>) -> Shape {
        // What the parser itself bound.
        if name.starts_with('@') {
            return Shape::Other;
        }
        if let Some((_, shape)) = self.scope.iter().rev().find(|(bound, _)| *bound == name) {
            return *shape;
        }
        let whole = field.map_or_else(|| name.to_owned(), |field| format!("{name}.{field}"));
        if NAMES.iter().any(|(known, ..)| *known == whole) {
            return if whole == "others" { Shape::Candidates } else { Shape::Plain };
        }
        let group = format!("{name}.");
        if NAMES.iter().any(|(known, ..)| known.starts_with(&group)) {
            let of = NAMES.iter().map(|(known, ..)| *known).filter(|it| it.starts_with(&group));
            let of: Vec<&str> = of.collect();
            self.fault(name, format!("there is no {whole}: {}", meant(&whole, &of)));
        } else if NAMES.iter().any(|(known, ..)| *known == name) {
            self.fault(
                name,
                format!("{name} has no parts: leave .{} out", field.unwrap_or_default()),
            );
        } else {
            self.unknown(name, field);
        }
        Shape::Other
    }

    fn unknown(&mut self, name: &str, field: Option<&str>) {
        let bound = self.scope.iter().map(|(bound, _)| *bound);
        let written = field.map_or_else(|| name.to_owned(), |field| format!("{name}.{field}"));
        let known: Vec<&str> = NAMES.iter().map(|(known, ..)| *known).chain(bound).collect();
        let near = nearest(&written, known.iter().copied());
        let near = near.or_else(|| nearest(name, known.iter().copied()));
        let hint = match near {
            Some(near) => format!("did you mean {near}?"),
            None if known_function(name) => format!("it is a function: write {name}(..)"),
            None => "a text is written in quotes, and a fact of the application is signal(key, otherwise)".to_owned(),
        };
        self.fault(name, format!("there is no {name}: {hint}"));
    }

    fn field(&mut self, field: &str) {
        if !FIELDS.iter().any(|(known, ..)| *known == field) {
            let known = FIELDS.map(|(known, ..)| known);
            let hint = match nearest(field, known.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!(
                    "it has {}, and what it published is .signal('{field}', otherwise)",
                    known.join(", ")
                ),
            };
            self.fault(field, format!("a candidate has no {field}: {hint}"));
        }
    }

    fn call(&mut self, call: &'a CallExpr) -> Shape {
        let target = call.target.as_deref().map(|target| self.shape(target));
        let name = call.func_name.as_str();
        let letter = |c: char| c.is_ascii_alphabetic();
        if name.starts_with(letter) && !self.function(name, target, call.args.len()) {
            // What it would have bound, as a macro does, is not known.
            return Shape::Other;
        }
        let shapes: Vec<Shape> = call.args.iter().map(|it| self.shape(it)).collect();
        match name {
            operators::CONDITIONAL if shapes[1] == shapes[2] => shapes[1],
            operators::INDEX if shapes[0] == Shape::Candidates => Shape::Candidate,
            operators::ADD if shapes.iter().all(|it| *it == Shape::Candidates) => Shape::Candidates,
            _ => Shape::Other,
        }
    }

    /// Whether there is such a function, with so many arguments.
    fn function(&mut self, name: &str, target: Option<Shape>, count: usize) -> bool {
        let on = target.is_some();
        let own = FUNCTIONS.iter().map(|(name, counts, ..)| (*name, *counts, on));
        let plain = PLAIN_FUNCTIONS.iter().map(|(name, counts, ..)| (*name, *counts, false));
        let known: Vec<(&str, &[usize], bool)> = own.chain(plain).chain(OF_CEL).collect();
        let named = || known.iter().filter(|(known, ..)| *known == name);
        let mut suits =
            named().filter(|(_, counts, called_on)| *called_on == on && counts.contains(&count));
        let ours = FUNCTIONS.iter().any(|(known, ..)| *known == name);
        let why = if suits.next().is_none() {
            unsuitable(name, on, count, named().next().is_some(), &known)
        } else if ours && matches!(target, Some(Shape::Plain | Shape::Candidates)) {
            format!("{name} is asked of a candidate, such as others[0].{name}(..)")
        } else {
            return true;
        };
        self.fault(name, why);
        false
    }

    fn comprehension(&mut self, it: &'a ComprehensionExpr) -> Shape {
        let range = self.shape(&it.iter_range);
        let item = if range == Shape::Candidates { Shape::Candidate } else { Shape::Other };
        self.shape(&it.accu_init);
        self.scope.push((&it.iter_var, item));
        if let Some(second) = &it.iter_var2 {
            self.scope.push((second, Shape::Other));
        }
        self.scope.push((&it.accu_var, Shape::Other));
        self.shape(&it.loop_cond);
        self.shape(&it.loop_step);
        self.shape(&it.result);
        let kept = 2 + usize::from(it.iter_var2.is_some());
        self.scope.truncate(self.scope.len() - kept);
        if keeps(&it.loop_step, &it.iter_var) { range } else { Shape::Other }
    }

    fn fault(&mut self, word: &str, message: String) {
        let (line, column) = place(self.text, word);
        let fault = format!("line {line}, column {column}: {message}");
        if !self.found.contains(&fault) {
            self.found.push(fault);
        }
    }
}

/// Does the step of a comprehension add the very item to the result, as `filter` has it?
fn keeps(step: &IdedExpr, item: &str) -> bool {
    match &step.expr {
        Expr::Call(call) if call.target.is_none() => call.args.iter().any(|it| keeps(it, item)),
        Expr::List(list) => {
            matches!(list.elements.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. }] if name == item)
        }
        _ => false,
    }
}

/// Why a function cannot be called so.
fn unsuitable(
    name: &str,
    on: bool,
    count: usize,
    is_known: bool,
    known: &[(&str, &[usize], bool)],
) -> String {
    let mut own = FUNCTIONS.iter().chain(&PLAIN_FUNCTIONS);
    if let Some((_, _, written, _)) = own.find(|(known, ..)| *known == name) {
        return format!("not with {count} arguments: write {written}");
    }
    match name {
        "has" => return "write has(map.key)".to_owned(),
        "map" | "filter" | "all" | "exists" | "exists_one" => {
            return format!("write it as in others.{name}(o, ..)");
        }
        _ if is_known && on => return format!("write {name}(..), and not on a value"),
        _ if is_known => return format!("write it on a value, as in x.{name}(..)"),
        _ => {}
    }
    let names = known.iter().map(|(name, ..)| *name).chain(MACROS);
    match nearest(name, names) {
        Some(near) => format!("there is no function {name}: did you mean {near}?"),
        None => format!("there is no function {name}"),
    }
}

fn known_function(name: &str) -> bool {
    FUNCTIONS.iter().chain(&PLAIN_FUNCTIONS).any(|(known, ..)| *known == name)
}

fn meant(written: &str, known: &[&str]) -> String {
    match nearest(written, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// The line and the column, from 1, of the first such word in the text.
fn place(text: &str, word: &str) -> (usize, usize) {
    let first = word.split('.').next().unwrap_or(word);
    let mut lexer = Lexer::new(text);
    loop {
        let token = lexer.lex();
        match token.kind {
            TokenKind::TokEnd | TokenKind::TokError => return (1, 1),
            _ if text.get(token.start..token.end) == Some(first) => {
                let before = &text[..token.start];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                return (line, column);
            }
            _ => {}
        }
    }
}
