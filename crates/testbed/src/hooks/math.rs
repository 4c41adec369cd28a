//! Arithmetic on words of 256 bits, and the hash.

use alloy_primitives::{keccak256, U256};

use super::{Answer, Hook};
use crate::pricing::{keccak, pow, HOSTIO, POINTER};

impl Hook<'_> {
    pub(super) fn math_div(&mut self, value: u32, divisor: u32) -> Answer {
        self.buy_ink(HOSTIO + 3 * POINTER + 20_000)?;
        self.binary(value, divisor, |a, b| a.checked_div(b).unwrap_or_default())
    }

    pub(super) fn math_mod(&mut self, value: u32, modulus: u32) -> Answer {
        self.buy_ink(HOSTIO + 3 * POINTER + 20_000)?;
        self.binary(value, modulus, |a, b| a.checked_rem(b).unwrap_or_default())
    }

    pub(super) fn math_pow(&mut self, value: u32, exponent: u32) -> Answer {
        self.buy_ink(HOSTIO + 3 * POINTER)?;
        let word = self.read_word(exponent)?;
        self.buy_ink(pow(&word.0))?;
        self.binary(value, exponent, U256::wrapping_pow)
    }

    pub(super) fn math_add_mod(&mut self, value: u32, addend: u32, modulus: u32) -> Answer {
        self.buy_ink(HOSTIO + 4 * POINTER + 21_000)?;
        let modulus = self.read_number(modulus)?;
        self.binary(value, addend, |a, b| a.add_mod(b, modulus))
    }

    pub(super) fn math_mul_mod(&mut self, value: u32, factor: u32, modulus: u32) -> Answer {
        self.buy_ink(HOSTIO + 4 * POINTER + 24_100)?;
        let modulus = self.read_number(modulus)?;
        self.binary(value, factor, |a, b| a.mul_mod(b, modulus))
    }

    pub(super) fn native_keccak256(&mut self, data: u32, length: u32, dest: u32) -> Answer {
        self.buy_ink(keccak(length as usize))?;
        let digest = keccak256(self.read(data, length)?);
        self.write(dest, digest.as_slice())
    }

    /// The result replaces the first operand.
    fn binary(&mut self, a: u32, b: u32, operation: impl FnOnce(U256, U256) -> U256) -> Answer {
        let result = operation(self.read_number(a)?, self.read_number(b)?);
        self.write(a, &result.to_be_bytes::<32>())
    }
}
