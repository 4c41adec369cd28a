//! The exponential, and what decays by it.
//!
//! A kernel turns `t`, scaled by 2^128, into a mantissa of 128 bits and a power of two: `t = k ln 2 + ln(1 + i/8) + r`,
//! and twenty terms of Taylor's series for `r < 0.118`. Each step cuts off, so the kernel rises with `t` over the whole
//! line. Its error is one-sided but for the constants, and covered by moving `t` before, not the result after: so the
//! bounds hold *and* the results stay monotone.

use crate::digits;
use crate::fraction::{divide, mul_high, LN_2, LN_EIGHTHS, ONE_127};
use crate::math::MathError;
use crate::wad::{SignedWad, Wad};
use alloy_primitives::U256;

/// What is added to `t`, so that it is never negative: `512 ln 2`, far below where every result is zero.
const BIAS: U256 = U256::from_limbs([LN_2_LOW << 9, LN_2_HIGH << 9 | LN_2_LOW >> 55, LN_2_HIGH >> 55, 0]);
const LN_2_LOW: u64 = 0xc9e3_b398_03f2_f6af;
const LN_2_HIGH: u64 = 0xb172_17f7_d1cf_79ab;
/// 2^128.
const ONE_128: U256 = U256::from_limbs([0, 0, 1, 0]);
/// The largest exponent whose result fits.
pub(crate) const EXP_MAX: i128 = 135_999_146_549_453_176_898;

/// `t` of the kernel: a magnitude scaled by 2^128, moved by bias and guard; `None` beyond what the bias covers.
///
/// The guard covers the constants, at most `|k| + 1 <= |t| / ln 2 + 2` too small, and upwards the 20 units that the
/// mantissa cuts off. It grows with `|t|` by less than `|t|` does, so that what comes out rises with `t`.
pub(crate) fn exponent(negative: bool, magnitude: U256, up: bool) -> Option<U256> {
    if magnitude >= BIAS {
        return None;
    }
    let t = if negative { BIAS.wrapping_sub(magnitude) } else { BIAS.wrapping_add(magnitude) };
    let guard = magnitude.wrapping_shr(127).wrapping_add(U256::from(if up { 24u64 } else { 2 }));
    if up {
        Some(t.wrapping_add(guard))
    } else {
        t.checked_sub(guard)
    }
}

/// A bound of `value * e^t`, below or above; `None` if it does not fit.
pub(crate) fn scaled(value: U256, t: U256, up: bool) -> Option<U256> {
    let k = u32::try_from(digits::mul_div::<256, 4, 32>(t, U256::ONE, U256::from(LN_2))?.floor).ok()?;
    let mantissa = U256::from(mantissa(t, k));
    // value * mantissa * 2^(k - 512 - 127), in two steps where one word cannot hold the power.
    let (left, right) = (k.saturating_sub(639), 639u32.saturating_sub(k));
    let first = right.min(255);
    if left > 128 {
        return None;
    }
    let factor = mantissa.wrapping_shl(usize::try_from(left).ok()?);
    let power = U256::ONE.wrapping_shl(usize::try_from(first).ok()?);
    let quotient = digits::mul_div::<256, 4, 32>(value, factor, power)?.floor;
    let floor = quotient.wrapping_shr(usize::try_from(right.wrapping_sub(first)).ok()?);
    if up {
        floor.checked_add(U256::ONE)
    } else {
        Some(floor)
    }
}

/// The fraction `e^(t - k ln 2)` in [1, 2), scaled by 2^127: at most 10 units below the exact one.
fn mantissa(t: U256, k: u32) -> u128 {
    let [low, high, ..] = t.into_limbs();
    let t = u128::from(high) << 64 | u128::from(low);
    // The remainder is below 2^128, so the low half of the difference is all of it.
    let rest = t.wrapping_sub(LN_2.wrapping_mul(u128::from(k)));
    let (mut eighths, mut r) = (0u128, rest);
    for (i, ln) in (0u128..).zip(LN_EIGHTHS) {
        if let Some(less) = rest.checked_sub(ln) {
            (eighths, r) = (i, less);
        }
    }
    let mut sum = ONE_127;
    for n in (1..=20).rev() {
        sum = ONE_127.wrapping_add(divide(mul_high(sum, r), n)); // below 2^127 * 1.13
    }
    sum.wrapping_add((sum >> 3).wrapping_mul(eighths)) // below 2^128: the product is below 2
}

fn exp(x: SignedWad, up: bool) -> Result<Wad, MathError> {
    let error =
        MathError::OutOfRange { value: U256::from(x.0.unsigned_abs()), bound: U256::from(EXP_MAX.unsigned_abs()) };
    if x.0 > EXP_MAX {
        return Err(error);
    }
    if x.0 == 0 {
        return Ok(Wad::ONE);
    }
    let negative = x.0 < 0;
    let magnitude = digits::mul_div::<256, 4, 32>(U256::from(x.0.unsigned_abs()), ONE_128, Wad::ONE.0);
    let t = magnitude.and_then(|magnitude| exponent(negative, toward(magnitude, negative != up), up));
    match t {
        None => Ok(Wad(if up { U256::ONE } else { U256::ZERO })), // negative: the positive ones are in range
        Some(t) => scaled(Wad::ONE.0, t, up).map(Wad).ok_or(error),
    }
}

/// The quotient, or the next integer if it must not be below the exact one.
fn toward(quotient: digits::Quotient<256, 4>, up: bool) -> U256 {
    if up && !quotient.exact {
        quotient.floor.wrapping_add(U256::ONE)
    } else {
        quotient.floor
    }
}

/// `e^x`.
///
/// Rounding: down; exact at 0, elsewhere less than one unit and `2^-118` of the result below, never above; monotone.
/// Errors: `OutOfRange` above 135.999146549453176898, where the result leaves the word; far below it is 0.
pub fn exp_down(x: SignedWad) -> Result<Wad, MathError> {
    exp(x, false)
}

/// `e^x`.
///
/// Rounding: up; exact at 0, elsewhere at most one unit and `2^-118` of the result above, never below; monotone.
/// Errors: `OutOfRange` above 135.999146549453176898, where the result leaves the word; far below it is one unit.
pub fn exp_up(x: SignedWad) -> Result<Wad, MathError> {
    exp(x, true)
}

fn decay(value: U256, dt: u64, tau: u64, up: bool) -> Result<U256, MathError> {
    if tau == 0 {
        return Err(MathError::DivisionByZero { value: U256::from(dt) });
    }
    if dt == 0 || value.is_zero() {
        return Ok(value);
    }
    let x = digits::mul_div::<256, 4, 32>(U256::from(dt), ONE_128, U256::from(tau));
    let t = x.and_then(|x| exponent(true, toward(x, !up), up));
    Ok(match t {
        None if up => U256::ONE,
        None => U256::ZERO,
        // An upper bound that its last unit lifts above the value is the value itself.
        Some(t) => scaled(value, t, up).unwrap_or(value).min(value),
    })
}

/// `value * e^(-dt/tau)`, for `dt` and `tau` in seconds.
///
/// Units: those of `value`.
/// Rounding: down; exact at `dt` 0, elsewhere less than one unit and `2^-118` of the result below; monotone.
/// Errors: `DivisionByZero` if `tau` is zero.
pub fn decay_down(value: U256, dt: u64, tau: u64) -> Result<U256, MathError> {
    decay(value, dt, tau, false)
}

/// `value * e^(-dt/tau)`, for `dt` and `tau` in seconds.
///
/// Units: those of `value`.
/// Rounding: up; exact at `dt` 0, elsewhere at most one unit and `2^-118` of the result above; monotone.
/// Errors: `DivisionByZero` if `tau` is zero.
pub fn decay_up(value: U256, dt: u64, tau: u64) -> Result<U256, MathError> {
    decay(value, dt, tau, true)
}

/// `e^(-dt/tau)`, in [0, 1].
///
/// Rounding: down, as [`decay_down`].
/// Errors: `DivisionByZero` if `tau` is zero.
pub fn decay_factor_down(dt: u64, tau: u64) -> Result<Wad, MathError> {
    decay(Wad::ONE.0, dt, tau, false).map(Wad)
}

/// `e^(-dt/tau)`, in [0, 1].
///
/// Rounding: up, as [`decay_up`].
/// Errors: `DivisionByZero` if `tau` is zero.
pub fn decay_factor_up(dt: u64, tau: u64) -> Result<Wad, MathError> {
    decay(Wad::ONE.0, dt, tau, true).map(Wad)
}
