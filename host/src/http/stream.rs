//! A connection's bytes: notes what the client keeps the server waiting for.

use super::slots::{Phase, Slot};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How much is thrown away at a time, in bytes.
const BIN: usize = 2048;

/// A TCP stream that keeps its slot's phase.
#[derive(Debug)]
pub(super) struct Stream {
    inner: TcpStream,
    slot: Rc<Slot>,
    /// How many bytes may still be thrown away while closing.
    discard: usize,
}

impl Stream {
    /// At most `discard` bytes are read from a client that was answered for good.
    pub(super) fn new(inner: TcpStream, slot: Rc<Slot>, discard: usize) -> Stream {
        Stream { inner, slot, discard }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.slot.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    /// hyper flushes the stream only when all that it had to write is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(context))?;
        if self.slot.phase() == Phase::Answering {
            self.slot.enter(Phase::Idle);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the writing side, then waits for the client to end its own: see `LINGER_TIME`. The
    /// connection's task ends the wait.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.slot.phase() != Phase::Closing {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            self.slot.enter(Phase::Closing);
        }
        let mut bin = [MaybeUninit::uninit(); BIN];
        while self.discard > 0 {
            let mut buffer = ReadBuf::uninit(&mut bin);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
            match buffer.filled().len() {
                0 => break,
                count => self.discard = self.discard.saturating_sub(count),
            }
        }
        Poll::Ready(Ok(()))
    }
}
