//! Whose identity key it is, as the files of a data directory say.

use std::path::Path;

use parangon_protocol::charter::MemberCard;
use parangon_protocol::id::{AgencyId, Name};
use parangon_protocol::keys::PublicKey;
use parangon_protocol::limits;

use crate::commands::federation::read_federation;
use crate::failure::Failure;
use crate::files;

/// Id and name of the agency with this identity key: from its membership card, or else from the charter.
pub(super) fn of_identity(dir: &Path, identity: &PublicKey) -> Result<Option<(AgencyId, Name)>, Failure> {
    Ok(from_card(dir, identity).or(from_charter(dir, identity)?))
}

/// Id and name of the member with this identity key, when the directory belongs to a federation.
pub(super) fn from_charter(dir: &Path, identity: &PublicKey) -> Result<Option<(AgencyId, Name)>, Failure> {
    let Some((chain, _)) = read_federation(dir)? else { return Ok(None) };
    let member = chain.newest().members.iter().find(|member| member.identity == *identity);
    Ok(member.map(|member| (member.id.clone(), member.name.clone())))
}

/// From a card that this identity key signed. What cannot be read is no such card.
fn from_card(dir: &Path, identity: &PublicKey) -> Option<(AgencyId, Name)> {
    let cards = std::fs::read_dir(dir).ok()?.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".member.json"));
    let read = |path: &Path| MemberCard::read(&files::read(path, limits::RECORD_BYTES).ok()?).ok();
    let card = cards.filter_map(|entry| read(&entry.path())).find(|card| card.body().identity == *identity)?;
    Some((card.body().id.clone(), card.body().name.clone()))
}
