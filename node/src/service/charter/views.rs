//! The charter and what is voted on, as people see it.

use std::collections::BTreeSet;

use parangon_protocol::charter::{Charter, Standing, differences};
use parangon_protocol::id::{AgencyId, Hash, LogId};
use parangon_protocol::replica::{Proposal, WaitingKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Context;

/// The charter in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CharterView {
    /// The federation's name.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Eight words of it.
    pub words: String,
    /// The version in effect here.
    pub version: u32,
    /// Hash of its text.
    pub hash: String,
    /// The month after which it is stale.
    pub review_by: String,
    /// Whether that month is over. It goes on to hold.
    pub stale: bool,
    /// Which version each agency's log has adopted.
    pub adopted: Vec<AdoptionView>,
    /// Two texts of this version were both agreed to: neither takes effect by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<u32>,
    /// Agencies that voted for two texts of one version.
    pub double_votes: Vec<String>,
    /// Identity keys by the members' decision that wait.
    pub rekeyings: Vec<RekeyingView>,
    /// The text.
    #[schema(value_type = serde_json::Value)]
    pub charter: Charter,
}

/// Which version a log has adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AdoptionView {
    /// Whose log.
    pub agency: String,
    /// The version; none where the log is not known here yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// It goes on with a version that is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u32>,
}

/// An identity key that was announced for an agency which lost both of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RekeyingView {
    /// Whose.
    pub agency: String,
    /// The identity key that it is to have.
    pub identity: String,
    /// The version that announced it.
    pub version: u32,
    /// From when on this node votes for carrying it out.
    pub due: String,
    /// The present key has signed since: this node does not vote for carrying it out.
    pub objected: bool,
}

/// A version of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionView {
    /// Its number.
    pub version: u32,
    /// Hash of its text.
    pub hash: String,
    /// When it was drafted, as its author says.
    pub created: String,
    /// What it changed of the one before, in words; empty for the first.
    pub changes: Vec<String>,
    /// Who agreed to it.
    pub votes: Vec<String>,
}

/// How far a text has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct VotesView {
    /// Hash of the text.
    pub hash: String,
    /// Which version it would be.
    pub version: u32,
    /// Whether it is in effect.
    pub in_effect: bool,
    /// So many are against it that it cannot be agreed to any more: whoever voted for it may vote for another text.
    pub failed: bool,
    /// Who is for it.
    pub accepted: Vec<String>,
    /// Who is against it.
    pub rejected: Vec<String>,
    /// Members that have said nothing yet.
    pub missing: Vec<String>,
    /// Voices of the present members for it.
    pub have: usize,
    /// How many it takes of them.
    pub needed: usize,
    /// Voices of those who would be members for it.
    pub have_next: usize,
    /// How many it takes of them.
    pub needed_next: usize,
}

/// A text of the next version that is voted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProposalView {
    /// How far it has come.
    #[serde(flatten)]
    pub votes: VotesView,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// What this agency said: `accepted`, `rejected` or `open`.
    pub mine: &'static str,
    /// The text.
    #[schema(value_type = serde_json::Value)]
    pub charter: Charter,
}

/// The charter in effect.
#[must_use]
pub fn show(context: &Context) -> CharterView {
    let (charter, overview) = (context.charter(), context.engine().overview());
    let adoption = |agency: &AgencyId| {
        let log = overview.logs.get(&LogId::first(agency.clone()));
        let version = log.and_then(|log| log.adopted).map(|(_, version)| version);
        AdoptionView { agency: agency.to_string(), version, unknown: log.and_then(|log| log.stalled) }
    };
    CharterView {
        name: charter.name.to_string(),
        fingerprint: context.federation().to_string(),
        words: context.federation().words(),
        version: charter.version,
        hash: hash(&charter),
        review_by: charter.review_by.to_string(),
        stale: context.now().month() > charter.review_by,
        adopted: charter.members.iter().map(|member| adoption(&member.id)).collect(),
        torn: overview.charter.torn,
        double_votes: overview.charter.double_votes.iter().map(|(log, ..)| log.agency.to_string()).collect(),
        rekeyings: overview.charter.rekeyings.iter().map(rekeying).collect(),
        charter: Charter::clone(&charter),
    }
}

fn rekeying(waiting: &WaitingKey) -> RekeyingView {
    RekeyingView {
        agency: waiting.rekeying.agency.to_string(),
        identity: waiting.rekeying.identity.to_string(),
        version: waiting.version,
        due: waiting.due.to_string(),
        objected: waiting.objected,
    }
}

fn hash(charter: &Charter) -> String {
    charter.hash().map(|hash| hash.to_string()).unwrap_or_default()
}

/// Every version, the first one first.
#[must_use]
pub fn versions(context: &Context) -> Vec<VersionView> {
    let chain = context.chain();
    let founders = chain.founding().signatures.iter().map(|signature| signature.agency.to_string()).collect();
    let votes = chain.amendments().map(|amendment| amendment.votes.iter().map(|vote| vote.body.agency.to_string()).collect());
    let votes = std::iter::once(founders).chain(votes);
    let before = std::iter::once(None).chain(chain.versions().map(Some));
    let view = |((charter, votes), before): ((&Charter, Vec<String>), Option<&Charter>)| VersionView {
        version: charter.version,
        hash: hash(charter),
        created: charter.created.to_string(),
        changes: before.map(|before| words(before, charter)).unwrap_or_default(),
        votes,
    };
    chain.versions().zip(votes).zip(before).map(view).collect()
}

fn words(before: &Charter, after: &Charter) -> Vec<String> {
    differences(before, after).iter().map(ToString::to_string).collect()
}

/// Texts of the next version that are known here.
#[must_use]
pub fn proposals(context: &Context) -> Vec<ProposalView> {
    let (charter, overview) = (context.charter(), context.engine().overview());
    let me = context.me();
    let view = |(hash, proposal): (&Hash, &std::sync::Arc<Proposal>)| ProposalView {
        votes: of_proposal(&charter, hash, proposal),
        changes: words(&charter, proposal.charter()),
        mine: match (proposal.accepted().contains(me), proposal.rejected().contains(me)) {
            (true, _) => "accepted",
            (_, true) => "rejected",
            _ => "open",
        },
        charter: proposal.charter().clone(),
    };
    overview.charter.proposals.iter().map(view).collect()
}

fn of_proposal(charter: &Charter, hash: &Hash, proposal: &Proposal) -> VotesView {
    let (standing, rejected) = (proposal.standing, proposal.rejected());
    let accepted = proposal.accepted();
    let said: BTreeSet<&AgencyId> = accepted.union(rejected).collect();
    let missing = charter.members.iter().filter(|member| !said.contains(&member.id)).map(|member| member.id.to_string());
    let view = VotesView {
        hash: hash.to_string(),
        version: proposal.charter().version,
        failed: proposal.failed,
        accepted: names(&accepted),
        rejected: names(&rejected.difference(&accepted).cloned().collect()),
        missing: missing.collect(),
        ..VotesView::default()
    };
    counted(view, standing)
}

fn names(agencies: &BTreeSet<AgencyId>) -> Vec<String> {
    agencies.iter().map(ToString::to_string).collect()
}

/// How far the text of that version has come: in effect, or voted on.
pub(super) fn votes(context: &Context, version: u32, hash: &Hash) -> VotesView {
    let (chain, overview) = (context.chain(), context.engine().overview());
    let bare = || VotesView { hash: hash.to_string(), version, ..VotesView::default() };
    let in_effect = chain.amendments().find(|amendment| amendment.charter.hash().is_ok_and(|found| found == *hash));
    match (in_effect, overview.charter.proposals.get(hash)) {
        (Some(amendment), _) => {
            let before = chain.version(version.saturating_sub(1));
            let standing = before.and_then(|before| amendment.standing(chain.fingerprint(), before).ok());
            let counted = standing.map_or_else(bare, |standing| counted(bare(), standing));
            let accepted = amendment.votes.iter().map(|vote| vote.body.agency.to_string()).collect();
            VotesView { in_effect: true, accepted, ..counted }
        }
        (None, Some(proposal)) => of_proposal(&context.charter(), hash, proposal),
        (None, None) => bare(),
    }
}

fn counted(view: VotesView, standing: Standing) -> VotesView {
    let Standing { present: (have, needed), next: (have_next, needed_next) } = standing;
    VotesView { have, needed, have_next, needed_next, ..view }
}
