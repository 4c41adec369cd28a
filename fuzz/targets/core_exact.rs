//! `mul_div`, square root and deviation against big integers.
#![no_main]

use alloy_primitives::U256;
use fusebox_core::bps::deviation_up;
use fusebox_core::math::{mul_div_down, mul_div_up, sqrt_down, sqrt_up, MathError};
use fusebox_core::Bps;
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;

fn big(x: U256) -> BigUint {
    BigUint::from_bytes_le(&x.to_le_bytes::<32>())
}

fn same(result: Result<U256, MathError>, exact: BigUint) {
    match result {
        Ok(value) => assert_eq!(big(value), exact),
        Err(MathError::Overflow { value, bound }) => assert!(exact.bits() > 256 && bound < value),
        Err(other) => panic!("{other:?}"),
    }
}

fuzz_target!(|words: ([u64; 4], [u64; 4], [u64; 4])| {
    let [a, b, d] = [words.0, words.1, words.2].map(U256::from_limbs);
    let root = big(a).sqrt();
    assert_eq!(big(sqrt_down(a)), root);
    assert_eq!(big(sqrt_up(a)), if &root * &root == big(a) { root } else { root + 1u8 });
    if d.is_zero() {
        assert_eq!(mul_div_down(a, b, d), Err(MathError::DivisionByZero { value: a }));
        return;
    }
    let product = big(a) * big(b);
    same(mul_div_down(a, b, d), &product / big(d));
    same(mul_div_up(a, b, d), (product + big(d) - 1u8) / big(d));
    if !a.is_zero() {
        let (low, gap) = (a.min(d), a.abs_diff(d).saturating_sub(b));
        let exact = (big(gap) * 10_000u32 + big(low) - 1u8) / big(low);
        assert_eq!(deviation_up(a, d, b), Ok(Bps(u32::try_from(exact).unwrap_or(u32::MAX))));
    }
});
