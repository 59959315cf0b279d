//! How long we keep what belongs to other agencies' clusters, and how it goes.

use parangon_protocol::charter::Retention;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::label::LabelId;
use parangon_protocol::review::{Outcome, State};
use parangon_protocol::time::Timestamp;

use super::review::ENDORSEMENT_DAYS;
use super::{Assigned, DossierKey, SEALED_DOSSIER, destroy, is_over, load, owner, parts, step_back, talk, work};
use crate::service::item::{self, Item};
use crate::service::{Context, Error, anchors, erasure};
use crate::store::{ReadTx, Source, Tx, WriteTx};

/// Ids with the moment from which they are to go.
pub(crate) type DueList = Vec<(String, Timestamp)>;

impl Assigned {
    /// When the exchange was over for us: by its end, by our own, or when our endorsement can go into no label any more.
    fn over_at(&self) -> Option<Timestamp> {
        let counts = match self.assignment.state() {
            _ if is_over(self) => return Some(self.since),
            State::Declined | State::Withdrawn | State::Contradicted => return Some(self.since),
            State::Finalised => true,
            State::Reviewed => !self.offer.body.comments,
            _ => false,
        };
        counts.then(|| self.since.plus(ENDORSEMENT_DAYS * 86_400))
    }
}

/// Who spoke last about an offer that is over for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastWord {
    /// The owner, or nobody has to.
    Theirs,
    /// We, when we declined.
    Declined,
    /// We, when we stepped back.
    SteppedBack,
}

/// What we hold of an offer, for whoever erases it.
pub(crate) struct Held {
    pub(crate) owner: AgencyId,
    pub(crate) offer: Hash,
    /// The cluster's name.
    pub(crate) cluster: String,
    /// Commitment of our copy of the dossier, when we had one.
    pub(crate) copy: Option<Hash>,
    /// The label that it led to.
    pub(crate) label: Option<LabelId>,
    /// When it was, or will be, over for us.
    pub(crate) over_at: Option<Timestamp>,
    pub(crate) last_word: LastWord,
    /// Reviews of ours, drafts too.
    pub(crate) reviews: usize,
    pub(crate) questions: usize,
}

/// What we hold of an offer.
pub(crate) fn held<S: Source>(tx: &Tx<S>, offer: &str) -> Result<Held, Error> {
    let assigned = load(tx, offer)?;
    let last_word = match assigned.assignment.state() {
        _ if is_over(&assigned) => LastWord::Theirs,
        State::Declined => LastWord::Declined,
        State::Withdrawn => LastWord::SteppedBack,
        _ => LastWord::Theirs,
    };
    Ok(Held {
        owner: owner(&assigned).clone(),
        offer: assigned.assignment.offer_hash(),
        cluster: assigned.offer.body.cluster.name.to_string(),
        copy: assigned.assignment.copy().copied(),
        label: match assigned.assignment.outcome() {
            Outcome::Issued(label) => Some(label),
            Outcome::Open | Outcome::Withdrawn => None,
        },
        over_at: assigned.over_at(),
        last_word,
        reviews: [&assigned.review, &assigned.last].into_iter().flatten().count(),
        questions: talk::questions(tx, offer)?,
    })
}

/// When each copy of a dossier, and each review of ours, is to go.
pub(crate) fn due(tx: &ReadTx, retention: &Retention) -> Result<(DueList, DueList), Error> {
    let (mut dossiers, mut reviews) = (Vec::new(), Vec::new());
    item::each::<Assigned, _>(tx, |id, assigned| {
        if item::find::<DossierKey, _>(tx, &id)?.is_some() {
            let end = assigned.over_at().map_or(assigned.offer.body.due, |over| over.min(assigned.offer.body.due));
            dossiers.push((id.clone(), retention.dossier_until(end)));
        }
        if assigned.review.is_some() || assigned.last.is_some() {
            reviews.extend(assigned.over_at().map(|over| (id, retention.review_until(over))));
        }
        Ok(())
    })?;
    Ok((dossiers, reviews))
}

/// Gives up a review whose copy of the dossier is to go: we step back, and the owner gets a receipt.
pub(crate) fn let_go(context: &Context, offer: &str) -> Result<(), Error> {
    let at_work = {
        let assigned = load(&context.store().read()?, offer)?;
        !is_over(&assigned) && matches!(assigned.assignment.state(), State::Accepted | State::DossierSent | State::Reviewed)
    };
    if at_work {
        return step_back(context, offer, None).map(drop);
    }
    context.transact(|tx| {
        let assigned = load(tx, offer)?;
        destroy(context, tx, &assigned)
    })
}

/// Deletes the content and the salt of our own review. What stands in a label stays.
pub(crate) fn forget_review(tx: &mut WriteTx, offer: &str, now: Timestamp) -> Result<(), Error> {
    let mut assigned = load(tx, offer)?;
    assigned.review = None;
    assigned.last = None;
    assigned.erased = Some(now);
    anchors::forget(tx, &assigned.assignment.offer_hash())?;
    if assigned.assignment.state() != State::Issued {
        assigned.endorsement = None;
    }
    item::put(tx, offer, &assigned)?;
    erasure::owe(tx, true)
}

/// Deletes everything that we hold of an offer, ended or not. Returns how many items that were.
pub(crate) fn erase(tx: &mut WriteTx, offer: &str) -> Result<u64, Error> {
    let mut items = parts::forget(tx, offer)?;
    for kind in [SEALED_DOSSIER, talk::Conversation::KIND, work::Work::KIND, DossierKey::KIND, Assigned::KIND] {
        items += u64::from(tx.delete_private(kind, offer)?);
    }
    Ok(items)
}
