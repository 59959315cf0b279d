//! The node's one clock. Everything that asks for the time asks here; the protocol gets it as an argument.
//!
//! A clock that was set back must not revive what had expired (case D7). So the clock has a floor: the highest
//! time that others vouched for (witnesses' cosignature times), kept in the store and given at the start. The
//! machine's own readings do not raise the floor: a clock that once ran ten years ahead must recover when it is right
//! again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parangon_protocol::time::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Now, never below the floor.
    fn now(&self) -> Timestamp;

    /// Raises the floor to a time that others vouched for; a lower one changes nothing. The caller keeps it in
    /// the store.
    fn raise(&self, vouched: Timestamp);

    /// Seconds by which the machine's clock is behind the floor: zero when it is right, within [`TOLERANCE`]. A node whose clock is
    /// behind issues nothing and says so.
    fn behind(&self) -> u64;
}

/// Seconds by which two clocks that are right may differ.
pub const TOLERANCE: u64 = 60;

fn latest() -> Timestamp {
    Timestamp::default().plus(u64::MAX)
}

/// Seconds by which a reading is below a floor, but for what is no matter.
fn above(floor: Timestamp, reading: Timestamp) -> u64 {
    match floor.since(reading) {
        0..=TOLERANCE => 0,
        seconds => seconds,
    }
}

/// The floor of a clock that a test sets.
#[derive(Debug, Default)]
struct Floor(AtomicU64);

impl Floor {
    fn get(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Acquire)).unwrap_or_else(latest)
    }

    fn raise(&self, vouched: Timestamp) {
        self.0.fetch_max(vouched.seconds(), Ordering::AcqRel);
    }
}

/// The machine's clock above a floor. The floor goes on with the time that passes, whatever the clock shows: a node whose clock is
/// behind would else stand still, with every deadline for ever ahead.
#[derive(Debug)]
pub struct SystemClock {
    /// The time vouched for, and when that was heard of.
    floor: Mutex<(Timestamp, Instant)>,
}

impl SystemClock {
    /// With the durable high-water of vouched times; `Timestamp::default()` for a node that has none.
    #[must_use]
    pub fn new(high_water: Timestamp) -> Self {
        Self { floor: Mutex::new((high_water, Instant::now())) }
    }

    fn floor(&self) -> Timestamp {
        let (vouched, heard) = *self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        vouched.plus(heard.elapsed().as_secs())
    }
}

/// A reading before 1970 counts as 1970, one after the year 9999 as its end (case D8).
fn reading(time: SystemTime) -> Timestamp {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Timestamp::from_seconds(seconds).unwrap_or_else(latest)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        reading(SystemTime::now()).max(self.floor())
    }

    fn raise(&self, vouched: Timestamp) {
        let mut floor = self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        if vouched > floor.0.plus(floor.1.elapsed().as_secs()) {
            *floor = (vouched, Instant::now());
        }
    }

    fn behind(&self) -> u64 {
        above(self.floor(), reading(SystemTime::now()))
    }
}

/// A clock that a test or the simulation sets.
#[derive(Debug)]
pub struct ManualClock {
    reading: AtomicU64,
    floor: Floor,
}

impl ManualClock {
    /// Stands at `start`, without a floor.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { reading: AtomicU64::new(start.seconds()), floor: Floor::default() }
    }

    /// Sets the reading, forwards or backwards.
    pub fn set(&self, to: Timestamp) {
        self.reading.store(to.seconds(), Ordering::Release);
    }

    /// Lets `seconds` pass.
    pub fn advance(&self, seconds: u64) {
        self.set(self.raw().plus(seconds));
    }

    fn raw(&self) -> Timestamp {
        Timestamp::from_seconds(self.reading.load(Ordering::Acquire)).unwrap_or_else(latest)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.raw().max(self.floor.get())
    }

    fn raise(&self, vouched: Timestamp) {
        self.floor.raise(vouched);
    }

    fn behind(&self) -> u64 {
        above(self.floor.get(), self.raw())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).expect("in range")
    }

    #[test]
    fn what_had_expired_stays_expired() {
        let clock = ManualClock::new(at(1_000));
        clock.raise(at(900));
        clock.set(at(10));
        assert_eq!((clock.now(), clock.behind()), (at(900), 890));
        clock.raise(at(20));
        assert_eq!(clock.now(), at(900), "a lower floor changes nothing");
        clock.set(at(901));
        assert_eq!((clock.now(), clock.behind()), (at(901), 0));
    }

    #[test]
    fn a_clock_that_ran_ahead_recovers() {
        let clock = ManualClock::new(at(1_000));
        clock.advance(10 * 365 * 86_400);
        assert!(clock.now() > at(1_000));
        clock.set(at(1_001));
        assert_eq!(clock.now(), at(1_001));
    }

    #[test]
    fn the_system_clock_starts_at_its_floor() {
        let future = latest();
        let clock = SystemClock::new(future);
        assert_eq!(clock.now(), future);
        assert!(clock.behind() > 0);
        let clock = SystemClock::new(Timestamp::default());
        assert!(clock.now() > at(1_700_000_000));
        assert_eq!(clock.behind(), 0);
    }

    /// A node whose clock is behind goes on: time that stands still would keep every deadline ahead.
    #[test]
    fn the_floor_goes_on_with_the_time_that_passes() {
        let floor = at(5_000_000_000);
        let began = Instant::now();
        let clock = SystemClock { floor: Mutex::new((floor, began.checked_sub(Duration::from_secs(90)).unwrap_or(began))) };
        let passed = began.elapsed().as_secs() + if began.checked_sub(Duration::from_secs(90)).is_some() { 90 } else { 0 };
        assert!(clock.now() >= floor.plus(passed));
        clock.raise(floor.plus(10)); // an older word than the time that has passed since
        assert!(clock.now() >= floor.plus(passed));
        clock.raise(floor.plus(1_000));
        assert!(clock.now() >= floor.plus(1_000));
    }

    #[test]
    fn readings_out_of_range_are_the_ends_of_the_range() {
        assert_eq!(reading(UNIX_EPOCH - Duration::from_secs(1)), at(0));
        assert_eq!(reading(UNIX_EPOCH + Duration::from_secs(2_147_483_648)), at(2_147_483_648));
        assert_eq!(reading(UNIX_EPOCH + Duration::from_secs(300_000_000_000)), latest());
    }
}
