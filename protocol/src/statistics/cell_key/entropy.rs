//! The distribution with the most entropy that has mean 0 and a given variance, on a range of whole numbers.
//!
//! It has the form `p(d) = exp(a d + b d^2) / Z`; `a` and `b` are the Lagrange multipliers of mean and variance. They are where the convex
//! function `sum of exp(a d + b (d^2 - variance))` is least, which Newton's method finds. Only the four basic operations are used, whose
//! results are the same on every machine; the exponential function of a system's library is not.

/// Newton's steps. It takes more of them the nearer the variance is to the largest there is; the tables of the tests need fewer than 100.
const STEPS: usize = 100;

/// Halvings of one step.
const HALVINGS: usize = 60;

/// Mean and variance are met to this.
const NEAR: f64 = 1e-12;

/// Nearer than this the function is too flat to tell steps apart, and mean and variance themselves are compared.
const FLAT: f64 = 1e-3;

/// Probabilities of `-below ..= above`. `None` when the variance is not within reach: it has to be above 0 and below `below * above`.
pub(super) fn most_entropy(below: i32, above: i32, variance: f64) -> Option<Vec<f64>> {
    let range: Vec<f64> = (-below..=above).map(f64::from).collect();
    let mut point = Point::at(0.0, 0.0, &range, variance);
    for _ in 0..STEPS {
        let Some((step_a, step_b)) = point.step(&range, variance).filter(|_| point.distance() > NEAR) else { break };
        let nearer = (0..HALVINGS).scan(1.0, |scale, _| {
            let next = Point::at(point.a + *scale * step_a, point.b + *scale * step_b, &range, variance);
            *scale /= 2.0;
            Some(next)
        });
        let flat = point.distance() < FLAT;
        let better = |next: &Point| if flat { next.distance() < point.distance() } else { next.total < point.total };
        // When no step is an improvement, it is as near as doubles get.
        let Some(next) = nearer.into_iter().find(better) else { break };
        point = next;
    }
    (point.distance() < 1e-9).then(|| point.weights.iter().map(|weight| weight / point.total).collect())
}

/// The multipliers, and what follows from them.
struct Point {
    a: f64,
    b: f64,
    weights: Vec<f64>,
    total: f64,
    mean: f64,
    /// By how much the mean of squares is above the variance.
    excess: f64,
}

impl Point {
    fn at(a: f64, b: f64, range: &[f64], variance: f64) -> Self {
        let weights: Vec<_> = range.iter().map(|d| exp(a * d + b * (d * d - variance))).collect();
        let mut point = Self { a, b, total: weights.iter().sum(), weights, mean: 0.0, excess: 0.0 };
        point.mean = point.expected(range, |d| d);
        point.excess = point.expected(range, |d| d * d - variance);
        point
    }

    fn expected(&self, range: &[f64], f: impl Fn(f64) -> f64) -> f64 {
        self.weights.iter().zip(range).map(|(weight, d)| weight * f(*d)).sum::<f64>() / self.total
    }

    fn distance(&self) -> f64 {
        self.mean.abs() + self.excess.abs()
    }

    /// Newton's step on the function's logarithm: its second derivatives are the covariances of `d` and `d^2`.
    fn step(&self, range: &[f64], variance: f64) -> Option<(f64, f64)> {
        let (first, second) = (|d: f64| d - self.mean, |d: f64| d * d - variance - self.excess);
        let aa = self.expected(range, |d| first(d) * first(d));
        let ab = self.expected(range, |d| first(d) * second(d));
        let bb = self.expected(range, |d| second(d) * second(d));
        let determinant = aa * bb - ab * ab;
        let step = ((ab * self.excess - bb * self.mean) / determinant, (ab * self.mean - aa * self.excess) / determinant);
        (determinant > 0.0).then_some(step)
    }
}

/// e^x, from basic operations: e^(x / 2^n) by its series, squared n times.
fn exp(x: f64) -> f64 {
    let (mut small, mut halvings) = (x, 0);
    while small.abs() > 0.5 && halvings < 12 {
        small /= 2.0;
        halvings += 1;
    }
    if small.abs() > 0.5 {
        // Beyond e^2048, which no double holds.
        return if x > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..=18 {
        term *= small / f64::from(n);
        sum += term;
    }
    (0..halvings).fold(sum, |power, _| power * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_one() {
        for i in -400..=400 {
            let x = f64::from(i) / 3.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-12, "{x}");
        }
        assert_eq!((exp(0.0), exp(-1e9), exp(1e9)), (1.0, 0.0, f64::INFINITY));
    }

    #[test]
    fn out_of_reach_is_none() {
        assert!(most_entropy(1, 3, 3.1).is_none());
        assert!(most_entropy(1, 3, 2.9).is_some());
    }
}
