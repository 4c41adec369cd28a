//! Basis points, and how far two prices are apart in them.

use crate::digits;
use crate::math::{self, MathError};
use alloy_primitives::{Uint, U256};

/// 10,000.
const SCALE: U256 = U256::from_limbs([10_000, 0, 0, 0]);

/// A number in units of 1/10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bps(pub u32);

impl Bps {
    /// 0 %.
    pub const ZERO: Self = Self(0);
    /// 100 %.
    pub const ONE: Self = Self(10_000);
    /// The largest; as a deviation, this or anything above.
    pub const MAX: Self = Self(u32::MAX);

    /// This share of `amount`.
    ///
    /// Units: those of `amount`.
    /// Rounding: down, exact.
    /// Errors: `Overflow`.
    pub fn of_down(self, amount: U256) -> Result<U256, MathError> {
        math::mul_div_down(amount, U256::from(self.0), SCALE)
    }
    /// This share of `amount`.
    ///
    /// Units: those of `amount`.
    /// Rounding: up, exact.
    /// Errors: `Overflow`.
    pub fn of_up(self, amount: U256) -> Result<U256, MathError> {
        math::mul_div_up(amount, U256::from(self.0), SCALE)
    }
}

/// `max(|p - r| - conf, 0) / min(p, r)`: symmetric in `p` and `r`, less what the confidence interval explains.
///
/// Units: prices in any one unit; [`Bps::MAX`] stands for itself and all above, which any threshold treats alike.
/// Rounding: up, exact.
/// Errors: `DivisionByZero` if a price is zero.
pub fn deviation_up(p: U256, r: U256, conf: U256) -> Result<Bps, MathError> {
    if p.is_zero() || r.is_zero() {
        return Err(MathError::DivisionByZero { value: p.max(r) });
    }
    let bps = deviation::<256, 4, 32>(p, r, conf, SCALE).and_then(|bps| u32::try_from(bps).ok());
    Ok(bps.map_or(Bps::MAX, Bps))
}

/// Whether [`deviation_up`] is above `limit`, without a division: for hot paths that need the verdict only.
///
/// Errors: `DivisionByZero` if a price is zero.
pub fn deviation_exceeds(p: u128, r: u128, conf: u128, limit: Bps) -> Result<bool, MathError> {
    if p == 0 || r == 0 {
        return Err(MathError::DivisionByZero { value: U256::from(p.max(r)) });
    }
    // ceil(q) > limit exactly when q > limit; compared crosswise in 160 bits. A saturated deviation is not above MAX.
    let excess = times(p.abs_diff(r).saturating_sub(conf), Bps::ONE.0);
    Ok(limit != Bps::MAX && excess > times(p.min(r), limit.0))
}

/// `x * y` as its upper 128 and lower 64 bits.
fn times(x: u128, y: u32) -> (u128, u128) {
    let (y, ones) = (u128::from(y), u128::from(u64::MAX));
    let low = (x & ones).wrapping_mul(y); // below 2^96
    ((x >> 64).wrapping_mul(y).wrapping_add(low >> 64), low & ones)
}

/// The deviation in units of `1 / scale` at any width that [`digits::mul_div`] serves; `None` if it is wider, or if a
/// price is zero.
///
/// Rounding: up, exact.
pub fn deviation<const BITS: usize, const LIMBS: usize, const DIGIT: u32>(
    p: Uint<BITS, LIMBS>,
    r: Uint<BITS, LIMBS>,
    conf: Uint<BITS, LIMBS>,
    scale: Uint<BITS, LIMBS>,
) -> Option<Uint<BITS, LIMBS>> {
    let excess = p.abs_diff(r).saturating_sub(conf);
    digits::mul_div::<BITS, LIMBS, DIGIT>(excess, scale, p.min(r)).and_then(math::ceil)
}
