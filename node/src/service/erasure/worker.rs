//! What goes on by itself: once a day and at the start the charter's periods are applied; free pages are cleared when somebody waits for
//! it, and else once a day.

use std::time::Duration;

use parangon_protocol::id::Hash;
use parangon_protocol::review::Message;
use tokio_util::sync::CancellationToken;

use super::carry::{Owed, PAGES};
use super::{Order, Request, backups_until, retention};
use crate::service::item::{self, Item};
use crate::service::{Context, Error, mail};

/// Between two looks.
const SWEEP: Duration = Duration::from_secs(3_600);

/// After a look failed.
const RETRY: Duration = Duration::from_secs(60);

const DAY: u64 = 86_400;

/// Runs until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => {} // the first comes at once
            () = context.erasing().notified() => {}
        }
        let before = last;
        match context.run(move |context| tend(context, before)).await {
            Ok(today) => last = Some(today),
            Err(error) => {
                tracing::warn!(%error, code = error.code(), "what is to be deleted could not be; it is tried again");
                sweep.reset_after(RETRY);
            }
        }
    }
}

/// One look; the first of a day applies the charter's periods. Returns the day.
fn tend(context: &Context, last: Option<u64>) -> Result<u64, Error> {
    let today = retention::trusted(context)?.seconds() / DAY;
    let daily = last != Some(today);
    if daily {
        retention::apply(context)?;
    }
    clear(context, daily)?;
    Ok(today)
}

/// Clears free pages, and says so to whoever waits for it.
fn clear(context: &Context, daily: bool) -> Result<(), Error> {
    let tx = context.store().read()?;
    let Some(owed) = item::find::<Owed, _>(&tx, PAGES)?.filter(|owed| owed.urgent || daily) else { return Ok(()) };
    let (mut orders, mut requests) = (Vec::new(), Vec::new());
    item::each::<Order, _>(&tx, |id, order| {
        orders.extend(order.cleared.is_none().then_some(id));
        Ok(())
    })?;
    item::each::<Request, _>(&tx, |id, request| {
        requests.extend(request.answered.is_none().then_some(id));
        Ok(())
    })?;
    drop(tx);
    context.store().compact()?;
    let now = context.now();
    context.transact(|tx| {
        for id in &orders {
            let order: Order = item::get(tx, id)?;
            item::put(tx, id, &Order { cleared: Some(now), ..order })?;
        }
        for id in &requests {
            let request: Request = item::get(tx, id)?;
            let offer: Hash = id.parse().map_err(|_| Error::Damaged { what: Request::WHAT })?;
            mail::tell(context, tx, &request.from, &Message::Erased { offer, deleted: now, until: backups_until(now) })?;
            item::put(tx, id, &Request { answered: Some(now), ..request })?;
        }
        // What was deleted meanwhile is cleared next time.
        if item::find::<Owed, _>(tx, PAGES)?.is_some_and(|now| now.count == owed.count) {
            tx.delete_private(Owed::KIND, PAGES)?;
        } else {
            context.erasing().notify_one();
        }
        Ok(())
    })?;
    context.queued().notify_one();
    tracing::info!(orders = orders.len(), requests = requests.len(), "free pages of the store were cleared");
    Ok(())
}
