//! What belongs to something that is to be erased, and whether it may be.

use parangon_protocol::id::Hash;
use parangon_protocol::label::LabelId;
use parangon_protocol::review::Outcome;

use super::view::{LabelBehind, PlanView, ToldView};
use super::{NewErasure, Target};
use crate::engine::RegisterRow;
use crate::service::assessments::Sheet;
use crate::service::item;
use crate::service::offers::Offered;
use crate::service::register::{self, Standing};
use crate::service::{Context, Error, clusters, mail};
use crate::store::{Source, Tx};

const STAYS: [&str; 3] = [
    "labels, endorsements and statistics that were published: they are public, and every log goes on to verify",
    "commitments in logs and labels: without content and salt they say nothing",
    "backups that were made before, for 90 days at most",
];

const UNBACKED: &str = "the cluster in our statistics: from now on it is counted with what its label proves, and as not known in all else";

/// Everything that goes.
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) of: String,
    /// The cluster's name.
    name: String,
    pub(super) sheets: Vec<(String, Sheet)>,
    pub(super) offers: Vec<(String, Offered)>,
}

impl Plan {
    pub(super) fn of<S: Source>(tx: &Tx<S>, target: Target, of: &str) -> Result<Self, Error> {
        let (mut sheets, mut offers) = (Vec::new(), Vec::new());
        let cluster = match target {
            Target::Assessment => {
                let sheet = item::get::<Sheet, S>(tx, of)?;
                let cluster = sheet.assessment.cluster.to_string();
                sheets.push((of.to_owned(), sheet));
                cluster
            }
            Target::Offer => {
                let offered = item::get::<Offered, S>(tx, of)?;
                let cluster = offered.offer.body.cluster.id.to_string();
                offers.push((of.to_owned(), offered));
                cluster
            }
            Target::Cluster => of.to_owned(),
            Target::Review => return Err(Error::missing("offer", of)), // another agency's: see `own`
        };
        let name = match offers.first() {
            Some((_, offered)) => offered.offer.body.cluster.name.to_string(),
            None => clusters::name(tx, &cluster)?.to_string(),
        };
        if target == Target::Cluster {
            item::each::<Sheet, S>(tx, |id, sheet| {
                if sheet.assessment.cluster.as_str() == of {
                    sheets.push((id, sheet));
                }
                Ok(())
            })?;
        }
        if target != Target::Offer {
            item::each::<Offered, S>(tx, |id, offered| {
                let belongs = offered.offer.body.cluster.id.as_str() == of || sheets.iter().any(|(sheet, _)| sheet == offered.sheet());
                if belongs {
                    offers.push((id, offered));
                }
                Ok(())
            })?;
        }
        Ok(Self { target, of: of.to_owned(), name, sheets, offers })
    }

    /// Labels that stand on it.
    pub(super) fn labels(&self) -> Vec<LabelId> {
        self.offers.iter().filter_map(|(_, offered)| offered.label).collect()
    }

    fn behind<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<Vec<LabelBehind>, Error> {
        let overview = context.engine().overview();
        let mut found = Vec::new();
        for id in self.labels() {
            let Some(row) = RegisterRow::read(tx, &id)? else { continue };
            let standing = register::judge(&row, &overview, context.now()).standing;
            let over = matches!(standing, Standing::Expired | Standing::Withdrawn | Standing::Replaced | Standing::Void);
            found.push(LabelBehind { id: id.to_string(), state: standing.as_str(), over });
        }
        Ok(found)
    }

    fn open(&self) -> impl Iterator<Item = &String> {
        self.offers.iter().filter(|(_, offered)| offered.exchange.outcome() == Outcome::Open).map(|(id, _)| id)
    }

    /// Whether somebody still works with it.
    pub(super) fn is_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Refuses what somebody still works with, and what was not meant.
    pub(super) fn is_allowed<S: Source>(&self, context: &Context, tx: &Tx<S>, new: &NewErasure) -> Result<(), Error> {
        if self.is_open() {
            let needed = "withdraw the offer first: parangon review cancel OFFER";
            return Err(Error::State { what: new.target.as_str(), state: "under review".to_owned(), needed });
        }
        if let Some(label) = self.behind(context, tx)?.into_iter().find(|label| !label.over && !new.with_label) {
            return Err(Error::BehindLabel { label: label.id, state: label.state });
        }
        is_confirmed(new, &self.name)
    }

    pub(super) fn view<S: Source>(&self, context: &Context, tx: &Tx<S>) -> Result<PlanView, Error> {
        let labels = self.behind(context, tx)?;
        let mut stays = STAYS.to_vec();
        stays.extend(labels.iter().any(|label| !label.over).then_some(UNBACKED));
        let (mut recipients, mut messages) = (Vec::new(), 0);
        for (id, offered) in &self.offers {
            let hash = offered.exchange.offer_hash();
            for (agency, _) in offered.exchange.parties() {
                let copy = offered.exchange.copy(agency).is_some();
                recipients.push(ToldView { agency: agency.to_string(), offer: id.clone(), copy });
                messages += waiting(tx, agency, &hash)?.len();
            }
        }
        let sheets = || self.sheets.iter().map(|(_, sheet)| &sheet.assessment);
        Ok(PlanView {
            target: self.target,
            id: self.of.clone(),
            name: self.name.clone(),
            assessments: self.sheets.iter().map(|(id, _)| id.clone()).collect(),
            answers: sheets().map(|assessment| assessment.scores.len()).sum(),
            notes: sheets().map(|assessment| assessment.notes.len()).sum(),
            files: sheets().map(|assessment| assessment.files().count()).sum(),
            file_bytes: sheets().flat_map(|assessment| assessment.files()).map(|(_, file)| file.bytes).sum(),
            offers: self.offers.iter().map(|(id, _)| id.clone()).collect(),
            reviews: self.offers.iter().map(|(_, offered)| offered.received()).sum(),
            questions: self.offers.iter().map(|(_, offered)| offered.questions()).sum(),
            cluster: self.target == Target::Cluster,
            messages,
            recipients,
            labels,
            open: self.open().cloned().collect(),
            stays,
        })
    }
}

/// Whether whoever asks has typed the cluster's name.
pub(super) fn is_confirmed(new: &NewErasure, name: &str) -> Result<(), Error> {
    match &new.confirm {
        Some(typed) if typed.trim() == name => Ok(()),
        Some(_) => Err(Error::field("/confirm", "not the name of the cluster; nothing was changed")),
        None => Err(Error::field("/confirm", "the name of the cluster is needed: this cannot be undone")),
    }
}

/// Numbers of the messages about an offer that wait for an agency.
pub(super) fn waiting<S: Source>(tx: &Tx<S>, to: &parangon_protocol::id::AgencyId, offer: &Hash) -> Result<Vec<u64>, Error> {
    Ok(tx.outbox_numbers(to, |message| mail::offer_of(message).is_ok_and(|of| of == *offer))?)
}
