//! Accepting connections, at a pace that falls while the system gives none.

use hotseat_election::{Recurring, clock};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// The pause when accepting fails, mostly for want of file descriptors. Each further one doubles it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause: a probe that comes when there is room again is answered in its time.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts the connections of several addresses.
pub(super) struct Acceptor {
    listeners: Vec<TcpListener>,
    /// Whose turn it was last.
    turn: usize,
    failing: Recurring,
    pause: Duration,
    not_before: Instant,
}

impl Acceptor {
    pub(super) fn new(listeners: Vec<TcpListener>) -> Acceptor {
        Acceptor {
            listeners,
            turn: 0,
            failing: Recurring::default(),
            pause: SHORTEST_PAUSE,
            not_before: Instant::now(),
        }
    }

    /// The next connection at any of the addresses; none if the system does not give one, which is said once
    /// and makes the next one wait. Nothing is lost where this is not waited for to its end.
    pub(super) async fn next(&mut self) -> Option<TcpStream> {
        sleep_until(self.not_before).await;
        let accepted = loop {
            match accept(&self.listeners, &mut self.turn).await {
                // A client that went meanwhile keeps nobody else waiting.
                Err(error) if is_the_clients(&error) => {}
                accepted => break accepted,
            }
        };
        match accepted {
            Ok(stream) => {
                self.pause = SHORTEST_PAUSE;
                if let Some(failures) = self.failing.worked() {
                    tracing::info!(failures, "HTTP connections are accepted again");
                }
                Some(stream)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    fn failed(&mut self, error: &io::Error) {
        match self.failing.failed(clock::now(), &error.to_string()) {
            Some(times) => tracing::warn!(%error, times, "cannot accept an HTTP connection"),
            None => tracing::debug!(%error, "cannot accept an HTTP connection"),
        }
        self.not_before = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The addresses take turns: a crowd at one keeps nobody out at another.
async fn accept(listeners: &[TcpListener], turn: &mut usize) -> io::Result<TcpStream> {
    poll_fn(|context| {
        for _ in listeners {
            *turn = (*turn + 1) % listeners.len();
            let listener = &listeners[*turn];
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{Shutdown, shutdown};

    async fn listener() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").await.unwrap()
    }

    /// One that cannot accept any more.
    async fn broken() -> TcpListener {
        let listener = listener().await;
        shutdown(&listener, Shutdown::Read).unwrap();
        listener
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_grows_while_nothing_is_accepted_and_begins_anew() {
        let mut acceptor = Acceptor::new(vec![broken().await]);
        let pauses = async |acceptor: &mut Acceptor| {
            let mut pauses = Vec::new();
            for _ in 0..6 {
                let began = Instant::now();
                assert!(acceptor.next().await.is_none());
                pauses.push(began.elapsed().as_millis());
            }
            pauses
        };
        let millis = pauses(&mut acceptor).await;
        for (pause, wanted) in millis.iter().zip([0, 100, 200, 400, 800, 1000]) {
            assert!((wanted..wanted + 10).contains(pause), "{millis:?}");
        }

        let working = listener().await;
        let address = working.local_addr().unwrap();
        acceptor.listeners = vec![working];
        let _client = TcpStream::connect(address).await.unwrap();
        assert!(acceptor.next().await.is_some());
        acceptor.listeners = vec![broken().await];
        let millis = pauses(&mut acceptor).await;
        assert!(millis[1] < 110, "{millis:?}");
    }

    /// The server looks at other things all the while, and begins to wait anew after each.
    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_not_waited_for_stays_as_long() {
        let mut acceptor = Acceptor::new(vec![broken().await]);
        assert!(acceptor.next().await.is_none());
        let began = Instant::now();
        for _ in 0..3 {
            let waited = tokio::time::timeout(SHORTEST_PAUSE / 5, acceptor.next()).await;
            assert!(waited.is_err(), "it does not wait");
        }
        assert!(acceptor.next().await.is_none());
        assert!(began.elapsed() < SHORTEST_PAUSE * 3 / 2, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn addresses_take_turns() {
        let both = [listener().await, listener().await];
        let addresses = both.each_ref().map(|listener| listener.local_addr().unwrap());
        let mut clients = Vec::new();
        for address in [addresses[0], addresses[0], addresses[0], addresses[1]] {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let mut acceptor = Acceptor::new(both.into());
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(acceptor.next().await.unwrap().local_addr().unwrap());
        }
        assert!(seen[..2].contains(&addresses[1]), "{seen:?}");
    }
}
