//! Uses the crate as it is packed: a term from its beginning to its end, beside the sidecar for tests.

use hotseat_client::Client;
use hotseat_client::testing::{FakeSidecar, Said};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

fn main() {
    let sidecar = FakeSidecar::start().expect("a sidecar for tests");
    let builder = Client::builder().url(sidecar.url()).on_lost(|_| {});
    let client = builder.start().expect("a client");
    let token = sidecar.lead();
    let begin = Instant::now();
    while client.token() != Some(token) {
        assert!(begin.elapsed() < SOON, "no term");
        thread::sleep(Duration::from_millis(10));
    }
    drop(client);
    let released = |said: &Said| said.released.contains(&token);
    assert!(sidecar.wait_until(SOON, released));
    println!("Rust: used as it is packed");
}
