//! What stays the same in a loop is asked once, and nothing else changes by that.

use cel::common::ast::IdedExpr;

use hotseat_policy::testing::Scene;
use hotseat_policy::{Input, Signal};

use super::holds;
use crate::expression;
use crate::facts::{Facts, Remembered, Surroundings};
use crate::functions::context;
use crate::hoist::hoisted;

fn scene() -> Scene {
    let lag = |lag: f64| vec![Signal::new("lag", lag)];
    let scene = Scene::new().vacant().signal("app.lag", 5.0).signal("app.name", "x");
    let scene = scene.candidate("b", 1, lag(3.0)).candidate("c", 1, lag(9.0));
    scene.with_candidate(|it| it.ready = Some(true))
}

/// What an expression's loops are made of.
fn with_constants(text: &str) -> Option<IdedExpr> {
    let Input { mut observation, timing, .. } = scene().input();
    let surroundings = Surroundings::take(&mut observation);
    let facts = Facts::new(&observation, &timing, Remembered::default(), surroundings);
    let context = context(&facts);
    let tree = expression::parse(text).unwrap();
    hoisted(&tree, &context)
}

/// How often a word stands in the tree.
fn count(tree: &IdedExpr, word: &str) -> usize {
    format!("{tree:?}").matches(&format!("\"{word}\"")).count()
}

#[test]
fn all_that_does_not_say_the_candidate_is_there_as_what_it_is() {
    for (text, word, left) in [
        ("others.filter(o, o.signal('lag', 0.0) < signal('app.lag', 1.0)).size()", "signal", 1),
        ("others.exists(o, o.zone == zone && o.identity > signal('app.name', ''))", "signal", 0),
        ("others.exists(o, o.age < seat.age + retry_period)", "seat", 0),
        ("others.exists(o, o.age < seat.age + retry_period)", "retry_period", 0),
        // A loop within that is the same each time round.
        ("others.filter(o, o.ready && others.exists(p, p.ready))", "exists", 0),
        ("others.filter(o, o.ready && others.exists(p, p.ready))", "p", 0),
        ("others.map(o, {'a': signal('app.lag', 0.0), 'b': [zone, o.zone]})", "signal", 0),
    ] {
        let tree = with_constants(text).unwrap();
        assert_eq!(count(&tree, word), left, "{word} of {text}: {tree:?}");
    }
    // What says it stays, whatever the name of the loop around.
    for text in [
        "others.all(o, others.exists(p, p.age == o.age))",
        "others.all(a, a.signal('lag', signal('app.lag', a.age)) > 0)",
        "[1, 2].all(x, [3].all(y, x < y))",
    ] {
        assert_eq!(with_constants(text), Some(expression::parse(text).unwrap()), "{text}");
    }
    assert_eq!(with_constants("signal('app.lag', 1.0) < 2.0"), None, "no loop");
}

#[test]
fn what_an_expression_says_is_what_it_said() {
    for expression in [
        "others.filter(o, o.signal('lag', 0.0) < signal('app.lag', 1.0)).size() == 1",
        "others.filter(o, o.ready).map(o, o.identity) == ['c']",
        "others.exists_one(o, o.signal('lag', 0.0) > signal('app.lag', 0.0))",
        // A loop within binds the same name anew.
        "others.all(o, [1, 2].all(o, o > 0) && o.age == 1)",
        "[1, 2].map(x, [x, x + 1].filter(x, x > 1).size()) == [1, 2]",
        "others.map(o, [seat.free, o.ready]) == [[true, false], [true, true]]",
        "others.all(o, others.filter(o, o.ready).size() == 1)",
        // A list is no literal, and what is in it is.
        "others.map(o, causes.size() + o.age).size() == 2",
        // What fails and is never asked does no harm.
        "others.filter(o, o.age > 5 && 1 / (uptime - uptime) > 0).size() == 0",
        "others.all(o, o.age == 1 || [1][7] == 2)",
        "[].all(x, 1 / (uptime - uptime) > 0)",
    ] {
        assert!(holds(scene(), expression), "{expression}");
    }
}

#[test]
fn what_fails_and_is_asked_fails_as_before() {
    let settings = super::rules(&[("campaign", "others.map(o, 1 / (uptime - uptime)).size() > 0")]);
    let refusal = scene().settings(&settings).ask::<crate::ByRules>().unwrap_err();
    assert!(format!("{refusal:?}").contains("campaign"), "{refusal:?}");
}
