//! What each further election in one process takes in memory.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use hotseat::sidecar::engine::COMPILE_COMMAND;
use hotseat::sidecar::observers::{JournalKeeper, Metrics};
use hotseat::sidecar::{Candidate, ElectionSettings, Shared};
use hotseat_election::{ElectionName, Seats, Status, Stopper, clock};
use hotseat_engine::{CompileLimits, Compiler};
use hotseat_kubernetes::Credentials;
use hotseat_tests::process::hotseat_binary;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{sleep, timeout};

use crate::arena::{Arena, NAMESPACE, SETTLES_WITHIN};
use crate::stats::mib;
use crate::table::Row;

/// A decision or two after the policy took over, so that all has been touched once.
const SETTLING: Duration = Duration::from_secs(6);

/// The resident memory of this process with one, two and ten elections, against the real server.
///
/// # Errors
///
/// An election does not come so far that its policy decides.
pub(crate) fn rows(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(measure(arena.kubeconfig())))
}

async fn measure(kubeconfig: &Path) -> anyhow::Result<Vec<Row>> {
    let stopper = Stopper::default();
    let (mut running, mut resident) = (Vec::new(), Vec::new());
    for count in [1, 2, 10] {
        while running.len() < count {
            running.push(start(running.len(), kubeconfig, &stopper).await?);
        }
        sleep(SETTLING).await;
        resident.push(resident_bytes()?);
    }
    stopper.stop();
    for task in running {
        timeout(SETTLES_WITHIN, task).await.context("an election does not end")???;
    }
    let [one, two, ten] = resident[..] else { unreachable!("three were read") };
    let of = |more: u64, number: u64| format!("{} MiB", mib(more / number));
    Ok(vec![
        Row::printed("a second election in one process", of(two.saturating_sub(one), 1)),
        Row::printed("each of eight more", of(ten.saturating_sub(two), 8)),
    ])
}

type Running = JoinHandle<anyhow::Result<()>>;

async fn start(number: usize, kubeconfig: &Path, stopper: &Stopper) -> anyhow::Result<Running> {
    let candidate = Candidate::compose(settings(number, kubeconfig)?).await?;
    let status = candidate.status().clone();
    let journal = JournalKeeper::default();
    let metrics = Metrics::new(vec![status.clone()], journal.clone(), clock::now());
    let (shared, stopper) = (Shared { journal, metrics, seats: Seats::default() }, stopper.clone());
    let task = tokio::task::spawn_local(async move { candidate.run(&shared, &stopper).await });
    let decides = async {
        while !decided(&status) {
            ensure!(!task.is_finished(), "an election ended by itself");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    timeout(SETTLES_WITHIN, decides).await.context("its policy does not decide")??;
    Ok(task)
}

fn decided(status: &Status) -> bool {
    status.view().leads(clock::now()) && status.policy().decisions > 0
}

fn settings(number: usize, kubeconfig: &Path) -> anyhow::Result<ElectionSettings> {
    let name = ElectionName::new(NAMESPACE, &format!("many-{number}"));
    let credentials = Credentials::Files(vec![kubeconfig.to_owned()]);
    let compiler = Compiler::new(hotseat_binary()?, &[COMPILE_COMMAND], CompileLimits::default());
    Ok(ElectionSettings::new(name, "bench", credentials, compiler))
}

fn resident_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let line = line.context("/proc/self/status has no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
