//! Which pod said when that it leads, asked all the while from the node: whether two said it at a time,
//! and for how long nobody did.
//!
//! An answer was true at some moment between its question and its arrival. Two answers of one pod with
//! one token, and none in between that says otherwise, prove that it led from the arrival of the first
//! to the question of the last.

use std::collections::HashSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hotseat_tests::process::get;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::Value;

use super::space::{PORT, Space, kubeconfig};

/// Between two questions to one pod, unless a test looks closer.
pub const PACE: Duration = Duration::from_millis(20);
/// Between two looks at which pods there are.
const LOOK: Duration = Duration::from_millis(50);

/// Asks the pods with some labels, those that are yet to come included.
pub struct Belief {
    kept: Arc<Kept>,
    looking: JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    spans: Mutex<Vec<Span>>,
    asking: Mutex<Vec<JoinHandle<()>>>,
    answers: AtomicU64,
    over: AtomicBool,
}

/// Answers of one pod with one token.
#[derive(Debug, Clone)]
pub struct Span {
    /// The pod.
    pub name: String,
    /// Of its term.
    pub token: u64,
    first: (Instant, Instant),
    last: (Instant, Instant),
}

/// Everything that was heard.
pub struct Heard {
    spans: Vec<Span>,
    /// How many answers.
    pub answers: u64,
}

/// A time in which no pod said that it leads.
#[derive(Debug, Clone)]
pub struct Gap {
    /// Who led before.
    pub from: String,
    /// Who led afterwards.
    pub to: String,
    /// From the last question that the one answered to the first answer of the other: the true time is
    /// shorter by two paces at most.
    pub lasted: Duration,
}

impl Belief {
    /// Asks from now on, with that time between two questions to a pod.
    pub fn watch(space: &Space, labels: &str, pace: Duration) -> Self {
        let kept = Arc::new(Kept::default());
        let (namespace, labels) = (space.name().to_owned(), labels.to_owned());
        let mine = Arc::clone(&kept);
        let looking = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(look(&mine, &namespace, &labels, pace));
        });
        Self { kept, looking }
    }

    /// As [`watch`](Self::watch), for processes that have these names and answer at these addresses.
    pub fn watch_processes(candidates: &[(&'static str, SocketAddr)], pace: Duration) -> Self {
        let kept = Arc::new(Kept::default());
        for &(name, address) in candidates {
            let mine = Arc::clone(&kept);
            let asking = thread::spawn(move || ask(&mine, name, address, pace));
            kept.asking.lock().unwrap().push(asking);
        }
        Self { kept, looking: thread::spawn(|| ()) }
    }

    /// Ends the asking.
    pub fn end(self) -> Heard {
        self.kept.over.store(true, Ordering::Relaxed);
        self.looking.join().unwrap();
        for asking in self.kept.asking.lock().unwrap().drain(..) {
            asking.join().unwrap();
        }
        let mut spans = self.kept.spans.lock().unwrap().clone();
        spans.sort_by_key(|span| span.first.1);
        Heard { spans, answers: self.kept.answers.load(Ordering::Relaxed) }
    }
}

async fn look(kept: &Arc<Kept>, namespace: &str, labels: &str, pace: Duration) {
    let file = Kubeconfig::read_from(kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    let pods: Api<Pod> = Api::namespaced(Client::try_from(config.unwrap()).unwrap(), namespace);
    let listed = ListParams::default().labels(labels);
    let mut known = HashSet::new();
    while !kept.over.load(Ordering::Relaxed) {
        for pod in pods.list(&listed).await.map(|list| list.items).unwrap_or_default() {
            let (Some(name), Some(ip)) = (pod.metadata.name, pod.status.and_then(|s| s.pod_ip))
            else {
                continue;
            };
            if known.insert(pod.metadata.uid) {
                let (mine, address) =
                    (Arc::clone(kept), SocketAddr::new(ip.parse().unwrap(), PORT));
                let asking = thread::spawn(move || ask(&mine, &name, address, pace));
                kept.asking.lock().unwrap().push(asking);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Asks one pod until all is over: its sidecar may come back at the same address.
fn ask(kept: &Kept, name: &str, address: SocketAddr, pace: Duration) {
    let mut open: Option<Span> = None;
    while !kept.over.load(Ordering::Relaxed) {
        let before = Instant::now();
        let answer = get(address, "/v1/leader");
        let window = (before, Instant::now());
        let answer =
            answer.ok().and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
        if let Some(answer) = answer {
            kept.answers.fetch_add(1, Ordering::Relaxed);
            let leads = answer["self"] == true && answer["identity"] == name;
            let token = answer["token"].as_u64().filter(|_| leads);
            match (token, &mut open) {
                (Some(token), Some(span)) if span.token == token => span.last = window,
                (token, open) => {
                    let next = token.map(|token| Span {
                        name: name.to_owned(),
                        token,
                        first: window,
                        last: window,
                    });
                    let ended = std::mem::replace(open, next);
                    kept.spans.lock().unwrap().extend(ended);
                }
            }
        }
        thread::sleep(pace);
    }
    kept.spans.lock().unwrap().extend(open);
}

impl Heard {
    /// Each time in which two pods led.
    pub fn overlaps(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (index, a) in self.spans.iter().enumerate() {
            for b in self.spans[..index].iter().filter(|b| b.name != a.name) {
                if a.overlaps(b) {
                    found.push(format!("{a:?} and {b:?}"));
                }
            }
        }
        found
    }

    /// Fails where two pods led at a time, or nothing was heard.
    #[track_caller]
    pub fn assert_no_overlap(&self) {
        assert!(self.answers > 0, "nobody answered");
        assert_eq!(self.overlaps(), Vec::<String>::new());
    }

    /// The terms that were seen, in their order.
    pub fn terms(&self) -> &[Span] {
        &self.spans
    }

    /// The times between two terms, in their order.
    pub fn gaps(&self) -> Vec<Gap> {
        let gap = |pair: &[Span]| Gap {
            from: pair[0].name.clone(),
            to: pair[1].name.clone(),
            lasted: pair[1].first.1.saturating_duration_since(pair[0].last.0),
        };
        self.spans.windows(2).map(gap).collect()
    }

    /// The longest time in which nobody led.
    pub fn longest_gap(&self) -> Duration {
        self.gaps().iter().map(|gap| gap.lasted).max().unwrap_or_default()
    }
}

impl Span {
    /// When it was asked the last of the questions that it answered: it led then, or later.
    pub fn said_last(&self) -> Instant {
        self.last.0
    }

    fn overlaps(&self, other: &Self) -> bool {
        let from = self.first.1.max(other.first.1);
        let to = self.last.0.min(other.last.0);
        // A lone answer has no length of its own, but it may fall within the other's span.
        to > from || self.encloses(other) || other.encloses(self)
    }

    fn encloses(&self, other: &Self) -> bool {
        let proven =
            |window: (Instant, Instant)| self.first.1 <= window.0 && window.1 <= self.last.0;
        proven(other.first) || proven(other.last)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms from {} to {}", self.lasted.as_millis(), self.from, self.to)
    }
}

#[test]
fn two_pods_at_a_time_are_noticed_and_the_time_without_one_is_measured() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let span = |name: &str, [first, last]: [u64; 2]| Span {
        name: name.into(),
        token: 1,
        first: (at(first), at(first + 1)),
        last: (at(last), at(last + 1)),
    };
    let heard = |spans| Heard { spans, answers: 1 };
    let apart = heard(vec![span("a", [0, 40]), span("b", [90, 100])]);
    assert_eq!(apart.overlaps(), Vec::<String>::new());
    assert_eq!(apart.longest_gap(), Duration::from_millis(51));
    for other in [[39, 60], [20, 20]] {
        assert_eq!(heard(vec![span("a", [0, 40]), span("b", other)]).overlaps().len(), 1);
    }
}
