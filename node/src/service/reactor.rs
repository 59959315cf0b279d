//! What the node does by itself when the logs change: it closes offers whose label appeared, confirms in its log the
//! endorsements it made, and states the standing of its labels. One round at a time, so never two status records at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parangon_protocol::check::Soundness;
use parangon_protocol::id::Hash;
use parangon_protocol::label::status::{State, StatusTree};
use parangon_protocol::label::{Common, LabelId};
use parangon_protocol::record::{EndorsementEntry, Record};
use parangon_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::inbox::{self, Made};
use super::item::{self, Item};
use super::{Context, Error, offers, register};
use crate::engine::{Change, News, RegisterRow};
use crate::store::ReadTx;

/// Between two looks at everything: for what failed before, and for the age of the status.
const SWEEP: Duration = Duration::from_secs(3_600);

/// After a round failed, until everything is looked at again.
const RETRY: Duration = Duration::from_secs(30);

/// A verdict of *valid* needs a status of at most 35 days by default; this leaves ten for delivery.
const STATUS_SECONDS: u64 = 25 * 86_400;

/// When we last stated our labels' standing, and what we said.
#[derive(Serialize, Deserialize)]
struct LastStatus {
    at: Timestamp,
    root: Hash,
}

impl Item for LastStatus {
    const KIND: u8 = 11;
    const WHAT: &'static str = "status note";
}

const LAST: &str = "last";

/// What one round found to do.
#[derive(Default)]
struct Round {
    /// Labels whose offer, ours or one that we accepted, is still open here.
    issued: Vec<Common>,
    /// Endorsements to confirm, with their labels.
    confirm: Vec<(LabelId, Hash)>,
}

struct Reactor {
    context: Context,
    /// Our labels as the register has them; unknown after a round that failed.
    own: Option<BTreeMap<LabelId, State>>,
}

/// Runs until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut changes = context.engine().subscribe();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut reactor = Reactor { context, own: None };
    loop {
        let mut labels = BTreeSet::new();
        let everything = tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => true, // the first comes at once
            change = changes.recv() => match change {
                Ok(change) => note(&mut labels, change),
                Err(broadcast::error::RecvError::Lagged(_)) => true,
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
        let everything = everything | drain(&mut changes, &mut labels);
        if !everything && labels.is_empty() {
            continue;
        }
        if let Err(error) = reactor.round(labels, everything).await {
            tracing::warn!(%error, code = error.code(), "what followed from the logs could not be done; it is tried again");
            sweep.reset_after(RETRY);
        }
    }
}

/// Collects the label of a change. True for a change after which everything is to be looked at: while a node recovers it can
/// do nothing of this.
fn note(labels: &mut BTreeSet<LabelId>, news: News) -> bool {
    if let News::Log(Change::Label(label)) = news {
        labels.insert(label);
        return false;
    }
    matches!(news, News::Log(Change::Recovery))
}

/// Takes what is waiting already, so that one round and one status record serve many changes.
fn drain(changes: &mut broadcast::Receiver<News>, labels: &mut BTreeSet<LabelId>) -> bool {
    let mut everything = false;
    loop {
        match changes.try_recv() {
            Ok(change) => everything |= note(labels, change),
            Err(broadcast::error::TryRecvError::Lagged(_)) => everything = true,
            Err(_) => return everything,
        }
    }
}

impl Reactor {
    async fn round(&mut self, labels: BTreeSet<LabelId>, everything: bool) -> Result<(), Error> {
        if everything {
            self.context.run(inbox::resume).await?;
        }
        let known = self.own.take();
        let everything = everything || known.is_none();
        let mut own = known.unwrap_or_default();
        let (confirm, own, due) = self
            .context
            .run(move |context| {
                let labels = if everything { all(context)? } else { labels };
                let tx = context.store().read()?;
                let mut round = Round::default();
                for label in labels {
                    look(context, &tx, &label, &mut own, &mut round)?;
                }
                close(context, &round.issued)?;
                let due = status_due(context, &own)?;
                Ok((round.confirm, own, due))
            })
            .await?;
        self.own = Some(own);
        if !confirm.is_empty() {
            let entry = |(label, endorsement)| Record::Endorsement(label, EndorsementEntry { endorsement });
            self.context.engine().append(confirm.into_iter().map(entry).collect()).await?;
        }
        if let Some(root) = due {
            self.context.engine().append_status().await?;
            let at = self.context.now();
            self.context.run(move |context| context.transact(|tx| item::put(tx, LAST, &LastStatus { at, root }))).await?;
        }
        Ok(())
    }
}

/// Closes the offers whose label stands in a log, with one commit.
fn close(context: &Context, issued: &[Common]) -> Result<(), Error> {
    if issued.is_empty() {
        return Ok(());
    }
    context.transact(|tx| {
        for common in issued {
            offers::on_issued(context, tx, common)?;
            inbox::on_issued(context, tx, common)?;
        }
        Ok(())
    })
}

/// Every label that may need something: our own, those we endorsed, and those whose offer is open here.
fn all(context: &Context) -> Result<BTreeSet<LabelId>, Error> {
    let mut labels = BTreeSet::new();
    let tx = context.store().read()?;
    register::each(&tx, |row| {
        let common = &row.label.common;
        if common.owner == *context.me() || register::endorses(&row, context.me()) || inbox::awaits(&tx, common)? {
            labels.insert(row.label.id);
        }
        Ok(())
    })?;
    Ok(labels)
}

fn look(context: &Context, tx: &ReadTx, label: &LabelId, own: &mut BTreeMap<LabelId, State>, round: &mut Round) -> Result<(), Error> {
    let Some(row) = RegisterRow::read(tx, label)? else { return Ok(()) };
    let common = &row.label.common;
    let sound = row.label.soundness == Soundness::Sound;
    if common.owner == *context.me() {
        own.insert(*label, row.label.state);
        if sound && offers::awaits(tx, common)? {
            round.issued.push(common.clone());
        }
        return Ok(());
    }
    // Also where our review is not in it: the dossier goes.
    if sound && inbox::awaits(tx, common)? {
        round.issued.push(common.clone());
    }
    let mine = row.label.endorsements.iter().find(|(endorser, _)| endorser == context.me());
    if let (Some((_, endorsement)), true) = (mine, sound) {
        confirmation(context, tx, &row, endorsement, round)?;
    }
    Ok(())
}

/// Plans the confirmation of an endorsement: once, as our own log shows, and only of one that we made.
fn confirmation(context: &Context, tx: &ReadTx, row: &RegisterRow, endorsement: &Hash, round: &mut Round) -> Result<(), Error> {
    if row.confirmations.contains_key(context.me()) {
        return Ok(());
    }
    let label = row.label.id;
    match item::find::<Made, _>(tx, &label.to_string())? {
        Some(made) if made.endorsement == *endorsement => round.confirm.push((label, made.endorsement)),
        _ => tracing::warn!(%label, issuer = %row.label.common.owner, "a label names an endorsement that we did not make"),
    }
    Ok(())
}

/// When the standing of our labels was stated as it is. None when it is not.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn stated(tx: &ReadTx, own: &BTreeMap<LabelId, State>) -> Result<Option<Timestamp>, Error> {
    let root = StatusTree::new(own.iter().map(|(label, state)| (*label, *state))).root();
    Ok(item::find::<LastStatus, _>(tx, LAST)?.filter(|last| last.root == root).map(|last| last.at))
}

/// The root of the status that should be stated now, when one should be.
fn status_due(context: &Context, own: &BTreeMap<LabelId, State>) -> Result<Option<Hash>, Error> {
    let last = item::find::<LastStatus, _>(&context.store().read()?, LAST)?;
    let root = StatusTree::new(own.iter().map(|(label, state)| (*label, *state))).root();
    let fresh = match &last {
        Some(last) => last.root == root && context.now().since(last.at) < STATUS_SECONDS,
        None => own.is_empty(), // an agency without labels has nothing to state yet
    };
    Ok((!fresh).then_some(root))
}
