//! Fixed point with 18 decimals: prices, ratios, and the functions that are not exact.

use crate::math::{self, MathError};
use alloy_primitives::U256;

pub use crate::exp::{decay_down, decay_factor_down, decay_factor_up, decay_up, exp_down, exp_up};
pub use crate::ln::{ln_down, ln_up, pow_down, pow_up};

/// 1e18.
const SCALE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// An unsigned number in units of 1e-18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wad(pub U256);

/// A signed number in units of 1e-18: what a logarithm is, and what an exponential takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedWad(pub i128);

#[allow(clippy::should_implement_trait)] // these can fail, an operator could not say so
impl Wad {
    /// 0.
    pub const ZERO: Self = Self(U256::ZERO);
    /// 1.
    pub const ONE: Self = Self(SCALE);
    /// The largest.
    pub const MAX: Self = Self(U256::MAX);

    /// `self + other`.
    ///
    /// Errors: `Overflow`.
    pub fn add(self, other: Self) -> Result<Self, MathError> {
        math::add(self.0, other.0).map(Self)
    }
    /// `self - other`.
    ///
    /// Errors: `Underflow`.
    pub fn sub(self, other: Self) -> Result<Self, MathError> {
        math::sub(self.0, other.0).map(Self)
    }
    /// `self * other`.
    ///
    /// Rounding: down, exact.
    /// Errors: `Overflow`.
    pub fn mul_down(self, other: Self) -> Result<Self, MathError> {
        math::mul_div_down(self.0, other.0, SCALE).map(Self)
    }
    /// `self * other`.
    ///
    /// Rounding: up, exact.
    /// Errors: `Overflow`.
    pub fn mul_up(self, other: Self) -> Result<Self, MathError> {
        math::mul_div_up(self.0, other.0, SCALE).map(Self)
    }
    /// `self / other`.
    ///
    /// Rounding: down, exact.
    /// Errors: `DivisionByZero`, `Overflow`.
    pub fn div_down(self, other: Self) -> Result<Self, MathError> {
        math::mul_div_down(self.0, SCALE, other.0).map(Self)
    }
    /// `self / other`.
    ///
    /// Rounding: up, exact.
    /// Errors: `DivisionByZero`, `Overflow`.
    pub fn div_up(self, other: Self) -> Result<Self, MathError> {
        math::mul_div_up(self.0, SCALE, other.0).map(Self)
    }
    /// This share of `amount`.
    ///
    /// Units: those of `amount`.
    /// Rounding: down, exact.
    /// Errors: `Overflow`.
    pub fn of_down(self, amount: U256) -> Result<U256, MathError> {
        math::mul_div_down(amount, self.0, SCALE)
    }
    /// This share of `amount`.
    ///
    /// Units: those of `amount`.
    /// Rounding: up, exact.
    /// Errors: `Overflow`.
    pub fn of_up(self, amount: U256) -> Result<U256, MathError> {
        math::mul_div_up(amount, self.0, SCALE)
    }
}
