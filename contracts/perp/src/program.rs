//! The programs of the protocol: one storage, and each reached by delegatecall.

use crate::{
    abi::{
        carryCall, configureCall, listCall, markCall, overflowCall, overlaidCall, pokeCall, pricedCall, recordCall,
        valueCall, InvalidLength, NotPassed, ProgramFailed, ZeroAddress,
    },
    storage,
    types::{Rate, HOUSE},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox::{types::Sighting, vm::Vm};
use fusebox_core::{
    host::{revert, Host as Shell},
    pack::{field, field_u128},
    panel::{Class, Tier},
};
use stylus_sdk::{call::RawCall, stylus_core::Host, ArbResult};

/// Collateral.
pub const POOL: u64 = 1;
/// Prices: reached by the other programs only.
pub const ORACLE: u64 = 2;
/// The breaker's half of a poke: reached by the watch program only.
pub const KEEPER: u64 = 3;
/// The guardian.
pub const GUARD: u64 = 4;
/// Construction, and what clients read.
pub const VIEW: u64 = 5;
/// Listing: reached by the carrying program only.
pub const SETUP: u64 = 6;
/// Pokes and the journal.
pub const WATCH: u64 = 7;
/// Liquidity and tickets.
pub const SHARE: u64 = 8;
/// Changes: the queue, the parameters, roles, playbooks.
pub const QUEUE: u64 = 9;
/// What changes come to: reached by the queue program only.
pub const CARRY: u64 = 10;
/// Buckets and views of tickets.
pub const LIMIT: u64 = 11;
/// What changes a bucket: reached by the other programs only.
pub const METER: u64 = 12;
/// Liquidation.
pub const RISK: u64 = 13;
/// The last of them.
pub const LAST: u64 = RISK;

/// Writes where the programs are, in the order of their numbers; once, at construction.
pub fn store(host: &mut impl Shell, programs: &[Address]) -> Result<(), Vec<u8>> {
    let words = [U256::from(programs.len()), U256::from(LAST)];
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
pub fn initialised(host: &impl Shell) -> Result<(), Vec<u8>> {
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
    /// What volatility asks of the margin of new risk, bps of notional; 0 for other classes.
    pub volatility_bps: u16,
}

/// Panel and price at once: refuses by itself in every transaction in which a condition holds.
#[inline(never)]
pub fn priced(vm: &impl Host, market: u32, class: Class) -> Result<Priced, Vec<u8>> {
    let input = revert(pricedCall::SELECTOR, [U256::from(market), U256::from(class.code())]);
    let answer = delegate(vm, ORACLE, &input)?;
    let mut words = answer.chunks_exact(32).map(U256::from_be_slice);
    let failed = || revert(ProgramFailed::SELECTOR, [U256::from(ORACLE)]);
    let mut next = || words.next().ok_or_else(failed);
    let (price, tier, grace, volatility) = (next()?, next()?, next()?, next()?);
    let (_, decimals) = storage::token(&Vm::new(vm));
    let scale = 10u128.saturating_pow(36u32.saturating_sub(decimals.into()));
    Ok(Priced {
        rate: Rate { price: field_u128(price, 0, 128), scale },
        tier: tier_of(field(tier, 0, 64)),
        grace: !grace.is_zero(),
        volatility_bps: u16::try_from(volatility).unwrap_or(u16::MAX),
    })
}

/// Pokes: the tier that is now remembered.
pub fn poke(vm: &impl Host, market: u32) -> Option<u8> {
    delegate(vm, WATCH, &revert(pokeCall::SELECTOR, [U256::from(market)])).ok()?.last().copied()
}

/// `amount` leaves a bucket: 0 if it may now, the number of a ticket if it has to wait, [`crate::limits::TRIPPED`] if nothing moves.
///
/// What fits costs one word here; only what does not is another program's.
pub fn leave(vm: &impl Host, host: &mut impl Shell, bucket: u32, amount: u128) -> Result<U256, Vec<u8>> {
    if HOUSE.spend(host, bucket, amount).is_ok() {
        return Ok(U256::ZERO);
    }
    let answer = delegate(vm, METER, &revert(overflowCall::SELECTOR, [U256::from(bucket), U256::from(amount)]))?;
    <[u8; 32]>::try_from(answer.as_slice())
        .map(U256::from_be_bytes)
        .map_err(|_| revert(ProgramFailed::SELECTOR, [U256::from(METER)]))
}

/// `amount` passes a bucket now, or the call fails with the limiter's word.
///
/// Errors: what [`leave`] answers a ticket or a trip: this bucket was configured to refuse.
pub fn pass(vm: &impl Host, host: &mut impl Shell, bucket: u32, amount: u128) -> Result<(), Vec<u8>> {
    match leave(vm, host, bucket, amount)? {
        ticket if ticket.is_zero() => Ok(()),
        ticket => Err(revert(NotPassed::SELECTOR, [U256::from(bucket), ticket])),
    }
}

/// The approved value of a parameter.
pub fn value(vm: &impl Host, scope: u32, id: u16) -> Result<u128, Vec<u8>> {
    let answer = delegate(vm, CARRY, &revert(valueCall::SELECTOR, [U256::from(scope), U256::from(id)]))?;
    let word = answer.chunks_exact(32).map(U256::from_be_slice).next();
    word.map(|word| field_u128(word, 0, 128)).ok_or_else(|| revert(ProgramFailed::SELECTOR, [U256::from(CARRY)]))
}

/// Tells the module of a parameter that its overlay has changed.
pub fn mark(vm: &impl Host, scope: u32, id: u16) -> Result<(), Vec<u8>> {
    delegate(vm, CARRY, &revert(markCall::SELECTOR, [U256::from(scope), U256::from(id)])).map(drop)
}

/// Gives a bucket a config.
pub fn configure(vm: &impl Host, bucket: u32, config: U256) -> Result<(), Vec<u8>> {
    delegate(vm, METER, &revert(configureCall::SELECTOR, [U256::from(bucket), config])).map(drop)
}

/// A Steward's overlay of a bucket.
pub fn overlaid(vm: &impl Host, bucket: u32, factor_bps: u16, until: u64) -> Result<(), Vec<u8>> {
    let words = [U256::from(bucket), U256::from(factor_bps), U256::from(until)];
    delegate(vm, METER, &revert(overlaidCall::SELECTOR, words)).map(drop)
}

/// Carries out a change that may happen now.
pub fn carry(vm: &impl Host, words: &[U256]) -> Result<(), Vec<u8>> {
    delegate(vm, CARRY, &list_of_words(carryCall::SELECTOR, words)).map(drop)
}

/// Lists a market: its number.
pub fn list(vm: &impl Host, words: &[U256]) -> Result<u32, Vec<u8>> {
    let answer = delegate(vm, SETUP, &list_of_words(listCall::SELECTOR, words))?;
    let word = answer.chunks_exact(32).map(U256::from_be_slice).next();
    word.and_then(|word| u32::try_from(word).ok()).ok_or_else(|| revert(ProgramFailed::SELECTOR, [U256::from(SETUP)]))
}

/// A call whose only argument is a list of words.
fn list_of_words(selector: [u8; 4], words: &[U256]) -> Vec<u8> {
    let mut input = revert(selector, [U256::from(32), U256::from(words.len())]);
    words.iter().for_each(|word| input.extend_from_slice(&word.to_be_bytes::<32>()));
    input
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
