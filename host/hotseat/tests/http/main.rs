//! The HTTP server over real sockets, as an application, a probe, Prometheus and an enemy see it.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod access;
mod bounds;
mod client;
mod crowd;
mod journal;
mod listening;
mod metrics;
mod old_image;
mod released;
mod roster;
mod scrape;
mod signals;
mod site;
mod status;
mod ui;
mod v1;
mod watch;
