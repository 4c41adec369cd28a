//! Fields of a word, one behind the other from the least significant bit.

use alloy_primitives::U256;
use fusebox_core::pack::{field, field_u128, with_field_u128};
use fusebox_core::panel::Tier;

/// Fields written one behind the other; a value that does not fit saturates.
pub(super) struct Writer(pub(super) U256, pub(super) u32);

impl Writer {
    pub(super) fn put(&mut self, bits: u32, value: u128) -> &mut Self {
        let most = (1u128.wrapping_shl(bits)).wrapping_sub(1); // no field here is wider than 112
        self.0 = with_field_u128(self.0, self.1, bits, value.min(most)).unwrap_or(self.0);
        self.1 = self.1.saturating_add(bits);
        self
    }
    pub(super) fn time(&mut self, seconds: u64) -> &mut Self {
        self.put(40, u128::from(seconds))
    }
    pub(super) fn small(&mut self, bits: u32, value: u8) -> &mut Self {
        self.put(bits, u128::from(value))
    }
}

/// Fields read one behind the other.
pub(super) struct Reader(pub(super) U256, pub(super) u32);

impl Reader {
    pub(super) fn wide(&mut self, bits: u32) -> u128 {
        let value = field_u128(self.0, self.1, bits);
        self.1 = self.1.saturating_add(bits);
        value
    }
    pub(super) fn take(&mut self, bits: u32) -> u64 {
        let value = field(self.0, self.1, bits);
        self.1 = self.1.saturating_add(bits);
        value
    }
    pub(super) fn small(&mut self, bits: u32) -> u8 {
        let [low, ..] = self.take(bits).to_le_bytes();
        low
    }
    pub(super) fn tier(&mut self) -> Tier {
        Tier::from_code(self.small(3)).unwrap_or(Tier::Halted) // never written; the safe reading of a foreign word
    }
    pub(super) fn flag(&mut self) -> bool {
        self.take(1) == 1
    }
    pub(super) fn half(&mut self) -> u16 {
        let [low, high, ..] = self.take(16).to_le_bytes();
        u16::from_le_bytes([low, high])
    }
    pub(super) fn word(&mut self, bits: u32) -> u32 {
        u32::try_from(self.take(bits)).unwrap_or(u32::MAX) // at most 24 bits
    }
}

/// A price as 7 bits of exponent over its `bits` most significant ones.
///
/// Rounding: down.
pub(super) fn float(price: u128, bits: u32) -> u128 {
    let cut = 128u32.saturating_sub(price.leading_zeros()).saturating_sub(bits);
    u128::from(cut).wrapping_shl(bits) | price.wrapping_shr(cut)
}

pub(super) fn unfloat(float: u128, bits: u32) -> u128 {
    let cut = u32::try_from(float >> bits).unwrap_or(0); // 7 bits
    (float & (1u128.wrapping_shl(bits)).wrapping_sub(1)).wrapping_shl(cut)
}
