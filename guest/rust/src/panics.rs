//! A panic's message is heard outside: it goes to the host a few bytes at a time, without a heap.

#![cfg_attr(not(target_os = "unknown"), allow(dead_code, reason = "elsewhere nobody calls it"))]

use std::fmt::{self, Write};

use crate::bindings::hotseat::diagnostics::stderr;

/// How much of a message is written, in bytes: a little less than the host keeps.
const MOST: usize = 1000;

/// Has each panic of this instance say why. Called as each question begins: each has an instance of
/// its own.
///
/// Where there is a standard error, as in WASI, that is where they go by themselves.
pub fn hear_panics() {
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    std::panic::set_hook(Box::new(|why| {
        let mut message = Message { room: MOST, bytes: 0, count: 0 };
        // What does not fit is left out.
        let _ = write!(message, "{why}");
        message.flush();
    }));
}

struct Message {
    /// How many bytes more are written.
    room: usize,
    /// What waits for its eight bytes to be full, the first one lowest.
    bytes: u64,
    count: u32,
}

impl Message {
    fn flush(&mut self) {
        if self.count > 0 {
            stderr::write(self.bytes);
        }
        (self.bytes, self.count) = (0, 0);
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.bytes |= u64::from(byte) << (8 * self.count);
            self.count += 1;
            if self.count == 8 {
                self.flush();
            }
        }
        Ok(())
    }
}
