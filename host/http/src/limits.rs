//! What a client may cost.

use std::time::Duration;

/// How long a request may take to arrive as a whole, from the connection or, on a connection that
/// was idle, from its first byte. Probes and applications in the cluster need milliseconds.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// The most bytes of a request line and headers, as Go's server takes them, and so the 0.4 image
/// did: a browser sends to `localhost` the cookies of all that was ever served there, whatever its
/// port, and meshes add headers.
const HEAD_BYTES: usize = 1024 * 1024;
/// The most headers of a request. Go has no such bound; here a place is made for each before they
/// are read.
const HEAD_FIELDS: usize = 1024;
/// What one connection's head may take before it counts towards [`CROWD_BYTES`]: nearly all stay
/// under it.
const FREE_BYTES: usize = 16 * 1024;
/// What the heads of all connections may take beyond that. What hyper keeps of a head is up to
/// three times as much, and the whole has to fit beside the election into a small container.
const CROWD_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of a body that are read, only to throw them away.
const BODY_BYTES: usize = 64 * 1024;
/// How long a connection may stay open between two requests.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How long a client may take to read an answer. Answers are a few KiB.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// The most connections at a time: far more than the containers of a pod and its probes need.
const CONNECTIONS: usize = 256;

/// The bounds of the server. The default is what the sidecar runs with; tests make them small.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a request may take to arrive as a whole; 5 s.
    pub request_time: Duration,
    /// The most bytes of a request line and headers; 1 MiB, and not under 8 KiB.
    pub head_bytes: usize,
    /// The most headers of a request; 1,024.
    pub head_fields: usize,
    /// What the head of one connection may take before it counts for `crowd_bytes`; 16 KiB.
    pub free_bytes: usize,
    /// What the heads of all connections may take beyond `free_bytes` each, in bytes; 4 MiB. The
    /// connection with the largest ends when it is more.
    pub crowd_bytes: usize,
    /// The most bytes of a body that are read; 64 KiB. After more the connection is closed.
    pub body_bytes: usize,
    /// How long a connection may stay open between two requests; 60 s.
    pub idle_time: Duration,
    /// How long a client may take to read an answer; 10 s.
    pub write_time: Duration,
    /// The most connections at a time; 256. One more takes the place of the one whose client has
    /// kept the server waiting the longest.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_time: REQUEST_TIME,
            head_bytes: HEAD_BYTES,
            head_fields: HEAD_FIELDS,
            free_bytes: FREE_BYTES,
            crowd_bytes: CROWD_BYTES,
            body_bytes: BODY_BYTES,
            idle_time: IDLE_TIME,
            write_time: WRITE_TIME,
            connections: CONNECTIONS,
        }
    }
}
