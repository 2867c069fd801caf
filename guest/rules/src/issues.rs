//! What is wrong with the settings, by its place.

use hotseat_policy::Issue;

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Issues(Vec<Issue>);

/// More would hide the first ones.
const MOST: usize = 16;

impl Issues {
    /// One more, at the place of these names, outermost first.
    pub(crate) fn add(&mut self, at: &[&str], message: String) {
        if self.0.len() < MOST {
            self.0.push(Issue::at(pointer(at), message));
        }
    }

    /// One more, which does not keep the settings from being taken.
    pub(crate) fn warn(&mut self, at: &[&str], message: String) {
        let warning = Issue::at(pointer(at), message).as_warning();
        if self.0.len() < MOST && !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    /// All that was found.
    pub(crate) fn into_vec(self) -> Vec<Issue> {
        self.0
    }

    /// The value, if nothing was wrong.
    pub(crate) fn end<T>(self, value: T) -> Result<T, Vec<Issue>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// A JSON pointer.
pub(crate) fn pointer(at: &[&str]) -> String {
    at.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}
