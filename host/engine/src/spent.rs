//! What the child that compiles says of itself.

use std::time::Duration;

/// Begins a line on standard error that says what the child could not give up.
pub(crate) const KEPT: &str = "@kept ";
/// Begins the line on standard error that says what compiling took: the address space, the part of it
/// that may be written to and what was resident, each at most and in KiB, and the processor time in
/// milliseconds.
pub(crate) const SPENT: &str = "@spent ";
/// Begins the line on standard error that says what the instances of the component take of the engine's own
/// memory, in bytes.
pub(crate) const OVERHEAD: &str = "@overhead ";

/// What one compilation took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileSpent {
    /// Address space of the child at most, in bytes: what the limit of memory bounds.
    pub memory: u64,
    /// The part of it that may be written to at most, in bytes: what bounds a compilation in a container.
    pub writable: u64,
    /// What was in the machine's memory of it at most, in bytes; the program's own code, which is
    /// there for the sidecar anyway, is a part of it.
    pub resident: u64,
    /// Processor time.
    pub processor: Duration,
}

/// The child's standard error, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ChildReport {
    /// What it could not give up of its rights.
    pub(crate) kept: Vec<String>,
    /// What it took, if it came to its end.
    pub(crate) spent: Option<CompileSpent>,
    /// What the instances of the component take of the engine's own memory, in bytes.
    pub(crate) overhead: Option<u64>,
    /// Everything else.
    pub(crate) complaint: String,
}

impl ChildReport {
    pub(crate) fn of(text: &str) -> ChildReport {
        let mut said = ChildReport::default();
        for line in text.lines() {
            if let Some(right) = line.strip_prefix(KEPT) {
                said.kept.push(right.to_owned());
            } else if let Some(spent) = line.strip_prefix(SPENT).and_then(spent) {
                said.spent = Some(spent);
            } else if let Some(bytes) = line.strip_prefix(OVERHEAD).and_then(number) {
                said.overhead = Some(bytes);
            } else {
                said.complaint.push_str(line);
                said.complaint.push('\n');
            }
        }
        said
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn spent(text: &str) -> Option<CompileSpent> {
    let mut numbers = text.split(' ').map(number);
    let mut next = || numbers.next()?;
    let (memory, writable, resident, processor) = (next()?, next()?, next()?, next()?);
    Some(CompileSpent {
        memory: memory.checked_mul(1024)?,
        writable: writable.checked_mul(1024)?,
        resident: resident.checked_mul(1024)?,
        processor: Duration::from_millis(processor),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_a_complaint() {
        let said = ChildReport::of(
            "@kept no files: no\n@spent 4 3 2 1\n@spent many\n@overhead 7\nit panicked\n",
        );
        let processor = Duration::from_millis(1);
        let spent = CompileSpent { memory: 4096, writable: 3072, resident: 2048, processor };
        assert_eq!(said.kept, ["no files: no"]);
        assert_eq!(
            (said.spent, said.overhead, said.complaint.as_str()),
            (Some(spent), Some(7), "@spent many\nit panicked\n")
        );
    }
}
