//! A whole draw as it travels with the label, and what it gives.

use serde::{Deserialize, Serialize};

use super::{
    Call, DrawError, Keys, Parties, Recovered, Recovery, SELECTED, Selected, SignedCall, SignedCommitment, SignedOpening, SignedRelease,
    SignedSelection, Value,
};
use crate::canonical;
use crate::charter::Charter;
use crate::id::{AgencyId, Hash};
use crate::limits;
use crate::review::ReviewError;

/// How one commitment was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Disclosed {
    /// By its contributor.
    Contributor {
        /// Its value.
        opening: Box<SignedOpening>,
    },
    /// By those who hold its shares: the value, or the proof that the commitment is void.
    Holders {
        /// Shares of different groups.
        releases: Vec<SignedRelease>,
        /// The commitments of all shares, by place.
        shares: Vec<Hash>,
    },
}

/// Everything from which the ranking is recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// What was called for.
    pub call: SignedCall,
    /// The commitments selected, in the call's order.
    pub commitments: Vec<SignedCommitment>,
    /// How the first of them were opened, in the same order.
    pub disclosed: Vec<Disclosed>,
    /// That these and no others count.
    pub selection: SignedSelection,
}

/// How a selected contributor's part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It opened its value.
    Opened,
    /// It withheld its value, which others opened: it is part of the seed.
    Recovered,
    /// Its commitment was void from the start, and the next one took its place.
    Void,
}

/// One contributor and what became of its commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Who.
    pub contributor: AgencyId,
    /// What became of it.
    pub how: How,
}

/// A draw that was checked. Only [`Draw::verify`] makes one.
///
/// ```compile_fail
/// use parangon_protocol::review::draw::{Call, Drawn};
/// fn forge(call: Call) -> Drawn {
///     Drawn { call, contributions: vec![], seed: Default::default() }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    call: Call,
    contributions: Vec<Contribution>,
    seed: Hash,
}

impl Draw {
    /// Its canonical text.
    ///
    /// # Errors
    /// [`ReviewError::Canonical`] above [`limits::DRAW_BYTES`], or when a field cannot be written.
    pub fn encode(&self) -> Result<Vec<u8>, ReviewError> {
        Ok(canonical::encode(self, limits::DRAW_BYTES)?)
    }

    /// Reads a draw strictly. Nothing is known about it before [`Draw::verify`].
    ///
    /// # Errors
    /// [`ReviewError::Canonical`].
    pub fn decode(text: &[u8]) -> Result<Self, ReviewError> {
        Ok(canonical::decode(text, limits::DRAW_BYTES)?)
    }

    /// Everybody whose signature stands in it, some more than once.
    pub fn authors(&self) -> impl Iterator<Item = &AgencyId> {
        let disclosed = self.disclosed.iter().flat_map(|disclosed| match disclosed {
            Disclosed::Contributor { opening } => vec![&opening.body.contributor],
            Disclosed::Holders { releases, .. } => releases.iter().map(|release| &release.body.holder).collect(),
        });
        let contributors = self.commitments.iter().map(|commitment| &commitment.body.contributor);
        std::iter::once(&self.call.body.owner).chain(contributors).chain(disclosed)
    }

    /// Recomputes it. `charter` is the version that the call names.
    ///
    /// # Errors
    /// The first rule that is broken, with who breaks it.
    pub fn verify(&self, charter: &Charter, keys: Keys<'_>) -> Result<Drawn, DrawError> {
        let call = &*keys.verify(&self.call)?;
        let parties = Parties::of(charter, call)?;
        if self.commitments.len() > SELECTED {
            return Err(DrawError::OtherCommitments);
        }
        let selected = Selected::verify(&parties, call, keys, &self.selection, &self.commitments)?;
        let needed = parties.needed();
        let (mut values, mut contributions) = (vec![], vec![]);
        for (at, disclosed) in self.disclosed.iter().enumerate() {
            if values.len() == needed || at >= self.commitments.len() {
                return Err(DrawError::TooMany);
            }
            let (value, how) = selected.disclose(at, disclosed, keys)?;
            values.extend(value);
            contributions.push(Contribution { contributor: self.commitments[at].body.contributor.clone(), how });
        }
        if values.len() < needed {
            return Err(DrawError::Unfinished { needed, found: values.len() });
        }
        Ok(Drawn { call: call.clone(), contributions, seed: seed(parties.call(), &values) })
    }
}

impl Selected<'_> {
    fn disclose(&self, at: usize, disclosed: &Disclosed, keys: Keys<'_>) -> Result<(Option<Value>, How), DrawError> {
        let commitment = self.commitments[at];
        match disclosed {
            Disclosed::Contributor { opening } => {
                let opening = &*keys.verify(opening)?;
                self.is_answered(&opening.contributor, &opening.call, &opening.selection)?;
                if opening.contributor != commitment.contributor {
                    return Err(DrawError::Order);
                }
                let opened = self.opening(&opening.contributor, opening.value.clone())?;
                Ok((Some(opened.value), How::Opened))
            }
            Disclosed::Holders { releases, shares } => {
                let mut recovery = Recovery::new(self.parties, commitment, shares)?;
                for release in releases {
                    let release = &*keys.verify(release)?;
                    self.is_answered(&release.holder, &release.call, &release.selection)?;
                    if release.contributor != commitment.contributor {
                        return Err(DrawError::Order);
                    }
                    recovery.add(&release.holder, &release.share)?;
                }
                Ok(match recovery.finish()? {
                    Recovered::Value(value) => (Some(value), How::Recovered),
                    Recovered::Void => (None, How::Void),
                })
            }
        }
    }
}

impl Drawn {
    /// What was called for.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// What became of the commitments that were opened, in the call's order.
    #[must_use]
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> &Hash {
        &self.seed
    }

    /// The eligible in the order in which they are to be asked, each once. Agencies under one parent stand on their own.
    #[must_use]
    pub fn ranking(&self, eligible: &[AgencyId]) -> Vec<AgencyId> {
        rank(&self.seed, eligible)
    }
}

/// The seed of a call and the values that count, in the call's order.
#[must_use]
pub fn seed(call: &Hash, values: &[Value]) -> Hash {
    let values: Vec<u8> = values.iter().flat_map(|value| *value.as_bytes()).collect();
    Hash::of(&[b"parangon/draw-seed\n", &call.0, &values])
}

/// Sorts by `SHA-256(tag || seed || agency)`. The order in which they are given does not matter.
#[must_use]
pub fn rank(seed: &Hash, eligible: &[AgencyId]) -> Vec<AgencyId> {
    let mut ranking = eligible.to_vec();
    ranking.sort_by_cached_key(|agency| Hash::of(&[b"parangon/draw-rank\n", &seed.0, agency.as_str().as_bytes()]));
    ranking.dedup();
    ranking
}
