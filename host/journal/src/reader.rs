//! Reading records back, line by line.

use crate::LONGEST_LINE;
use crate::problem::Problem;
use crate::record::Record;
use crate::wire::decode;
use std::io::{BufRead, ErrorKind};

/// The records of a journal, each with the number of its line from 1, and what is wrong with lines
/// that are none. Whoever reads decides whether to go on after an error; there is always a next
/// line, but for [`Problem::Unreadable`].
///
/// Never holds more than one line, of at most [`LONGEST_LINE`] bytes.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    line: u64,
    above: Option<String>,
    ended: bool,
}

/// A line that is not a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Which, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: Problem,
}

impl<R: BufRead> Reader<R> {
    /// Reads from its beginning.
    pub fn new(source: R) -> Reader<R> {
        Reader { source, line: 0, above: None, ended: false }
    }

    /// The next line's bytes without its end, and whether it has one. None at the end.
    fn next_line(&mut self) -> Result<Option<(Vec<u8>, bool)>, Problem> {
        let mut kept = Vec::new();
        let mut length = 0_usize;
        loop {
            let chunk = match self.source.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    return Err(Problem::Unreadable(error.to_string()));
                }
            };
            if chunk.is_empty() {
                self.ended = true;
                break;
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            length = length.saturating_add(part.len());
            if length <= LONGEST_LINE {
                kept.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        match length {
            0 if self.ended => Ok(None),
            _ if length > LONGEST_LINE => Err(Problem::TooLong),
            _ => Ok(Some((kept, !self.ended))),
        }
    }

    fn read(&mut self) -> Option<Result<(u64, Record), Problem>> {
        while !self.ended {
            self.line += 1;
            let (bytes, whole) = match self.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(problem) => return Some(Err(problem)),
            };
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let record = match str::from_utf8(&bytes) {
                Ok(line) => decode(line, &mut self.above),
                Err(error) => Err(Problem::Damaged(error.to_string())),
            };
            return Some(match record {
                Err(Problem::Damaged(_)) if !whole && !is_json(&bytes) => Err(Problem::CutOff),
                record => record.map(|record| (self.line, record)),
            });
        }
        None
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<(u64, Record), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.read()?;
        Some(line.map_err(|problem| LineError { line: self.line, problem }))
    }
}

/// Whether it is whole as JSON: then it was not cut off, whatever else is wrong with it.
fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}
