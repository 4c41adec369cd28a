//! Fields: what is written reads back, every other bit stays, what does not fit is refused.
#![no_main]

use alloy_primitives::U256;
use fusebox_core::pack::{field_u128, with_field_u128};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u64; 4], u128, u16, u8)| {
    let (word, value, offset, bits) =
        (U256::from_limbs(input.0), input.1, u32::from(input.2), u32::from(input.3 % 129));
    let fits = offset + bits <= 256 && (bits == 128 || value >> bits == 0);
    match with_field_u128(word, offset, bits, value) {
        Err(_) => assert!(!fits),
        Ok(next) => {
            assert!(fits);
            assert_eq!(field_u128(next, offset, bits), value);
            let ones = if bits == 0 { U256::ZERO } else { U256::MAX >> (256 - bits) as usize };
            let outside = !(ones << offset as usize);
            assert_eq!(next & outside, word & outside);
        }
    }
});
