//! One log in memory, with the rows that a store would keep.

use std::convert::Infallible;

use parangon_protocol::id::Hash;
use parangon_protocol::log::merkle;
use parangon_protocol::log::{Frontier, HashReader};
use parangon_protocol::replica::serve::LogReader;

#[derive(Debug, Clone, Default)]
pub struct Ledger {
    records: Vec<Vec<u8>>,
    rows: Vec<Vec<Hash>>,
}

impl Ledger {
    pub fn size(&self) -> u64 {
        self.records.len() as u64
    }

    pub fn records(&self) -> &[Vec<u8>] {
        &self.records
    }

    pub fn get(&self, index: u64) -> &[u8] {
        &self.records[usize::try_from(index).unwrap()]
    }

    /// As a store takes it: the record with the hashes that it completes.
    pub fn put(&mut self, record: Vec<u8>, row: Vec<Hash>) {
        self.records.push(record);
        self.rows.push(row);
    }

    pub fn push(&mut self, record: Vec<u8>) -> u64 {
        let row = self.frontier(self.size()).push_leaf(merkle::leaf_hash(&record));
        self.put(record, row);
        self.size() - 1
    }

    pub fn frontier(&self, size: u64) -> Frontier {
        let Ok(frontier) = merkle::frontier(self, size);
        frontier
    }

    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let Ok(proof) = merkle::inclusion_proof(self, index, size);
        proof
    }
}

impl HashReader for Ledger {
    type Error = Infallible;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let row = usize::try_from(((index + 1) << level) - 1).unwrap();
        Ok(self.rows[row][usize::from(level)])
    }
}

impl LogReader for Ledger {
    fn record(&self, index: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.records.get(usize::try_from(index).unwrap()).cloned())
    }
}
