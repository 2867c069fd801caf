//! Probes of real listeners that come, go, hang and answer nonsense.

use super::*;
use hotseat_core::policy::Source;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

/// A server that gives the present text to whoever has asked for something; ends when dropped.
struct Target {
    address: SocketAddr,
    text: watch::Sender<String>,
    task: AbortHandle,
}

impl Target {
    async fn start(text: &str) -> Target {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (text, now) = watch::channel(text.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let text = now.borrow().clone();
                tokio::spawn(async move {
                    let mut head = [0; 1024];
                    let _ = stream.read(&mut head).await;
                    let _ = stream.write_all(text.as_bytes()).await;
                    // An empty text is a server that hangs.
                    if text.is_empty() {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Target { address, text, task: task.abort_handle() }
    }

    fn probe(&self, path: &str) -> Probe {
        let text = format!("it=http://{}{path},interval=50ms,rise=1,fall=1", self.address);
        parse(&text).unwrap().remove(0)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attempt(probe: &Probe) -> Result<(), String> {
    timeout(SOON, Prober::new(probe).attempt()).await.unwrap()
}

/// Waits until the signal says so.
async fn until(store: &Store, wanted: Option<bool>) {
    let found = async {
        let mut changes = store.changes();
        loop {
            let all = store.all(clock::now());
            let value = all.first().map(|held| held.report.value.clone());
            if value == wanted.map(Value::Flag) {
                return;
            }
            changes.changed().await.unwrap();
        }
    };
    timeout(SOON, found).await.unwrap();
}

#[tokio::test]
async fn an_answer_of_2xx_or_3xx_is_up() {
    let target = Target::start("").await;
    let probe = target.probe("/health?a=b");
    for (status, good) in [(200, true), (204, true), (302, true), (399, true)].into_iter().chain([
        (400, false),
        (404, false),
        (500, false),
        (503, false),
    ]) {
        let length = if status == 204 { "" } else { "Content-Length: 4\r\n" };
        let body = if status == 204 { "" } else { "body" };
        target.text.send_replace(format!("HTTP/1.1 {status} x\r\n{length}\r\n{body}"));
        assert_eq!(attempt(&probe).await.is_ok(), good, "{status}");
    }
    let error = attempt(&probe).await.unwrap_err();
    assert_eq!(error, format!("{}: status 503", target.address));
}

#[tokio::test]
async fn the_request_is_a_plain_get() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let probe = parse(&format!("it=http://{address}/health?a=b")).unwrap().remove(0);
    let asking = tokio::spawn(async move { attempt(&probe).await });
    let (mut stream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(SOON, stream.read_u8()).await.unwrap().unwrap());
    }
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n").await.unwrap();
    assert_eq!(asking.await.unwrap(), Ok(()));
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("get /health?a=b http/1.1\r\n"), "{head}");
    for line in [format!("host: {address}"), "connection: close".to_owned()] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(head.contains("user-agent: hotseat-probe/"), "{head}");
}

#[tokio::test]
async fn nonsense_an_endless_head_and_silence_are_down() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(100_000));
    let briefly = Duration::from_millis(500);
    for (text, timeout, words) in [
        ("hello\r\n\r\n", 10 * SOON, "no HTTP answer"),
        (endless.as_str(), 10 * SOON, "no HTTP answer"),
        ("", briefly, "within"),
    ] {
        let target = Target::start(text).await;
        let probe = Probe { timeout, ..target.probe("/") };
        let error = attempt(&probe).await.unwrap_err();
        assert!(error.contains(words), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_not_read_until_the_time_is_over() {
    let text = "HTTP/1.1 102 Processing\r\n\r\n".repeat(100_000);
    let target = Target::start(&text).await;
    // Longer than this test may take.
    let probe = Probe { timeout: 10 * SOON, ..target.probe("/") };
    let error = attempt(&probe).await.unwrap_err();
    assert!(error.contains("no HTTP answer: ") && error.contains("too many bytes came"), "{error}");
    // A few, as servers that follow the rules send them, are passed over.
    let few = text.split_at(text.len() / 1_000).0;
    target.text.send_replace(format!("{few}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(attempt(&probe).await, Ok(()));
}

/// The caller's thread does nothing but wait, as the election's does while it is busy otherwise.
#[test]
fn probes_need_no_turn_of_whoever_began_them() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("it=tcp://{},interval=50ms,rise=1", listener.local_addr().unwrap());
    let store = Store::default();
    let probing = begin(parse(&text).unwrap(), &store).unwrap();
    let deadline = std::time::Instant::now() + SOON;
    while store.all(clock::now()).is_empty() {
        assert!(std::time::Instant::now() < deadline, "nothing was reported");
        thread::yield_now();
    }
    assert_eq!(store.all(clock::now())[0].report.value, Value::Flag(true));
    drop(probing);
}

#[tokio::test]
async fn an_endless_body_does_not_matter() {
    let text = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(10_000_000));
    let target = Target::start(&text).await;
    assert_eq!(attempt(&target.probe("/")).await, Ok(()));
}

#[tokio::test]
async fn tcp_asks_for_a_connection_only() {
    let target = Target::start("").await;
    let spec = |host: &str| format!("it=tcp://{host}:{}", target.address.port());
    for host in ["127.0.0.1", "localhost"] {
        let probe = parse(&spec(host)).unwrap().remove(0);
        assert_eq!(attempt(&probe).await, Ok(()), "{host}");
    }
    let probe = parse(&spec("127.0.0.2")).unwrap().remove(0);
    let error = attempt(&probe).await.unwrap_err();
    assert!(error.contains("no connection: "), "{error}");
    let nowhere = parse("it=tcp://does-not-exist.invalid:1,timeout=10s").unwrap().remove(0);
    let error = attempt(&nowhere).await.unwrap_err();
    assert!(error.contains("does not resolve") || error.contains("within"), "{error}");
}

#[tokio::test]
async fn the_signal_follows_the_target_and_gets_no_older_than_the_interval() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let target = Target::start(ok).await;
    let store = Store::default();
    let task = tokio::spawn(run(target.probe("/"), store.clone()));
    until(&store, Some(true)).await;
    let mut changes = store.changes();
    let first = store.all(clock::now())[0].report.at;
    while store.all(clock::now())[0].report.at == first {
        timeout(SOON, changes.changed()).await.unwrap().unwrap();
    }
    target.text.send_replace(ok.replace("200", "503"));
    until(&store, Some(false)).await;
    target.text.send_replace(ok.to_owned());
    until(&store, Some(true)).await;
    drop(target);
    until(&store, Some(false)).await;
    task.abort();
}

#[tokio::test]
async fn an_application_is_not_ready_before_it_has_said_so() {
    let target = Target::start("").await;
    let store = Store::default();
    let text = format!("http://{}/ready,interval=50ms,timeout=50ms,rise=2,fall=1", target.address);
    let task = tokio::spawn(run(parse_ready(&text).unwrap(), store.clone()));
    until(&store, Some(false)).await;
    target.text.send_replace("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned());
    until(&store, Some(true)).await;
    let held = store.all(clock::now()).remove(0);
    assert_eq!((held.key.as_str(), held.key.source()), ("ready", Source::Probe));
    target.text.send_replace("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n".to_owned());
    until(&store, Some(false)).await;
    task.abort();
}

#[tokio::test]
async fn nothing_is_said_before_it_is_decided() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let text = format!("it=tcp://{},interval=50ms,rise=3", listener.local_addr().unwrap());
    let store = Store::default();
    let task = tokio::spawn(run(parse(&text).unwrap().remove(0), store.clone()));
    for _ in 0..3 {
        assert_eq!(store.all(clock::now()), []);
        timeout(SOON, listener.accept()).await.unwrap().unwrap();
    }
    until(&store, Some(true)).await;
    task.abort();
}
