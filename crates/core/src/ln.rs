//! The logarithm, and powers through it.
//!
//! A kernel reduces a word to `m 2^k` with `m` in [1, 2) and 128 bits, `m` to an eighth `c` below it, and takes
//! `2 atanh((m - c)/(m + c))` by fifteen terms. Each step cuts off, so the kernel rises with the word and is never above
//! the exact value; at most `k` and [`GUARD`] below. Both bounds rise with the word, since `k` does.

use crate::digits;
use crate::exp::{self, EXP_MAX};
use crate::fraction::{divide, mul_high, LN_2, LN_EIGHTHS, ONE_127};
use crate::math::{self, MathError};
use crate::wad::{SignedWad, Wad};
use alloy_primitives::U256;

/// `ln(10^18)`, scaled by 2^128, rounded down.
const LN_WAD: U256 = U256::from_limbs([0xe86c_3c3c_cb5a_db7f, 0x724f_e657_ff70_6671, 0x29, 0]);
/// 2^128.
const ONE_128: U256 = U256::from_limbs([0, 0, 1, 0]);
/// How far below the exact value the kernel can be, scaled by 2^128, besides the `k` of `k ln 2`: 2 from the bits of a
/// long word, 1 from the table, less than 3 from the series and its steps.
const GUARD: u64 = 9;

/// A bound of the logarithm of a word that is not zero, scaled by 2^128 and split by sign: `(negative, magnitude)`.
fn ln_wad(x: Wad, up: bool) -> (bool, U256) {
    let (ln, k) = kernel(x.0);
    let (ln, one) = if up {
        (ln.wrapping_add(U256::from(k.wrapping_add(GUARD))), LN_WAD)
    } else {
        (ln, LN_WAD.wrapping_add(U256::ONE))
    };
    match ln.checked_sub(one) {
        Some(magnitude) => (false, magnitude),
        None => (true, one.wrapping_sub(ln)),
    }
}

/// `ln x` of a word that is not zero, scaled by 2^128, and its power of two.
fn kernel(x: U256) -> (U256, u64) {
    let zeros = x.leading_zeros();
    let [_, _, low, high] = x.wrapping_shl(zeros).into_limbs();
    let m = u128::from(high) << 64 | u128::from(low); // scaled by 2^127
    let eighths = m >> 124; // 8 to 15
    let c = eighths << 124;
    // At most 1/17, scaled by 2^132.
    let numerator = U256::from(m.wrapping_sub(c)).wrapping_shl(132);
    let ratio = digits::mul_div::<256, 4, 32>(numerator, U256::ONE, U256::from(m).wrapping_add(U256::from(c)));
    let [low, high, ..] = ratio.map_or(U256::ZERO, |ratio| ratio.floor).into_limbs();
    let z = u128::from(high) << 64 | u128::from(low);
    let square = mul_high(z, z); // scaled by 2^136
    let mut sum = 0u128;
    for odd in (0..15).rev().map(|n: u32| n << 1 | 1) {
        sum = divide(ONE_127, odd).wrapping_add(mul_high(sum, square) >> 8); // below 2^127 * 1.002
    }
    let atanh = mul_high(z, sum) >> 2; // twice, scaled by 2^128
    let table = usize::try_from(eighths & 7).ok().and_then(|i| LN_EIGHTHS.get(i)).copied().unwrap_or(0);
    let k = u64::try_from(zeros).map_or(0, |zeros| 255u64.wrapping_sub(zeros));
    let fraction = U256::from(table).wrapping_add(U256::from(atanh));
    (U256::from(LN_2).wrapping_mul(U256::from(k)).wrapping_add(fraction), k)
}

fn ln(x: Wad, up: bool) -> Result<SignedWad, MathError> {
    if x.0.is_zero() {
        return Err(MathError::OutOfRange { value: x.0, bound: U256::ONE });
    }
    if x == Wad::ONE {
        return Ok(SignedWad(0));
    }
    let (negative, magnitude) = ln_wad(x, up);
    let round = if negative == up { math::mul_div_down } else { math::mul_div_up };
    let value = i128::try_from(round(magnitude, Wad::ONE.0, ONE_128)?).unwrap_or(i128::MAX); // below 2^67
    Ok(SignedWad(if negative { value.wrapping_neg() } else { value }))
}

/// The natural logarithm.
///
/// Rounding: down; exact at 1, elsewhere less than one unit and `2^-58` of a unit below, never above; monotone.
/// Errors: `OutOfRange` for 0.
pub fn ln_down(x: Wad) -> Result<SignedWad, MathError> {
    ln(x, false)
}

/// The natural logarithm.
///
/// Rounding: up; exact at 1, elsewhere less than one unit and `2^-58` of a unit above, never below; monotone.
/// Errors: `OutOfRange` for 0.
pub fn ln_up(x: Wad) -> Result<SignedWad, MathError> {
    ln(x, true)
}

fn pow(x: Wad, y: Wad, up: bool) -> Result<Wad, MathError> {
    if y == Wad::ZERO || x == Wad::ONE {
        return Ok(Wad::ONE);
    }
    if x == Wad::ZERO {
        return Ok(Wad::ZERO);
    }
    let negative = x < Wad::ONE;
    let (_, ln) = ln_wad(x, up);
    let round = if negative == up { math::mul_div_down } else { math::mul_div_up };
    let t = round(y.0, ln, Wad::ONE.0).ok().and_then(|magnitude| exp::exponent(negative, magnitude, up));
    let bound = match t {
        None if negative => Some(if up { U256::ONE } else { U256::ZERO }),
        None => None,
        Some(t) => exp::scaled(Wad::ONE.0, t, up),
    };
    // What is known without a series, so that powers stay monotone through the exponents 0 and 1 and are exact there.
    let known = match (up, negative) {
        (false, false) => Some(if y < Wad::ONE { Wad::ONE } else { x }),
        (false, true) => Some(if y > Wad::ONE { Wad::ZERO } else { x }),
        (true, false) => (y <= Wad::ONE).then_some(x),
        (true, true) => Some(if y < Wad::ONE { Wad::ONE } else { x }),
    };
    match (bound.map(Wad), known) {
        (Some(bound), Some(known)) if up => Ok(bound.min(known)),
        (Some(bound), Some(known)) => Ok(bound.max(known)),
        (None, Some(known)) if up => Ok(known),
        (Some(bound), None) => Ok(bound),
        (None, _) => Err(too_large(y, ln)),
    }
}

/// The exponent up to which the power would have fitted: `ln MAX / ln x`.
#[cold]
fn too_large(y: Wad, ln: U256) -> MathError {
    let bound = math::mul_div_down(U256::from(EXP_MAX.unsigned_abs()), ONE_128, ln).unwrap_or(U256::ZERO);
    MathError::Overflow { value: y.0, bound }
}

/// `x^y`; `0^0` is 1.
///
/// Rounding: down; exact for `y` 0 and 1 and `x` 0 and 1, elsewhere less than one unit and `(1 + y/2) 2^-118` of the
/// result below, never above; monotone in `x` and in `y`.
/// Errors: `Overflow` of `y`.
pub fn pow_down(x: Wad, y: Wad) -> Result<Wad, MathError> {
    pow(x, y, false)
}

/// `x^y`; `0^0` is 1.
///
/// Rounding: up; exact for `y` 0 and 1 and `x` 0 and 1, elsewhere at most one unit and `(1 + y/2) 2^-118` of the result
/// above, never below; monotone in `x` and in `y`.
/// Errors: `Overflow` of `y`.
pub fn pow_up(x: Wad, y: Wad) -> Result<Wad, MathError> {
    pow(x, y, true)
}
