//! The client: three threads around one belief.

use crate::belief::{Belief, Change};
use crate::builder::Builder;
use crate::clock::Clock;
use crate::futures::{Elected, Ended};
use crate::wire::{Error, Sidecar};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Until a sidecar that has no watch is tried again.
const NO_WATCH: Duration = Duration::from_secs(30);
const SHORT_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Between two questions, however many events there are.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// Knows whether this pod leads, for as long as the last answer of the sidecar holds. Its term ends when
/// it is dropped, as the application acts no more then.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    /// But for the one that watches, which may be in the middle of a read.
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    sidecar: Sidecar,
    hold: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    clock: Clock,
    belief: Belief,
    wakers: Vec<Waker>,
    /// Something says that it is time to ask.
    rung: bool,
    watched: bool,
    closing: bool,
    failures: u32,
    letting_go: u64,
}

type Guard<'a> = MutexGuard<'a, State>;

impl Client {
    /// A client that is not started yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn begin(builder: Builder, sidecar: Sidecar) -> Result<Client, Error> {
        let belief = Belief::new(builder.hold, builder.lost.is_some());
        let state = Mutex::new(State { belief, ..State::default() });
        let changed = Condvar::new();
        let shared = Arc::new(Shared { sidecar, hold: builder.hold, state, changed });
        let [asks, watches, tells] = [(); 3].map(|()| Arc::clone(&shared));
        let mut client = Client { shared, threads: vec![] };
        client.threads.push(spawn(move || tells.tell_on(builder))?);
        client.threads.push(spawn(move || asks.ask_on())?);
        spawn(move || watches.watch_on())?;
        Ok(client)
    }

    /// Whether this pod leads at this very moment.
    pub fn is_leader(&self) -> bool {
        self.token().is_some()
    }

    /// The fencing token of this pod's term, to be sent along with each write; none: no term.
    pub fn token(&self) -> Option<u64> {
        self.shared.state().leads()
    }

    /// The name of the leader, whichever pod it is; empty if nobody is known to lead.
    pub fn leader(&self) -> String {
        let mut state = self.shared.state();
        let now = state.clock.now();
        state.belief.leader(now).to_owned()
    }

    /// Waits until this pod leads; its token, or none if it took longer.
    pub fn wait_leader(&self, timeout: Option<Duration>) -> Option<u64> {
        let mut token = None;
        drop(self.shared.wait_while(timeout.unwrap_or(Duration::MAX), |state| {
            token = state.leads();
            token.is_none()
        }));
        token
    }

    /// As [`wait_leader`](Client::wait_leader), to be awaited.
    pub fn elected(&self) -> Elected {
        Elected(Arc::clone(&self.shared))
    }

    /// Waits until the term with that token is over.
    pub fn ended(&self, token: u64) -> Ended {
        Ended(Arc::clone(&self.shared), token)
    }

    /// Says whether the application is ready to lead; after `ttl` nothing is said.
    ///
    /// # Errors
    ///
    /// If the sidecar cannot be reached or refuses.
    pub fn ready(&self, ready: bool, ttl: Option<Duration>) -> Result<(), Error> {
        self.shared.say("/v1/ready", &ready.to_string(), ttl)
    }

    /// Sets a signal for the policy to a value in JSON; the heartbeat is one, with the key
    /// `app.heartbeat` and the value `true`.
    ///
    /// # Errors
    ///
    /// If the sidecar cannot be reached or refuses.
    pub fn signal(&self, key: &str, json: &str, ttl: Option<Duration>) -> Result<(), Error> {
        self.shared.say(&signal_path(key), json, ttl)
    }

    /// Takes a signal back.
    ///
    /// # Errors
    ///
    /// If it is not set, or the sidecar cannot be reached.
    pub fn unset_signal(&self, key: &str) -> Result<(), Error> {
        let request = format!("DELETE {}", signal_path(key));
        self.shared.sidecar.ask(self.shared.hold, &request, "").map(drop)
    }

    /// Says that the application acts no more for the term with that token, which ends if it is on. The
    /// sidecar hears of it in the background, again and again until it has answered.
    pub fn let_go(&self, token: u64) {
        self.shared.let_go(token);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.change(|state, now| {
            state.belief.end(now);
            state.closing = true;
        });
        // The last term's callbacks still run.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
        self.shared.tell_let_go();
    }
}

impl State {
    fn leads(&mut self) -> Option<u64> {
        self.belief.leads(self.clock.now())
    }
}

impl Shared {
    /// Gives the term that this pod leads, if any, when that is done; whoever changes something wakes.
    pub(crate) fn poll(
        &self,
        context: &mut Context<'_>,
        done: impl Fn(Option<u64>, bool) -> bool,
    ) -> Poll<Option<u64>> {
        let mut state = self.state();
        let leads = state.leads();
        if done(leads, state.closing) {
            return Poll::Ready(leads);
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and wakes all who wait for that.
    fn change(&self, change: impl FnOnce(&mut State, Duration)) {
        let mut state = self.state();
        let now = state.clock.now();
        change(&mut state, now);
        state.wakers.drain(..).for_each(Waker::wake);
        self.changed.notify_all();
    }

    /// Waits while that holds, for so long at most.
    fn wait_while(&self, within: Duration, holds: impl FnMut(&mut State) -> bool) -> Guard<'_> {
        let waited = self.changed.wait_timeout_while(self.state(), within, holds);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn say(&self, path: &str, json: &str, ttl: Option<Duration>) -> Result<(), Error> {
        let ttl = ttl.map(|ttl| format!("?ttl={}ms", ttl.as_millis())).unwrap_or_default();
        self.sidecar.ask(self.hold, &format!("PUT {path}{ttl}"), json).map(drop)
    }

    fn let_go(&self, token: u64) {
        self.change(|state, now| {
            state.letting_go = state.letting_go.max(token);
            state.belief.let_go(token, now);
            state.rung = true;
        });
    }

    /// Asks, and nothing else extends belief.
    pub(crate) fn ask_on(&self) {
        while !self.state().closing {
            self.ask();
            thread::sleep(SHORTEST_PAUSE);
            let pause = self.pause();
            self.wait_while(pause, |state| !state.rung && !state.closing).rung = false;
        }
    }

    /// How long it waits for something that rings.
    fn pause(&self) -> Duration {
        let (pace, mut state) = (self.hold / 4, self.state());
        let on = state.leads().is_some() || state.letting_go != 0;
        match (on, state.failures, state.watched) {
            (true, ..) | (false, 0, false) => pace,
            (false, 0, true) => LONGEST_PAUSE, // the watch rings
            (false, failures, _) => LONGEST_PAUSE.min(pace * (1 << failures.min(10))),
        }
    }

    fn ask(&self) {
        self.tell_let_go();
        // Before the question: whatever it takes counts against the belief.
        let asked = self.state().clock.now();
        let answer = self.sidecar.leader(self.hold / 2);
        self.change(|state, now| match answer {
            Ok(answer) if !state.closing => {
                state.failures = 0;
                state.belief.answered(asked, now, answer);
            }
            Ok(_) => {}
            Err(_) => state.failures = state.failures.saturating_add(1),
        });
    }

    fn tell_let_go(&self) {
        let token = self.state().letting_go;
        if token == 0 {
            return;
        }
        let request = format!("PUT /v1/released?token={token}");
        let told = self.sidecar.ask(self.hold / 2, &request, "");
        let refused = |error: Error| error.status().is_some_and(|it| (400..500).contains(&it));
        let mut state = self.state();
        // What did not get through is sent once more.
        if told.err().is_none_or(refused) && state.letting_go == token {
            state.letting_go = 0;
        }
    }

    /// Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer,
    /// and does not say for how long.
    pub(crate) fn watch_on(&self) {
        let mut pause = SHORT_PAUSE;
        while !self.state().closing {
            let began = Instant::now();
            let ended = self.sidecar.watch(|| self.watching(true));
            self.watching(false);
            let lived = began.elapsed() >= LONGEST_PAUSE;
            pause = if lived { SHORT_PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
            let missing = ended.is_err_and(|error| error.status().is_some());
            let pause = if missing { NO_WATCH } else { pause };
            drop(self.wait_while(pause, |state| !state.closing));
        }
    }

    /// Rings; whether the watch goes on.
    fn watching(&self, watched: bool) -> bool {
        self.change(|state, _| (state.watched, state.rung) = (watched, true));
        !self.state().closing
    }

    /// Tells the application.
    pub(crate) fn tell_on(&self, mut functions: Builder) {
        let mut goes_on = true;
        while goes_on {
            let (mut next, mut left) = (None, LONGEST_PAUSE);
            self.change(|state, now| {
                state.belief.expired(now);
                next = state.belief.changes.pop_front();
                goes_on = next.is_some() || !state.closing;
                if state.belief.term != 0 {
                    left = state.belief.until - now;
                }
            });
            if let Some(change) = next {
                // One that panics has said so, and the others still run.
                let _ = catch_unwind(AssertUnwindSafe(|| self.tell(&mut functions, change)));
                if let (Change::Lost(token), true) = (change, functions.lost.is_some()) {
                    self.let_go(token);
                }
            }
            let idle = |state: &mut State| state.belief.changes.is_empty() && !state.closing;
            drop(self.wait_while(left, idle));
        }
    }

    fn tell(&self, functions: &mut Builder, change: Change) {
        match change {
            Change::Elected(token) => (functions.elected)(token),
            Change::Draining(token, until) => {
                let left = until.saturating_sub(self.state().clock.now());
                (functions.draining)(token, left);
            }
            Change::Lost(token) => functions.lost.iter_mut().for_each(|call| call(token)),
        }
    }
}

fn signal_path(key: &str) -> String {
    let shown = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    format!("/v1/signals/{}", key.bytes().map(shown).collect::<String>())
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = thread::Builder::new().name("hotseat".to_owned()).spawn(run);
    thread.map_err(|error| Error::new(format!("the system gives no thread: {error}")))
}
