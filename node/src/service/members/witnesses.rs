//! Who watches which log, and what that bears: in numbers and in plain words.

use std::collections::BTreeSet;

use parangon_protocol::id::{AgencyId, LogId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Context;
use crate::engine::LogOverview;

/// One log and its witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WitnessesView {
    /// Whose log.
    pub agency: String,
    /// Records held here.
    pub records: u64,
    /// Records that enough members have confirmed.
    pub confirmed: u64,
    /// Voices that may confirm: other members of the version that the log follows, agencies under one parent counted once.
    pub witnesses: usize,
    /// Voices that must confirm a head.
    pub needed: usize,
    /// Voices that may be away, or lie, without a label being held up, or anything false confirmed.
    pub tolerated: usize,
    /// Who has confirmed the newest head.
    pub signed: Vec<String>,
    /// Who has not.
    pub missing: Vec<String>,
    /// The same in words.
    pub words: String,
}

/// Every member's log with its witnesses.
#[must_use]
pub fn witnesses(context: &Context) -> Vec<WitnessesView> {
    let (chain, overview) = (context.chain(), context.engine().overview());
    let empty = LogOverview::default();
    let view = |agency: &AgencyId| {
        let log = overview.logs.get(&LogId::first(agency.clone())).unwrap_or(&empty);
        let version = log.adopted.map_or(1, |(_, version)| version);
        let charter = chain.version(version).unwrap_or_else(|| chain.newest());
        let witnesses = charter.witnesses(agency);
        let groups = witnesses.agencies().map(|(_, group)| group).collect::<BTreeSet<_>>().len();
        let signed: BTreeSet<&AgencyId> = log.cosigned_by.iter().collect();
        let (signed, missing): (Vec<_>, Vec<_>) =
            witnesses.agencies().map(|(agency, _)| agency).partition(|agency| signed.contains(agency));
        let (needed, tolerated) = (witnesses.threshold(), witnesses.tolerated());
        let names = |agencies: &[&AgencyId]| agencies.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (signed, missing) = (names(&signed), names(&missing));
        WitnessesView {
            agency: agency.to_string(),
            records: log.size,
            confirmed: log.final_size,
            witnesses: groups,
            needed,
            tolerated,
            words: words(groups, needed, tolerated, &missing, log.final_size >= log.size && log.size > 0),
            signed,
            missing,
        }
    };
    chain.newest().members.iter().map(|member| view(&member.id)).collect()
}

fn words(witnesses: usize, needed: usize, tolerated: usize, missing: &[String], done: bool) -> String {
    let rule = match (witnesses, tolerated) {
        (0, _) => return "nobody else is there to confirm it, so its labels are never valid".to_owned(),
        (1, _) => "the one other voice must confirm; while it is away labels wait".to_owned(),
        (_, 0) => format!("all {witnesses} others must confirm; while one is away labels wait, and none may lie"),
        (_, 1) => format!("{needed} of {witnesses} others must confirm; one may be away, or lie"),
        _ => format!("{needed} of {witnesses} others must confirm; {tolerated} may be away, or lie"),
    };
    match (done, missing.is_empty()) {
        (true, _) => format!("{rule}; everything is confirmed"),
        (false, true) => rule,
        (false, false) => format!("{rule}; its newest head waits for {}", missing.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_said_for_every_size() {
        let missing = ["lyon".to_owned(), "oslo".to_owned()];
        assert_eq!(words(0, 1, 0, &[], false), "nobody else is there to confirm it, so its labels are never valid");
        assert_eq!(words(1, 1, 0, &[], true), "the one other voice must confirm; while it is away labels wait; everything is confirmed");
        let three = "all 3 others must confirm; while one is away labels wait, and none may lie; its newest head waits for lyon, oslo";
        assert_eq!(words(3, 3, 0, &missing, false), three);
        assert_eq!(words(4, 3, 1, &missing, true), "3 of 4 others must confirm; one may be away, or lie; everything is confirmed");
        assert_eq!(words(49, 33, 16, &[], false), "33 of 49 others must confirm; 16 may be away, or lie");
    }
}
