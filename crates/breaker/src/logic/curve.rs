//! Exponentials and logarithms as the breaker needs them: total, in 128 bits, from core's.

use crate::params::MAX_SAMPLES;
use alloy_primitives::{U128, U256};
use fusebox_core::wad::{decay_factor_up, exp_down, ln_up, SignedWad, Wad};

/// 1e18 in 64 bits, for what is never more.
const ONE: u64 = 1_000_000_000_000_000_000;
/// 1e18.
pub const WAD: u128 = 1_000_000_000_000_000_000;

/// `e^x`, WAD to WAD; `u128::MAX` for itself and all above.
///
/// Rounding: down.
pub fn exp(x: i128) -> u128 {
    exp_down(SignedWad(x)).ok().and_then(|result| u128::try_from(result.0).ok()).unwrap_or(u128::MAX)
}

/// `|ln(a / b)|`, WAD; `u128::MAX` if one of them is zero.
///
/// Rounding: up.
pub fn log_ratio(a: u128, b: u128) -> u128 {
    let [high, low] = [a.max(b), a.min(b)].map(|price| Wad(U256::from(price)));
    let log = high.div_up(low).and_then(ln_up);
    log.map_or(u128::MAX, |log| log.0.unsigned_abs())
}

/// `1 - e^(-dt / tau)`, in [0, 1], WAD.
///
/// Rounding: down.
pub fn weight(dt: u64, tau: u64) -> u64 {
    let kept = decay_factor_up(dt, tau).unwrap_or(Wad::ONE).0;
    let [kept, ..] = *kept.as_limbs(); // at most 1e18
    ONE.saturating_sub(kept)
}

/// This share of `value`; `weight` is at most 1, WAD.
///
/// Rounding: down.
pub fn share(value: u128, weight: u64) -> u128 {
    let (whole, weight) = (value / WAD, u128::from(weight));
    let rest = value.wrapping_sub(whole.wrapping_mul(WAD)); // below 1e18, so its product is below 2^120
    whole.wrapping_mul(weight).wrapping_add(rest.wrapping_mul(weight) / WAD)
}

/// The median of at most [`MAX_SAMPLES`] prices; 0 if there are none.
///
/// Rounding: of an even number, the mean of the middle two, down.
pub fn median(prices: impl Iterator<Item = u128>) -> u128 {
    let (mut sorted, mut count) = ([U128::ZERO; MAX_SAMPLES], 0usize);
    for (place, price) in sorted.iter_mut().zip(prices) {
        *place = U128::from(price);
        count = count.saturating_add(1);
    }
    let median = sorted.get_mut(..count).and_then(fusebox_core::median);
    let [low, high] = median.unwrap_or_default().into_limbs();
    u128::from(high) << 64 | u128::from(low)
}

/// `part / whole` in bps, for a `whole` that is a price; `u32::MAX` for itself and all above, and for a `whole` of zero.
///
/// In 128 bits, where core's deviation takes 256: a price has 112, and the breaker has few bytes.
///
/// Rounding: up.
#[inline(never)] // once in a program: bytes run out before gas
pub fn bps(part: u128, whole: u128) -> u32 {
    let Some(times) = part.checked_div(whole) else { return u32::MAX };
    let rest = part.wrapping_sub(times.wrapping_mul(whole)).saturating_mul(10_000);
    let bps = times.saturating_mul(10_000).saturating_add(rest.div_ceil(whole));
    u32::try_from(bps).unwrap_or(u32::MAX)
}
