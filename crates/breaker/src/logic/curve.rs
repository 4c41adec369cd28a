//! Exponentials and logarithms as the breaker needs them: total, in 128 bits, from core's.

use alloy_primitives::U256;
use fusebox_core::wad::{decay_factor_up, exp_down, ln_up, SignedWad, Wad};

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

/// `1 - e^(-dt / tau)`, in [0, 1].
///
/// Rounding: down.
pub fn weight(dt: u64, tau: u64) -> Wad {
    Wad(Wad::ONE.0.saturating_sub(decay_factor_up(dt, tau).unwrap_or(Wad::ONE).0))
}

/// This share of `value`.
///
/// Rounding: down.
pub fn share(value: u128, weight: Wad) -> u128 {
    weight.of_down(U256::from(value)).ok().and_then(|share| u128::try_from(share).ok()).unwrap_or(0)
}
