//! The programs of the protocol: one storage, and each reached by delegatecall.

use crate::{
    abi::{
        admitCall, apportionCall, bearCall, carryCall, checkCall, collectCall, configureCall, countCall, coverCall,
        decideCall, enlistCall, levyCall, listCall, markCall, observeCall, overflowCall, overlaidCall, payCall,
        pokeCall, pricedCall, recordCall, secureCall, tightenCall, touchCall, valueCall, winningsCall, InvalidLength,
        NotPassed, ProgramFailed, ZeroAddress,
    },
    cover::Bankrupt,
    storage,
    types::{Rate, HOUSE},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox::{types::Sighting, vm::Vm};
use fusebox_core::{
    host::{revert, word, Host as Shell},
    pack::{field, field_u128},
    panel::{Class, Tier},
};
use fusebox_market::types::Weather;
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
/// The waterfall: reached by the other programs only.
pub const COVER: u64 = 14;
/// The end of markets, and money brought back.
pub const SETTLE: u64 = 15;
/// What Governance decides about scopes, and how buckets follow incidents: reached by the other programs only.
pub const WIND: u64 = 16;
/// Deleveraging: reached by the other programs only.
pub const SIDE: u64 = 17;
/// What is owed after a loss: reached by the other programs only.
pub const LEDGER: u64 = 18;
/// Counting positions at a settlement: reached by the settlement program only.
pub const TALLY: u64 = 19;
/// Staking in the fund.
pub const FUND: u64 = 20;
/// Settling who was deleveraged: reached by the other programs only.
pub const TOUCH: u64 = 21;
/// The fund's terms, and what it holds back: reached by the other programs only.
pub const HOLD: u64 = 22;
/// Cross margin: reached by the other programs only.
pub const CROSS: u64 = 23;
/// Who is paid what when all has been counted: reached by the other programs only.
pub const DIVIDE: u64 = 24;
/// The last of them.
pub const LAST: u64 = DIVIDE;

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
pub fn priced(vm: &impl Host, market: u32, class: Class) -> Result<Priced, Vec<u8>> {
    quoted(vm, market, class.code())
}

/// The number that stands for the pool's door among the classes: an Increase that no wind-down refuses.
///
/// A market that Governance winds down has a price like any other, and who provides must not be locked in by it.
pub const DOOR: u8 = 5;

/// The number that stands for what a position is worth to others: a price that is good enough to liquidate with, or else to
/// reduce at.
///
/// No pause and no remembered tier takes it away: they stop what is done in a market, and whoever can pause one could
/// otherwise have a hedge in it count for nothing.
pub const WORTH: u8 = 6;

/// See [`priced`].
#[inline(never)]
pub fn quoted(vm: &impl Host, market: u32, code: u8) -> Result<Priced, Vec<u8>> {
    let input = revert(pricedCall::SELECTOR, [U256::from(market), U256::from(code)]);
    let answer = delegate(vm, ORACLE, &input)?;
    let mut words = answer.chunks_exact(32).map(U256::from_be_slice);
    let failed = || revert(ProgramFailed::SELECTOR, [U256::from(ORACLE)]);
    let mut next = || words.next().ok_or_else(failed);
    let (price, tier, grace, volatility) = (next()?, next()?, next()?, next()?);
    let scale = storage::scale(&Vm::new(vm));
    Ok(Priced {
        rate: Rate { price: field_u128(price, 0, 128), scale },
        tier: tier_of(field(tier, 0, 64)),
        grace: !grace.is_zero(),
        volatility_bps: u16::try_from(volatility).unwrap_or(u16::MAX),
    })
}

/// A call of a program whose arguments are words: what it answers.
pub fn ask<const N: usize>(
    vm: &impl Host,
    program: u64,
    selector: [u8; 4],
    words: [U256; N],
) -> Result<Vec<U256>, Vec<u8>> {
    let answer = delegate(vm, program, &revert(selector, words))?;
    Ok(answer.chunks_exact(32).map(U256::from_be_slice).collect())
}

/// A call of a program that answers nothing of interest.
pub fn tell<const N: usize>(vm: &impl Host, program: u64, selector: [u8; 4], words: [U256; N]) -> Result<(), Vec<u8>> {
    delegate(vm, program, &revert(selector, words)).map(drop)
}

/// An amount of an answer.
fn amount(answer: &[U256], at: usize, program: u64) -> Result<u128, Vec<u8>> {
    let word = answer.get(at).ok_or_else(|| revert(ProgramFailed::SELECTOR, [U256::from(program)]))?;
    Ok(field_u128(*word, 0, 128))
}

/// Settles a position and has a trade looked at: what of profits has been cut, for a position that is opened now.
pub fn touch(vm: &impl Host, market: u32, account: Address, trade: (u8, u128)) -> Result<u128, Vec<u8>> {
    touch_by(vm, TOUCH, market, account, trade)
}

/// The same, by that program or by the crossing one.
#[inline(never)] // once in a program: bytes run out before gas
pub fn touch_by(
    vm: &impl Host,
    program: u64,
    market: u32,
    account: Address,
    (why, size): (u8, u128),
) -> Result<u128, Vec<u8>> {
    let words = [U256::from(market), word(account), U256::from(why), U256::from(size)];
    let answer = delegate(vm, program, &revert(touchCall::SELECTOR, words))?;
    Ok(answer.chunks_exact(32).map(U256::from_be_slice).next().map_or(0, |since| field_u128(since, 0, 128)))
}

/// Has the other positions of an account in a market's loss domain stand for the one in it, if it has chosen so: what
/// that comes to, of which `why` is one of [`crate::cross`].
pub fn cross(vm: &impl Host, market: u32, account: Address, why: u8, amount: u128) -> Result<u128, Vec<u8>> {
    touch_by(vm, CROSS, market, account, (why, amount))
}

/// Closes a part of a side for a loss: what that will cover.
pub fn close(
    vm: &impl Host,
    market: u32,
    is_long: bool,
    price: u128,
    open: u128,
    bankruptcy: u128,
) -> Result<u128, Vec<u8>> {
    let words = [U256::from(market), U256::from(is_long), U256::from(price), U256::from(open), U256::from(bankruptcy)];
    amount(&ask(vm, SIDE, coverCall::SELECTOR, words)?, 0, SIDE)
}

/// The waterfall: what a position lost beyond its margin.
pub fn bear(vm: &impl Host, market: u32, from: &Bankrupt) -> Result<(), Vec<u8>> {
    let [a, b, c, d, e, f, g] = from.words().map(U256::from);
    tell(vm, COVER, bearCall::SELECTOR, [U256::from(market), a, b, c, d, e, f, g])
}

/// What losses ask of a trade of a marked market: how much has been cut of profits.
pub fn levy(vm: &impl Host, market: u32, account: Address, why: u8, size: U256) -> Result<u128, Vec<u8>> {
    let words = [U256::from(market), word(account), U256::from(why), size];
    amount(&ask(vm, LEDGER, levyCall::SELECTOR, words)?, 0, LEDGER)
}

/// Pays back what a market's domain owes with an amount that is nobody's.
pub fn pay(vm: &impl Host, market: u32, amount: u128) -> Result<(), Vec<u8>> {
    tell(vm, LEDGER, payCall::SELECTOR, [U256::from(market), U256::from(amount)])
}

/// Marks the markets of a domain as its ledger asks.
pub fn enlist(vm: &impl Host, market: u32) -> Result<(), Vec<u8>> {
    tell(vm, LEDGER, enlistCall::SELECTOR, [U256::from(market)])
}

/// What the profits of a market's domain come to, this market's at a price.
pub fn winnings(vm: &impl Host, market: u32, price: u128) -> Result<u128, Vec<u8>> {
    amount(&ask(vm, SIDE, winningsCall::SELECTOR, [U256::from(market), U256::from(price)])?, 0, SIDE)
}

/// Has a market's margin written down as it stands in this weather.
pub fn observe(vm: &impl Host, market: u32, weather: Weather) -> Result<(), Vec<u8>> {
    let words = [U256::from(market), U256::from(weather.tier.code()), U256::from(weather.volatility_bps)];
    tell(vm, SIDE, observeCall::SELECTOR, words)
}

/// Cuts a profit: what the pool keeps, and what the ledger pays back at once.
pub fn collect(
    vm: &impl Host,
    market: u32,
    account: Address,
    until: u128,
    since: u128,
    profit: u128,
) -> Result<(u128, u128), Vec<u8>> {
    let words = [U256::from(market), word(account), U256::from(until), U256::from(since), U256::from(profit)];
    let answer = ask(vm, LEDGER, collectCall::SELECTOR, words)?;
    Ok((amount(&answer, 0, LEDGER)?, amount(&answer, 1, LEDGER)?))
}

/// Admits a claim of who was deleveraged.
pub fn admit(vm: &impl Host, market: u32, account: Address, epoch: u32, cut: u128, borne: u128) -> Result<(), Vec<u8>> {
    let words = [U256::from(market), word(account), U256::from(epoch), U256::from(cut), U256::from(borne)];
    tell(vm, LEDGER, admitCall::SELECTOR, words)
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

/// What open incidents ask before anybody enters the fund or leaves it.
pub fn secure(vm: &impl Host, entering: bool) -> Result<(), Vec<u8>> {
    tell(vm, HOLD, secureCall::SELECTOR, [U256::from(entering)])
}

/// Carries out what Governance has decided about a scope or the fund.
pub fn decide(vm: &impl Host, id: u16, words: &[U256]) -> Result<(), Vec<u8>> {
    let program = if id < crate::insurance::COVER { WIND } else { HOLD };
    delegate(vm, program, &list_of_words(decideCall::SELECTOR, words)).map(drop)
}

/// Lets the buckets of what leaves follow the incidents.
pub fn follow(vm: &impl Host) -> Result<(), Vec<u8>> {
    tell(vm, WIND, tightenCall::SELECTOR, [])
}

/// Whether a class of action passes by what is remembered.
pub fn check(vm: &impl Host, market: u32, class: Class) -> Result<(), Vec<u8>> {
    tell(vm, VIEW, checkCall::SELECTOR, [U256::from(market), U256::from(class.code())])
}

/// Counts a position at the price of a settlement.
pub fn count(vm: &impl Host, market: u32, account: Address) -> Result<(), Vec<u8>> {
    tell(vm, TALLY, countCall::SELECTOR, [U256::from(market), word(account)])
}

/// Divides what has been counted of a market, or of all with number 0.
pub fn apportion(vm: &impl Host, market: u32) -> Result<(), Vec<u8>> {
    tell(vm, DIVIDE, apportionCall::SELECTOR, [U256::from(market)])
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
    let feeds = u8::try_from(field(word, 16, 8)).unwrap_or(0);
    Ok(Sighting { tier: tier_of(field(word, 0, 8)), anomaly: field(word, 64, 64), contained, outage, feeds })
}

/// The tier with that number; one that there is not is the highest that stops.
fn tier_of(code: u64) -> Tier {
    u8::try_from(code).ok().and_then(Tier::from_code).unwrap_or(Tier::Halted)
}
