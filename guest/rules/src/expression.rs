//! An expression: its text becomes a tree.

use cel::ParseErrors;
use cel::common::ast::IdedExpr;
use cel::parser::PrattParser;

/// Expressions within each other: each level takes room on the stack.
const DEEPEST: u16 = 32;
/// How often an expression may choose by `? :`, each of which is a level of its own.
const MOST_CHOICES: usize = 32;
/// The parts of an expression.
const MOST_PARTS: usize = 500;

/// Makes a tree of the text, whatever names are in it.
///
/// # Errors
///
/// One line: where it is not an expression, and why.
pub(crate) fn parse(text: &str) -> Result<IdedExpr, String> {
    // The parser counts the levels of everything else.
    if text.matches('?').count() > MOST_CHOICES {
        return Err(format!(
            "it has more than {MOST_CHOICES} times ? and ':': write it with fewer"
        ));
    }
    let parser = PrattParser::new()
        .max_recursion_depth(DEEPEST)
        .max_expression_node_count(MOST_PARTS)
        .error_recovery_limit(4);
    parser.parse(text).map_err(|errors| first(&errors))
}

/// The first fault in the text; what names no place only says that there are more.
fn first(errors: &ParseErrors) -> String {
    let order = |(line, column): (isize, isize)| (line <= 0, line, column);
    let Some(error) = errors.errors.iter().min_by_key(|error| order(error.pos)) else {
        return "it is not an expression".to_owned();
    };
    if error.msg.contains("recursion limit") {
        return format!("it has more than {DEEPEST} levels: write it with fewer brackets");
    }
    let message = error.msg.lines().next().unwrap_or_default();
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    match error.pos {
        (line, column) if line > 0 => format!("line {line}, column {column}: {message}"),
        _ => message.to_owned(),
    }
}
