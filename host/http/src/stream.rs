//! A connection's bytes: notes what the client keeps the server waiting for, and what its requests
//! take.

use super::limits::Limits;
use super::slots::{Order, Slot, Slots};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream that keeps its slot's phase.
#[derive(Debug)]
pub(super) struct Stream {
    inner: TcpStream,
    slot: Rc<Slot>,
    slots: Rc<Slots>,
    limits: Limits,
}

impl Stream {
    pub(super) fn new(
        inner: TcpStream,
        slot: Rc<Slot>,
        slots: Rc<Slots>,
        limits: Limits,
    ) -> Stream {
        Stream { inner, slot, slots, limits }
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
        let received = buffer.filled().len() - before;
        if received > 0 {
            self.slot.received(received);
            // hyper reads on as long as there is something, so it cannot wait for its return.
            self.slots.make_room(&self.slot, &self.limits);
            if self.slot.order() == Order::Drop {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
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
        if self.slot.flushed() {
            // hyper asks the stream for more only when its task runs again.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
