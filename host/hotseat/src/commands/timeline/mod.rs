//! `hotseat timeline`: the journals of an election's candidates as one picture, and as counts.
//!
//! The axis is the time of day by each candidate's own clock. A record has both clocks of its machine: the
//! boot-time clock, which nothing sets, places the records of a journal among themselves, and the time of day
//! only says where the whole of them lies. So what is between two moments of one candidate is exact, and
//! between two candidates it is off by as much as their machines' times of day are.

mod counts;
mod picture;
mod read;
mod story;

#[cfg(test)]
mod tests;

pub use counts::{CandidateCounts, Counts};

use story::Story;

/// What several journals say together.
#[derive(Debug)]
pub struct Timeline {
    stories: Vec<Story>,
    /// Lines that are not records.
    skipped: u64,
    /// What is wrong with the first of those, each with its file and line.
    pub notes: Vec<String>,
}

/// Reads journals, each a file that `hotseat --journal` wrote or an answer of `/v1/journal`; `-` is
/// standard input.
///
/// # Errors
///
/// A journal cannot be read, and where; or there is no decision in any of them, and what there is instead.
pub fn timeline(journals: &[String]) -> anyhow::Result<Timeline> {
    let read::All { lanes, skipped, notes } = read::all(journals)?;
    Ok(Timeline { stories: story::tell(lanes), skipped, notes })
}

impl Timeline {
    /// The picture: one HTML file that needs nothing else.
    pub fn html(&self) -> String {
        picture::html(&self.stories, self.skipped)
    }

    /// What there is to count, for each election.
    pub fn counts(&self) -> Vec<Counts> {
        self.stories.iter().map(Counts::of).collect()
    }
}
