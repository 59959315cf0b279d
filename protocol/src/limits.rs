//! Every bound with its reason. Foreign bytes are measured against these before anything is allocated.

/// Bytes of one record's text. A label with two endorsements needs about 3 KiB; a statistics release with
/// 31 rows about 6 KiB. The rest is room for a charter's worth of future fields. In a mirror two bytes hold the length (c2sp.org/tlog-tiles),
/// so that a byte more could not be mirrored.
pub const RECORD_BYTES: usize = 65_535;

/// Bytes of one canonical document that is not a record: a bundle carries a charter chain and a dozen proofs.
pub const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of all versions of the charter in one answer, and of a version with its votes: 300 members that all voted on the end
/// of a log, which makes a vote 1 KiB, need 550 KiB.
pub const AMENDMENTS_BYTES: usize = 1000 * 1024;

/// Bytes of a file that carries a label: a certificate for print, with its fonts and pictures.
pub const CARRIER_BYTES: usize = 16 * 1024 * 1024;

/// Nesting depth of a canonical document. Our deepest record has 7 levels.
pub const DEPTH: usize = 16;

/// Entries of one object in a canonical document.
pub const OBJECT_ENTRIES: usize = 1024;

/// The largest integer that every JSON reader keeps exactly: 2^53 - 1.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// Bytes of a signed note (a checkpoint with its cosignatures): 16 foreign signatures and 300 of members.
pub const NOTE_BYTES: usize = 64 * 1024;

/// Signature lines read from one note. C2SP asks for at least 16; a federation has up to 300 members.
pub const NOTE_SIGNATURES: usize = 512;

/// Members of a federation: cosignature checks and gossip are measured up to this size.
pub const MEMBERS: usize = 300;

/// Entries of one log. 2^40 records of 600 bytes are 600 TB: anything above is an attack.
pub const LOG_SIZE: u64 = 1 << 40;

/// Records in one range answer. Large enough to amortise the round trip, small enough to check in 10 ms.
pub const RANGE_RECORDS: u64 = 128;

/// Bytes of records in one range answer, unless a single record is larger.
pub const RANGE_BYTES: usize = 256 * 1024;

/// Bytes of records that travel inside a gossiped announcement; larger ones are pulled.
pub const INLINE_BYTES: usize = 16 * 1024;

/// Characters of an organisation's name. The longest public register entry seen has 97.
pub const NAME_CHARS: usize = 200;

/// Characters of a free text that stays inside an agency or a sealed dossier.
pub const TEXT_CHARS: usize = 8_000;

/// Characters of a question about a dossier, and of its answer: all that eight reviewers can ask stays small beside the dossier.
pub const QUESTION_CHARS: usize = 2_000;

/// Indicators of one catalogue. The largest known has 36.
pub const INDICATORS: usize = 200;

/// Bytes of one file of evidence: a scanned document of 100 pages.
pub const EVIDENCE_BYTES: usize = 25 * 1024 * 1024;

/// Bytes of all evidence of one assessment.
pub const EVIDENCE_TOTAL: u64 = 200 * 1024 * 1024;

/// Files of evidence of one assessment.
pub const EVIDENCE_FILES: usize = 200;

/// Bytes of one part of a file, the last one excepted: with base64 and sealing it stays far below [`PRIVATE_BYTES`], and after a
/// cut no more than this travels again.
pub const PART_BYTES: usize = 512 * 1024;

/// Days for which a backup is kept at most: after these nothing that was deleted before it was made is anywhere.
pub const BACKUP_DAYS: u64 = 90;

/// Endorsements in one label. GOLD asks for two.
pub const ENDORSEMENTS: usize = 8;

/// Objections of one agency to one label, those that it lifted included: whoever raises and lifts on and on is not listened to.
pub const OBJECTIONS: usize = 8;

/// Bytes of one sealed private message: a dossier without evidence files has about 40 KiB.
pub const PRIVATE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of an anchor with its proof: a note of [`NOTE_BYTES`], whose lines stand in quotes, and 82 hashes.
pub const DATED_BYTES: usize = 96 * 1024;

/// Bytes of a draw of reviewers, and of each of its messages: a call with the heads of 300 members has 50 KiB, 100 shares that open a
/// withheld value 60 KiB, the list of all shares 17 KiB.
pub const DRAW_BYTES: usize = 256 * 1024;

/// Groups of one table of a release, and of a pool: with 31 rows of up to 135 bytes each they fit [`RECORD_BYTES`].
pub const GROUPS: usize = 12;

/// Rows of all groups of a pool: a row takes up to 135 bytes, so they fit [`RECORD_BYTES`] beside the names of 300 members. A table of
/// 31 indicators can have 12 groups.
pub const POOL_ROWS: usize = 372;

/// Counters in one vector of a pool: six a row.
pub const POOL_COUNTERS: usize = 6 * POOL_ROWS;

/// Bytes of one message of a pool: 16 digits a counter, and 1 KiB of what it belongs to; a question about 300 members has 11 KiB.
pub const POOL_BYTES: usize = 64 * 1024;

/// Hashes in one Merkle proof: two per level of the largest log.
pub const PROOF_HASHES: usize = 2 * 41;

/// From the announcement of another identity key by the members' decision until a version may carry it out: time for whoever holds the
/// present key to hear of it.
pub const REKEYING_SECONDS: u64 = 30 * 86_400;
