//! Starts and ends a Kubernetes API server for people: `make cluster` and `make cluster-down`.

use std::process::ExitCode;

use hotseat_tests::cluster::Kind;
use hotseat_tests::detached::Detached;

const USAGE: &str = "usage: hotseat-cluster up|down";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["up"] => up(),
        ["down"] => down(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hotseat-cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints one line for `eval`, and everything else to standard error.
fn up() -> anyhow::Result<()> {
    let kind = Kind::from_env()?;
    let up = Detached::open()?.up(kind)?;
    if up.ran_already {
        eprintln!("hotseat-cluster: the API server runs already");
    }
    // In single quotes everything but a single quote is itself.
    let path = up.kubeconfig.to_string_lossy().replace('\'', r"'\''");
    println!("export KUBECONFIG='{path}'");
    Ok(())
}

fn down() -> anyhow::Result<()> {
    let ran = Detached::open()?.down()?;
    let told = if ran { "the API server has ended" } else { "no API server runs" };
    eprintln!("hotseat-cluster: {told}");
    Ok(())
}
