//! Figures from the operating system, and what to make of several of them.

use std::time::Duration;

/// Seconds of CPU that this process has used, in user and kernel mode, to 10 ms.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The second field is the program's name in parentheses and may hold spaces.
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = |field: usize| -> f64 { rest.split_whitespace().nth(field).and_then(|n| n.parse().ok()).expect("a number") };
    (ticks(11) + ticks(12)) / 100.0
}

/// A line of `/proc/self/status`, in MiB: `VmRSS`, `VmHWM`, `RssAnon`.
pub(crate) fn memory_mib(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let row = status.lines().find(|row| row.starts_with(line)).expect("a line of that name");
    let kib: f64 = row.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kib / 1024.0
}

/// The value below which `percent` of all lie.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// `median (lowest to highest)` with a unit.
pub(crate) fn spread(values: &[f64], unit: &str) -> String {
    format!("{:.3} {unit} ({:.3} to {:.3}, {} runs)", median(values), percentile(values, 0), percentile(values, 100), values.len())
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// How many rounds a benchmark makes: `ROUNDS`, or this.
pub(crate) fn rounds(default: usize) -> usize {
    std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}
