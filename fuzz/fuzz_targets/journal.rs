//! Any bytes, read as a journal: what is read can be written and read again, and is the same.

#![no_main]

use hotseat_journal::{Encoder, Problem, Reader, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut encoder = Encoder::default();
    let (mut records, mut text, mut last) = (Vec::new(), String::new(), 0);
    for line in Reader::new(bytes) {
        match line {
            Ok((line, record)) => {
                assert!(line > last, "line {line} after {last}");
                last = line;
                // A line that is as long as lines may be can grow by what is written otherwise.
                if let Some(line) = encoder.line(&record) {
                    text += &line;
                    records.push(record);
                }
            }
            Err(error) => {
                assert!(error.line > last, "line {} after {last}", error.line);
                last = error.line;
                assert!(!matches!(error.problem, Problem::Unreadable(_)), "{error}");
                assert!(!error.to_string().contains('\n'), "{error:?}");
            }
        }
    }
    let again = Reader::new(text.as_bytes()).map(|line| match line {
        Ok((_, record)) => record,
        Err(error) => panic!("{error}: {text}"),
    });
    let again: Vec<Record> = again.collect();
    // Debug, since not a number is not equal to itself.
    assert_eq!(format!("{again:?}"), format!("{records:?}"));
});
