//! Long multiplication and division by digits: the one kernel below everything here that multiplies or divides.
//!
//! A digit of `DIGIT` bits sits in a `u64`, so that `digit * digit + digit + digit` fits. Contracts use the instance of
//! 256 bits by 32-bit digits, which wasm multiplies and divides natively; the tests run the same code at 8 bits by
//! 2-bit digits, where every input can be tried.

use alloy_primitives::Uint;

/// Digits in a factor, a product (one more, for normalisation) and a quotient.
const FACTOR: usize = 8;
const PRODUCT: usize = 17;

/// The floor of a quotient and whether nothing was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotient<const BITS: usize, const LIMBS: usize> {
    /// The quotient, rounded down.
    pub floor: Uint<BITS, LIMBS>,
    /// Whether the remainder is zero.
    pub exact: bool,
}

/// `a * b / d` with a product of twice the width; `None` if `d` is zero or the quotient is wider than `BITS`.
///
/// `BITS` must be a multiple of `DIGIT`, `DIGIT` a divisor of 64 and at most 32, and `BITS / DIGIT` at most 8.
///
/// Rounding: down; `exact` says whether up is one more.
/// Source: Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithms M and D.
pub fn mul_div<const BITS: usize, const LIMBS: usize, const DIGIT: u32>(
    a: Uint<BITS, LIMBS>,
    b: Uint<BITS, LIMBS>,
    d: Uint<BITS, LIMBS>,
) -> Option<Quotient<BITS, LIMBS>> {
    let mut product = [0; PRODUCT];
    multiply::<DIGIT>(&mut product, &split::<DIGIT>(a.as_limbs()), &split::<DIGIT>(b.as_limbs()));
    let mut quotient = [0; PRODUCT];
    divide::<DIGIT>(&mut quotient, &mut product, split::<DIGIT>(d.as_limbs()))?;
    let mut bits = 0;
    let mut limbs = [0; LIMBS];
    let mut digits = quotient.iter();
    for limb in limbs.iter_mut() {
        let mut shift = 0;
        while shift < 64 && bits < BITS {
            *limb |= digits.next().copied().unwrap_or(0).wrapping_shl(shift);
            shift = shift.wrapping_add(DIGIT);
            bits = bits.wrapping_add(usize::try_from(DIGIT).unwrap_or(BITS));
        }
    }
    let fits = digits.all(|digit| *digit == 0);
    fits.then(|| Quotient { floor: Uint::from_limbs(limbs), exact: product.iter().all(|digit| *digit == 0) })
}

/// All ones in a digit.
const fn mask(bits: u32) -> u64 {
    1u64.wrapping_shl(bits).wrapping_sub(1)
}

/// The digits of a number, least significant first.
fn split<const DIGIT: u32>(limbs: &[u64]) -> [u64; FACTOR] {
    let mut digits = [0; FACTOR];
    let mut limbs = limbs.iter();
    let (mut limb, mut left) = (0u64, 0u32);
    for digit in &mut digits {
        if left == 0 {
            limb = limbs.next().copied().unwrap_or(0);
            left = 64;
        }
        *digit = limb & mask(DIGIT);
        limb = limb.wrapping_shr(DIGIT);
        left = left.wrapping_sub(DIGIT);
    }
    digits
}

/// `product = a * b`; `product` comes as zeros and is as long as both together.
///
/// Every sum fits: `(2^32 - 1)^2 + 2 * (2^32 - 1) = 2^64 - 1`.
fn multiply<const DIGIT: u32>(product: &mut [u64], a: &[u64], b: &[u64]) {
    let length = b.iter().rposition(|digit| *digit != 0).map_or(0, |last| last.wrapping_add(1));
    let b = b.get(..length).unwrap_or(b);
    for (skip, x) in a.iter().enumerate().filter(|(_, x)| **x != 0) {
        let mut carry = 0;
        for (digit, y) in product.iter_mut().skip(skip).zip(b.iter().chain(&[0])) {
            let sum = x.wrapping_mul(*y).wrapping_add(*digit).wrapping_add(carry);
            *digit = sum & mask(DIGIT);
            carry = sum.wrapping_shr(DIGIT);
        }
    }
}

/// `quotient = number / divisor`, leaving a multiple of the remainder in `number`, whose top digit must be zero;
/// `None` if the divisor is zero.
fn divide<const DIGIT: u32>(quotient: &mut [u64], number: &mut [u64], mut divisor: [u64; FACTOR]) -> Option<()> {
    let length = divisor.iter().rposition(|digit| *digit != 0)?.wrapping_add(1);
    let divisor = divisor.get_mut(..length)?;
    // Normalised: the divisor's top bit is set, so that an estimate from one digit is at most two too large.
    let shift = divisor.last()?.leading_zeros().wrapping_add(DIGIT).wrapping_sub(64);
    shift_left::<DIGIT>(divisor, shift);
    shift_left::<DIGIT>(number, shift);
    let top = *divisor.last()?;
    let places = number.len().wrapping_sub(length);
    for (place, digit) in quotient.iter_mut().enumerate().take(places).rev() {
        let window = number.get_mut(place..)?.get_mut(..=length)?;
        let [.., low, high] = window else { return None };
        let lead = high.wrapping_shl(DIGIT) | *low;
        if lead >= top {
            let guess = lead.checked_div(top)?.min(mask(DIGIT));
            *digit = subtract::<DIGIT>(window, divisor, guess);
        }
    }
    Some(())
}

/// Shifts by less than a digit; what leaves the top is lost.
fn shift_left<const DIGIT: u32>(digits: &mut [u64], shift: u32) {
    let mut carry = 0;
    for digit in digits {
        let wide = digit.wrapping_shl(shift) | carry;
        *digit = wide & mask(DIGIT);
        carry = wide.wrapping_shr(DIGIT);
    }
}

/// `window -= divisor * guess`, lowering the guess until nothing is borrowed; returns the digit that was right.
fn subtract<const DIGIT: u32>(window: &mut [u64], divisor: &[u64], mut guess: u64) -> u64 {
    let (mut carry, mut borrow) = (0u64, 0u64);
    for (digit, y) in window.iter_mut().zip(divisor.iter().chain(&[0])) {
        let part = guess.wrapping_mul(*y).wrapping_add(carry);
        carry = part.wrapping_shr(DIGIT);
        let rest = digit.wrapping_sub(part & mask(DIGIT)).wrapping_sub(borrow);
        borrow = rest >> 63;
        *digit = rest & mask(DIGIT);
    }
    while borrow != 0 {
        guess = guess.wrapping_sub(1);
        let mut carry = 0u64;
        for (digit, y) in window.iter_mut().zip(divisor.iter().chain(&[0])) {
            let sum = digit.wrapping_add(*y).wrapping_add(carry);
            *digit = sum & mask(DIGIT);
            carry = sum.wrapping_shr(DIGIT);
        }
        borrow = borrow.wrapping_sub(carry);
    }
    guess
}
