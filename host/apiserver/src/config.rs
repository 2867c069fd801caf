//! What a server may take, and how long.

use std::time::Duration;

/// Sizes and times of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Changes kept for watches, at least 1. A watch from before the oldest is answered with 410.
    pub history: usize,
    /// Versions that a watch may lag behind because its client does not read; then its
    /// connection is reset.
    pub watch_lag: u64,
    /// Time between the bookmarks of a watch that asks for them.
    pub bookmark_every: Duration,
    /// Time for the head of a request, which is also the longest idle time of a connection, and
    /// again for its body.
    pub read_timeout: Duration,
    /// Most bytes in the body of a request; more is answered with 413.
    pub body_limit: usize,
    /// Most connections at a time; further ones are closed at once.
    pub connections: usize,
}

impl Config {
    /// Room for a demonstration or a test: 4,096 changes, 1,000 versions of lag, bookmarks every
    /// 5 s, 60 s to read, 3 MiB, 1,024 connections.
    #[expect(
        clippy::new_without_default,
        reason = "the values are a choice for tests, not what any server should have"
    )]
    pub fn new() -> Config {
        Config {
            history: 4096,
            watch_lag: 1000,
            bookmark_every: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            body_limit: 3 * 1024 * 1024,
            connections: 1024,
        }
    }
}
