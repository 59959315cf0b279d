//! What a reader trusts, and the file in which a federation gives that out (protocol, "Charter", "Texts").

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::charter::{Amendment, Chain, ChainError, ChainText, Founding};
use crate::check::KeyBook;
use crate::id::{AgencyId, Fingerprint, Name};
use crate::label::bundle::PlacedKeySet;
use crate::limits;

/// Which federations the reader trusts, and what is known of each.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    pins: Vec<Fingerprint>,
    known: BTreeMap<Fingerprint, Known>,
    max_age_days: Option<u32>,
}

/// A federation as a reader remembers it.
#[derive(Debug, Clone)]
pub struct Known {
    chain: Chain,
    keysets: Vec<PlacedKeySet>,
    book: KeyBook,
}

impl Known {
    /// A chain, and key sets of its members: each is checked against the chain, and they stand by agency and index afterwards.
    ///
    /// # Errors
    /// [`TrustError::KeySet`] for one that its agency's identity key did not sign, or that does not follow the one before.
    pub fn new(chain: Chain, mut keysets: Vec<PlacedKeySet>) -> Result<Self, TrustError> {
        keysets.sort_by(|a, b| (&a.keyset.body.agency, a.index).cmp(&(&b.keyset.body.agency, b.index)));
        keysets.dedup();
        let mut book = KeyBook::new(Arc::new(chain.clone()));
        for placed in &keysets {
            placed.place(&mut book).map_err(|_| TrustError::KeySet { agency: placed.keyset.body.agency.clone() })?;
        }
        Ok(Self { chain, keysets, book })
    }

    /// What both know of one federation: the longer chain, the votes and key sets of both. Where they contradict each other, this one.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        if other.chain.parts_from(&self.chain).is_some() {
            return self;
        }
        let chain = longer(&self.chain, &other.chain);
        let keysets = self.keysets.iter().chain(&other.keysets).cloned().collect();
        Self::new(chain, keysets).unwrap_or(self)
    }

    /// The charter with its versions.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The key sets, by agency and index.
    #[must_use]
    pub fn keysets(&self) -> &[PlacedKeySet] {
        &self.keysets
    }

    /// The same as a book.
    pub(super) fn book(&self) -> &KeyBook {
        &self.book
    }
}

impl Trust {
    /// Trusts exactly these; with none, no verdict is ever *valid*.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self { pins: pins.into_iter().collect(), known: BTreeMap::new(), max_age_days: None }
    }

    /// Trusts these federations and remembers the versions of their charters: a file that knows fewer is judged by what is
    /// remembered, and one that follows another version is not believed (protocol, "Verifying").
    #[must_use]
    pub fn knowing(known: impl IntoIterator<Item = Known>) -> Self {
        let mut all: BTreeMap<Fingerprint, Known> = BTreeMap::new();
        for one in known {
            let both = match all.remove(one.chain.fingerprint()) {
                Some(other) => other.merged(one),
                None => one,
            };
            all.insert(*both.chain.fingerprint(), both);
        }
        Self { pins: all.keys().copied().collect(), known: all, max_age_days: None }
    }

    /// The same of federations of whose keys nothing is remembered.
    #[must_use]
    pub fn in_chains(chains: impl IntoIterator<Item = Chain>) -> Self {
        Self::knowing(chains.into_iter().map(|chain| {
            let book = KeyBook::new(Arc::new(chain.clone()));
            Known { chain, keysets: vec![], book }
        }))
    }

    /// Trusts these federations as well, of whose charters nothing is remembered.
    #[must_use]
    pub fn and(mut self, pins: impl IntoIterator<Item = Fingerprint>) -> Self {
        self.pins.extend(pins);
        self
    }

    /// Takes no status for fresh that is older than so many days, even where the charter would.
    #[must_use]
    pub fn fresh_within(mut self, days: u32) -> Self {
        self.max_age_days = Some(days);
        self
    }

    /// Seconds that a status may be old, where the charter allows so many days.
    pub(super) fn max_age(&self, days: u32) -> u64 {
        u64::from(self.max_age_days.unwrap_or(days).min(days)) * 86_400
    }

    pub(super) fn pinned(&self, fingerprint: &Fingerprint) -> Option<bool> {
        (!self.pins.is_empty()).then(|| self.pins.contains(fingerprint))
    }

    /// What is known of a federation.
    pub(super) fn known(&self, fingerprint: &Fingerprint) -> Option<&Known> {
        self.known.get(fingerprint)
    }

    /// The trusted federations.
    pub(super) fn pins(&self) -> &[Fingerprint] {
        &self.pins
    }

    /// The longer one of the file's chain and the one remembered.
    ///
    /// # Errors
    /// The first version in which they differ.
    pub(super) fn newest(&self, chain: Chain) -> Result<Chain, u32> {
        match self.known.get(chain.fingerprint()).map(Known::chain) {
            None => Ok(chain),
            Some(known) => match chain.parts_from(known) {
                Some(version) => Err(version),
                None => Ok(longer(known, &chain)),
            },
        }
    }
}

/// The longer one of two chains that part nowhere, with the votes of both: more of them may say that a log ended later.
fn longer(known: &Chain, chain: &Chain) -> Chain {
    let (longer, other) = if known.newest().version > chain.newest().version { (known, chain) } else { (chain, known) };
    let votes = other.amendments().flat_map(|amendment| &amendment.votes);
    longer.with_votes(votes).unwrap_or_else(|| longer.clone())
}

/// What a federation's members give to those who check its labels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustFile {
    /// The federation's name, in the newest version.
    pub name: Name,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Eight words of it, as on certificates.
    pub words: String,
    /// The first version of the charter, with its founders' signatures.
    pub founding: Founding,
    /// The later versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Amendment>,
    /// The members' key sets: what a code, or a credential without its record, is checked with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keysets: Vec<PlacedKeySet>,
}

/// Why a file is no trust file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not JSON of this shape.
    #[error("this is not a trust file: {0}")]
    Canonical(#[from] CanonicalError),
    /// A version of the charter was not agreed to.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Name or words are others than the charter's.
    #[error("the trust file's name or words are not those of its charter")]
    Name,
    /// A key set is not its agency's.
    #[error("the key set of {agency} is not signed by its identity key, or does not follow the one before")]
    KeySet {
        /// Whose.
        agency: AgencyId,
    },
}

impl TrustFile {
    /// Of what was checked.
    #[must_use]
    pub fn of(known: &Known) -> Self {
        let fingerprint = *known.chain.fingerprint();
        let ChainText { founding, amendments } = known.chain.to_text();
        let (name, words) = (known.chain.newest().name.clone(), fingerprint.words());
        Self { name, fingerprint, words, founding, amendments, keysets: known.keysets.clone() }
    }

    /// Reads a trust file in any spacing and checks everything it says.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn read(text: &[u8]) -> Result<Known, TrustError> {
        let Self { name, fingerprint, words, founding, amendments, keysets } = canonical::decode_relaxed(text, limits::DOCUMENT_BYTES)?;
        let chain = Chain::read(ChainText { founding, amendments }, Some(&fingerprint))?;
        if words != fingerprint.words() || name != chain.newest().name {
            return Err(TrustError::Name);
        }
        Known::new(chain, keysets)
    }

    /// Its canonical text.
    ///
    /// # Errors
    /// When it is too large.
    pub fn to_text(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::encode(self, limits::DOCUMENT_BYTES)
    }
}
