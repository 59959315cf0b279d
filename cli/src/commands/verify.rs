//! `parangon verify`: one file, no node, no network. A label file has a verdict; evidence of a fork is explained.

mod fork;
mod many;
mod pin;
mod report;

use std::path::PathBuf;

use clap::Args;
use parangon_node::clock::{Clock, SystemClock};
use parangon_protocol::id::Fingerprint;
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::fork::ForkFile;
use parangon_protocol::verify::{Trust, Verdict, verify};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::pins::{Pins, read_trust};

pub(crate) use pin::Pin;

/// Arguments of `parangon verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The label file, badge, certificate, credential, text of a code, or the evidence of a fork; - for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check many: files, and folders of them; 0 when every label is valid, else 1. With --json one object a line
    #[arg(long)]
    many: bool,
    /// The date asked for [default: now]; a day means its last second, UTC
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    at: Option<Timestamp>,
    /// Trust this federation's trust file, and only what is named here
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Trust this federation, by 64 hex digits or eight words, and only what is named here
    #[arg(long, value_name = "HEX|WORDS")]
    fingerprint: Vec<Pin>,
    /// Ask for a status that is at most so many days old, where the charter allows older ones
    #[arg(long, value_name = "DAYS")]
    max_age: Option<u32>,
}

/// Checks the file; the exit code is the verdict's.
pub(crate) fn run(args: &VerifyArgs, out: &Output) -> Result<u8, Failure> {
    let at = args.at.unwrap_or_else(|| SystemClock::new(Timestamp::default()).now());
    let path = match args.files.as_slice() {
        _ if args.many && args.fingerprint.iter().any(|pin| matches!(pin, Pin::Words(_))) => {
            let failure = Failure::usage("eight words are completed from one file, which --many has not");
            return Err(failure.next("give 64 hex digits, or --trust FILE"));
        }
        paths if args.many => return many::run(paths, &trust(args, || None)?, at, out),
        [path] => path,
        _ => return Err(Failure::usage("one file is checked at a time").next("give --many for several, or for folders")),
    };
    // One byte more than any such file may have: the verifier then says that it is too large.
    let file = files::read_start(path, limits::CARRIER_BYTES + 1)?;
    let text = file.trim_ascii();
    if file.len() <= limits::CARRIER_BYTES && ForkFile::claimed(text) {
        return fork::run(text, &trust(args, || fork::federation(text))?, out);
    }
    // Words are a beginning of a fingerprint: they become a pin only when the file's own federation has them.
    let named = || verify(&file, &Trust::default(), at).federation.and_then(|federation| federation.fingerprint);
    let verdict: Verdict = verify(&file, &trust(args, named)?, at);
    out.result(&verdict, |page| report::write(&verdict, page))?;
    Ok(verdict.code)
}

/// What the reader trusts: what is named here, else what was imported. `named` is the federation that the file claims.
fn trust(args: &VerifyArgs, named: impl FnOnce() -> Option<Fingerprint>) -> Result<Trust, Failure> {
    let asked = |trust: Trust| match args.max_age {
        Some(days) => trust.fresh_within(days),
        None => trust,
    };
    if args.trust.is_empty() && args.fingerprint.is_empty() {
        return Ok(asked(Trust::knowing(Pins::of_user().load()?)));
    }
    let read = |path| read_trust(&files::read(path, limits::DOCUMENT_BYTES)?);
    let known = args.trust.iter().map(|path| read(path)).collect::<Result<Vec<_>, Failure>>()?;
    let mut pins = Vec::new();
    let words = args.fingerprint.iter().any(|pin| matches!(pin, Pin::Words(_)));
    let named = words.then(named).flatten();
    for pin in &args.fingerprint {
        match pin {
            Pin::Whole(fingerprint) => pins.push(*fingerprint),
            // A code holds the words and no more.
            Pin::Words(_) => pins.push(named.filter(|named| pin.matches(named)).unwrap_or_else(|| pin.prefix())),
        }
    }
    Ok(asked(Trust::knowing(known).and(pins)))
}

/// A time in RFC 3339, or a day.
pub(crate) fn parse_date(text: &str) -> Result<Timestamp, String> {
    let day = text.len() == 10;
    let whole = if day { format!("{text}T23:59:59Z") } else { text.to_owned() };
    whole.parse().map_err(|_| "a date is 2026-05-01 or 2026-05-01T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_whole() {
        assert_eq!(parse_date("2026-05-01"), parse_date("2026-05-01T23:59:59Z"));
        assert_eq!(parse_date("2026-05-01T12:00:00Z").expect("a time").to_string(), "2026-05-01T12:00:00Z");
        for bad in ["", "2026-5-1", "2026-13-01", "yesterday", "01.05.2026", "2026-05-01 12:00"] {
            assert!(parse_date(bad).is_err(), "{bad}");
        }
    }
}
