//! Answers invited agencies. What binds an invitation is stored before it is answered, so that it is bound once.

use std::time::Duration;

use parangon_protocol::canonical;
use parangon_protocol::charter::MemberCard;
use parangon_protocol::id::Hash;
use parangon_protocol::invitation::{self, Answer, Question, Refusal};
use parangon_protocol::limits;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::item;
use super::super::{Context, Error, salt};
use super::{Guest, Row, answered, standing};
use crate::network::{NetworkHandle, PeerId, Visit, peer_of};
use crate::store::{Source, Tx};

/// Between two looks at what has expired.
const SWEEP: Duration = Duration::from_secs(60);

/// Runs until `stop`.
pub async fn run(context: Context, network: NetworkHandle, mut visits: mpsc::Receiver<Visit>, stop: CancellationToken) {
    loop {
        match context.run(|context| answered(&context.store().read()?, context)).await {
            Ok(keys) if network.set_guests(keys.iter().map(peer_of).collect()).await.is_err() => return,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the invites cannot be read; nobody new is let in"),
        }
        let sweep = tokio::time::sleep(SWEEP);
        tokio::pin!(sweep);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = context.invited().notified() => break,
                () = &mut sweep => break,
                visit = visits.recv() => match visit {
                    Some(visit) => receive(&context, visit).await,
                    None => return,
                },
            }
        }
    }
}

async fn receive(context: &Context, Visit { guest, question, reply }: Visit) {
    match context.run(move |context| answer(context, &guest, question)).await {
        Ok(answer) => {
            if let Err(error) = reply.send(answer) {
                tracing::warn!(%error, "an invited agency got no answer");
            }
        }
        Err(error) => tracing::warn!(%error, "an invited agency got no answer"),
    }
}

fn answer(context: &Context, guest: &PeerId, question: Question) -> Result<Answer, Error> {
    let found = find(&context.store().read()?, guest)?;
    let Some((id, row)) = found.filter(|(_, row)| row.answers(context).unwrap_or(false)) else {
        return Ok(Answer::Refused(Refusal::Ended)); // before the network closes the connection
    };
    Ok(match question {
        Question::Look => federation(context)?,
        Question::Ask { card, commitment } => ask(context, &id, card, commitment)?,
        Question::Reveal { nonce } => reveal(context, &id, nonce)?,
        Question::Standing => match &row.guest {
            Some(guest) if guest.theirs.is_some() => Answer::Standing(standing(context, guest.card()?.body())),
            _ => Answer::Refused(Refusal::NotAsked),
        },
    })
}

fn find<S: Source>(tx: &Tx<S>, guest: &PeerId) -> Result<Option<(String, Row)>, Error> {
    let mut found = None;
    item::each::<Row, S>(tx, |id, row| {
        if peer_of(&row.key) == *guest {
            found = Some((id, row));
        }
        Ok(())
    })?;
    Ok(found)
}

fn federation(context: &Context) -> Result<Answer, Error> {
    let chain = canonical::encode(&context.chain().to_text(), limits::DOCUMENT_BYTES)?;
    let records = context.engine().overview().logs.values().map(|log| log.size).sum();
    Ok(Answer::Federation { chain, now: context.now(), records })
}

/// The first card that asks has the invitation from then on, with the nonce that it committed to.
fn ask(context: &Context, id: &str, text: Vec<u8>, commitment: Hash) -> Result<Answer, Error> {
    let Ok(card) = MemberCard::read(&text) else { return Ok(Answer::Refused(Refusal::Card)) };
    // One text for one card: the check words are made of it.
    let Some(text) = String::from_utf8(text).ok().filter(|text| card.to_text().is_ok_and(|only| only == text.as_bytes())) else {
        return Ok(Answer::Refused(Refusal::Card));
    };
    let ours = salt()?;
    context.transact(|tx| {
        let mut row: Row = item::get(tx, id)?;
        if let Some(guest) = &row.guest {
            let same = guest.card == text && guest.commitment == commitment;
            return Ok(if same { Answer::Nonce(guest.ours) } else { Answer::Refused(Refusal::Used) });
        }
        if let Err(refusal) = invitation::may_ask(&row.to, card.body(), &context.charter()) {
            return Ok(Answer::Refused(refusal));
        }
        row.guest = Some(Guest { since: context.now(), card: text, commitment, ours, theirs: None });
        item::put(tx, id, &row)?;
        Ok(Answer::Nonce(ours))
    })
}

fn reveal(context: &Context, id: &str, nonce: Hash) -> Result<Answer, Error> {
    context.transact(|tx| {
        let mut row: Row = item::get(tx, id)?;
        let Some(guest) = &mut row.guest else { return Ok(Answer::Refused(Refusal::NotAsked)) };
        if invitation::commitment(&nonce, guest.card.as_bytes()) != guest.commitment {
            return Ok(Answer::Refused(Refusal::Nonce));
        }
        let standing = standing(context, guest.card()?.body());
        guest.theirs = Some(nonce);
        item::put(tx, id, &row)?;
        Ok(Answer::Standing(standing))
    })
}
