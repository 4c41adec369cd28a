//! The programs of the protocol: one storage, and each reached by delegatecall.

use crate::{
    abi::{pokeCall, pricedCall, recordCall, InvalidLength, ProgramFailed, ZeroAddress},
    storage,
    types::Rate,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox::{types::Sighting, vm::Vm};
use fusebox_core::{
    host::revert,
    pack::{field, field_u128},
    panel::{Class, Tier},
};
use stylus_sdk::{call::RawCall, stylus_core::Host, ArbResult};

/// Collateral, liquidity, liquidation.
pub const POOL: u64 = 1;
/// Prices: reached by the other programs only.
pub const ORACLE: u64 = 2;
/// The breaker's half of a poke: reached by the watch program only.
pub const KEEPER: u64 = 3;
/// The guardian.
pub const GUARD: u64 = 4;
/// Construction, roles, what clients read.
pub const VIEW: u64 = 5;
/// Listing.
pub const SETUP: u64 = 6;
/// Pokes and the journal.
pub const WATCH: u64 = 7;

/// Writes where the programs are, in the order of their numbers; once, at construction.
pub fn store(host: &mut impl fusebox_core::host::Host, programs: &[Address]) -> Result<(), Vec<u8>> {
    let words = [U256::from(programs.len()), U256::from(WATCH)];
    if words.first() != words.last() {
        return Err(revert(InvalidLength::SELECTOR, words));
    }
    for (program, address) in (POOL..).zip(programs) {
        if address.is_zero() {
            return Err(revert(ZeroAddress::SELECTOR, [U256::from(program)]));
        }
        storage::store_program(host, program, *address);
    }
    Ok(())
}

/// Whether the construction set a collateral token: without one, anybody could still initialise the protocol as its own.
pub fn initialised(host: &impl fusebox_core::host::Host) -> Result<(), Vec<u8>> {
    if storage::token(host).0.is_zero() {
        return Err(revert(ProgramFailed::SELECTOR, [U256::from(VIEW)]));
    }
    Ok(())
}

/// Runs another program on this storage.
#[inline(never)]
pub fn delegate(vm: &impl Host, program: u64, input: &[u8]) -> ArbResult {
    let address = storage::program(&Vm::new(vm), program);
    if address.is_zero() {
        return Err(revert(ProgramFailed::SELECTOR, [U256::from(program)]));
    }
    vm.flush_cache(true);
    // SAFETY: the storage cache was flushed and cleared; the programs are fixed at construction and share one layout.
    unsafe { RawCall::new_delegate(vm).call(address, input) }
}

/// A price for a class of action, with what it implies.
pub struct Priced {
    /// The price, ready for sizes.
    pub rate: Rate,
    /// The tier the action runs under.
    pub tier: Tier,
    /// Liquidation only below half the maintenance margin.
    pub grace: bool,
}

/// Panel and price at once: refuses by itself in every transaction in which a condition holds.
#[inline(never)]
pub fn priced(vm: &impl Host, market: u32, class: Class) -> Result<Priced, Vec<u8>> {
    let input = revert(pricedCall::SELECTOR, [U256::from(market), U256::from(class.code())]);
    let answer = delegate(vm, ORACLE, &input)?;
    let mut words = answer.chunks_exact(32).map(U256::from_be_slice);
    let (Some(price), Some(tier), Some(grace)) = (words.next(), words.next(), words.next()) else {
        return Err(revert(ProgramFailed::SELECTOR, [U256::from(ORACLE)]));
    };
    let (_, decimals) = storage::token(&Vm::new(vm));
    let scale = 10u128.saturating_pow(36u32.saturating_sub(decimals.into()));
    Ok(Priced {
        rate: Rate { price: field_u128(price, 0, 128), scale },
        tier: tier_of(field(tier, 0, 64)),
        grace: !grace.is_zero(),
    })
}

/// Pokes: the tier that is now remembered.
pub fn poke(vm: &impl Host, market: u32) -> Option<u8> {
    delegate(vm, WATCH, &revert(pokeCall::SELECTOR, [U256::from(market)])).ok()?.last().copied()
}

/// The breaker's half of a poke.
pub fn record(vm: &impl Host, market: u32) -> Result<Sighting, Vec<u8>> {
    let answer = delegate(vm, KEEPER, &revert(recordCall::SELECTOR, [U256::from(market)]))?;
    let Ok(word) = <[u8; 32]>::try_from(answer.as_slice()) else {
        return Err(revert(ProgramFailed::SELECTOR, [U256::from(KEEPER)]));
    };
    let word = U256::from_be_bytes(word);
    let contained = field(word, 8, 8) != 0;
    let outage = (field(word, 128, 64), field(word, 192, 64));
    Ok(Sighting { tier: tier_of(field(word, 0, 8)), anomaly: field(word, 64, 64), contained, outage })
}

/// The tier with that number; one that there is not is the highest that stops.
fn tier_of(code: u64) -> Tier {
    u8::try_from(code).ok().and_then(Tier::from_code).unwrap_or(Tier::Halted)
}
