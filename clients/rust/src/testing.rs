//! A sidecar for the tests of an application: it says what the test wants it to say.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Answers on a port of the system's choosing, on loopback, until it is dropped.
#[derive(Debug)]
pub struct FakeSidecar {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    said: Mutex<Said>,
    changed: Condvar,
}

/// What the sidecar says, and what the application has said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Whether the application said that it is ready, as it came.
    pub ready: Option<String>,
    /// What the application has set, by the path of the key, as it came.
    pub signals: HashMap<String, String>,
    /// The tokens of the terms that the application has let go of.
    pub released: Vec<u64>,
    answer: String,
    token: u64,
    changes: u64,
    stopped: bool,
}

impl FakeSidecar {
    /// Starts one that says that nobody leads.
    ///
    /// # Errors
    ///
    /// If the system gives no port or no thread.
    pub fn start() -> io::Result<FakeSidecar> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let fake = FakeSidecar { url, shared: Arc::default() };
        fake.stand_by("");
        let shared = Arc::clone(&fake.shared);
        thread::Builder::new().name("fake sidecar".to_owned()).spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                if shared.said().stopped {
                    return;
                }
                // A client that goes in the middle is its test's affair.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        })?;
        Ok(fake)
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The application's pod leads from now on, in a new term; its token.
    pub fn lead(&self) -> u64 {
        let mut said = self.shared.said();
        said.token += 1;
        let token = said.token;
        drop(said);
        self.answer(&format!(
            r#"{{"self":true,"name":"me","token":{token},"remaining_ms":60000}}"#
        ));
        token
    }

    /// Another pod leads from now on, or nobody, if the name is empty.
    pub fn stand_by(&self, leader: &str) {
        let remaining = if leader.is_empty() { 0 } else { 60_000 };
        self.answer(&format!(
            r#"{{"self":false,"name":"{leader}","token":null,"remaining_ms":{remaining}}}"#
        ));
    }

    /// Sets the document of `/v1/leader`.
    pub fn answer(&self, document: &str) {
        self.shared.change(|said| document.clone_into(&mut said.answer));
    }

    /// Waits until the condition holds, which is looked at with each change; false if it took longer.
    pub fn wait_until(&self, within: Duration, mut condition: impl FnMut(&Said) -> bool) -> bool {
        let said = self.shared.said();
        let waited = self.shared.changed.wait_timeout_while(said, within, |said| !condition(said));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for FakeSidecar {
    fn drop(&mut self) {
        self.shared.change(|said| said.stopped = true);
        // Wakes the thread that accepts, so that it ends and its port closes.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Shared {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        let mut said = self.said();
        change(&mut said);
        said.changes += 1;
        self.changed.notify_all();
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let (mut head, mut length) = (Vec::new(), 0);
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            }
            match line.as_str() {
                "" => break,
                _ if head.is_empty() => head = line.split(' ').map(str::to_owned).collect(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let (method, target) = match head.as_slice() {
            [method, target, ..] => (method.as_str(), target.as_str()),
            _ => return Ok(()),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (status, answer) = match (method, path) {
            ("get", "/v1/leader") => ("200 OK", self.said().answer.clone()),
            ("get", "/v1/watch") => return self.watch(stream),
            _ if self.take(method, path, query, body) => ("200 OK", "ok\n".to_owned()),
            _ => ("404 Not Found", "no such page\n".to_owned()),
        };
        write!(stream, "HTTP/1.0 {status}\r\n\r\n{answer}")
    }

    /// Takes what the application says; false for what makes no sense.
    fn take(&self, method: &str, path: &str, query: &str, body: String) -> bool {
        let token = query.strip_prefix("token=").and_then(|token| token.parse().ok());
        let mut taken = true;
        self.change(|said| match (method, path, token) {
            ("put", "/v1/ready", _) => said.ready = Some(body),
            ("put", "/v1/released", Some(token)) => said.released.push(token),
            (_, path, _) => match (method, path.strip_prefix("/v1/signals/")) {
                ("put", Some(key)) => drop(said.signals.insert(key.to_owned(), body)),
                ("delete", Some(key)) => taken = said.signals.remove(key).is_some(),
                _ => taken = false,
            },
        });
        taken
    }

    fn watch(&self, mut stream: TcpStream) -> io::Result<()> {
        write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")?;
        loop {
            let said = self.said();
            let (sent, answer) = (said.changes, said.answer.clone());
            if said.stopped {
                return Ok(());
            }
            drop(said);
            write!(stream, "event: leader\ndata: {answer}\n\n")?;
            let beat = Duration::from_secs(1);
            let said = self.said();
            let same = |said: &mut Said| said.changes == sent;
            drop(self.changed.wait_timeout_while(said, beat, same));
        }
    }
}
