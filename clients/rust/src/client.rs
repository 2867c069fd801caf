//! The client: three threads around one belief.

use crate::belief::{Belief, Change, LARGEST_TOKEN};
use crate::builder::Builder;
use crate::clock::Clock;
use crate::wire::{Error, REST, Sidecar};
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
struct Shared {
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
    closing: bool,
    /// The latest term that was let go of, and the latest of them that the sidecar has heard of.
    let_go: u64,
    released: u64,
}

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
        self.shared.look(|state, now| state.belief.leads(now))
    }

    /// The name of the leader, whichever pod it is; empty if nobody is known to lead.
    pub fn leader(&self) -> String {
        self.shared.look(|state, now| state.belief.leader(now).to_owned())
    }

    /// Waits until this pod leads; its token, or none if it took longer.
    pub fn wait_leader(&self, timeout: Option<Duration>) -> Option<u64> {
        let within = timeout.unwrap_or(Duration::MAX);
        self.shared.wait(within, |state, now| state.belief.leads(now))
    }

    /// As [`wait_leader`](Client::wait_leader), to be awaited in any executor; none once the client is closed.
    pub fn elected(&self) -> impl Future<Output = Option<u64>> + Send + use<> {
        self.shared.future(|leads, closing| (leads.is_some() || closing).then_some(leads))
    }

    /// Waits until the term with that token is over, in any executor.
    pub fn ended(&self, token: u64) -> impl Future<Output = ()> + Send + use<> {
        self.shared.future(move |leads, _| (leads != Some(token)).then_some(()))
    }

    /// Says whether the application is ready to lead; after `ttl` nothing is said.
    ///
    /// # Errors
    ///
    /// If the sidecar cannot be reached or refuses.
    pub fn ready(&self, ready: bool, ttl: Option<Duration>) -> Result<(), Error> {
        self.shared.put("/v1/ready", &ready.to_string(), ttl)
    }

    /// Sets a signal for the policy to a value in JSON; the heartbeat is one, with the key
    /// `app.heartbeat` and the value `true`.
    ///
    /// # Errors
    ///
    /// If the sidecar cannot be reached or refuses.
    pub fn signal(&self, key: &str, json: &str, ttl: Option<Duration>) -> Result<(), Error> {
        self.shared.put(&signal_path(key), json, ttl)
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
            state.belief.let_go(LARGEST_TOKEN, now);
            state.closing = true;
        });
        // The last term's callbacks still run.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
        self.shared.tell_let_go();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is known at this moment.
    fn look<T>(&self, look: impl FnOnce(&mut State, Duration) -> T) -> T {
        let mut state = self.state();
        let now = state.clock.now();
        look(&mut state, now)
    }

    /// Changes what is known, and wakes all who wait for that: they see it when the lock is free.
    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        self.look(|state, now| {
            state.wakers.drain(..).for_each(Waker::wake);
            self.changed.notify_all();
            change(state, now)
        })
    }

    /// Waits until there is something to give, for so long at most, or until the client is closed. That is
    /// looked at with each change, and when belief ends by itself.
    fn wait<T>(
        &self,
        within: Duration,
        mut give: impl FnMut(&mut State, Duration) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.state();
        let end = state.clock.now().saturating_add(within);
        loop {
            let now = state.clock.now();
            state.belief.expired(now);
            let given = give(&mut state, now);
            if given.is_some() || state.closing || now >= end {
                return given;
            }
            let left = state.belief.until.min(end) - now;
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ready when there is something to give, of the term that this pod leads and of whether the client is
    /// closed. That is looked at with each change.
    fn future<T, F: Fn(Option<u64>, bool) -> Option<T>>(
        self: &Arc<Self>,
        give: F,
    ) -> impl Future<Output = T> + use<T, F> {
        let shared = Arc::clone(self);
        poll_fn(move |context| {
            shared.look(|state, now| match give(state.belief.leads(now), state.closing) {
                Some(given) => Poll::Ready(given),
                None => {
                    state.wakers.push(context.waker().clone());
                    Poll::Pending
                }
            })
        })
    }

    fn put(&self, path: &str, json: &str, ttl: Option<Duration>) -> Result<(), Error> {
        let ttl = ttl.map(|ttl| format!("?ttl={}ms", ttl.as_millis())).unwrap_or_default();
        self.sidecar.ask(self.hold, &format!("PUT {path}{ttl}"), json).map(drop)
    }

    fn let_go(&self, token: u64) {
        self.change(|state, now| {
            state.belief.let_go(token, now);
            state.let_go = state.let_go.max(token);
            state.rung = true;
        });
    }

    /// Asks, and nothing else extends belief.
    fn ask_on(&self) {
        while !self.state().closing {
            self.tell_let_go();
            // Before the question: whatever it takes counts against the belief.
            let asked = self.state().clock.now();
            if let Some(answer) = self.sidecar.leader(self.hold / 2) {
                self.change(|state, now| state.belief.answered(asked, now, answer));
            }
            thread::sleep(SHORTEST_PAUSE);
            self.wait(self.hold / 4, |state, _| mem::take(&mut state.rung).then_some(()));
        }
    }

    fn tell_let_go(&self) {
        let state = self.state();
        let token = state.let_go;
        if token <= state.released {
            return;
        }
        drop(state);
        let request = format!("PUT /v1/released?token={token}");
        let heard = self.sidecar.ask(self.hold / 2, &request, "");
        // What did not get through is sent once more.
        if matches!(heard.map_err(|error| error.status()), Ok(_) | Err(Some(400..500))) {
            self.state().released = token;
        }
    }

    /// Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer,
    /// and does not say for how long.
    fn watch_on(&self) {
        while !self.state().closing {
            let ring = |state: &mut State, _| {
                state.rung = true;
                !state.closing
            };
            // How it ended does not matter: it is begun anew.
            let _ = self.sidecar.watch(|| self.change(ring));
            self.wait(REST, |_, _| None::<()>);
        }
    }

    /// Tells the application.
    fn tell_on(&self, mut functions: Builder) {
        while let Some(change) =
            self.wait(Duration::MAX, |state, _| state.belief.changes.pop_front())
        {
            self.change(|_, _| ()); // a term may have ended by itself
            match change {
                Change::Elected(token) => call(|| (functions.elected)(token)),
                Change::Over(token, until) => {
                    if let Some(until) = until {
                        let left = self.look(|_, now| until.saturating_sub(now));
                        call(|| (functions.draining)(token, left));
                    }
                    if let Some(lost) = &mut functions.lost {
                        call(|| lost(token));
                        self.let_go(token);
                    }
                }
            }
        }
    }
}

/// Calls the application. A function that panics has said so, and the others still run.
fn call(function: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(function));
}

fn signal_path(key: &str) -> String {
    let shown = |byte: u8| match char::from(byte) {
        plain @ ('0'..='9' | 'A'..='Z' | 'a'..='z' | '-' | '.' | '_' | '~') => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    format!("/v1/signals/{}", key.bytes().map(shown).collect::<String>())
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = thread::Builder::new().name("hotseat".to_owned()).spawn(run);
    thread.map_err(|error| Error::new(format!("the system gives no thread: {error}")))
}
