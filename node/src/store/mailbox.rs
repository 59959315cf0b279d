//! Messages to other agencies that were not acknowledged yet, and which of theirs were handled. Both survive a restart.

use parangon_protocol::id::{AgencyId, Hash};
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use redb::ReadableTable;

use super::tables::{META, OUTBOX, OUTBOX_TO, SEEN, Source, content, row};
use super::{StoreError, Tx, WriteTx};

pub(super) const OUTBOX_NAME: &str = "outbox";
const META_SEQUENCE: &str = "outbox-sequence";

impl<S: Source> Tx<S> {
    /// Messages to `to` that wait for an acknowledgement, oldest first, each with its number; as many as fit into
    /// `max_bytes`, at least one.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a row was altered or moved.
    pub fn outbox_pending(&self, to: &AgencyId, max_bytes: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let mut pending = Vec::new();
        let mut bytes = 0;
        for entry in self.source.table(OUTBOX)?.range((to.as_str(), 0)..=(to.as_str(), u64::MAX))? {
            let (place, row) = entry?;
            let (_, number) = place.value();
            let sealed = content(OUTBOX_NAME, row.value())?;
            bytes += sealed.len();
            if bytes > max_bytes && !pending.is_empty() {
                break;
            }
            let plain = self.vault.open(OUTBOX_NAME, &[to.as_str().as_bytes(), &number.to_be_bytes()], sealed)?;
            pending.push((number, plain.to_vec()));
        }
        Ok(pending)
    }

    /// Numbers of the messages to `to` that `fits` picks, one in memory at a time.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a row was altered or moved.
    pub fn outbox_numbers(&self, to: &AgencyId, fits: impl Fn(&[u8]) -> bool) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        for entry in self.source.table(OUTBOX)?.range((to.as_str(), 0)..=(to.as_str(), u64::MAX))? {
            let (place, row) = entry?;
            let (_, number) = place.value();
            let place: &[&[u8]] = &[to.as_str().as_bytes(), &number.to_be_bytes()];
            let plain = self.vault.open(OUTBOX_NAME, place, content(OUTBOX_NAME, row.value())?)?;
            numbers.extend(fits(&plain).then_some(number));
        }
        Ok(numbers)
    }

    /// How many messages wait for `to`, counted up to `limit`.
    ///
    /// # Errors
    /// An error of the database.
    pub fn outbox_count(&self, to: &AgencyId, limit: usize) -> Result<usize, StoreError> {
        let mut count = 0;
        for entry in self.source.table(OUTBOX)?.range((to.as_str(), 0)..=(to.as_str(), u64::MAX))?.take(limit) {
            entry?;
            count += 1;
        }
        Ok(count)
    }

    /// How many messages wait for each agency that has any.
    ///
    /// # Errors
    /// An error of the database.
    pub fn outbox_counts(&self) -> Result<Vec<(AgencyId, u64)>, StoreError> {
        let mut counts: Vec<(AgencyId, u64)> = Vec::new();
        for entry in self.source.table(OUTBOX)?.iter()? {
            let (place, _) = entry?;
            let (to, _) = place.value();
            match counts.last_mut() {
                Some((last, count)) if last.as_str() == to => *count += 1,
                _ => counts.push((to.parse().map_err(|_| StoreError::Row { table: OUTBOX_NAME })?, 1)),
            }
        }
        Ok(counts)
    }

    /// Whether a message with this hash was handled before (case W11: no second effect).
    ///
    /// # Errors
    /// An error of the database.
    pub fn seen(&self, message: &Hash) -> Result<bool, StoreError> {
        Ok(self.source.table(SEEN)?.get(&message.0)?.is_some())
    }
}

impl WriteTx {
    /// Queues a message. Its number grows with each message and is never used again.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`limits::PRIVATE_BYTES`].
    pub fn outbox_push(&mut self, to: &AgencyId, message: &[u8]) -> Result<u64, StoreError> {
        let (actual, limit) = (message.len(), limits::PRIVATE_BYTES);
        if actual > limit {
            return Err(StoreError::TooLarge { what: "a message", actual, limit });
        }
        let mut meta = self.source.open_table(META)?;
        let last = match meta.get(META_SEQUENCE)? {
            Some(row) => {
                let malformed = |_| StoreError::Row { table: "meta" };
                u64::from_be_bytes(content("meta", row.value())?.try_into().map_err(malformed)?)
            }
            None => 0,
        };
        let number = last.checked_add(1).ok_or_else(|| StoreError::Corrupted("the outbox numbers are used up".into()))?;
        meta.insert(META_SEQUENCE, row(&[&number.to_be_bytes()]).as_slice())?;
        let sealed = self.vault.seal(OUTBOX_NAME, &[to.as_str().as_bytes(), &number.to_be_bytes()], message)?;
        self.source.open_table(OUTBOX)?.insert((to.as_str(), number), row(&[&sealed]).as_slice())?;
        self.source.open_table(OUTBOX_TO)?.insert(number, to.as_str())?;
        Ok(number)
    }

    /// Removes a message that was acknowledged. Says whether it was there.
    ///
    /// # Errors
    /// An error of the database.
    pub fn outbox_ack(&mut self, number: u64) -> Result<bool, StoreError> {
        let mut recipients = self.source.open_table(OUTBOX_TO)?;
        let Some(to) = recipients.remove(number)? else { return Ok(false) };
        self.source.open_table(OUTBOX)?.remove((to.value(), number))?;
        Ok(true)
    }

    /// Notes that a message was handled, in the transaction with its effect. Says whether it is the first time.
    ///
    /// # Errors
    /// An error of the database.
    pub fn mark_seen(&mut self, message: &Hash, at: Timestamp) -> Result<bool, StoreError> {
        let mut seen = self.source.open_table(SEEN)?;
        if seen.get(&message.0)?.is_some() {
            return Ok(false);
        }
        seen.insert(&message.0, at.seconds())?;
        Ok(true)
    }

    /// Forgets messages handled before `before`, whose own deadlines have passed.
    ///
    /// # Errors
    /// An error of the database.
    pub fn prune_seen(&mut self, before: Timestamp) -> Result<(), StoreError> {
        self.source.open_table(SEEN)?.retain(|_, at| at >= before.seconds())?;
        Ok(())
    }
}
