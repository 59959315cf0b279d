//! How many requests a peer may make: a bucket that refills with time.

use std::time::Instant;

use super::limits;

/// Counts in millionths of a request, so that slow refills are not lost to rounding.
#[derive(Debug)]
pub(super) struct Quota {
    micros: u64,
    seen: Instant,
}

const ONE: u64 = 1_000_000;

impl Quota {
    pub(super) fn full(now: Instant) -> Self {
        Self { micros: u64::from(limits::REQUEST_BURST) * ONE, seen: now }
    }

    /// Takes one request from the bucket; `false` when it is empty.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = u64::try_from(now.saturating_duration_since(self.seen).as_micros()).unwrap_or(u64::MAX);
        let refill = passed.saturating_mul(u64::from(limits::REQUEST_RATE));
        self.micros = self.micros.saturating_add(refill).min(u64::from(limits::REQUEST_BURST) * ONE);
        self.seen = now;
        if self.micros < ONE {
            return false;
        }
        self.micros -= ONE;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let start = Instant::now();
        let mut quota = Quota::full(start);
        assert_eq!((0..1000).filter(|_| quota.take(start)).count(), 400);
        assert_eq!((0..1000).filter(|_| quota.take(start + Duration::from_secs(1))).count(), 200);
        assert_eq!((0..1000).filter(|_| quota.take(start + Duration::from_secs(3600))).count(), 400);
        let slow = (1..=1000u64).filter(|i| quota.take(start + Duration::from_secs(3600) + Duration::from_millis(*i))).count();
        assert_eq!(slow, 200);
    }
}
