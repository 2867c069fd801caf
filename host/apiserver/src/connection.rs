//! One connection: HTTP/1.1 within limits, and a way to end it from outside.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use crate::service::{self, Outcome};
use crate::shared::Shared;

/// Most bytes of request line and headers together.
const HEAD_LIMIT: usize = 64 * 1024;

/// Serves a connection until the client ends it, a limit is met, or `cut` changes.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, mut cut: watch::Receiver<u64>) {
    // Small answers and watch events must not wait for a full packet; if this fails, they do.
    let _ = stream.set_nodelay(true);
    let kill = Arc::new(Notify::new());
    let handler = {
        let (shared, kill) = (shared.clone(), kill.clone());
        service_fn(move |request| {
            let (shared, kill) = (shared.clone(), kill.clone());
            async move {
                match service::handle(shared, request, kill.clone()).await {
                    Outcome::Answer(answer) => Ok::<_, Infallible>(answer),
                    Outcome::Hang => pending().await,
                    Outcome::Reset => {
                        kill.notify_one();
                        pending().await
                    }
                }
            }
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.config.read_timeout)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), handler);
    let ended = tokio::select! {
        _ = pin!(&mut connection) => true,
        () = kill.notified() => false,
        _ = cut.changed() => false,
    };
    if !ended {
        let stream = connection.into_parts().io.into_inner();
        // Closing with unsent data given up makes the peer see a reset; a plain close will do.
        let _ = stream.set_zero_linger();
    }
}
