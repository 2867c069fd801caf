//! A sidecar that is played: it says what a case of the table has it say, garbage and nothing too.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with};
use serde_json::{Map, Value, json};

/// Between two events without news.
const BEAT: Duration = Duration::from_millis(50);
/// The most bytes of a body that it takes.
const LONGEST_BODY: u64 = 4096;

/// A sidecar that is played, on a port of its own.
pub struct StandIn {
    address: SocketAddr,
    stage: Arc<Stage>,
    /// A port that is bound, and where connections are refused.
    closed: Option<OwnedFd>,
    begun: Instant,
}

#[derive(Default)]
struct Stage {
    script: Mutex<Script>,
    changed: Condvar,
}

/// What is said, and what was heard.
#[derive(Default)]
pub struct Script {
    /// A whole answer to `/v1/leader`; none is ever made while it is empty.
    answer: Vec<u8>,
    /// What the answer says of this candidate.
    leads: bool,
    /// An answer is begun, and no end comes.
    half: bool,
    watch: String,
    /// Events with these documents are sent, and counted.
    events: Vec<Value>,
    gone: bool,
    streams: Vec<TcpStream>,
    /// So many times more it does not hear that a term was let go of.
    pub deaf: u64,
    /// Questions so far.
    pub asked: u64,
    /// Watches so far.
    pub watched: u64,
    /// The terms that were let go of.
    pub released: Vec<u64>,
    /// What it was sent, method and target and body.
    pub put: Vec<(String, String)>,
    /// When the last question came that was answered with `self: true`, in microseconds of the wall clock.
    pub led: u64,
}

impl StandIn {
    /// One that says that nobody leads, or one to which connections are refused.
    pub fn start(watch: &str) -> StandIn {
        // A probe that had it too would keep it open when the stand-in goes.
        let (family, flags) = (AddressFamily::INET, SocketFlags::CLOEXEC);
        let port = socket_with(family, SocketType::STREAM, flags, None).unwrap();
        bind(&port, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = getsockname(&port).unwrap().try_into().unwrap();
        let mut stand_in =
            StandIn { address, stage: Arc::default(), closed: Some(port), begun: Instant::now() };
        if watch != "gone" {
            stand_in.say(json!({"self": false, "name": ""}).as_object().unwrap());
        }
        stand_in.stage.script().watch = if watch == "gone" { "works" } else { watch }.to_owned();
        stand_in
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For how long it has been there.
    pub fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// What was heard so far.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.stage.script()
    }

    /// Gives that document from now on.
    pub fn say(&mut self, changes: &Map<String, Value>) {
        let document = document(changes);
        let body = document.to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.play(|script| {
            script.leads = document["self"] == json!(true);
            script.answer = answer.into_bytes();
            script.half = false;
        });
        self.open();
    }

    /// Gives these bytes to whoever asks.
    pub fn say_raw(&self, answer: Vec<u8>) {
        self.play(|script| (script.answer, script.leads) = (answer, false));
    }

    /// Begins each answer, and does not end it.
    pub fn say_half(&self) {
        self.play(|script| script.half = true);
    }

    /// Swallows all that comes, and says nothing on any connection.
    pub fn hush(&self) {
        self.play(|script| {
            script.answer.clear();
            script.watch = "silent".to_owned();
        });
    }

    /// Plays the watch in another way, and ends those that there are.
    pub fn watch(&self, how: &str) {
        self.play(|script| {
            how.clone_into(&mut script.watch);
            script.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        });
    }

    /// Sends an event that the document of `/v1/leader` does not say.
    pub fn event(&self, changes: &Map<String, Value>) {
        self.play(|script| script.events.push(document(changes)));
    }

    /// Refuses connections from now on, and ends those that there are.
    pub fn go(&self) {
        self.watch("silent");
        self.play(|script| script.gone = true);
        // Wakes the thread that accepts, so that it ends and its port closes.
        let _ = TcpStream::connect(self.address);
    }

    fn play(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.stage.script());
        self.stage.changed.notify_all();
    }

    /// Takes connections, if it does not already.
    fn open(&mut self) {
        let Some(port) = self.closed.take() else { return };
        listen(&port, 128).unwrap();
        let (listener, stage) = (TcpListener::from(port), Arc::clone(&self.stage));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stage.script().gone {
                    return;
                }
                let stage = Arc::clone(&stage);
                // A client that goes in the middle may do so.
                thread::spawn(move || drop(stage.serve(stream)));
            }
        });
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.go();
    }
}

impl Stage {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, or for the next beat.
    fn wait(&self, script: MutexGuard<'_, Script>) {
        drop(self.changed.wait_timeout(script, BEAT).unwrap_or_else(PoisonError::into_inner));
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        self.script().streams.push(stream.try_clone()?);
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut request, mut length) = (String::new(), 0);
        reader.read_line(&mut request)?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
                break;
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = String::new();
        reader.take(LONGEST_BODY.min(length)).read_to_string(&mut body)?;
        let request = request.rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
        match request.as_str() {
            "GET /v1/leader" => self.answer(&mut stream),
            "GET /v1/watch" => self.play_watch(&mut stream),
            _ => {
                let status = self.take(request, body);
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n"
                )?;
                stream.shutdown(Shutdown::Both)
            }
        }
    }

    fn answer(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut script = self.script();
        script.asked += 1;
        let (answer, half) = (script.answer.clone(), script.half);
        if script.leads && !half && !answer.is_empty() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            script.led = u64::try_from(now.as_micros()).unwrap();
        }
        drop(script);
        if half {
            stream.write_all(&answer[..answer.len() / 2])?;
        } else if !answer.is_empty() {
            stream.write_all(&answer)?;
            return stream.shutdown(Shutdown::Both);
        }
        // Held open, until the client goes.
        stream.read_to_end(&mut Vec::new()).map(drop)
    }

    fn play_watch(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut script = self.script();
        script.watched += 1;
        let (how, mut sent) = (script.watch.clone(), script.events.len());
        drop(script);
        let head =
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n";
        match how.as_str() {
            "missing" => {
                write!(
                    stream,
                    "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                )?;
                return stream.shutdown(Shutdown::Both);
            }
            "mute" => return stream.read_to_end(&mut Vec::new()).map(drop),
            "ends" => {
                write!(stream, "{head}")?;
                return stream.shutdown(Shutdown::Both);
            }
            "garbage" => {
                write!(stream, "{head}")?;
                stream.write_all(&[
                    0, 255, b'\n', 0xc3, b'\n', b'd', b'a', b't', b'a', b':', 7, b'\n',
                ])?;
                return stream.shutdown(Shutdown::Both);
            }
            "huge" => {
                write!(stream, "{head}")?;
                loop {
                    // Never silent: a client may not end it for that.
                    stream.write_all(&vec![b'x'; 10_000])?;
                    self.wait(self.script());
                }
            }
            _ => write!(stream, "{head}")?,
        }
        loop {
            let script = self.script();
            if script.gone {
                return Ok(());
            }
            let mut events: Vec<Value> = script.events[sent..].to_vec();
            sent = script.events.len();
            let silent = script.watch == "silent";
            self.wait(script);
            // A beat says nothing of who leads: no client may need that.
            events.push(json!({}));
            for event in events.iter().filter(|_| !silent) {
                write!(stream, "event: leader\ndata: {event}\n\n")?;
            }
        }
    }

    /// Takes what an application says; the status of the answer.
    fn take(&self, request: String, body: String) -> &'static str {
        let mut script = self.script();
        if let Some(token) = request.strip_prefix("PUT /v1/released?token=") {
            if script.deaf > 0 {
                script.deaf -= 1;
                return "503 Service Unavailable";
            }
            script.released.push(token.parse().unwrap_or(0));
            return "200 OK";
        }
        let set = |(put, _): &(String, String)| put.starts_with(&request.replace("DELETE", "PUT"));
        if request.starts_with("DELETE") && !script.put.iter().any(set) {
            return "404 Not Found";
        }
        script.put.push((request, body));
        "200 OK"
    }
}

/// A document of `/v1/leader`: of this candidate in the lead, but for what is said.
fn document(changes: &Map<String, Value>) -> Value {
    let leads = changes.get("self").is_none_or(|leads| *leads != json!(false));
    let named = changes.get("name").is_none_or(|name| *name != json!(""));
    let mut document = json!({
        "self": true, "name": "me", "identity": "me", "token": if leads { json!(1) } else { Value::Null },
        "lock": {"namespace": "default", "name": "seat"}, "remaining_ms": if named { 60_000 } else { 0 },
    });
    for (key, value) in changes {
        document[key] = value.clone();
    }
    document
}
