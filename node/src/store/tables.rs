//! The tables, with their version in the name, and the two kinds of transaction that read them. Every row of bytes
//! starts with a format byte.

use redb::{Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, Value, WriteTransaction};

use super::StoreError;
use super::column::Column;

/// The format of the rows written here.
const FORMAT: u8 = 1;

/// A row of bytes.
pub(super) type Bytes = &'static [u8];
/// A 32-byte hash as a key.
pub(super) type Digest = &'static [u8; 32];
/// A record's place: log number and index.
pub(super) type Place = (u32, u64);

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $value:ty, $text:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: TableDefinition<'static, $key, $value> = TableDefinition::new($text);)*

        /// Creates what is not there, so that reading never meets a missing table.
        pub(super) fn create_all(tx: &WriteTransaction) -> Result<(), StoreError> {
            $(tx.open_table($name)?;)*
            Ok(())
        }

        /// The names of all tables, in the order of a snapshot.
        pub(super) const NAMES: &[&str] = &[$($text),*];

        /// Shows the visitor the table of this name. Says whether there is one.
        pub(super) fn visit<V: Visit>(name: &str, visitor: &mut V) -> Result<bool, V::Error> {
            $(if name == $text {
                return visitor.table($name).map(|()| true);
            })*
            Ok(false)
        }
    };
}

tables! {
    /// Facts about the store itself.
    META: &'static str => Bytes, "meta";
    /// Log id to its short number. Logs are never removed.
    LOGS: &'static str => u32, "logs/1";
    /// Format || the hashes that the record completes, 32 bytes each || the record.
    RECORDS: Place => Bytes, "records/1";
    /// The replica's snapshot of a log.
    STATES: u32 => Bytes, "states/1";
    /// Format || size (8 bytes, big-endian) || the latest note with its cosignatures.
    HEADS: u32 => Bytes, "heads/1";
    /// Notes with a quorum, by size.
    NOTES: Place => Bytes, "notes/1";
    /// Labels by id.
    LABELS: Digest => Bytes, "labels/1";
    /// Cluster id and label id: an index.
    LABELS_BY_CLUSTER: (&'static str, Digest) => (), "labels-by-cluster/1";
    /// Public documents by name: charters, catalogues, evidence.
    DOCUMENTS: &'static str => Bytes, "documents/1";
    /// Kind and id to a sealed row.
    PRIVATE: (u8, &'static str) => Bytes, "private/1";
    /// Recipient and sequence number to a sealed message.
    OUTBOX: (&'static str, u64) => Bytes, "outbox/1";
    /// Sequence number to recipient.
    OUTBOX_TO: u64 => &'static str, "outbox-to/1";
    /// Messages that were handled, with the second they came.
    SEEN: Digest => u64, "seen/1";
    /// SHA-256 of an API token to a sealed row.
    TOKENS: Digest => Bytes, "tokens/1";
}

/// Something that is done to a table, whatever its types.
pub(super) trait Visit {
    /// Why it failed.
    type Error;
    /// Does it.
    fn table<K: Key + Column + 'static, V: Value + Column + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), Self::Error>;
}

/// Puts the format byte in front.
pub(super) fn row(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    bytes.push(FORMAT);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// What follows the format byte.
pub(super) fn content<'r>(table: &'static str, row: &'r [u8]) -> Result<&'r [u8], StoreError> {
    match row.split_first() {
        Some((&FORMAT, content)) => Ok(content),
        _ => Err(StoreError::Row { table }),
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for redb::ReadTransaction {}
    impl Sealed for redb::WriteTransaction {}
}

/// A transaction that can be read from: a snapshot or the one writer's.
pub trait Source: sealed::Sealed {
    /// A table of it.
    type Table<'t, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 't;

    /// Opens a table.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError>;
}

impl Source for ReadTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.open_table(definition)?)
    }
}

impl Source for WriteTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = Table<'t, K, V>;
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.open_table(definition)?)
    }
}
