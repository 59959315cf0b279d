//! Invitations to other agencies: one string each, for one agency, to be used once (protocol, "Invitation").
//!
//! The string is shown when it was made and never again: what is kept is the public half of its key. Who asks with it is
//! proposed to the members by a person, who compared the check words; nothing here admits anybody.

mod host;

use parangon_protocol::charter::{CardBody, MemberCard};
use parangon_protocol::id::{AgencyId, Country, Hash, Name};
use parangon_protocol::invitation::{DAYS, Invitation, InvitationError, Meeting, Secret, Standing, WAITING_DAYS};
use parangon_protocol::keys::PublicKey;
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use host::run;

use super::item::{self, Item};
use super::{Context, Error, random_bytes};
use crate::network::{Multiaddr, limits};
use crate::store::{ReadTx, Source, Tx, WriteTx};

const DAY: u64 = 86_400;

/// Days for which an invitation that has ended is still listed.
const KEPT_DAYS: u64 = 90;

/// Whom to invite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The agency's name, or short name, as on its membership card.
    pub to: String,
}

/// An invitation as it is shown when it was just made, and never again.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MadeInvitation {
    /// Names it in lists.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// The one string, to be sent to that agency and to nobody else.
    pub invite: String,
    /// When it has to be used.
    #[schema(value_type = String)]
    pub expires: Timestamp,
}

impl std::fmt::Debug for MadeInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeInvitation({})", self.id)
    }
}

/// How far an invitation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InvitationState {
    /// Nobody has used it yet.
    Open,
    /// An agency has begun to ask, and has not told its nonce yet: nothing to compare.
    Begun,
    /// An agency asks to be admitted: compare the check words, then propose it.
    Asked,
    /// The members vote on it.
    Proposed,
    /// The members said no. It may be proposed again.
    Rejected,
    /// The agency is a member.
    Admitted,
    /// Taken back.
    Cancelled,
    /// Nobody used it in time, or the members did not decide.
    Expired,
    /// This node has another transport key since: nobody finds it with that string.
    Ended,
}

/// An invitation as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvitationView {
    /// Names it.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// When it was made.
    #[schema(value_type = String)]
    pub made: Timestamp,
    /// When it ends.
    #[schema(value_type = String)]
    pub expires: Timestamp,
    /// How far it has come.
    pub state: InvitationState,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<GuestView>,
}

/// Who asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuestView {
    /// Its short name.
    #[schema(value_type = String)]
    pub agency: AgencyId,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Its country.
    #[schema(value_type = String)]
    pub country: Country,
    /// When it asked.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// Four words that it reads, too: other words mean that somebody stands in between. None before it has told its nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_words: Option<String>,
    /// Its membership card.
    #[schema(value_type = serde_json::Value)]
    pub card: MemberCard,
}

/// What is kept of an invitation.
#[derive(Serialize, Deserialize)]
struct Row {
    to: Name,
    made: Timestamp,
    expires: Timestamp,
    /// Transport key of the invitation.
    key: PublicKey,
    /// Ours when it was made.
    host: PublicKey,
    #[serde(default)]
    cancelled: Option<Timestamp>,
    #[serde(default)]
    guest: Option<Guest>,
}

/// Who used it.
#[derive(Serialize, Deserialize)]
struct Guest {
    since: Timestamp,
    /// Canonical text of its card.
    card: String,
    commitment: Hash,
    ours: Hash,
    /// Known once it was revealed.
    theirs: Option<Hash>,
}

impl Item for Row {
    const KIND: u8 = 12;
    const WHAT: &'static str = "invite";
}

impl Guest {
    fn card(&self) -> Result<MemberCard, Error> {
        MemberCard::read(self.card.as_bytes()).map_err(|_| Error::Damaged { what: Row::WHAT })
    }
}

impl Row {
    /// The last moment at which it is answered.
    fn end(&self) -> Timestamp {
        match &self.guest {
            Some(guest) if guest.theirs.is_some() => guest.since.plus(WAITING_DAYS * DAY),
            _ => self.expires,
        }
    }

    /// Whether who holds it may still connect.
    fn answers(&self, context: &Context) -> Result<bool, Error> {
        if self.cancelled.is_some() || self.end() < context.now() || self.moved(context) {
            return Ok(false);
        }
        // A member that has begun its log comes as a member.
        let Some(guest) = &self.guest else { return Ok(true) };
        let log = parangon_protocol::id::LogId::first(guest.card()?.body().id.clone());
        let begun = context.engine().overview().logs.get(&log).is_some_and(|log| log.size > 0);
        Ok(!(begun && standing(context, guest.card()?.body()) == Standing::Admitted))
    }

    /// Whether this node goes by another transport key than the string says.
    fn moved(&self, context: &Context) -> bool {
        host_key(context) != self.host
    }

    fn state(&self, context: &Context) -> Result<InvitationState, Error> {
        if self.cancelled.is_some() {
            return Ok(InvitationState::Cancelled);
        }
        let standing = match &self.guest {
            Some(guest) => Some((guest.theirs.is_some(), standing(context, guest.card()?.body()))),
            None => None,
        };
        Ok(match standing {
            Some((true, Standing::Admitted)) => InvitationState::Admitted,
            _ if self.end() < context.now() => InvitationState::Expired,
            _ if self.moved(context) => InvitationState::Ended,
            Some((false, _)) => InvitationState::Begun,
            Some((true, Standing::Proposed { .. })) => InvitationState::Proposed,
            Some((true, Standing::Rejected)) => InvitationState::Rejected,
            Some((true, Standing::Asked)) => InvitationState::Asked,
            None => InvitationState::Open,
        })
    }

    fn view(&self, id: String, context: &Context) -> Result<InvitationView, Error> {
        let guest = match &self.guest {
            Some(guest) => {
                let Guest { since, card: text, ours, theirs, .. } = guest;
                let (federation, host, card) = (context.federation(), &self.host, text.as_bytes());
                let check_words = theirs.as_ref().map(|theirs| Meeting { federation, host, card, theirs, ours }.words());
                let card = guest.card()?;
                let CardBody { id: agency, name, country, .. } = card.body().clone();
                Some(GuestView { agency, name, country, since: *since, check_words, card })
            }
            None => None,
        };
        let state = self.state(context)?;
        Ok(InvitationView { id, to: self.to.to_string(), made: self.made, expires: self.end(), state, guest })
    }
}

/// What has become of the agency of this card.
fn standing(context: &Context, card: &CardBody) -> Standing {
    let charter = context.charter();
    let is_it = |charter: &parangon_protocol::charter::Charter| charter.member(&card.id).is_some_and(|m| m.identity == card.identity);
    if is_it(&charter) {
        return Standing::Admitted;
    }
    let overview = context.engine().overview();
    let mut proposed = overview.charter.proposals.values().filter(|proposal| is_it(proposal.charter())).peekable();
    let any = proposed.peek().is_some();
    match proposed.find(|proposal| !proposal.failed) {
        Some(proposal) => {
            let (have, needed) = proposal.standing.present;
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            Standing::Proposed { have: count(have), needed: count(needed) }
        }
        None if any => Standing::Rejected,
        None => Standing::Asked,
    }
}

/// The key that this node connects with.
fn host_key(context: &Context) -> PublicKey {
    context.keys().key_set(context.me().clone(), 1).transport
}

/// Makes an invitation.
///
/// # Errors
/// [`Error::Field`] for a name that is none, [`Error::State`] where others cannot reach this node, where it is no member, or where
/// as many are open as may be.
pub fn create(context: &Context, new: &NewInvitation) -> Result<MadeInvitation, Error> {
    let to: Name = new.to.trim().parse().map_err(Error::name("/to"))?;
    let charter = context.charter();
    let stranger = || Error::State { what: "agency", state: "no member".to_owned(), needed: "only members invite" };
    let member = charter.member(context.me()).ok_or_else(stranger)?;
    let addresses: Vec<String> = member.contacts.iter().filter_map(|contact| dialable(contact)).collect();
    if addresses.is_empty() {
        let state = "not to be dialled: the charter names no address of it".to_owned();
        return Err(Error::State { what: "node", state, needed: "have a member with a public address invite" });
    }
    let seed = Secret::new(random_bytes()?);
    let made = context.now();
    let invitation = Invitation {
        agency: context.me().clone(),
        to: to.clone(),
        federation: *context.federation(),
        expires: made.plus(DAYS * DAY),
        transport: host_key(context),
        addresses,
        secret: seed,
    };
    let invite = invitation.to_text().map_err(|error| match error {
        InvitationError::Content(error) => Error::Canonical(error),
        _ => Error::Damaged { what: Row::WHAT },
    })?;
    let id = hex::encode(random_bytes::<6>()?);
    let (key, host, expires) = (invitation.key(), invitation.transport, invitation.expires);
    let row = Row { to, made, expires, key, host, cancelled: None, guest: None };
    context.transact(|tx| {
        forget(tx, made)?;
        if answered(tx, context)?.len() >= limits::GUESTS {
            let state = format!("full: {} invites are open", limits::GUESTS);
            return Err(Error::State { what: "list of invites", state, needed: "cancel those that nobody uses" });
        }
        item::put(tx, &id, &row)
    })?;
    context.invited().notify_one();
    Ok(MadeInvitation { id, to: row.to.to_string(), invite: invite.to_string(), expires: row.expires })
}

/// An address without its PeerId; none where there is nothing else.
fn dialable(contact: &str) -> Option<String> {
    let (address, _) = contact.rsplit_once("/p2p/")?;
    (!address.is_empty() && address.parse::<Multiaddr>().is_ok()).then(|| address.to_owned())
}

/// Removes what ended long ago.
fn forget(tx: &mut WriteTx, now: Timestamp) -> Result<(), Error> {
    let mut old = Vec::new();
    item::each::<Row, _>(tx, |id, row| {
        let end = row.cancelled.unwrap_or(row.end());
        if end.plus(KEPT_DAYS * DAY) < now {
            old.push(id);
        }
        Ok(())
    })?;
    for id in old {
        tx.delete_private(Row::KIND, &id)?;
    }
    Ok(())
}

/// The keys of those who may connect.
fn answered<S: Source>(tx: &Tx<S>, context: &Context) -> Result<Vec<PublicKey>, Error> {
    let mut keys = Vec::new();
    item::each::<Row, S>(tx, |_, row| {
        if row.answers(context)? {
            keys.push(row.key);
        }
        Ok(())
    })?;
    Ok(keys)
}

/// Every invitation that has not ended long ago, the newest first.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn list(context: &Context) -> Result<Vec<InvitationView>, Error> {
    let tx: ReadTx = context.store().read()?;
    let mut views = Vec::new();
    item::each::<Row, _>(&tx, |id, row| {
        views.push(row.view(id, context)?);
        Ok(())
    })?;
    views.sort_by(|a, b| (b.made, &b.id).cmp(&(a.made, &a.id)));
    Ok(views)
}

/// One of them.
///
/// # Errors
/// [`Error::NotFound`].
pub fn show(context: &Context, id: &str) -> Result<InvitationView, Error> {
    let row: Row = item::get(&context.store().read()?, id)?;
    row.view(id.to_owned(), context)
}

/// Takes an invitation back. Who asked with it is turned away; a proposal that was made of it stays.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] for one that has ended.
pub fn cancel(context: &Context, id: &str) -> Result<(), Error> {
    context.transact(|tx| {
        let mut row: Row = item::get(tx, id)?;
        match row.state(context)? {
            InvitationState::Open
            | InvitationState::Begun
            | InvitationState::Asked
            | InvitationState::Proposed
            | InvitationState::Rejected
            | InvitationState::Ended => {}
            ended => {
                let state = match ended {
                    InvitationState::Admitted => "used: its agency is a member",
                    InvitationState::Cancelled => "cancelled already",
                    _ => "expired",
                };
                return Err(Error::State { what: "invite", state: state.to_owned(), needed: "there is nothing to take back" });
            }
        }
        row.cancelled = Some(context.now());
        item::put(tx, id, &row)
    })?;
    context.invited().notify_one();
    Ok(())
}

/// Agencies that ask to be admitted and wait for somebody here.
///
/// # Errors
/// [`Error::Store`] or [`Error::Damaged`].
pub fn waiting(context: &Context) -> Result<Vec<InvitationView>, Error> {
    let waits = |view: &InvitationView| matches!(view.state, InvitationState::Asked | InvitationState::Rejected);
    Ok(list(context)?.into_iter().filter(waits).collect())
}
