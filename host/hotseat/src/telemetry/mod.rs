//! Logs: to stderr, as text or JSON. Standard output carries one thing only, the old image's line
//! `<name> is the leader`, in the format of the log.
//!
//! Nothing that is said here waits for whoever reads it, and nobody who stops reading ends the
//! process (I18): each of the two streams has a queue and a thread, lines that find no room or
//! cannot be written are counted, and a line says so when it works again.

mod format;
mod outlet;

use hotseat_election::ElectionName;
use outlet::Outlet;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// How long the last lines may take when the process ends.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The process's two streams, from [`init`] on.
static STREAMS: OnceLock<Streams> = OnceLock::new();

struct Streams {
    format: LogFormat,
    stdout: Outlet,
    stderr: Outlet,
}

/// Lets the last lines out when it is dropped, for half a second at most.
#[derive(Debug)]
#[must_use = "the last lines are lost without it"]
pub struct Logs(());

impl Drop for Logs {
    fn drop(&mut self) {
        flush();
    }
}

/// Starts logging, panics included; later calls change nothing.
///
/// # Errors
///
/// The system gives no threads for the streams.
pub fn init(format: LogFormat, level: LevelFilter) -> io::Result<Logs> {
    if STREAMS.get().is_some() {
        return Ok(Logs(()));
    }
    let stdout = Outlet::start("stdout", outlet::duplicate(io::stdout().as_fd())?, |lines| {
        tracing::warn!(lines, "lines on standard output were lost: it took none for a while");
    })?;
    let stderr = Outlet::start("stderr", outlet::duplicate(io::stderr().as_fd())?, |lines| {
        tracing::warn!(lines, "log lines were lost before this one: stderr took none for a while");
    })?;
    let builder = tracing_subscriber::fmt()
        .with_writer(stderr.clone())
        .with_max_level(level)
        .with_target(false)
        // The library would say on stderr, and wait for it, what it cannot write.
        .log_internal_errors(false);
    // An error means that streams or a subscriber are there already, which is as good.
    let _ = STREAMS.set(Streams { format, stdout, stderr });
    let _ = match format {
        LogFormat::Text => {
            let colours = std::env::var_os("NO_COLOR").is_none() && io::stderr().is_terminal();
            let text = builder.fmt_fields(format::Text).with_ansi(colours);
            tracing::subscriber::set_global_default(text.finish())
        }
        LogFormat::Json => {
            tracing::subscriber::set_global_default(builder.event_format(format::Json).finish())
        }
    };
    std::panic::set_hook(Box::new(log_panic));
    Ok(Logs(()))
}

/// Has the lines that `log` writes on this thread name their election, where they are JSON.
pub fn of_election(election: &ElectionName, log: impl FnOnce()) {
    format::of_election(election, log);
}

/// The old image's line, `<name> is the leader`, on standard output; none before [`init`]. Where the
/// log is JSON, so is this line: whoever collects both streams reads one format.
pub fn print_leader(name: &str) {
    if let Some(streams) = STREAMS.get() {
        let line = match streams.format {
            LogFormat::Text => format!("{} is the leader", hotseat_text::visible(name)),
            LogFormat::Json => format::leader_line(name),
        };
        streams.stdout.line(&line);
    }
}

/// A line on stderr that is not a log line, without its end, such as why the process ends. It waits
/// for the reader for half a second at most if logging was started.
pub fn complain(line: &str) {
    match STREAMS.get() {
        Some(streams) => {
            match streams.format {
                LogFormat::Text => streams.stderr.line(line),
                LogFormat::Json => streams.stderr.line(&format::last_line(line)),
            }
            flush();
        }
        // Nothing runs that it could hold up, and there is nobody to tell if nobody reads it.
        None => drop(writeln!(io::stderr(), "{line}")),
    }
}

/// As [`complain`], before the log was started, in the format that it would have had.
pub fn complain_early(line: &str, wanted: LogFormat) {
    match wanted {
        LogFormat::Text => complain(line),
        LogFormat::Json => complain(&format::last_line(line)),
    }
}

/// The lines that were lost so far, by stream.
pub fn dropped() -> [(&'static str, u64); 2] {
    let [stdout, stderr] = match STREAMS.get() {
        Some(streams) => [streams.stdout.dropped(), streams.stderr.dropped()],
        None => [0; 2],
    };
    [("stdout", stdout), ("stderr", stderr)]
}

fn flush() {
    if let Some(streams) = STREAMS.get() {
        let deadline = std::time::Instant::now() + LAST_LINES;
        for stream in [&streams.stderr, &streams.stdout] {
            stream.flush(deadline);
        }
    }
}

/// The library's own hook writes to stderr and waits for its reader.
fn log_panic(info: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let reason = info.payload_as_str().unwrap_or_default();
    tracing::error!(thread, place, reason, "a panic, which is a fault of this program: report it");
    let trace = std::backtrace::Backtrace::capture();
    // There is one only where RUST_BACKTRACE asks for it.
    if trace.status() == std::backtrace::BacktraceStatus::Captured {
        tracing::error!("its backtrace:\n{trace}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// Keeps what the subscriber writes.
    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_a_log_line() {
        let sheet = Sheet::default();
        let (kept, before) = (sheet.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(log_panic));
        let thread = std::thread::Builder::new().name("unlucky".to_owned()).spawn(move || {
            let builder = tracing_subscriber::fmt().with_writer(move || sheet.clone());
            let subscriber = builder.fmt_fields(format::Text).with_ansi(false).finish();
            tracing::subscriber::with_default(subscriber, || panic!("13\nforged"));
        });
        assert!(thread.unwrap().join().is_err());
        std::panic::set_hook(before);
        let told = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("ERROR") && told.contains("thread=\"unlucky\""), "{told}");
        assert!(
            told.contains(r#"reason="13\nforged""#) && told.contains("telemetry/mod.rs"),
            "{told}"
        );
    }
}
