//! Policies that call the host in a straight line, from which nothing brings them back: the host
//! function stands still until the test lets it go on. Each holds its thread, and nobody else.

#[allow(dead_code, reason = "the makers for other tests")]
#[path = "../../tests/common/odd.rs"]
mod odd;

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use hotseat_core::policy::{FailureKind, Input};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::bindings::ElectionPre;
use crate::compile::CompiledComponent;
use crate::instance::Linked;
use crate::runtime::room;
use crate::sandbox::Sandbox;
use crate::settings::config;
use crate::{
    CompileLimits, Compiler, Limits, LoadError, LoadedPolicy, Loader, PolicyWorker, Runtime, Setup,
    Source, WorkerEvent, sample,
};
use odd::{CONTRACT, UnexpectedType};

/// Nothing here takes so long, but where a policy holds somebody up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A gate that nobody opens lets go of its callers after this, so that a test fails whose own thread is
/// held. Longer than what the others wait for that are held up by it.
const HELD: Duration = Duration::from_secs(2 * PATIENCE.as_secs());
const HOLD: &str = "(call $hold)";

/// Holds whoever calls it until it is opened, or for as long as a call may be held.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    called: bool,
    open: bool,
}

impl Gate {
    fn hold(&self) {
        self.state.lock().unwrap().called = true;
        self.changed.notify_all();
        self.wait(|state| state.open);
    }

    fn called(&self) {
        assert!(self.wait(|state| state.called), "the policy is not called");
    }

    fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    /// Whether it came to it.
    fn wait(&self, until: impl Fn(&GateState) -> bool) -> bool {
        let state = self.state.lock().unwrap();
        let (state, _) =
            self.changed.wait_timeout_while(state, HELD, |state| !until(state)).unwrap();
        until(&state)
    }
}

/// A loader, and the gate that its policies call.
struct Site {
    loader: Loader,
    gate: Arc<Gate>,
}

impl Drop for Site {
    fn drop(&mut self) {
        // The threads that were left behind end.
        self.gate.open();
    }
}

fn limits() -> Limits {
    // A policy that calls nobody is done in far less; a busy machine needs some of it.
    Limits { wall: Duration::from_secs(3), ..Limits::default() }
}

impl Site {
    fn new() -> Site {
        // Compiled by the tests themselves: no policy may import what these import.
        let compiler = Compiler::new("/nonexistent", &[], CompileLimits::default());
        let loader = Loader::new(Runtime::new().unwrap(), compiler, limits());
        Site { loader, gate: Arc::default() }
    }

    /// Loads a policy up to the stage describe.
    fn describe(&self, odd: &UnexpectedType) -> Result<LoadedPolicy, LoadError> {
        let world = "interface gate { hold: func(); }\nworld election {\n  import gate;";
        let wit = CONTRACT.replace("world election {", world);
        let imports = r#"(import "hotseat:policy/gate@1.0.0" "hold" (func $hold))"#;
        let bytes = UnexpectedType { wit: &wit, imports, ..*odd }.build();
        let code =
            Engine::new(&config(true, room())).unwrap().precompile_component(&bytes).unwrap();
        let runtime = self.loader.runtime();
        let component = CompiledComponent::of(&code).unwrap().map(runtime).unwrap();
        let mut linker = Linker::<Sandbox>::new(&runtime.engine);
        let gate = self.gate.clone();
        let mut interface = linker.instance("hotseat:policy/gate@1.0.0").unwrap();
        let hold = move |_: wasmtime::StoreContextMut<'_, Sandbox>, (): ()| {
            gate.hold();
            Ok(())
        };
        interface.func_wrap("hold", hold).unwrap();
        let pre = ElectionPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        let linked = Linked { runtime: runtime.clone(), pre, overhead: 0 };
        self.loader.describe(&Source::new("test:odd", bytes, u64::MAX).unwrap(), linked)
    }

    fn load(&self, odd: &UnexpectedType) -> LoadedPolicy {
        self.describe(odd).unwrap()
    }

    /// A policy that calls the host when it has settings, and decides at once when it has none.
    fn holds(&self) -> LoadedPolicy {
        let decide = format!(
            "(if (i32.load (i32.add (local.get 0) (i32.const 4))) (then {HOLD}))
             (i64.store (i32.const 2072) (i64.const 9)) (i32.const 2048)"
        );
        self.load(&UnexpectedType { decide: &decide, ..UnexpectedType::default() })
    }
}

fn input() -> Input {
    sample(hotseat_core::policy::Pace {
        lease_duration: 15_000,
        renew_deadline: 10_000,
        retry_period: 2_000,
        shortest_lease: 1_000,
        longest_lease: 60_000,
    })
}

fn with_settings() -> Input {
    Input { settings: "{}".into(), ..input() }
}

fn setup(policy: &LoadedPolicy) -> Setup {
    Setup { policy: policy.clone(), settings: Arc::from("") }
}

fn begin(policy: &LoadedPolicy, limits: Limits) -> (PolicyWorker, Receiver<WorkerEvent>) {
    let (tell, said) = channel();
    // The test may have ended.
    let worker = PolicyWorker::start(setup(policy), limits, move |said| drop(tell.send(said)));
    (worker.unwrap(), said)
}

#[track_caller]
fn hear(said: &Receiver<WorkerEvent>) -> WorkerEvent {
    said.recv_timeout(PATIENCE).expect("the policy holds its worker up")
}

#[test]
fn a_decision_that_does_not_come_back_holds_up_nobody_else() {
    let site = Site::new();
    let policy = site.holds();
    let (worker, said) = begin(&policy, limits());
    worker.ask(1, with_settings()).unwrap();
    // This one waits behind it, and is answered as soon as the thread is left behind.
    worker.ask(2, input()).unwrap();
    let told = hear(&said);
    assert!(
        matches!(&told, WorkerEvent::LeftBehind { digest, now: 1 } if digest == policy.digest()),
        "{told:?}"
    );
    let WorkerEvent::Answered(answer) = hear(&said) else { panic!("no answer") };
    let failure = answer.outcome.unwrap_err();
    assert_eq!((answer.id, failure.kind), (1, FailureKind::TimedOut));
    assert_eq!(
        failure.detail,
        "did not come back: 200 ms after its limit of 3000 ms it was still at work that cannot be \
         interrupted, so its thread was left behind"
    );
    assert_eq!(answer.input, with_settings());
    let WorkerEvent::Answered(answer) = hear(&said) else { panic!("no answer") };
    assert_eq!((answer.id, answer.outcome.unwrap().0.wake_after), (2, 9));
}

/// The way on, and the way back.
#[test]
fn another_policy_takes_over_from_one_that_does_not_come_back() {
    let site = Site::new();
    let (policy, next) = (site.holds(), site.load(&UnexpectedType::default()));
    let (worker, said) = begin(&policy, limits());
    worker.ask(1, with_settings()).unwrap();
    site.gate.called();
    worker.publish(setup(&next)).unwrap();
    assert!(matches!(hear(&said), WorkerEvent::LeftBehind { now: 1, .. }));
    assert!(matches!(hear(&said), WorkerEvent::Answered(answer) if answer.id == 1));
    let WorkerEvent::TookOver(takeover) = hear(&said) else { panic!("nothing took over") };
    assert_eq!(takeover.digest, next.digest());
    worker.ask(2, input()).unwrap();
    let WorkerEvent::Answered(answer) = hear(&said) else { panic!("no answer") };
    assert_eq!((answer.id, answer.outcome.unwrap().0.wake_after), (2, 1000));
    let left = site.loader.runtime().left_behind();
    assert_eq!((left.now(), left.by(policy.digest()), left.by(next.digest())), (1, 1, 0));
}

#[test]
fn after_two_it_is_not_called_any_more() {
    let site = Site::new();
    let policy = site.holds();
    let (worker, said) = begin(&policy, limits());
    let mut left = 0;
    for id in 1..=4 {
        worker.ask(id, with_settings()).unwrap();
        let failure = loop {
            match hear(&said) {
                WorkerEvent::LeftBehind { .. } => left += 1,
                WorkerEvent::Answered(answer) => break answer.outcome.unwrap_err(),
                WorkerEvent::TookOver(_) => panic!("nothing was published"),
            }
        };
        assert_eq!(failure.kind, FailureKind::TimedOut);
        let refused = "2 calls of this policy did not come back, so it is not called any more";
        assert_eq!(failure.detail.starts_with(refused), id > 2, "{id}: {}", failure.detail);
    }
    let count = site.loader.runtime().left_behind();
    assert_eq!((left, count.now(), count.is_refused(policy.digest())), (2, 2, true));
    // Nor when it is tried again, at whatever stage.
    let error = site.loader.try_out(&policy, &input()).unwrap_err().to_string();
    let begin = "test:odd: trial decision: timed-out: 2 calls of this policy";
    assert!(error.starts_with(begin), "{error}");
    assert!(error.ends_with("publish another one, without long work that cannot be interrupted"));
    assert_eq!(site.loader.accept(&policy, "").unwrap_err().stage(), "settings");
    // Others are.
    site.loader.try_out(&site.load(&UnexpectedType::default()), &input()).unwrap();
}

#[track_caller]
fn left_at(error: LoadError, stage: &str) {
    assert_eq!(error.stage(), stage, "{error}");
    let told = error.to_string();
    assert!(told.contains("timed-out: "), "{told}");
    assert!(told.contains("did not come back: 200 ms after its limit of 3000 ms"), "{told}");
}

#[test]
fn each_stage_of_loading_leaves_it_behind() {
    let site = Site::new();
    let loader = &site.loader;
    let standard = site.load(&UnexpectedType::default());
    let describe = format!("{HOLD} (i32.const 1024)");
    let odd = UnexpectedType { describe: &describe, ..UnexpectedType::default() };
    left_at(site.describe(&odd).err().unwrap(), "describe");
    let validate = format!("{HOLD} (i32.const 1100)");
    let policy = site.load(&UnexpectedType { validate: &validate, ..UnexpectedType::default() });
    left_at(loader.accept(&policy, "{}").unwrap_err(), "settings");
    let migrate = format!("{HOLD} (i32.const 1200)");
    let policy = site.load(&other_schema(&migrate));
    left_at(loader.inherit(&policy, &standard, b"some memory").unwrap_err(), "migrate");
    let policy = site.holds();
    left_at(loader.try_out(&policy, &with_settings()).unwrap_err(), "dry-run");

    // Four are left behind by four policies. Further ones wait until one comes back.
    let error = loader.accept(&standard, "").unwrap_err().to_string();
    assert!(error.contains("4 calls of earlier policies have not come back"), "{error}");
    assert!(error.contains("restart the process"), "{error}");
    site.gate.open();
    all_come_back(loader);
    loader.accept(&standard, "").unwrap();
}

fn all_come_back(loader: &Loader) {
    let deadline = Instant::now() + PATIENCE;
    while loader.runtime().left_behind().now() > 0 {
        assert!(Instant::now() < deadline, "a thread does not come back");
        std::thread::yield_now();
    }
}

/// A policy to which the memory of the other ones here has to be migrated.
fn other_schema(migrate: &str) -> UnexpectedType<'_> {
    UnexpectedType {
        migrate,
        extra: r#"(data (i32.const 1048) "\02")"#,
        ..UnexpectedType::default()
    }
}

/// `migrate` may come back when it is tried, and not when its policy takes over.
#[test]
fn a_migration_at_the_takeover_is_left_behind() {
    let site = Site::new();
    let decide = "(i64.store (i32.const 2072) (i64.const 9))
        (i32.store (i32.const 2112) (i32.const 900)) (i32.store (i32.const 2116) (i32.const 1))
        (i32.const 2048)";
    let remembers = site.load(&UnexpectedType { decide, ..UnexpectedType::default() });
    let migrate = format!("{HOLD} (i32.const 1200)");
    let policy = site.load(&other_schema(&migrate));
    let (worker, said) = begin(&remembers, limits());
    worker.ask(1, input()).unwrap();
    assert!(matches!(hear(&said), WorkerEvent::Answered(answer) if answer.outcome.is_ok()));
    worker.publish(setup(&policy)).unwrap();
    assert!(
        matches!(hear(&said), WorkerEvent::LeftBehind { digest, .. } if digest == policy.digest())
    );
    let WorkerEvent::TookOver(takeover) = hear(&said) else { panic!("nothing took over") };
    assert_eq!((takeover.digest.as_str(), takeover.inherited.memory.len()), (policy.digest(), 0));
    let lost = takeover.inherited.lost.unwrap();
    assert!(lost.starts_with("`migrate`: did not come back"), "{lost}");
    worker.ask(2, input()).unwrap();
    assert!(matches!(hear(&said), WorkerEvent::Answered(answer) if answer.outcome.is_ok()));
}

#[test]
fn one_that_comes_back_after_all_is_counted_out_and_not_heard() {
    let site = Site::new();
    let (worker, said) = begin(&site.holds(), limits());
    worker.ask(1, with_settings()).unwrap();
    assert!(matches!(hear(&said), WorkerEvent::LeftBehind { now: 1, .. }));
    assert!(matches!(hear(&said), WorkerEvent::Answered(answer) if answer.id == 1));
    site.gate.open();
    all_come_back(&site.loader);
    assert_eq!(site.loader.runtime().left_behind().total(), 1);
    drop(worker);
    let late: Vec<WorkerEvent> = said.iter().collect();
    assert!(late.is_empty(), "{late:?}");
}

/// Whoever drops the worker of a policy that is stuck goes on at once.
#[test]
fn dropping_the_worker_does_not_wait() {
    let site = Site::new();
    let (worker, _said) = begin(&site.holds(), Limits { wall: PATIENCE * 10, ..limits() });
    worker.ask(1, with_settings()).unwrap();
    let (tell, dropped) = channel();
    std::thread::spawn(move || {
        drop(worker);
        tell.send(()).unwrap();
    });
    dropped.recv_timeout(PATIENCE).expect("the drop waits for the policy");
}
