//! Looks for the tables at the ends: the most and the fewest units of a set that can stand in a cell.
//!
//! `microlp` proposes, integers decide. It solves the linear program and, where the optimum has fractions, branches until it is whole;
//! the table that it names is then recounted against every fact. So two tables that show a count to be uncertain are two tables that an
//! attacker cannot exclude, whatever rounding did. The solver is believed only when it says that there is nothing beyond.

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, SolveOptions, Variable};

use super::super::release::CELLS;
use super::facts::{Counts, Facts};
use super::{Effort, Unshown};

/// How far from a whole number a value may be and still mean it. The solver holds constraints to 1e-7.
const NEAR: f64 = 1e-5;

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Lowest,
    Highest,
}

/// Why there is no answer.
pub(super) enum Stop {
    Contradiction,
    Unshown(Unshown),
}

/// What may still be spent.
pub(super) struct Purse {
    pub(super) solves: u32,
    pub(super) branches: u64,
}

impl Purse {
    pub(super) fn new(effort: &Effort) -> Self {
        Self { solves: effort.solves, branches: effort.branches }
    }
}

/// A table that fits all facts, with the sum over `aim` as low or high as it can be.
pub(super) fn extreme(facts: &Facts, aim: &[(usize, usize)], end: End, purse: &mut Purse) -> Result<Counts, Stop> {
    purse.solves = purse.solves.checked_sub(1).ok_or(Stop::Unshown(Unshown::Solves))?;
    let direction = if end == End::Lowest { OptimizationDirection::Minimize } else { OptimizationDirection::Maximize };
    let mut program = Program::new(facts, aim, direction).ok_or(Stop::Unshown(Unshown::Solver))?;
    program.constrain(facts);
    program.solve(facts, purse)
}

struct Program {
    problem: Problem,
    /// Cells that are not known already.
    variables: Vec<[Option<Variable>; CELLS]>,
}

impl Program {
    fn new(facts: &Facts, aim: &[(usize, usize)], direction: OptimizationDirection) -> Option<Self> {
        let mut problem = Problem::new(direction);
        let mut variables = vec![[None; CELLS]; facts.low.len()];
        for (atom, own) in variables.iter_mut().enumerate() {
            for (cell, variable) in own.iter_mut().enumerate() {
                let (low, high) = (facts.low[atom][cell], facts.high[atom][cell]);
                if low < high {
                    let weight = if aim.contains(&(atom, cell)) { 1.0 } else { 0.0 };
                    *variable = Some(problem.add_integer_var(weight, (i32::try_from(low).ok()?, i32::try_from(high).ok()?)));
                }
            }
        }
        Some(Self { problem, variables })
    }

    fn constrain(&mut self, facts: &Facts) {
        for (atom, size) in facts.sizes().iter().enumerate() {
            let parts: [_; CELLS] = std::array::from_fn(|cell| (atom, cell));
            self.add(facts, &parts, *size, *size);
        }
        for fact in &facts.list {
            let parts: Vec<_> = fact.atoms.iter().map(|atom| (*atom, fact.cell)).collect();
            self.add(facts, &parts, fact.low, fact.high);
        }
    }

    /// `least <= sum of parts <= most`, with what is known taken off, and without what the variables' bounds say already.
    fn add(&mut self, facts: &Facts, parts: &[(usize, usize)], least: u32, most: u32) {
        let sum = |counts: &Counts, free: bool| {
            let chosen = parts.iter().filter(|(atom, cell)| !free || self.variables[*atom][*cell].is_some());
            chosen.map(|(atom, cell)| f64::from(counts[*atom][*cell])).sum::<f64>()
        };
        let terms: Vec<_> = parts.iter().filter_map(|(atom, cell)| self.variables[*atom][*cell]).map(|v| (v, 1.0)).collect();
        let known = sum(&facts.low, false) - sum(&facts.low, true);
        let (least, most) = (f64::from(least) - known, f64::from(most) - known);
        let (below, above) = (sum(&facts.low, true) < least, sum(&facts.high, true) > most);
        if terms.is_empty() {
            return;
        }
        if (below || above) && most - least < 0.5 {
            return self.problem.add_constraint(terms, ComparisonOp::Eq, least);
        }
        if below {
            self.problem.add_constraint(terms.clone(), ComparisonOp::Ge, least);
        }
        if above {
            self.problem.add_constraint(terms, ComparisonOp::Le, most);
        }
    }

    fn solve(self, facts: &Facts, purse: &mut Purse) -> Result<Counts, Stop> {
        // No time limit: the clock must decide nothing. (The solver reads it for statistics that nobody asks for.)
        let mut options = SolveOptions::default();
        options.node_limit = Some(purse.branches);
        let outcome = match self.problem.solve_with(options) {
            Ok(outcome) => outcome,
            Err(Error::Infeasible) => return Err(Stop::Contradiction),
            Err(_) => return Err(Stop::Unshown(Unshown::Solver)),
        };
        purse.branches = purse.branches.saturating_sub(outcome.stats().nodes_solved);
        let solution = outcome.solution().filter(|_| outcome.is_optimal()).ok_or(Stop::Unshown(Unshown::Branches))?;
        let mut table = facts.low.clone();
        for (cells, own) in table.iter_mut().zip(&self.variables) {
            for (count, variable) in cells.iter_mut().zip(own) {
                if let Some(variable) = variable {
                    *count = whole(solution.var_value(*variable)).ok_or(Stop::Unshown(Unshown::Solver))?;
                }
            }
        }
        if facts.fit(&table) { Ok(table) } else { Err(Stop::Unshown(Unshown::Solver)) }
    }
}

/// The whole number that a value means.
fn whole(value: f64) -> Option<u32> {
    let rounded = value.round();
    let means = (value - rounded).abs() <= NEAR && (0.0..=f64::from(u32::MAX)).contains(&rounded);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within the range: just tested")]
    means.then_some(rounded as u32)
}
