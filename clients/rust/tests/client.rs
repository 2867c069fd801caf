//! What is Rust's own about the client; `clients/cases.json` has what all clients have to do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_client::Client;
use hotseat_client::testing::FakeSidecar;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_term_from_its_beginning_to_its_end() {
    let sidecar = FakeSidecar::start().unwrap();
    let (say, said) = channel();
    let (elected, draining, lost) = (say.clone(), say.clone(), say);
    let client = Client::builder()
        .url(sidecar.url())
        .on_elected(move |token| elected.send(format!("elected {token}")).unwrap())
        .on_draining(move |token, left| {
            assert!(left > Duration::ZERO && left <= Duration::from_secs(2));
            draining.send(format!("draining {token}")).unwrap();
        })
        .on_lost(move |token| lost.send(format!("lost {token}")).unwrap())
        .start()
        .unwrap();
    assert!(!client.is_leader());
    let token = sidecar.lead();
    assert_eq!(client.wait_leader(Some(SOON)), Some(token));
    assert_eq!((client.token(), client.leader()), (Some(token), "me".to_owned()));
    sidecar.stand_by("other");
    assert!(sidecar.wait_until(SOON, |said| said.released == [token]));
    assert_eq!((client.token(), client.leader()), (None, "other".to_owned()));
    drop(client);
    assert_eq!(said.iter().collect::<Vec<_>>(), ["elected 1", "draining 1", "lost 1"]);
}

#[test]
fn a_client_that_is_dropped_lets_go_of_its_term() {
    let sidecar = FakeSidecar::start().unwrap();
    let client = Client::builder().url(sidecar.url()).on_lost(|_| panic!("on purpose")).start();
    let client = client.unwrap();
    let token = sidecar.lead();
    client.wait_leader(Some(SOON)).unwrap();
    drop(client);
    assert!(sidecar.wait_until(Duration::ZERO, |said| said.released == [token]));
}

/// Blocks on a future, as the smallest of executors.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park_timeout(SOON),
        }
    }
}

#[test]
fn futures_need_no_executor_of_ours() {
    let sidecar = FakeSidecar::start().unwrap();
    let client = Client::builder().url(sidecar.url()).start().unwrap();
    let (elected, token) = (client.elected(), sidecar.lead());
    assert_eq!(block_on(elected), Some(token));
    let ended = client.ended(token);
    sidecar.stand_by("");
    block_on(ended);
    assert!(!client.is_leader());
    let elected = client.elected();
    let closing = thread::spawn(move || drop(client));
    assert_eq!(block_on(elected), None);
    closing.join().unwrap();
}

#[test]
fn what_the_application_says_reaches_the_sidecar() {
    let sidecar = FakeSidecar::start().unwrap();
    let client = Client::builder().url(sidecar.url()).start().unwrap();
    client.ready(true, Some(SOON)).unwrap();
    client.signal("app/heart beat", "true", Some(SOON)).unwrap();
    client.signal("app.lag", "0.25", None).unwrap();
    client.unset_signal("app.lag").unwrap();
    let expected = [("app%2fheart%20beat".to_owned(), "true".to_owned())].into();
    assert!(sidecar.wait_until(Duration::ZERO, |said| {
        said.ready.as_deref() == Some("true") && said.signals == expected
    }));
    let error = client.unset_signal("app.lag").unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert!(error.to_string().contains("DELETE http://127.0.0.1:"), "{error}");
}

#[test]
fn what_cannot_be_used_is_named() {
    for url in ["localhost:4040", "https://localhost", "http://localhost:x", "http://h/path"] {
        let error = Client::builder().url(url).start().unwrap_err().to_string();
        assert!(error.contains("not an address of a sidecar: give"), "{error}");
    }
    let error = Client::builder().hold(Duration::ZERO).start().unwrap_err().to_string();
    assert!(error.contains("hold: 0ns: give 100 ms to a minute"), "{error}");
}
