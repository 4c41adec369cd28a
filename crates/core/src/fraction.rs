//! Fractions of 128 bits, and the one table that exponential and logarithm share.
//!
//! Every operation here cuts off, every constant is rounded down: that is what makes the kernels monotone. Where one
//! cell of a reduction ends and the next begins, the value before is below the exact one, and the value after is the
//! table's own.

/// `ln(1 + i/8)`, scaled by 2^128, rounded down.
pub const LN_EIGHTHS: [u128; 8] = [
    0,
    0x1e27_076e_2af2_e5e9_ea87_ffe1_fe9e_155d,
    0x391f_ef8f_3534_4358_4bb0_3de5_ff73_4495,
    0x5186_2f08_717b_09f4_2dec_decc_f1cd_1057,
    0x67cc_8fb2_fe61_2fca_da35_d9bd_0148_8606,
    0x7c4a_3d7e_bc1b_b2cd_720e_c44c_73d7_5cf5,
    0x8f42_faf3_8206_81ef_62cd_2f9f_1e35_f2e7,
    0xa0ec_7f42_3395_7323_25e6_17a3_00bb_ca9c,
];
/// `ln 2`, scaled by 2^128, rounded down.
pub const LN_2: u128 = 0xb172_17f7_d1cf_79ab_c9e3_b398_03f2_f6af;
/// 1, scaled by 2^127.
pub const ONE_127: u128 = 1 << 127;

/// `a * b / 2^128`.
///
/// Rounding: down, exact.
pub fn mul_high(a: u128, b: u128) -> u128 {
    let ones = u128::from(u64::MAX);
    let (a1, a0, b1, b0) = (a >> 64, a & ones, b >> 64, b & ones);
    // Four products of halves; with two carries each they still fit: (2^64 - 1)^2 + 2 * (2^64 - 1) = 2^128 - 1.
    let low = a0.wrapping_mul(b0) >> 64;
    let left = a1.wrapping_mul(b0).wrapping_add(low);
    let right = a0.wrapping_mul(b1).wrapping_add(left & ones);
    a1.wrapping_mul(b1).wrapping_add(left >> 64).wrapping_add(right >> 64)
}

/// `a / n`, by 32-bit digits: a 128-bit division would bring its own routine into every contract.
///
/// Rounding: down, exact; 0 if `n` is.
pub fn divide(a: u128, n: u32) -> u128 {
    let (n, mut rest, mut quotient) = (u64::from(n), 0u64, 0u128);
    for shift in [96, 64, 32, 0] {
        let digit = u64::try_from(a.wrapping_shr(shift) & 0xffff_ffff).unwrap_or(0);
        let number = rest << 32 | digit;
        quotient = quotient << 32 | u128::from(number.checked_div(n).unwrap_or(0));
        rest = number.checked_rem(n).unwrap_or(0);
    }
    quotient
}
