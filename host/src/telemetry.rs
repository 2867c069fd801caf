//! Logs: to stderr, as text or JSON. Standard output carries one thing only, the old image's line
//! `<name> is the leader`.

use tracing::level_filters::LevelFilter;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging; later calls do nothing.
pub fn init(format: LogFormat, level: LevelFilter) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_target(false);
    // An error means that a subscriber is there already, which is as good.
    let _ = match format {
        LogFormat::Text => {
            let colours = std::env::var_os("NO_COLOR").is_none()
                && std::io::IsTerminal::is_terminal(&std::io::stderr());
            tracing::subscriber::set_global_default(builder.with_ansi(colours).finish())
        }
        LogFormat::Json => tracing::subscriber::set_global_default(
            builder.json().flatten_event(true).with_current_span(false).finish(),
        ),
    };
}
