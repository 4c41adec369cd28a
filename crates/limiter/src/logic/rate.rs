//! Between token units and time: the two divisions of the hot path, in 128 bits.

use crate::params::MAX_AMOUNT;
use crate::types::{low64, FRACTION_BITS, MAX_TIME};

/// An amount below this many bits times a window of 37 bits fits 128.
const SHORT_BITS: u32 = 91;

/// What an amount costs: `amount * window / capacity` as a fixed time; `None` past what a word holds.
///
/// Rounding: up, exact, so pieces never cost less than the whole and each at most one fraction more.
#[inline]
pub fn cost_up(amount: u128, window_secs: u64, capacity: u128) -> Option<u64> {
    let (floor, exact) = ratio(amount, window_secs, capacity)?;
    let cost = if exact { floor } else { floor.wrapping_add(1) };
    (cost <= u128::from(MAX_TIME)).then(|| low64(cost))
}

/// What an inflow is worth as a fixed time, at most what a word holds.
///
/// Rounding: down, exact.
#[inline]
pub fn credit_down(amount: u128, window_secs: u64, capacity: u128) -> u64 {
    let worth = ratio(amount.min(MAX_AMOUNT), window_secs, capacity).map_or(u128::MAX, |(floor, _)| floor);
    low64(worth.min(u128::from(MAX_TIME)))
}

/// The amount that a fixed time of room is, `capacity * room / window`; 0 without a window.
///
/// Rounding: down, exact: `capacity = q * window + r`, so `q * room` is whole and `r * room` has at most 91 bits.
pub fn amount_down(room: u64, window: u64, capacity: u128) -> u128 {
    let (window, room) = (u128::from(window), u128::from(room));
    let Some(quotient) = capacity.checked_div(window) else { return 0 };
    let rest = capacity.wrapping_sub(quotient.wrapping_mul(window));
    let part = rest.wrapping_mul(room).checked_div(window).unwrap_or(0);
    quotient.saturating_mul(room).saturating_add(part)
}

/// This share of an amount of at most 95 bits.
///
/// Rounding: down, exact.
#[inline]
pub(super) fn share_down(amount: u128, bps: u16) -> u128 {
    amount.saturating_mul(u128::from(bps)).wrapping_div(10_000)
}

/// `amount * window / capacity` as a fixed time and whether nothing was cut off; `None` if it is far too large.
///
/// Rounding: down, exact. Whole seconds first where one product would not fit, then the fraction from their remainder.
fn ratio(amount: u128, window_secs: u64, capacity: u128) -> Option<(u128, bool)> {
    if amount >> SHORT_BITS == 0 {
        return divide(amount.wrapping_mul(u128::from(window_secs) << FRACTION_BITS), capacity);
    }
    if amount > MAX_AMOUNT {
        return None;
    }
    let product = amount.wrapping_mul(u128::from(window_secs)); // 95 + 21 bits
    let (whole, _) = divide(product, capacity)?;
    let rest = product.wrapping_sub(whole.wrapping_mul(capacity)); // below the capacity: 95 bits
    let (part, exact) = divide(rest << FRACTION_BITS, capacity)?;
    (whole <= u128::from(MAX_TIME)).then(|| ((whole << FRACTION_BITS).wrapping_add(part), exact))
}

/// A quotient and whether nothing was cut off; the product is cheaper than a second division.
#[inline]
fn divide(number: u128, divisor: u128) -> Option<(u128, bool)> {
    let quotient = number.checked_div(divisor)?;
    Some((quotient, quotient.wrapping_mul(divisor) == number))
}
