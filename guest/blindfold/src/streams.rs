//! What is read and written, and what is waited for: there is nothing to read, what is written is
//! said to the host, and nothing waits.

use alloc::vec::Vec;

use crate::Blindfold;
use crate::bindings::Stub;
use crate::bindings::exports::wasi::io::{error, poll, streams};
use crate::bindings::hotseat::blindfold::host;

/// How much of one write the host is shown, from its end, in bytes: more than it keeps, so that it
/// can say that there was more.
const SHOWN: usize = 2048;
/// What an output stream takes at once, in bytes: as much as WASI lets a blocking write have.
const ROOM: u64 = 4096;

/// Shows the host the end of what was written.
pub(crate) fn say(text: &[u8]) {
    host::say(&text[text.len().saturating_sub(SHOWN)..]);
}

/// Something to wait for that is there already.
pub(crate) fn ready() -> poll::Pollable {
    poll::Pollable::new(Ready)
}

/// Behind the handle of something that is ready.
pub struct Ready;

/// Behind the handle of an input stream at its end.
pub struct Closed;

/// Behind the handle of an output stream that the host hears.
pub struct Heard;

/// Nothing here fails with an error that says more than its kind.
impl error::Guest for Blindfold {
    type Error = Stub;
}

impl poll::Guest for Blindfold {
    type Pollable = Ready;

    fn poll(awaited: Vec<poll::PollableBorrow<'_>>) -> Vec<u32> {
        (0..).zip(awaited).map(|(index, _)| index).collect()
    }
}

impl poll::GuestPollable for Ready {
    fn ready(&self) -> bool {
        true
    }

    fn block(&self) {}
}

type Streamed<T> = Result<T, streams::StreamError>;

impl streams::Guest for Blindfold {
    type InputStream = Closed;
    type OutputStream = Heard;
}

impl streams::GuestInputStream for Closed {
    fn read(&self, _: u64) -> Streamed<Vec<u8>> {
        Err(streams::StreamError::Closed)
    }

    fn blocking_read(&self, _: u64) -> Streamed<Vec<u8>> {
        Err(streams::StreamError::Closed)
    }

    fn skip(&self, _: u64) -> Streamed<u64> {
        Err(streams::StreamError::Closed)
    }

    fn blocking_skip(&self, _: u64) -> Streamed<u64> {
        Err(streams::StreamError::Closed)
    }

    fn subscribe(&self) -> poll::Pollable {
        ready()
    }
}

impl streams::GuestOutputStream for Heard {
    fn check_write(&self) -> Streamed<u64> {
        Ok(ROOM)
    }

    fn write(&self, text: Vec<u8>) -> Streamed<()> {
        say(&text);
        Ok(())
    }

    fn blocking_write_and_flush(&self, text: Vec<u8>) -> Streamed<()> {
        say(&text);
        Ok(())
    }

    fn flush(&self) -> Streamed<()> {
        Ok(())
    }

    fn blocking_flush(&self) -> Streamed<()> {
        Ok(())
    }

    fn subscribe(&self) -> poll::Pollable {
        ready()
    }

    fn write_zeroes(&self, _: u64) -> Streamed<()> {
        Ok(())
    }

    fn blocking_write_zeroes_and_flush(&self, _: u64) -> Streamed<()> {
        Ok(())
    }

    fn splice(&self, _: streams::InputStreamBorrow<'_>, _: u64) -> Streamed<u64> {
        Err(streams::StreamError::Closed)
    }

    fn blocking_splice(&self, _: streams::InputStreamBorrow<'_>, _: u64) -> Streamed<u64> {
        Err(streams::StreamError::Closed)
    }
}
