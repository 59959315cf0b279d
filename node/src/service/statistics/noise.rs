//! Noise and rounding of what we release, where the charter asks for it (protocol, "Statistics"). The same clusters get the same noise
//! for good, so its secret is kept, and in the backup; it is shown to nobody.

use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::CatalogueRef;
use parangon_protocol::id::AgencyId;
use parangon_protocol::statistics::{CellKeys, CellSecret, Perturbation, Release};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::placed;
use super::population::Population;
use super::preparing::Prepared;
use crate::service::item::{self, Item};
use crate::service::{Context, Error, random_bytes};

/// The one item's id.
const ID: &str = "cells";

/// The secret that record keys follow from.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Kept {
    secret: [u8; 32],
    /// Catalogues of which we had released with another secret, which is lost.
    #[zeroize(skip)]
    #[serde(default)]
    lost: Vec<CatalogueRef>,
}

impl Item for Kept {
    const KIND: u8 = 32;
    const WHAT: &'static str = "secret of the noise in statistics";
}

/// Changes the counts of these releases as the charter asks. `places` has the places in `population` of each set of each release.
///
/// # Errors
/// [`Error::NoiseLost`] where we released with a secret that is not here; [`Error::Store`].
pub(super) fn apply(
    context: &Context,
    prepared: &mut Prepared,
    places: &[Vec<Vec<usize>>],
    population: &Population,
    catalogue: &Catalogue,
) -> Result<(), Error> {
    let rule = &context.charter().disclosure;
    // Nothing is made where nothing needs it.
    let secret = rule.noise.map(|_| secret(context, &catalogue.reference())).transpose()?;
    for (release, sets) in std::iter::once(&mut prepared.whole).chain(&mut prepared.tables).zip(places) {
        let keys: Vec<_> = secret.iter().flat_map(|secret| sets.iter().map(|set| cell_keys(population, set, secret, catalogue))).collect();
        release.perturb(rule, &keys)?;
    }
    Ok(())
}

fn cell_keys(population: &Population, set: &[usize], secret: &CellSecret, catalogue: &Catalogue) -> CellKeys {
    let keys: Vec<_> = population.clusters(set).map(|cluster| secret.record_key(cluster)).collect();
    CellKeys::tally(catalogue, &population.members(set).zip(&keys).collect::<Vec<_>>())
}

/// Our secret, made when it is needed for the first time.
fn secret(context: &Context, catalogue: &CatalogueRef) -> Result<CellSecret, Error> {
    let mut kept = item::find::<Kept, _>(&context.store().read()?, ID)?;
    if kept.is_none() {
        let lost = released_with_noise(context)?;
        let made = Kept { secret: *Zeroizing::new(random_bytes()?), lost };
        // What another request has made meanwhile stays.
        kept = Some(context.transact(|tx| match item::find::<Kept, _>(tx, ID)? {
            Some(other) => Ok(other),
            None => item::put(tx, ID, &made).map(|()| made),
        })?);
    }
    match kept {
        Some(kept) if !kept.lost.contains(catalogue) => Ok(CellSecret::new(kept.secret)),
        _ => Err(Error::NoiseLost { catalogue: catalogue.id.to_string() }),
    }
}

/// Catalogues of which releases of ours with noise stand in our log.
fn released_with_noise(context: &Context) -> Result<Vec<CatalogueRef>, Error> {
    let is_ours = |agency: &AgencyId| agency == context.me();
    let with_noise = |release: &Release| matches!(release.perturbation, Some(Perturbation::Noise(_)));
    let mut found = Vec::new();
    for placed in placed(context, &context.store().read()?, None)? {
        if is_ours(&placed.agency) && with_noise(&placed.release) && !found.contains(&placed.release.catalogue) {
            found.push(placed.release.catalogue.clone());
        }
    }
    Ok(found)
}
