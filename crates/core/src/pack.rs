//! Fields of a storage word: `offset` and `bits` count from the least significant bit.

use alloy_primitives::U256;

/// A value that does not fit the field it was meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldOverflow {
    /// What was to be stored.
    pub value: u128,
    /// The width of the field.
    pub bits: u32,
}

/// The field of at most 64 bits at `offset`; bits beyond the word read as zero.
#[inline]
pub fn field(word: U256, offset: u32, bits: u32) -> u64 {
    let low = shifted(word, offset);
    if bits >= 64 {
        low
    } else {
        low & (1u64.wrapping_shl(bits)).wrapping_sub(1)
    }
}

/// The field of at most 128 bits at `offset`.
#[inline]
pub fn field_u128(word: U256, offset: u32, bits: u32) -> u128 {
    let low = u128::from(shifted(word, offset)) | (u128::from(shifted(word, offset.saturating_add(64))) << 64);
    if bits >= 128 {
        low
    } else {
        low & (1u128.wrapping_shl(bits)).wrapping_sub(1)
    }
}

/// `word` with the field of at most 64 bits at `offset` replaced.
#[inline(never)] // once in a program: bytes run out before gas
pub fn with_field(word: U256, offset: u32, bits: u32, value: u64) -> Result<U256, FieldOverflow> {
    with_field_u128(word, offset, bits, u128::from(value))
}

/// `word` with the field of at most 128 bits at `offset` replaced; a value that does not fit is refused, never cut.
#[inline(never)] // once in a program: bytes run out before gas
pub fn with_field_u128(word: U256, offset: u32, bits: u32, value: u128) -> Result<U256, FieldOverflow> {
    let fits = bits >= 128 || value >> bits == 0;
    if !fits || offset.saturating_add(bits) > 256 {
        return Err(FieldOverflow { value, bits });
    }
    let ones = if bits >= 128 { u128::MAX } else { (1u128.wrapping_shl(bits)).wrapping_sub(1) };
    let mut limbs = word.into_limbs();
    for (limb, at) in limbs.iter_mut().zip([0, 64, 128, 192]) {
        *limb = *limb & !limb_of(ones, offset, at) | limb_of(value, offset, at);
    }
    Ok(U256::from_limbs(limbs))
}

/// The 64 bits at `at` of `value` moved to `offset`; an operator on the whole word would be 256 bits wide each time.
#[inline]
fn limb_of(value: u128, offset: u32, at: u32) -> u64 {
    let moved = match offset.checked_sub(at) {
        Some(left) => value.checked_shl(left),
        None => value.checked_shr(at.wrapping_sub(offset)),
    };
    u64::try_from(moved.unwrap_or(0) & u128::from(u64::MAX)).unwrap_or(0)
}

/// The low 64 bits of `word >> offset`.
#[inline]
fn shifted(word: U256, offset: u32) -> u64 {
    let limbs = word.as_limbs();
    let (index, shift) = (usize::try_from(offset >> 6).unwrap_or(4), offset & 63);
    let low = limbs.get(index).copied().unwrap_or(0) >> shift;
    if shift == 0 {
        return low;
    }
    let high = limbs.get(index.saturating_add(1)).copied().unwrap_or(0);
    low | high << 64u32.wrapping_sub(shift)
}
