//! All numbers of witnesses and of colluders, many seeds of each.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;

use super::{Audience, World, play};

/// Witness groups of the federations that are played.
const WITNESSES: Range<usize> = 4..16;

/// What the seeds of one number of witnesses and of colluders came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Agencies of each witness group.
    pub groups: Vec<usize>,
    /// Groups with a witness that colludes.
    pub colluders: usize,
    /// Most that may collude, by the paper: floor((n - 1) / 3).
    pub tolerated: usize,
    /// The quorum that the product computes.
    pub quorum: usize,
    /// The largest quorum by which two readers would have believed two stories.
    pub split: usize,
    /// In how many seeds they would have.
    pub reached: usize,
    /// How many seeds were played.
    pub seeds: usize,
    /// The first seed in which something broke, and what.
    pub breach: Option<(u64, String)>,
}

impl Row {
    /// n: witness groups.
    #[must_use]
    pub fn witnesses(&self) -> usize {
        self.groups.len()
    }

    /// The largest quorum by which so many colluders can split the others: floor((n + colluders) / 2). With the most that are
    /// tolerated this is k' of case L3, and one more is the least that is safe.
    #[must_use]
    pub fn splittable(&self) -> usize {
        usize::midpoint(self.witnesses(), self.colluders)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, members) = (self.witnesses(), self.groups.iter().sum::<usize>());
        write!(f, "n = {n:2} ({members:2} agencies), {} of {} collude, k = {:2}: ", self.colluders, self.tolerated, self.quorum)?;
        write!(f, "a quorum of {:2} is split in {} of {} seeds", self.split, self.reached, self.seeds)?;
        match &self.breach {
            Some((seed, what)) => write!(f, "; BROKEN in seed {seed}: {what}"),
            None => Ok(()),
        }
    }
}

/// Plays these seeds for every number of witness groups from 4 to 15 and every number of colluding ones that is tolerated: all
/// agencies on their own, and with three and with two agencies under a parent.
#[must_use]
pub fn sweep(seeds: &Range<u64>) -> Vec<Row> {
    let shapes = WITNESSES.flat_map(|n| {
        let mut kin = vec![1; n];
        kin[..2].copy_from_slice(&[3, 2]);
        [vec![1; n], kin]
    });
    let shapes: Vec<Vec<usize>> = shapes.collect();
    shapes.par_iter().flat_map(|groups| of_shape(groups, Audience::Groups, seeds)).collect()
}

fn of_shape(groups: &[usize], audience: Audience, seeds: &Range<u64>) -> Vec<Row> {
    let world = World::found(groups);
    // By the paper, not by the product: f = floor((n - 1) / 3).
    let tolerated = (groups.len() - 1) / 3;
    let row = |colluders: usize| {
        let mut row = Row {
            groups: groups.to_vec(),
            colluders,
            tolerated,
            quorum: world.witnesses().threshold(),
            split: 0,
            reached: 0,
            seeds: 0,
            breach: None,
        };
        for seed in seeds.clone() {
            let outcome = play(&world, colluders, audience, seed);
            row.seeds += 1;
            if outcome.split > row.split {
                (row.split, row.reached) = (outcome.split, 0);
            }
            row.reached += usize::from(outcome.split == row.split);
            row.breach = row.breach.or(outcome.breach.map(|what| (seed, what)));
        }
        row
    };
    (0..=tolerated).map(row).collect()
}
