//! The table that a run prints.

use std::fmt::{self, Display, Formatter};

/// What became of a figure.
enum Verdict {
    Met,
    Missed,
    /// It has no bar.
    Printed,
    /// It could not be measured.
    Unknown,
}

/// One figure.
pub(crate) struct Row {
    figure: String,
    measured: String,
    bar: String,
    verdict: Verdict,
}

impl Row {
    /// A figure with a bar, `met` or missed.
    pub(crate) fn barred(figure: &str, measured: String, bar: &str, met: bool) -> Row {
        let verdict = if met { Verdict::Met } else { Verdict::Missed };
        Row { figure: figure.to_owned(), measured, bar: bar.to_owned(), verdict }
    }

    /// A figure without a bar.
    pub(crate) fn printed(figure: &str, measured: String) -> Row {
        let bar = "printed".to_owned();
        Row { figure: figure.to_owned(), measured, bar, verdict: Verdict::Printed }
    }
}

/// All figures of a run.
pub(crate) struct Table {
    head: String,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table of a run on `machine` against Kubernetes of `version`.
    pub(crate) fn new(machine: String, version: &str) -> Table {
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
        let head = format!("{date}, {machine}, kube-apiserver {version} with TLS and RBAC");
        Table { head, rows: Vec::new() }
    }

    /// Adds the rows of one measurement, or that it failed.
    pub(crate) fn take(&mut self, figure: &str, rows: impl FnOnce() -> anyhow::Result<Vec<Row>>) {
        match rows() {
            Ok(rows) => self.rows.extend(rows),
            Err(error) => self.rows.push(Row {
                figure: figure.to_owned(),
                measured: format!("{error:#}"),
                bar: String::new(),
                verdict: Verdict::Unknown,
            }),
        }
    }

    /// Whether nothing was measured or tried.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether every figure could be measured.
    pub(crate) fn complete(&self) -> bool {
        self.rows.iter().all(|row| !matches!(row.verdict, Verdict::Unknown))
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.head)?;
        writeln!(f, "| figure | measured | bar | |")?;
        writeln!(f, "|---|---|---|---|")?;
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Met => "met",
                Verdict::Missed => "MISSED",
                Verdict::Printed => "",
                Verdict::Unknown => "NOT MEASURED",
            };
            let measured = row.measured.replace('\n', " ").replace('|', "/");
            writeln!(f, "| {} | {measured} | {} | {verdict} |", row.figure, row.bar)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_complete_and_a_missing_figure_is_not() {
        let mut table = Table::new("no machine".into(), "v1");
        table.take("a", || Ok(vec![Row::barred("a", "2".into(), "1", false)]));
        assert!(table.complete());
        assert!(table.to_string().contains("| a | 2 | 1 | MISSED |"));
        table.take("b", || anyhow::bail!("no\nluck"));
        assert!(!table.complete());
        assert!(table.to_string().contains("| b | no luck |  | NOT MEASURED |"));
    }
}
