//! Seconds: an end is exclusive, and whatever is compared with the clock is compared on read.

/// An hour in seconds.
pub const HOUR: u64 = 3_600;
/// A day in seconds.
pub const DAY: u64 = 86_400;

/// Whether something that ends at `until` is still in force.
#[inline]
pub const fn live(now: u64, until: u64) -> bool {
    now < until
}
