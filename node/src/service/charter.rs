//! The federation's charter: what holds, what is proposed, and votes on it (protocol, "Amending").
//!
//! The identity key is not here: whoever holds it signs a ballot elsewhere, and hands in the finished vote.

mod keeper;
mod views;

use parangon_protocol::canonical;
use parangon_protocol::charter::{Amendment, Ballot, Chain, Charter, Vote};
use parangon_protocol::check::{self, CheckedProposal, ProposalError};
use parangon_protocol::id::Hash;
use parangon_protocol::limits;
use parangon_protocol::record::Record;
use parangon_protocol::replica::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use keeper::run;
pub use views::{AdoptionView, CharterView, ProposalView, RekeyingView, VersionView, VotesView, proposals, show, versions};

use super::{Context, Error};
use crate::engine::EngineError;

/// On what a ballot is wanted: a new text, or one that is proposed already.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BallotRequest {
    /// A new text of the next version.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    pub charter: Option<Box<Charter>>,
    /// The hash of a text that is proposed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub hash: Option<Hash>,
    /// For it or against it.
    pub accept: bool,
}

/// A ballot to be signed, and what it is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BallotView {
    /// What the identity key signs: the canonical text of this, purpose `vote`.
    #[schema(value_type = serde_json::Value)]
    pub ballot: Ballot,
    /// The text voted on.
    #[schema(value_type = serde_json::Value)]
    pub charter: Charter,
    /// What it changes, in words.
    pub changes: Vec<String>,
}

/// A finished vote.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVote {
    /// The ballot with its signature.
    #[schema(value_type = serde_json::Value)]
    pub vote: Box<Vote>,
    /// The text voted on, where it is new.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    pub charter: Option<Box<Charter>>,
    /// With a new text: votes for it by agencies that would become members.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>)]
    pub consents: Vec<Vote>,
}

/// Versions that were agreed to elsewhere.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersions {
    /// Each with its votes, in their order.
    #[schema(value_type = Vec<serde_json::Value>)]
    pub amendments: Vec<Amendment>,
}

/// The ballot that this agency would sign. Nothing is stored.
///
/// # Errors
/// [`Error::Amendment`] for a text that does not follow, [`Error::NotFound`] for a hash that is not proposed.
pub async fn ballot(context: &Context, request: BallotRequest) -> Result<BallotView, Error> {
    let BallotRequest { charter, hash, accept } = request;
    let charter = match (charter, hash) {
        (Some(charter), None) => *charter,
        (None, Some(hash)) => proposed(context, &hash)?,
        _ => return Err(Error::field("/charter", "either a charter or the hash of one that is proposed")),
    };
    let changes = context.chain().follows(&charter).map_err(Error::Amendment)?;
    let heads = if accept { context.engine().last_heads(charter.clone()).await? } else { Vec::new() };
    let hash = charter.hash().map_err(|error| Error::Amendment(error.into()))?;
    let ballot = Ballot { version: charter.version, charter: hash, agency: context.me().clone(), accept, heads };
    Ok(BallotView { ballot, charter, changes: changes.iter().map(ToString::to_string).collect() })
}

/// Puts a finished vote into our log. With the last one that it takes, the version takes effect.
///
/// # Errors
/// [`Error::Amendment`], [`Error::NotFound`], and [`Error::Engine`] for a vote that does not count or comes too late.
pub async fn vote(context: &Context, new: NewVote) -> Result<VotesView, Error> {
    let NewVote { vote, charter, consents } = new;
    let hash = vote.body.charter;
    if let Some(charter) = charter {
        context.chain().follows(&charter).map_err(Error::Amendment)?;
        let proposal = written(&Amendment { charter: *charter, votes: consents })?;
        if *proposal.hash() != hash {
            return Err(Error::field("/vote", "the vote is for another text"));
        }
        context.engine().propose(proposal).await?;
    }
    let version = vote.body.version;
    match context.engine().append(vec![Record::Vote(vote)]).await {
        Ok(_) => {}
        Err(EngineError::Refused(Refusal::Proposal)) => return Err(Error::missing("proposal", hash)),
        Err(error) => return Err(error.into()),
    }
    Ok(views::votes(context, version, &hash))
}

/// Takes versions from a file: what a node that was cut off, or that nobody reaches, lacks.
///
/// # Errors
/// [`Error::Proposal`] when one does not follow or was not agreed to.
pub async fn extend(context: &Context, new: NewVersions) -> Result<CharterView, Error> {
    let texts =
        new.amendments.iter().map(|amendment| canonical::encode(amendment, limits::AMENDMENTS_BYTES)).collect::<Result<Vec<_>, _>>()?;
    let chain = context.run(move |context| Ok(check::chain(&context.engine().book(), &texts)?)).await?;
    if let Some(version) = context.chain().parts_from(&chain) {
        context.engine().extend(chain).await?; // kept as evidence
        return Err(Error::OtherVersion { version });
    }
    let version = chain.newest().version;
    let mut news = context.engine().subscribe();
    context.engine().extend(Chain::clone(&chain)).await?;
    while context.charter().version < version {
        if news.recv().await.is_err_and(|error| error == tokio::sync::broadcast::error::RecvError::Closed) {
            return Err(Error::Stopping);
        }
    }
    Ok(show(context))
}

fn proposed(context: &Context, hash: &Hash) -> Result<Charter, Error> {
    let overview = context.engine().overview();
    let proposal = overview.charter.proposals.get(hash).ok_or_else(|| Error::missing("proposal", hash))?;
    Ok(proposal.charter().clone())
}

fn written(amendment: &Amendment) -> Result<CheckedProposal, ProposalError> {
    check::proposal(canonical::encode(amendment, limits::AMENDMENTS_BYTES)?)
}
