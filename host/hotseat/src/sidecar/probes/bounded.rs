//! A connection of which only so much is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that fails when more is read of it than it may give.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    inner: S,
    left: usize,
}

impl<S> Bounded<S> {
    /// Lets `most` bytes be read.
    pub(super) fn new(inner: S, most: usize) -> Bounded<S> {
        Bounded { inner, left: most }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("too many bytes came")));
        }
        let room = buffer.remaining().min(self.left);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        self.left -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn so_much_is_read_and_no_more() {
        let mut read = Vec::new();
        let error = Bounded::new(&[7; 100][..], 64).read_to_end(&mut read).await.unwrap_err();
        assert_eq!((read.len(), error.to_string().as_str()), (64, "too many bytes came"));
        let mut whole = Vec::new();
        Bounded::new(&[7; 63][..], 64).read_to_end(&mut whole).await.unwrap();
        assert_eq!(whole, [7; 63]);
    }
}
