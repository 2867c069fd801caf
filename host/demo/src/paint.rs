//! Lines of coloured pieces that fit into a width.

use console::Style;

/// How a piece of a line looks. Colour never is the only thing that tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As the terminal writes.
    Plain,
    /// What matters.
    Strong,
    /// What does not matter much.
    Faint,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something is under way.
    Busy,
}

/// A line made of pieces.
#[derive(Clone, Debug, Default)]
pub struct Line(Vec<(Paint, String)>);

impl Line {
    /// A line of one piece.
    pub fn of(paint: Paint, text: impl Into<String>) -> Line {
        Line::default().and(paint, text)
    }

    /// The line with one more piece.
    #[must_use]
    pub fn and(mut self, paint: Paint, text: impl Into<String>) -> Line {
        self.0.push((paint, text.into()));
        self
    }

    /// The line as it is written: cut to `width` characters, control characters taken out.
    pub fn render(&self, width: usize, colours: bool) -> String {
        let mut left = width;
        let mut text = String::new();
        for (paint, piece) in &self.0 {
            let piece: String = piece.chars().filter(|c| !c.is_control()).take(left).collect();
            if piece.is_empty() {
                continue;
            }
            left -= piece.chars().count();
            let style = style(*paint).force_styling(colours);
            text.push_str(&style.apply_to(piece).to_string());
        }
        text
    }
}

fn style(paint: Paint) -> Style {
    match paint {
        Paint::Plain => Style::new(),
        Paint::Strong => Style::new().bold(),
        Paint::Faint => Style::new().dim(),
        Paint::Good => Style::new().green().bold(),
        Paint::Bad => Style::new().red().bold(),
        Paint::Busy => Style::new().yellow(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_before_it_is_coloured() {
        let line = Line::of(Paint::Good, "LEADS").and(Paint::Plain, " for\u{1b}[2J long");
        assert_eq!(line.render(80, false), "LEADS for[2J long");
        assert_eq!(line.render(7, false), "LEADS f");
        let coloured = line.render(3, true);
        assert!(coloured.contains("LEA") && !coloured.contains("LEAD"), "{coloured:?}");
        assert!(coloured.starts_with('\u{1b}') && coloured.ends_with("\u{1b}[0m"), "{coloured:?}");
        assert_eq!(line.render(0, true), "");
    }
}
