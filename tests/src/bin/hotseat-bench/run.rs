//! The steps of a run, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::bail;

use crate::table::{Row, Table};

/// The steps of a run.
pub(crate) struct Run {
    table: Table,
    only: Option<String>,
    /// Those that were left out.
    left_out: Vec<String>,
}

impl Run {
    /// Those with the words of `only` in their names are taken; none: all.
    pub(crate) fn new(table: Table, only: Option<String>) -> Run {
        Run { table, only, left_out: Vec::new() }
    }

    fn wants(&self, step: &str) -> bool {
        self.only.as_deref().is_none_or(|words| step.contains(words))
    }

    /// Whether one of these steps is taken.
    pub(crate) fn wants_any(&self, steps: &[&str]) -> bool {
        steps.iter().any(|step| self.wants(step))
    }

    /// Takes one step's figures, if they are wanted.
    pub(crate) fn step(&mut self, name: &str, rows: impl FnOnce() -> anyhow::Result<Vec<Row>>) {
        if !self.wants(name) {
            return self.left_out.push(name.to_owned());
        }
        say(name);
        // The harness panics where a test would fail; here the other figures are still wanted.
        let outcome = catch_unwind(AssertUnwindSafe(rows))
            .unwrap_or_else(|_| Err(anyhow::anyhow!("a panic, told above")));
        self.table.take(name, || outcome);
    }

    /// The table.
    ///
    /// # Errors
    ///
    /// No step was wanted.
    pub(crate) fn end(self) -> anyhow::Result<Table> {
        let Run { table, only, left_out } = self;
        if let Some(words) = only.filter(|_| table.is_empty()) {
            bail!("--only {words}: no step's name has that: {}", left_out.join(", "));
        }
        Ok(table)
    }
}

/// Says on standard error what is measured now.
pub(crate) fn say(step: &str) {
    eprintln!("hotseat-bench: {step}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_not_wanted_is_not_taken() {
        let run = |only: Option<&str>| {
            let only = only.map(str::to_owned);
            let mut run = Run::new(Table::new(String::new(), ""), only);
            for name in ["crash", "GET /"] {
                run.step(name, || Ok(vec![Row::printed(name, String::new())]));
            }
            run.end().map(|table| (table.to_string().contains("crash"), table.complete()))
        };
        assert_eq!(run(None).unwrap(), (true, true));
        assert_eq!(run(Some("GET")).unwrap(), (false, true));
        let error = run(Some("none")).unwrap_err().to_string();
        assert!(error.contains("--only none") && error.contains("crash, GET /"), "{error}");
    }
}
