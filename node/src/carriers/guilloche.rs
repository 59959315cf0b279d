//! Engraved ornament. The ring's parameters are bytes of the label's id: two labels have different rings, and one label always the same.

use std::f32::consts::TAU;

use parangon_protocol::id::Hash;

use super::drawing::Step;

/// The ring between two radii around a point, as curves to be stroked, one list a layer.
pub(super) fn ring(seed: &Hash, x: f32, y: f32, inner: f32, outer: f32, lines: u16) -> Vec<Vec<Step>> {
    let byte = |at: usize| f32::from(seed.0[at % seed.0.len()]);
    let width = outer - inner;
    let layer = |number: usize| {
        let at = 4 * number;
        // Full waves around the ring, waves of the envelope, and where both begin.
        let waves = (11.0 + 6.0 * number_as(number) + (byte(at) % 6.0)).floor();
        let envelope = (3.0 + byte(at + 1) % 7.0).floor();
        let turn = TAU * byte(at + 2) / 256.0;
        let depth = 0.16 + 0.22 * byte(at + 3) / 255.0;
        let mut steps = Vec::new();
        for line in 0..lines {
            let phase = TAU * f32::from(line) / f32::from(lines);
            let radius = |angle: f32| {
                let swell = 1.0 - depth * (1.0 + (envelope * angle + turn).cos());
                let wave = (waves * angle + phase).sin() * swell;
                inner + width * f32::midpoint(1.0, wave)
            };
            closed(&mut steps, x, y, waves * 6.0, radius);
        }
        steps
    };
    vec![layer(0), layer(1)]
}

#[allow(clippy::cast_precision_loss)] // two layers
fn number_as(number: usize) -> f32 {
    number as f32
}

/// A closed curve `radius(angle)` in `pieces` cubic pieces that follow its tangents.
fn closed(out: &mut Vec<Step>, x: f32, y: f32, pieces: f32, radius: impl Fn(f32) -> f32) {
    const SMALL: f32 = 1e-2;
    let at = |angle: f32| (x + radius(angle) * angle.cos(), y + radius(angle) * angle.sin());
    let along = |angle: f32| {
        let ((ax, ay), (bx, by)) = (at(angle - SMALL), at(angle + SMALL));
        ((bx - ax) / (2.0 * SMALL), (by - ay) / (2.0 * SMALL))
    };
    let step = TAU / pieces;
    let (first, mut angle) = (at(0.0), 0.0);
    out.push(Step::Move(first.0, first.1));
    let mut number = 0.0;
    while number < pieces {
        let next = step * (number + 1.0);
        let ((ax, ay), (bx, by)) = (at(angle), if number + 1.0 < pieces { at(next) } else { first });
        let ((adx, ady), (bdx, bdy)) = (along(angle), along(next));
        let third = step / 3.0;
        out.push(Step::Cubic([ax + adx * third, ay + ady * third, bx - bdx * third, by - bdy * third, bx, by]));
        angle = next;
        number += 1.0;
    }
    out.push(Step::Close);
}

/// A woven band along the sides of a rectangle, `depth` wide, as curves to be stroked.
pub(super) fn frame(x: f32, y: f32, width: f32, height: f32, depth: f32, lines: u16) -> Vec<Step> {
    let mut steps = Vec::new();
    let half = depth / 2.0;
    for line in 0..lines {
        let phase = TAU * f32::from(line) / f32::from(lines);
        // Each side from corner square to corner square, with whole waves.
        let sides = [
            (x + depth, y + half, 1.0, 0.0, width - 2.0 * depth),
            (x + width - half, y + depth, 0.0, 1.0, height - 2.0 * depth),
            (x + width - depth, y + height - half, -1.0, 0.0, width - 2.0 * depth),
            (x + half, y + height - depth, 0.0, -1.0, height - 2.0 * depth),
        ];
        for (from_x, from_y, dx, dy, length) in sides {
            let waves = (length / (3.4 * depth)).round();
            wave(&mut steps, (from_x, from_y), (dx, dy), length, waves, |along| half * (TAU * waves * along + phase).sin());
        }
    }
    steps
}

/// A wave along a straight line: `swing` is how far it is to the left at a part of its way.
fn wave(out: &mut Vec<Step>, from: (f32, f32), way: (f32, f32), length: f32, waves: f32, swing: impl Fn(f32) -> f32) {
    const SMALL: f32 = 1e-3;
    let pieces = waves * 6.0;
    let at = |part: f32| (from.0 + way.0 * length * part - way.1 * swing(part), from.1 + way.1 * length * part + way.0 * swing(part));
    let along = |part: f32| {
        let ((ax, ay), (bx, by)) = (at(part - SMALL), at(part + SMALL));
        ((bx - ax) / (2.0 * SMALL), (by - ay) / (2.0 * SMALL))
    };
    let start = at(0.0);
    out.push(Step::Move(start.0, start.1));
    let mut number = 0.0;
    while number < pieces {
        let (here, next) = (number / pieces, (number + 1.0) / pieces);
        let ((ax, ay), (bx, by)) = (at(here), at(next));
        let ((adx, ady), (bdx, bdy)) = (along(here), along(next));
        let third = (next - here) / 3.0;
        out.push(Step::Cubic([ax + adx * third, ay + ady * third, bx - bdx * third, by - bdy * third, bx, by]));
        number += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_its_labels_own_and_stays_between_its_radii() {
        let one = ring(&Hash([1; 32]), 100.0, 100.0, 60.0, 90.0, 9);
        assert_eq!(one, ring(&Hash([1; 32]), 100.0, 100.0, 60.0, 90.0, 9));
        assert_ne!(one, ring(&Hash([2; 32]), 100.0, 100.0, 60.0, 90.0, 9));
        for step in one.iter().flatten() {
            let (Step::Move(x, y) | Step::Cubic([.., x, y])) = *step else { continue };
            let radius = (x - 100.0).hypot(y - 100.0);
            assert!((59.9..=90.1).contains(&radius), "{radius}");
        }
    }
}
