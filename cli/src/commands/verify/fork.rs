//! Evidence of a fork, in plain words: what it proves, what still holds, what to do.

use parangon_protocol::id::Fingerprint;
use parangon_protocol::verify::Trust;
use parangon_protocol::verify::fork::{ForkFileError, ForkHead, ForkStatement, examine};
use serde_json::json;

use super::report;
use crate::failure::Failure;
use crate::output::{Output, Page, State, clean};

/// The federation that the file claims, when it proves anything at all.
pub(super) fn federation(file: &[u8]) -> Option<Fingerprint> {
    examine(file, &Trust::default()).ok().and_then(|shown| shown.federation.fingerprint)
}

/// Explains the file; the exit code is never 0, for it is no label.
pub(super) fn run(file: &[u8], trust: &Trust, out: &Output) -> Result<u8, Failure> {
    match examine(file, trust) {
        Ok(shown) => {
            out.result(&shown, |page| explain(&shown, page))?;
            Ok(shown.code)
        }
        Err(error) => {
            let code = error.code();
            let sentence = sentence(&error);
            let object = json!({ "verdict": error.outcome(), "code": code, "sentence": sentence });
            out.result(&object, |page| page.state(State::Fail, &sentence, ""))?;
            Ok(code)
        }
    }
}

fn sentence(error: &ForkFileError) -> String {
    format!("This proves nothing to you: {error}.")
}

fn explain(shown: &ForkStatement, page: &mut Page) {
    page.state(if shown.federation.pinned { State::Fail } else { State::Wait }, &shown.sentence, "");
    page.field("agency", format!("{} ({})", shown.name, shown.agency));
    if shown.epoch > 1 {
        page.field("its log", format!("epoch {}", shown.epoch));
    }
    head("one head", &shown.first, page);
    head("the other", &shown.second, page);
    report::federation(&shown.federation, page);
    page.remark("What it proves: both heads are signed by the log key that the agency's identity key vouched for, and no log has both.");
    page.remark("It does not say why: a lost key, a copied or restored node, or intent.");
    match &shown.settled {
        Some(settled) if settled.quorum => page.remark(format!(
            "What still holds: the first {} records, whose head a quorum of members had cosigned ({}). Labels under it stay valid.",
            settled.size,
            cosigners(settled)
        )),
        _ => page.remark("What still holds: entries under a head that a quorum had cosigned; this file shows no such head."),
    }
    page.remark("Nothing newer of this log is to be believed: every node that holds this evidence takes nothing more of it.");
    if shown.federation.pinned {
        page.next(format!("ask {} and another member how the federation decided", clean(shown.agency.as_str())));
    } else {
        page.next("compare the words with a certificate or a member, then `parangon trust import FILE` or --fingerprint WORDS");
    }
}

fn head(name: &str, head: &ForkHead, page: &mut Page) {
    let quorum = if head.quorum { ", a quorum" } else { "" };
    page.field(name, format!("{} records, root {}", head.size, head.root));
    page.field("cosigned by", format!("{}{quorum}", cosigners(head)));
}

fn cosigners(head: &ForkHead) -> String {
    match head.cosigned_by.as_slice() {
        [] => "nobody that the file knows of".to_owned(),
        some => some.iter().map(|cosigner| cosigner.agency.to_string()).collect::<Vec<_>>().join(", "),
    }
}
