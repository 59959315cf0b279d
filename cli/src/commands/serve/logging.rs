//! Log lines on standard error.

use std::io::IsTerminal;

use parangon_node::config::{LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;

/// Starts logging once for the process. The network libraries are kept at warnings: their talk is for their authors.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let filter = match level {
        // The solver would write what it found of counts that may not be published.
        LogLevel::Trace => EnvFilter::new("trace,microlp=off"),
        level => EnvFilter::new(format!("warn,parangon={level},parangon_node={level},parangon_protocol={level}")),
    };
    let terminal = std::io::stderr().is_terminal();
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A second start in one process keeps the first one's settings.
    let _ = match format {
        LogFormat::Json => lines.json().try_init(),
        LogFormat::Text => lines.try_init(),
        LogFormat::Auto if !terminal && !journal => lines.json().try_init(),
        // The journal has its own time and level columns.
        LogFormat::Journald => lines.without_time().try_init(),
        LogFormat::Auto if journal => lines.without_time().try_init(),
        LogFormat::Auto => lines.try_init(),
    };
}
