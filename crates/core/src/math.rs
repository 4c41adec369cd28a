//! Exact arithmetic on words: a result or an error, never a panic, never a wrap.

use crate::digits::{self, Quotient};
use alloy_primitives::{Uint, U256};

/// Why there is no result; every variant carries the offending value and the bound it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathError {
    /// The result is wider than a word: `value` was an operand, and up to `bound` it would have fitted.
    Overflow {
        /// The operand that is too large.
        value: U256,
        /// An operand that fits; every smaller one does.
        bound: U256,
    },
    /// A difference below zero.
    Underflow {
        /// What was to be taken.
        value: U256,
        /// What there is.
        bound: U256,
    },
    /// A division by zero: the bound of a divisor is 1.
    DivisionByZero {
        /// What was to be divided.
        value: U256,
    },
    /// An argument outside the domain of the function.
    OutOfRange {
        /// The argument.
        value: U256,
        /// The nearest argument that is allowed.
        bound: U256,
    },
}

/// `a + b`.
///
/// Errors: `Overflow`.
pub fn add(a: U256, b: U256) -> Result<U256, MathError> {
    a.checked_add(b).ok_or(MathError::Overflow { value: a, bound: U256::MAX.wrapping_sub(b) })
}

/// `a - b`.
///
/// Errors: `Underflow`.
pub fn sub(a: U256, b: U256) -> Result<U256, MathError> {
    a.checked_sub(b).ok_or(MathError::Underflow { value: b, bound: a })
}

/// `a * b / d` with a 512-bit product.
///
/// Rounding: down, exact.
/// Errors: `DivisionByZero`, `Overflow` of `a`.
pub fn mul_div_down(a: U256, b: U256, d: U256) -> Result<U256, MathError> {
    quotient(a, b, d).map(|quotient| quotient.floor)
}

/// `a * b / d` with a 512-bit product.
///
/// Rounding: up, exact.
/// Errors: `DivisionByZero`, `Overflow` of `a`.
pub fn mul_div_up(a: U256, b: U256, d: U256) -> Result<U256, MathError> {
    ceil(quotient(a, b, d)?).ok_or_else(|| overflow(a, b, d))
}

/// `a / d`.
///
/// Rounding: down, exact.
/// Errors: `DivisionByZero`.
pub fn div_down(a: U256, d: U256) -> Result<U256, MathError> {
    mul_div_down(a, U256::ONE, d)
}

/// `a / d`.
///
/// Rounding: up, exact.
/// Errors: `DivisionByZero`.
pub fn div_up(a: U256, d: U256) -> Result<U256, MathError> {
    mul_div_up(a, U256::ONE, d)
}

/// The square root.
///
/// Rounding: down, exact.
pub fn sqrt_down(x: U256) -> U256 {
    root::<256, 4, 32>(x)
}

/// The square root.
///
/// Rounding: up, exact.
pub fn sqrt_up(x: U256) -> U256 {
    let floor = sqrt_down(x);
    // The root is below 2^128, so neither the square nor the next integer overflows.
    if floor.wrapping_mul(floor) == x {
        floor
    } else {
        floor.wrapping_add(U256::ONE)
    }
}

/// The square root at any width that [`digits::mul_div`] serves.
///
/// Newton's iteration falls strictly from any start above the root and stops at its floor.
///
/// Rounding: down, exact.
pub fn root<const BITS: usize, const LIMBS: usize, const DIGIT: u32>(x: Uint<BITS, LIMBS>) -> Uint<BITS, LIMBS> {
    let one = Uint::from_limbs({
        let mut limbs = [0; LIMBS];
        limbs.iter_mut().take(1).for_each(|limb| *limb = 1);
        limbs
    });
    let length = x.bit_len();
    if length < 2 {
        return x;
    }
    // At least the root, since x < 2^length; at most 2^(BITS/2), so the sum below cannot overflow.
    let mut guess = one.wrapping_shl(length.wrapping_add(1) >> 1);
    while let Some(quotient) = digits::mul_div::<BITS, LIMBS, DIGIT>(x, one, guess) {
        let next = guess.wrapping_add(quotient.floor).wrapping_shr(1);
        if next >= guess {
            break;
        }
        guess = next;
    }
    guess
}

fn quotient(a: U256, b: U256, d: U256) -> Result<Quotient<256, 4>, MathError> {
    digits::mul_div::<256, 4, 32>(a, b, d).ok_or_else(|| overflow(a, b, d))
}

/// The quotient rounded up; `None` if that is one past the width.
pub fn ceil<const BITS: usize, const LIMBS: usize>(quotient: Quotient<BITS, LIMBS>) -> Option<Uint<BITS, LIMBS>> {
    if quotient.exact {
        Some(quotient.floor)
    } else {
        quotient.floor.checked_add(Uint::ONE)
    }
}

/// Why `a * b / d` has no result: `a` fits up to `MAX * d / b`, which is below `a` since the quotient is not.
#[cold]
fn overflow(a: U256, b: U256, d: U256) -> MathError {
    if d.is_zero() {
        return MathError::DivisionByZero { value: a };
    }
    let bound = digits::mul_div::<256, 4, 32>(U256::MAX, d, b).map_or(U256::MAX, |quotient| quotient.floor);
    MathError::Overflow { value: a, bound }
}
