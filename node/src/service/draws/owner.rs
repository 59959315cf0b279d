//! A draw that we called for, from the call to the evidence.

use std::collections::BTreeMap;

use parangon_protocol::anchor::{DAY_SECONDS, Dated, day_of};
use parangon_protocol::charter::Level;
use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::review::draw::{
    Call, Cycle, Deal, Disclosed, Draw, DrawError, Message, Parties, Recovered, Recovery, Selected, Selection, SignedCommitment,
    SignedOpening, SignedRelease, choice,
};
use parangon_protocol::review::history::explain;
use parangon_protocol::review::panel::Case;
use parangon_protocol::review::{Signed, Statement};

use super::{ASKED, Called, DAYS, DrawView, EVIDENCE_BYTES, NewDraw, Once, PATIENCE, cycle_id, item, last_label, send, with_keys};
use crate::service::{Context, Error, anchors, assessments, clusters, panel, register, salt};
use crate::store::WriteTx;
use parangon_protocol::time::Timestamp;

/// Seconds after the time for commitments from which a draw that is not over came to nothing.
const GIVEN_UP: u64 = 30 * DAY_SECONDS;

/// Signs the call and notes it for the day's anchor.
pub(super) fn call(context: &Context, new: &NewDraw) -> Result<DrawView, Error> {
    let charter = context.charter();
    let level: Level = new.level.parse().map_err(Error::name("/level"))?;
    let scheme = panel::scheme_of(&charter, new.scheme.as_deref(), level)?;
    let rule = charter.rule(&scheme, level).ok_or_else(|| Error::field("/level", format!("{scheme} has no rule for {level}")))?;
    let everybody: Vec<AgencyId> = charter.members.iter().map(|member| member.id.clone()).collect();
    context.transact(|tx| {
        let sheet = assessments::sheet(tx, &new.assessment)?;
        let cluster = clusters::facts(tx, sheet.assessment.cluster.as_str())?.id;
        let mut cycle = Cycle { cluster, scheme: scheme.clone(), level, after: None };
        cycle.after = last_label(tx, &cycle)?;
        let once = cycle_id(&cycle);
        if let Some(Once { call }) = item::find(tx, &once)? {
            return Err(Error::Exists { what: format!("the draw {} for the cluster's next label of this level", &call.to_string()[..12]) });
        }
        let (_, past) = register::history(tx, |_| true)?;
        let case = Case { owner: context.me(), cluster: Some(&cycle.cluster), scheme: &cycle.scheme, at: sheet.assessment.month };
        let eligible = explain(&charter, rule, &past, case).into_iter().filter(|(_, answer)| answer.is_eligible());
        let eligible: Vec<AgencyId> = eligible.map(|(agency, _)| agency).collect();
        choice::next(&charter, rule, case, &eligible, &[], &[]).map_err(|cause| Error::State {
            what: "draw",
            state: format!("of no use, whoever comes first: {cause}"),
            needed: "parangon review eligible CLUSTER --level LEVEL shows who may review",
        })?;
        let created = context.now();
        let Cycle { cluster, scheme, level, after } = cycle;
        let call = Call {
            after,
            assessed: sheet.assessment.month,
            charter: charter.version,
            cluster,
            created,
            heads: panel::heads(context, &charter, &everybody),
            level,
            owner: context.me().clone(),
            salt: salt()?,
            scheme,
            until: day_of(created).plus(DAYS * DAY_SECONDS),
        };
        let parties = Parties::of(&charter, &call)?;
        let id = *parties.call();
        let call = Signed::sign(call, context.federation(), &context.issue_key())?;
        item::put(tx, &once, &Once { call: id })?;
        anchors::note(context, tx, id, id, &[])?;
        let called = Called {
            call,
            assessment: new.assessment.clone(),
            sent: None,
            commitments: BTreeMap::new(),
            shares: BTreeMap::new(),
            receipts: BTreeMap::new(),
            selection: None,
            openings: BTreeMap::new(),
            withheld: BTreeMap::new(),
            draw: None,
            failed: None,
        };
        item::put(tx, &id.to_string(), &called)?;
        called.view(context, tx)
    })
}

impl Called {
    /// Whether something is still to come.
    pub(super) fn is_open(&self) -> bool {
        self.draw.is_none() && self.failed.is_none()
    }

    pub(super) fn parties(&self, context: &Context) -> Result<Parties, Error> {
        Ok(Parties::of(&*context.charter_version(self.call.body.charter)?, &self.call.body)?)
    }

    /// Whether time alone may bring it on, or end it.
    pub(super) fn waits_for_time(&self, now: Timestamp) -> bool {
        let is_next = match &self.selection {
            None => now >= self.call.body.until,
            Some(selection) => now >= selection.body.created.plus(PATIENCE),
        };
        self.is_open() && is_next
    }

    /// Whether a commitment can be selected: it is here, our share is one of the same, and enough others have theirs. Then its value is opened
    /// whatever its contributor does from now on.
    pub(super) fn is_ready(&self, parties: &Parties, contributor: &AgencyId) -> bool {
        let (Some(commitment), Some(deal)) = (self.commitments.get(contributor), self.shares.get(contributor)) else { return false };
        let Ok(hash) = commitment.body.hash() else { return false };
        let receipts: Vec<AgencyId> = self.receipts.get(&hash).into_iter().flatten().cloned().collect();
        deal.commitment.body == commitment.body && parties.is_dealt(contributor, &receipts).is_ok()
    }
}

/// Who is asked for a value.
pub(super) fn asked(parties: &Parties) -> &[AgencyId] {
    &parties.order()[..ASKED.min(parties.order().len())]
}

/// A statement of ours is dated: where it is a call, it goes to the contributors.
pub(crate) fn on_dated(context: &Context, tx: &mut WriteTx, dated: &Dated) -> Result<(), Error> {
    let id = dated.statement.to_string();
    let Some(mut called) = item::find::<Called, _>(tx, &id)?.filter(|called| called.sent.is_none()) else { return Ok(()) };
    let parties = called.parties(context)?;
    if context.now() >= called.call.body.until {
        called.failed = Some("its anchor came when the time for values was over".to_owned());
        return item::put(tx, &id, &called);
    }
    for agency in asked(&parties) {
        let (call, dated) = (Box::new(called.call.clone()), Box::new(dated.clone()));
        send(context, tx, agency, Message::Call { call, dated })?;
    }
    called.sent = Some(context.now());
    item::put(tx, &id, &called)
}

/// Our draw of that name.
fn load(tx: &WriteTx, call: &Hash) -> Result<Called, Error> {
    item::get(tx, &call.to_string())
}

pub(super) fn on_commit(context: &Context, tx: &mut WriteTx, signed: &SignedCommitment) -> Result<(), Error> {
    let mut called = load(tx, &signed.body.call)?;
    with_keys(context, |keys| keys.verify(signed).map(drop))?;
    let contributor = &signed.body.contributor;
    called.parties(context)?.position(contributor)?;
    if signed.body.created > called.call.body.until {
        return Err(DrawError::Late(contributor.clone()).into());
    }
    match called.commitments.get(contributor) {
        Some(held) if held.body == signed.body => return Ok(()),
        Some(_) => {
            tracing::warn!(agency = %contributor, "an agency commits twice in one draw; the first one stands");
            return Err(DrawError::OtherCommitments.into());
        }
        None => {}
    }
    if called.selection.is_none() {
        called.commitments.insert(contributor.clone(), signed.clone());
    }
    save(context, tx, called)
}

pub(super) fn on_deal(context: &Context, tx: &mut WriteTx, deal: &Deal) -> Result<(), Error> {
    let mut called = load(tx, &deal.commitment.body.call)?;
    with_keys(context, |keys| keys.verify(&deal.commitment).map(drop))?;
    deal.check(&called.parties(context)?, context.me())?;
    called.shares.entry(deal.commitment.body.contributor.clone()).or_insert_with(|| deal.clone());
    save(context, tx, called)
}

/// A holder has its share.
pub(super) fn on_held(context: &Context, tx: &mut WriteTx, from: &AgencyId, call: &Hash, commitment: &Hash) -> Result<(), Error> {
    let mut called = load(tx, call)?;
    // The commitment may still be on its way. Nobody holds shares of more values than there are contributors.
    let others = called.receipts.values().filter(|holders| holders.contains(from)).count();
    if called.selection.is_some() || others >= called.parties(context)?.order().len() {
        return Ok(());
    }
    called.receipts.entry(*commitment).or_default().insert(from.clone());
    save(context, tx, called)
}

pub(super) fn on_open(context: &Context, tx: &mut WriteTx, mut called: Called, signed: &SignedOpening) -> Result<(), Error> {
    let parties = called.parties(context)?;
    let contributor = &signed.body.contributor;
    {
        let (selection, commitments) = selected(&called, &parties).ok_or_else(|| DrawError::OtherSelection(contributor.clone()))?;
        let checked = with_keys(context, |keys| {
            let opening = &*keys.verify(signed)?;
            let selected = Selected::verify(&parties, &called.call.body, keys, &selection, &commitments)?;
            // One that does not open what was committed to counts as none.
            selected.opening(&opening.contributor, opening.value.clone()).map(|expected| expected == *opening)
        })?;
        if !checked {
            return Err(DrawError::OtherSelection(contributor.clone()).into());
        }
    }
    called.openings.entry(contributor.clone()).or_insert_with(|| signed.clone());
    save(context, tx, called)
}

pub(super) fn on_release(context: &Context, tx: &mut WriteTx, signed: &SignedRelease, shares: &[Hash]) -> Result<(), Error> {
    let release = &signed.body;
    let mut called = load(tx, &release.call)?;
    let parties = called.parties(context)?;
    with_keys(context, |keys| keys.verify(signed).map(drop))?;
    let hash = called.selection.as_ref().map(|selection| selection.body.hash()).transpose()?;
    if hash != Some(release.selection) {
        return Err(DrawError::OtherSelection(release.holder.clone()).into());
    }
    let unasked = || DrawError::NotAContributor(release.contributor.clone());
    let commitment = called.commitments.get(&release.contributor).ok_or_else(unasked)?;
    Recovery::new(&parties, &commitment.body, shares)?.add(&release.holder, &release.share)?;
    let releases = called.withheld.get_mut(&release.contributor).ok_or_else(unasked)?;
    releases.entry(release.holder.clone()).or_insert_with(|| signed.clone());
    save(context, tx, called)
}

/// The selection with its commitments, in its order.
fn selected(called: &Called, parties: &Parties) -> Option<(parangon_protocol::review::draw::SignedSelection, Vec<SignedCommitment>)> {
    let selection = called.selection.clone()?;
    let in_order = parties.order().iter().filter_map(|agency| called.commitments.get(agency));
    let named = in_order.filter(|signed| signed.body.hash().is_ok_and(|hash| selection.body.commitments.contains(&hash)));
    Some((selection.clone(), named.cloned().collect()))
}

/// Goes on with a draw of ours as far as it can.
pub(super) fn go_on(context: &Context, tx: &mut WriteTx, id: &str) -> Result<(), Error> {
    let called: Called = item::get(tx, id)?;
    save(context, tx, called)
}

fn save(context: &Context, tx: &mut WriteTx, mut called: Called) -> Result<(), Error> {
    let parties = called.parties(context)?;
    if called.is_open() && context.now() > called.call.body.until.plus(GIVEN_UP) {
        called.failed = Some("values that count were not opened".to_owned());
    }
    if called.is_open() && called.sent.is_some() && called.selection.is_none() {
        select(context, tx, &mut called, &parties)?;
    }
    if called.is_open() && called.selection.is_some() {
        disclose(context, tx, &mut called, &parties)?;
    }
    item::put(tx, &parties.call().to_string(), &called)
}

/// Fixes which commitments count: all that were asked for, or, when the time is over, those that came.
fn select(context: &Context, tx: &mut WriteTx, called: &mut Called, parties: &Parties) -> Result<(), Error> {
    let (now, call) = (context.now(), &called.call.body);
    let is_over = now >= call.until;
    let asked = asked(parties);
    let all = asked.iter().all(|agency| called.is_ready(parties, agency));
    if !all && !is_over {
        return Ok(());
    }
    // Only what others can open: whoever could keep its value for itself would see the other one first.
    let ready = asked.iter().filter(|agency| called.is_ready(parties, agency));
    let committed: Vec<SignedCommitment> = ready.filter_map(|agency| called.commitments.get(agency)).cloned().collect();
    let (needed, found) = (parties.needed(), committed.len());
    if found < needed {
        called.failed = Some(DrawError::TooFewCommitments { needed, found }.to_string());
        return Ok(());
    }
    let commitments = committed.iter().map(|signed| signed.body.hash()).collect::<Result<_, _>>()?;
    let selection = Selection { call: *parties.call(), commitments, created: now, owner: context.me().clone() };
    let selection = Signed::sign(selection, context.federation(), &context.issue_key())?;
    let charter = context.charter_version(call.charter)?;
    for member in charter.members.iter().filter(|member| member.id != *context.me()) {
        let (commitments, selection) = (committed.clone(), Box::new(selection.clone()));
        send(context, tx, &member.id, Message::Select { commitments, selection })?;
    }
    called.selection = Some(selection);
    Ok(())
}

/// Puts the evidence together as far as values are open. What is withheld is asked of those who hold its shares.
fn disclose(context: &Context, tx: &mut WriteTx, called: &mut Called, parties: &Parties) -> Result<(), Error> {
    let Some((selection, commitments)) = selected(called, parties) else { return Ok(()) };
    let (mut disclosed, mut values) = (Vec::new(), 0);
    for signed in &commitments {
        if values == parties.needed() {
            break;
        }
        let contributor = &signed.body.contributor;
        if let Some(opening) = called.openings.get(contributor) {
            disclosed.push(Disclosed::Contributor { opening: Box::new(opening.clone()) });
            values += 1;
            continue;
        }
        if let Some(releases) = called.withheld.get(contributor) {
            let Some(list) = called.shares.get(contributor).map(|deal| deal.shares.clone()) else { return Ok(()) };
            let mut recovery = Recovery::new(parties, &signed.body, &list)?;
            for release in releases.values() {
                recovery.add(&release.body.holder, &release.body.share)?;
            }
            match recovery.finish() {
                Ok(Recovered::Value(_)) => values += 1,
                Ok(Recovered::Void) => {}
                Err(DrawError::TooFewShares { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            disclosed.push(Disclosed::Holders { releases: distinct(parties, contributor, releases)?, shares: list });
        } else if context.now() >= selection.body.created.plus(PATIENCE) {
            withheld(context, tx, called, parties, contributor)?;
            return Ok(());
        } else {
            return Ok(());
        }
    }
    if values < parties.needed() {
        let (needed, found) = (parties.needed(), values);
        called.failed = Some(DrawError::Unfinished { needed, found }.to_string());
        return Ok(());
    }
    let draw = Draw { call: called.call.clone(), commitments, disclosed, selection };
    let charter = context.charter_version(called.call.body.charter)?;
    with_keys(context, |keys| draw.verify(&charter, keys).map(drop))?;
    if draw.encode()?.len() > EVIDENCE_BYTES {
        called.failed = Some("its evidence finds no room in a label: too many values were withheld".to_owned());
        return Ok(());
    }
    tracing::info!(call = %parties.call(), "reviewers are drawn");
    called.draw = Some(draw);
    Ok(())
}

/// One release of each group, as many as open the value: what others hold beyond that stands in no evidence.
fn distinct(parties: &Parties, contributor: &AgencyId, releases: &BTreeMap<AgencyId, SignedRelease>) -> Result<Vec<SignedRelease>, Error> {
    let mut places = BTreeMap::new();
    for (holder, release) in releases {
        places.entry(parties.place(holder, contributor)?).or_insert_with(|| release.clone());
    }
    Ok(places.into_values().take(parties.threshold()).collect())
}

/// Asks those who hold shares of a value that its contributor does not open. Our own share is one of them.
fn withheld(context: &Context, tx: &mut WriteTx, called: &mut Called, parties: &Parties, contributor: &AgencyId) -> Result<(), Error> {
    let Some((selection, commitments)) = selected(called, parties) else { return Ok(()) };
    let mut releases = BTreeMap::new();
    let hash = selection.body.hash()?;
    if let Some(deal) = called.shares.get(contributor) {
        let own = with_keys(context, |keys| {
            let selected = Selected::verify(parties, &called.call.body, keys, &selection, &commitments)?;
            selected.release(contributor, context.me(), deal.share.clone())
        })?;
        releases.insert(context.me().clone(), Signed::sign(own, context.federation(), &context.issue_key())?);
    }
    for holder in parties.holders(contributor)?.into_values().flatten().filter(|holder| *holder != context.me()) {
        let (call, contributor) = (*parties.call(), contributor.clone());
        send(context, tx, holder, Message::Withheld { call, contributor, selection: hash })?;
    }
    called.withheld.insert(contributor.clone(), releases);
    Ok(())
}
