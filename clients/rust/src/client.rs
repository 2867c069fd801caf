//! The client: three threads around one belief.

use crate::belief::{Belief, Change};
use crate::builder::{Builder, Functions};
use crate::clock::Clock;
use crate::futures::{Elected, Ended};
use crate::wire::{Error, Sidecar, in_path};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// After so long without an event the watch is begun anew.
const SILENCE: Duration = Duration::from_secs(10);
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
    asking: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    sidecar: Sidecar,
    hold: Duration,
    clock: Clock,
    state: Mutex<State>,
    /// A change, or the end of belief has moved.
    news: Condvar,
    /// Something says that it is time to ask.
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    belief: Belief,
    changes: VecDeque<Change>,
    wakers: Vec<Waker>,
    rung: bool,
    watched: bool,
    closing: bool,
    failures: u32,
    letting_go: u64,
}

impl Client {
    /// A client that is not started yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn begin(builder: Builder, sidecar: Sidecar) -> Result<Client, Error> {
        let Builder { hold, functions, .. } = builder;
        let belief = Belief::new(hold, functions.lost.is_some());
        let shared = Arc::new(Shared {
            sidecar,
            hold,
            clock: Clock::new(),
            state: Mutex::new(State { belief, ..State::default() }),
            news: Condvar::new(),
            bell: Condvar::new(),
        });
        let of_clients = || Arc::clone(&shared);
        let (asks, watches, tells) = (of_clients(), of_clients(), of_clients());
        let mut client = Client { shared, asking: None };
        let telling = spawn(move || tells.tell_on(functions))?;
        client.asking = Some(spawn(move || asks.ask_on(telling))?);
        spawn(move || watches.watch_on())?;
        Ok(client)
    }

    /// Whether this pod leads at this very moment.
    pub fn is_leader(&self) -> bool {
        self.token().is_some()
    }

    /// The fencing token of this pod's term, to be sent along with each write; none: no term.
    pub fn token(&self) -> Option<u64> {
        self.shared.state().belief.leads(self.shared.clock.now())
    }

    /// The name of the leader, whichever pod it is; empty if nobody is known to lead.
    pub fn leader(&self) -> String {
        self.shared.state().belief.leader(self.shared.clock.now()).to_owned()
    }

    /// Waits until this pod leads; its token, or none if it took longer.
    pub fn wait_leader(&self, timeout: Option<Duration>) -> Option<u64> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.shared.state();
        loop {
            let token = state.belief.leads(self.shared.clock.now());
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if token.is_some() || left == Some(Duration::ZERO) {
                return token;
            }
            state = wait(&self.shared.news, state, left);
        }
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
        self.shared.put(&with_ttl("/v1/ready", ttl), &ready.to_string(), "text/plain")
    }

    /// Sets a signal for the policy to a value in JSON; the heartbeat is one, with the key
    /// `app.heartbeat` and the value `true`.
    ///
    /// # Errors
    ///
    /// If the sidecar cannot be reached or refuses.
    pub fn signal(&self, key: &str, json: &str, ttl: Option<Duration>) -> Result<(), Error> {
        let path = format!("/v1/signals/{}", in_path(key));
        self.shared.put(&with_ttl(&path, ttl), json, "application/json")
    }

    /// Takes a signal back.
    ///
    /// # Errors
    ///
    /// If it is not set, or the sidecar cannot be reached.
    pub fn unset_signal(&self, key: &str) -> Result<(), Error> {
        let path = format!("/v1/signals/{}", in_path(key));
        self.shared.sidecar.ask(self.shared.hold, "DELETE", &path, "", "").map(drop)
    }

    /// Says that the application acts no more for the term with that token, which ends if it is on. The
    /// sidecar hears of it in the background, again and again until it has answered.
    pub fn let_go(&self, token: u64) {
        self.shared.let_go(token);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        let changes = state.belief.end(self.shared.clock.now());
        state.closing = true;
        self.shared.apply(&mut state, changes);
        drop(state);
        self.shared.bell.notify_all();
        if let Some(asking) = self.asking.take() {
            // It ends when all callbacks have run; the watch may be in the middle of a read.
            let _ = asking.join();
        }
    }
}

impl Shared {
    pub(crate) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        done: impl Fn(Option<u64>, bool) -> Option<T>,
    ) -> Poll<T> {
        let mut state = self.state();
        match done(state.belief.leads(self.clock.now()), state.closing) {
            Some(done) => Poll::Ready(done),
            None => {
                state.wakers.push(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, path: &str, body: &str, kind: &str) -> Result<(), Error> {
        self.sidecar.ask(self.hold, "PUT", path, body, kind).map(drop)
    }

    fn apply(&self, state: &mut State, changes: Vec<Change>) {
        state.changes.extend(changes);
        state.wakers.drain(..).for_each(Waker::wake);
        self.news.notify_all();
    }

    fn let_go(&self, token: u64) {
        let mut state = self.state();
        state.letting_go = state.letting_go.max(token);
        let changes = state.belief.let_go(token, self.clock.now());
        self.apply(&mut state, changes);
        self.ring(&mut state);
    }

    fn ring(&self, state: &mut State) {
        state.rung = true;
        self.bell.notify_all();
    }

    /// Asks, and nothing else extends belief.
    fn ask_on(&self, telling: JoinHandle<()>) {
        while !self.state().closing {
            self.ask();
            thread::sleep(SHORTEST_PAUSE);
            let mut state = self.state();
            let deadline = self.pause(&state).map(|pause| Instant::now() + pause);
            while !state.rung && !state.closing {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                if left == Some(Duration::ZERO) {
                    break;
                }
                state = wait(&self.bell, state, left);
            }
            state.rung = false;
        }
        // The last term's callbacks still run.
        let _ = telling.join();
        self.tell_let_go();
    }

    /// How long it waits for the bell; none: for ever.
    fn pause(&self, state: &State) -> Option<Duration> {
        let pace = self.hold / 4;
        let on = state.belief.term().is_some() || state.letting_go != 0;
        match (on, state.failures, state.watched) {
            (true, ..) | (false, 0, false) => Some(pace),
            (false, 0, true) => None, // the watch rings
            (false, failures, _) => Some(LONGEST_PAUSE.min(pace * (1 << failures.min(10)))),
        }
    }

    fn ask(&self) {
        self.tell_let_go();
        // Before the question: whatever it takes counts against the belief.
        let asked = self.clock.now();
        let answer = self.sidecar.leader(self.hold / 2);
        let mut state = self.state();
        match answer {
            Ok(answer) if !state.closing => {
                state.failures = 0;
                let changes = state.belief.answered(asked, self.clock.now(), answer);
                self.apply(&mut state, changes);
            }
            Ok(_) => {}
            Err(_) => state.failures = state.failures.saturating_add(1),
        }
    }

    fn tell_let_go(&self) {
        let token = self.state().letting_go;
        if token == 0 {
            return;
        }
        let path = format!("/v1/released?token={token}");
        let told = self.sidecar.ask(self.hold / 2, "PUT", &path, "", "");
        let refused = |error: &Error| error.status().is_some_and(|it| (400..500).contains(&it));
        let mut state = self.state();
        // What did not get through is sent once more.
        if told.as_ref().err().is_none_or(refused) && state.letting_go == token {
            state.letting_go = 0;
        }
    }

    /// Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer,
    /// and does not say for how long.
    fn watch_on(&self) {
        let mut pause = SHORT_PAUSE;
        while !self.state().closing {
            let began = Instant::now();
            let ring = || {
                let mut state = self.state();
                self.ring(&mut state);
                !state.closing
            };
            let ended = self.sidecar.watch(SILENCE, || self.watching(true), ring);
            self.watching(false);
            let lived = began.elapsed() >= LONGEST_PAUSE;
            pause = if lived { SHORT_PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
            let missing = ended.is_err_and(|error| error.status().is_some());
            let deadline = Instant::now() + if missing { NO_WATCH } else { pause };
            let mut state = self.state();
            while !state.closing && Instant::now() < deadline {
                let left = deadline.saturating_duration_since(Instant::now());
                state = wait(&self.news, state, Some(left));
            }
        }
    }

    fn watching(&self, watched: bool) {
        let mut state = self.state();
        state.watched = watched;
        self.ring(&mut state);
    }

    /// Tells the application.
    fn tell_on(&self, mut functions: Functions) {
        loop {
            let mut state = self.state();
            let expired = state.belief.expired(self.clock.now());
            if !expired.is_empty() {
                self.apply(&mut state, expired);
            }
            if let Some(change) = state.changes.pop_front() {
                drop(state);
                // One that panics has said so, and the others still run.
                let _ = catch_unwind(AssertUnwindSafe(|| self.tell(&mut functions, change)));
                if let (Change::Lost(token), true) = (change, functions.lost.is_some()) {
                    self.let_go(token);
                }
                continue;
            }
            if state.closing {
                return;
            }
            let left = state.belief.term().map(|(_, until)| until.saturating_sub(self.clock.now()));
            drop(wait(&self.news, state, left));
        }
    }

    fn tell(&self, functions: &mut Functions, change: Change) {
        match (change, functions) {
            (Change::Elected(token), Functions { elected: Some(call), .. }) => call(token),
            (Change::Draining(token, until), Functions { draining: Some(call), .. }) => {
                call(token, until.saturating_sub(self.clock.now()));
            }
            (Change::Lost(token), Functions { lost: Some(call), .. }) => call(token),
            _ => {}
        }
    }
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = thread::Builder::new().name("hotseat".to_owned()).spawn(run);
    thread.map_err(|error| Error::new(format!("the system gives no thread: {error}")))
}

/// Waits to be notified, or for that long.
fn wait<'a>(
    on: &Condvar,
    state: MutexGuard<'a, State>,
    within: Option<Duration>,
) -> MutexGuard<'a, State> {
    match within {
        Some(within) => on.wait_timeout(state, within).unwrap_or_else(PoisonError::into_inner).0,
        None => on.wait(state).unwrap_or_else(PoisonError::into_inner),
    }
}

fn with_ttl(path: &str, ttl: Option<Duration>) -> String {
    match ttl {
        Some(ttl) => format!("{path}?ttl={}ms", ttl.as_millis()),
        None => path.to_owned(),
    }
}
