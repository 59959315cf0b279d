//! What a node keeps, and what it answers from that.

use parangon_protocol::message::{Range, Request};
use parangon_protocol::replica::{Write, serve};

use super::Node;

impl Node {
    pub(super) fn keep(&mut self, write: Write) {
        match write {
            Write::Records { log, start, records } => {
                let ledger = self.logs.entry(log).or_default();
                assert_eq!(ledger.size(), start, "records are kept in their order");
                for (record, row) in records {
                    ledger.put(record, row);
                }
            }
            Write::Label(row) => {
                self.labels.insert(row.id, row.soundness.clone());
                self.rows.insert(row.id, *row);
            }
            Write::LabelSoundness { label, soundness } => {
                self.labels.insert(label, soundness.clone());
                self.rows.get_mut(&label).unwrap().soundness = soundness;
            }
            Write::LabelState { label, state, index } => {
                let row = self.rows.get_mut(&label).unwrap();
                (row.state, row.state_index) = (state, index);
            }
            Write::Recovering => self.recovering = true,
            Write::Recovered => {
                assert!(self.recovering, "what ends had begun");
                (self.recovering, self.lost, self.succession) = (false, false, None);
            }
            Write::Forgotten { log } => {
                self.logs.remove(&log);
                self.kept.remove(&log);
                self.labels.retain(|label, _| self.rows[label].log != log);
                self.rows.retain(|_, row| row.log != log);
            }
            Write::HighWater { .. } => assert!(!self.recovering, "a node that recovers signs nothing"),
            Write::Log(snapshot) => drop(self.snapshots.insert(snapshot.log.clone(), *snapshot)),
            Write::Amendment { amendment, at } => {
                self.proposals.retain(|_, (version, _)| *version > amendment.charter.version);
                self.amendments.insert(amendment.charter.version, (*amendment, at));
            }
            Write::Rival { version, .. } => self.torn = Some(version),
            Write::Proposal { version, hash, text } => drop(self.proposals.insert(hash, (version, text))),
            Write::Final { log, note, .. } => drop(self.kept.insert(log, note)),
            Write::Vouched { at } => self.vouched = at,
            _ => {}
        }
    }

    pub(super) fn range(&self, request: &Request) -> Option<Range> {
        let Request::Range { log, start, count } = request else { panic!("answered before: {request:?}") };
        let (ledger, head) = (self.logs.get(log)?, self.replica.newest_head(log)?);
        let Ok(range) = serve::range(ledger, log, head.note, ledger.size(), *start, *count);
        range
    }
}
