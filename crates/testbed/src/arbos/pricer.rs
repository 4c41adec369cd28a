//! The data fee: what a byte of an activated program costs, which demand raises and time lowers.
//!
//! Source: Nitro's published constants (`arbos/programs/data_pricer.go`).

use alloy_primitives::{keccak256, B256, U256};

use crate::exec::Executor;

/// Bytes a second that demand falls by: a tebibyte a year.
const BYTES_PER_SECOND: u64 = (1_u64 << 40) / (365 * 24) / 3_600;
/// Demand in bytes that raises the price by the factor e.
const INERTIA: u64 = 21_360_419;
/// Wei that a byte costs when there is no demand.
const MIN_PRICE: u64 = 82_928_201;
const BASIS_POINTS: u64 = 10_000;
/// Terms of the series for the exponential.
const TERMS: u64 = 12;

fn key() -> B256 {
    keccak256(b"data pricer")
}

impl Executor {
    /// Adds `bytes` to the demand and tells what they cost in wei.
    pub(super) fn data_fee(&mut self, bytes: u32, time: u64) -> U256 {
        let limbs = self.arbos_word(key()).into_limbs();
        let (demand, updated) = (limbs[0], limbs[1]);
        let credit = time.saturating_sub(updated).saturating_mul(BYTES_PER_SECOND);
        let demand = demand.saturating_sub(credit).saturating_add(bytes.into()).min(u32::MAX.into());
        self.set_arbos_word(key(), U256::from_limbs([demand, time, 0, 0]));
        fee(bytes, demand)
    }
}

fn fee(bytes: u32, demand: u64) -> U256 {
    let multiplier = exponential(demand.saturating_mul(BASIS_POINTS) / INERTIA);
    let price = MIN_PRICE.saturating_mul(multiplier) / BASIS_POINTS;
    U256::from(price) * U256::from(bytes)
}

/// `e ^ x`, both in basis points, each term rounded down.
fn exponential(x: u64) -> u64 {
    let first = BASIS_POINTS + x / TERMS;
    (1..TERMS).rev().fold(first, |sum, term| BASIS_POINTS + sum.saturating_mul(x) / (term * BASIS_POINTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_a_basis_point_in_a_thousand() {
        for (x, expected) in [(0, 10_000), (100, 10_100), (280, 10_283), (10_000, 27_182), (20_000, 73_890)] {
            let found = exponential(x);
            assert!(found.abs_diff(expected) <= 1 + expected / 1_000, "{x}: {found}");
        }
    }

    #[test]
    fn a_byte_costs_the_minimum_without_demand_and_e_times_that_at_the_inertia() {
        assert_eq!(fee(1, 0), U256::from(MIN_PRICE));
        let dear: u64 = fee(1, INERTIA).to();
        assert!(dear.abs_diff(MIN_PRICE * 27_182 / 10_000) < MIN_PRICE / 1_000);
    }
}
