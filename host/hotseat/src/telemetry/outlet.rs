//! A stream of the process behind a queue and a thread: who writes a line never waits for who
//! reads it.
//!
//! tracing-appender has such a writer too. It counts lines and not bytes, keeps no account of those
//! that could not be written, and brings the rotation of files with it.

use rustix::event::{PollFd, PollFlags, poll};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait for the reader.
const WAITING: usize = 1 << 20;
/// What a line takes in the queue besides its own bytes.
const OVERHEAD: usize = 64;
/// The thread writes lines, and formats one now and then.
const STACK: usize = 128 << 10;

/// Takes lines at once, or drops and counts them. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Outlet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Box<[u8]>>,
    /// Of these, and of the one that is being written.
    bytes: usize,
}

impl Outlet {
    /// Starts the thread of that name, which writes to `stream`. After lines were dropped it calls
    /// `again` with their number, once the stream takes lines again.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub(super) fn start(
        name: &str,
        stream: impl Write + Send + 'static,
        again: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Outlet> {
        let outlet = Outlet(Arc::default());
        let shared = Arc::clone(&outlet.0);
        let mut writer = LineWriter { stream, torn: false };
        thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || {
            let mut told = 0;
            loop {
                let line = shared.next();
                if writer.write(&line).is_err() {
                    shared.dropped.fetch_add(1, Ordering::Relaxed);
                    shared.done(&line);
                    continue;
                }
                let left = shared.done(&line);
                let dropped = shared.dropped.load(Ordering::Relaxed);
                // With room for what `again` writes itself.
                if dropped > told && left < WAITING / 2 {
                    again(dropped - told);
                    told = dropped;
                }
            }
        })?;
        Ok(outlet)
    }

    /// Takes a line, given without its end.
    pub(super) fn line(&self, line: &str) {
        self.0.push([line.as_bytes(), b"\n"].concat().into());
    }

    /// Waits until all lines are written, until `deadline` at most.
    pub(super) fn flush(&self, deadline: Instant) {
        let mut queue = self.0.queue();
        while queue.bytes > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.changed.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lines that found no room or could not be written.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// The subscriber gives each event to `write` as a whole.
impl Write for &Outlet {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line.into());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Outlet {
    type Writer = &'a Outlet;

    fn make_writer(&'a self) -> &'a Outlet {
        self
    }
}

impl Shared {
    fn push(&self, line: Box<[u8]>) {
        let weight = line.len() + OVERHEAD;
        let mut queue = self.queue();
        // One line is always taken, however long.
        if queue.bytes > 0 && queue.bytes + weight > WAITING {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.bytes += weight;
        queue.lines.push_back(line);
        self.changed.notify_all();
    }

    /// Waits for a line.
    fn next(&self) -> Box<[u8]> {
        let mut queue = self.queue();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                return line;
            }
            // Room that a burst took is given back.
            queue.lines.shrink_to(0);
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A line was written or lost. Gives what the others take.
    fn done(&self, line: &[u8]) -> usize {
        let mut queue = self.queue();
        queue.bytes -= line.len() + OVERHEAD;
        self.changed.notify_all();
        queue.bytes
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes whole lines to a stream.
struct LineWriter<W> {
    stream: W,
    /// The last write may have left half a line, as on a disk that became full within it.
    torn: bool,
}

impl<W: Write> LineWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.stream.write_all(b"\n")?;
        }
        self.torn = true;
        self.stream.write_all(line)?;
        self.torn = false;
        Ok(())
    }
}

/// A stream of the process, written without the library's buffers and locks. It waits for its
/// reader even where another process has set the stream not to.
#[derive(Debug)]
pub(super) struct Descriptor(File);

/// Takes a stream of the process.
///
/// # Errors
///
/// The system refuses another descriptor.
pub(super) fn duplicate(stream: BorrowedFd<'_>) -> io::Result<Descriptor> {
    Ok(Descriptor(stream.try_clone_to_owned()?.into()))
}

impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let writable = PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::OUT);
                    match poll(&mut [writable], None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    /// How long anything may take: the machine may be busy.
    const SOON: Duration = Duration::from_secs(30);

    /// A stream that takes what the test lets it take: a number of bytes, or a refusal.
    struct Stream {
        orders: Receiver<io::Result<usize>>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let most = self.orders.recv().unwrap_or(Ok(usize::MAX))?;
            let taken = &bytes[..bytes.len().min(most)];
            let _ = self.taken.send(taken.to_vec());
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Scene {
        outlet: Outlet,
        orders: Sender<io::Result<usize>>,
        taken: Receiver<Vec<u8>>,
        again: Receiver<u64>,
    }

    fn scene() -> Scene {
        let ((orders, ordered), (take, taken)) = (channel(), channel());
        let (tell, again) = channel();
        let stream = Stream { orders: ordered, taken: take };
        let heard = move |lines| {
            let _ = tell.send(lines);
        };
        let outlet = Outlet::start("test", stream, heard).unwrap();
        Scene { outlet, orders, taken, again }
    }

    impl Scene {
        fn take(&self) -> String {
            String::from_utf8(self.taken.recv_timeout(SOON).unwrap()).unwrap()
        }

        fn flush(&self, patience: Duration) {
            self.outlet.flush(Instant::now() + patience);
        }
    }

    #[test]
    fn who_writes_does_not_wait_and_what_finds_no_room_is_counted() {
        let scene = scene();
        let line = "x".repeat(1000);
        let room = WAITING / (line.len() + 1 + OVERHEAD);
        let (told, heard) = channel();
        let outlet = scene.outlet.clone();
        thread::spawn(move || {
            (0..room + 7).for_each(|_| outlet.line(&line));
            told.send(())
        });
        // Nobody reads, and yet.
        heard.recv_timeout(SOON).unwrap();
        assert_eq!(scene.outlet.dropped(), 7);
        scene.flush(Duration::ZERO);
        assert!(scene.again.try_recv().is_err());
        drop(scene.orders);
        assert_eq!(scene.again.recv_timeout(SOON), Ok(7));
        scene.outlet.flush(Instant::now() + SOON);
        assert_eq!(scene.taken.try_iter().count(), room);
        scene.outlet.line("next");
        scene.outlet.flush(Instant::now() + SOON);
        assert_eq!(scene.taken.try_iter().collect::<Vec<_>>(), [b"next\n"]);
        assert!(scene.again.try_recv().is_err(), "it is said once");
    }

    #[test]
    fn a_line_longer_than_all_the_room_is_written_all_the_same() {
        let scene = scene();
        scene.outlet.line(&"x".repeat(2 * WAITING));
        scene.orders.send(Ok(usize::MAX)).unwrap();
        assert_eq!(scene.take().len(), 2 * WAITING + 1);
        assert_eq!(scene.outlet.dropped(), 0);
    }

    #[test]
    fn a_refused_line_is_counted_and_half_a_line_stays_apart() {
        let scene = scene();
        let refusal = || Err(io::Error::from(io::ErrorKind::StorageFull));
        scene.orders.send(refusal()).unwrap();
        scene.orders.send(Ok(2)).unwrap();
        scene.outlet.line("lost");
        // The end of the line before comes first, though none of it was written.
        scene.outlet.line("torn");
        assert_eq!(scene.take(), "\n");
        scene.orders.send(refusal()).unwrap();
        scene.orders.send(Ok(1)).unwrap();
        scene.orders.send(Ok(9)).unwrap();
        scene.outlet.line("whole");
        assert_eq!((scene.take(), scene.take()), ("\n".to_owned(), "whole\n".to_owned()));
        assert_eq!(scene.again.recv_timeout(SOON), Ok(2));
        assert_eq!(scene.outlet.dropped(), 2);
    }

    #[test]
    fn a_stream_that_must_not_wait_is_waited_for() {
        use rustix::fs::{OFlags, fcntl_setfl};
        use std::io::Read as _;
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
        let outlet = Outlet::start("test", duplicate(writer.as_fd()).unwrap(), |_| {}).unwrap();
        let line = "x".repeat(9_999);
        (0..50).for_each(|_| outlet.line(&line));
        let mut read = vec![0; 500_000];
        reader.read_exact(&mut read).unwrap();
        assert!(read.chunks(10_000).all(|chunk| chunk.ends_with(b"x\n")));
        assert_eq!(outlet.dropped(), 0);
    }
}
