//! Works while its pod leads, and lets go of the seat when it leads no more: `worker [URL OF THE SIDECAR]`.

use hotseat_client::{Client, DEFAULT_URL, Error};
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Error> {
    let client = Client::builder()
        .url(std::env::args().nth(1).unwrap_or_else(|| DEFAULT_URL.to_owned()))
        .on_elected(|token| println!("leads with the token {token}"))
        .on_draining(|_, left| println!("finishes within {left:?}"))
        .on_lost(|token| println!("has let go of {token}"))
        .start()?;
    loop {
        if let Some(token) = client.token() {
            work(token);
        }
        // From the loop that works, so that it stops with it.
        if let Err(error) = client.signal("app.heartbeat", "true", Some(Duration::from_secs(3))) {
            eprintln!("no heartbeat: {error}");
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// One piece of work, shorter than what the reaction time leaves, with the token in each write.
fn work(_token: u64) {}
