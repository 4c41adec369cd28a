//! Liquidity and liquidation: price first and by value, load, decide, store, log.

use crate::{
    abi,
    cover::Bankrupt,
    cross, limits, logic, program,
    shell::{load, read, realised, store, topic, w, warm},
    storage,
    types::{Account, Fill, Interest, Pool, Position, HOUSE, LOT, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox::{types::WOUND_DOWN, Refusal};
use fusebox_core::{
    host::{emit, Host},
    panel::{Class, Scope, SIGNAL},
};
use fusebox_market as risk;
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Liquidates; the liquidator's reward goes to his free collateral.
///
/// The inner error is a condition of the panel or the price, which a keeper's call may record: nothing was written.
pub fn liquidate(vm: &impl StylusHost, host: &mut impl Host, market: u32, who: Address) -> Result<Result<()>> {
    let quote = match program::priced(vm, market, Class::Liquidate) {
        Ok(quote) => quote,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (liquidator, rate) = (host.caller(), quote.rate);
    let (closing, now) = (risk::storage::closing(host, market), host.now());
    let mut before = load(vm, host, market, who, false, (0, 0))?;
    let mut pooled = false;
    if before.account.crossing {
        pooled = program::cross(vm, market, who, cross::EXPOSE, 0)? != 0;
        before = read(host, market, who)?;
    }
    let (mut after, mut fill) = if pooled {
        logic::close_out(before, &closing, rate)?
    } else {
        logic::liquidate(before, &closing, now, rate, quote.grace)?
    };
    if !pooled && fill.profit > 0 && risk::storage::terms(host, market).stressed {
        before = load(vm, host, market, who, true, (1, 0))?;
        (after, fill) = logic::liquidate(before, &closing, now, rate, quote.grace)?;
    }
    if risk::logic::is_paced(&closing, fill.notional, fill.bad_debt > 0) {
        program::pass(vm, host, limits::liquidations(market), fill.notional)?;
    }
    // What an isolated position has left is less than its maintenance margin; a winner among others has no such bound.
    let warmup = if pooled { risk::storage::terms(host, market).warmup_mins } else { 0 };
    let paid = fill.profit.saturating_sub(after.pool.unpaid.saturating_sub(before.pool.unpaid));
    after.account = realised(host, who, after.account, u32::from(warmup).saturating_mul(60), paid, fill.loss);
    let policy = storage::policy(host, market);
    let (pool, buffer) = logic::loss::feed(after.pool, storage::buffer(host, market), policy.buffer_bps, fill.fee);
    after.pool = pool;
    storage::store_buffer(host, market, buffer).map_err(abi::overflow)?;
    store(host, market, who, &before, &after)?;
    if pooled {
        let left = after.account.free.saturating_sub(before.account.free);
        program::cross(vm, market, who, cross::RETAIN, left)?;
    }
    let keeper = logic::credit(storage::account(host, liquidator), fill.reward)?; // loaded after the store: he may be `who`
    storage::store_account(host, liquidator, keeper).map_err(abi::overflow)?;
    let Fill { size, notional, loss, reward, fee, bad_debt, .. } = fill;
    emit(
        host,
        &[abi::Liquidated::SIGNATURE_HASH, topic(market), who.into_word(), liquidator.into_word()],
        [w(size), w(notional), w(loss), w(reward), w(fee), w(bad_debt)],
    );
    if bad_debt > 0 {
        let Position { is_long, size, entry, margin, .. } = before.position;
        let margin = margin.saturating_sub(reward);
        program::bear(vm, market, &Bankrupt { is_long, size, margin, entry, loss, bad_debt, price: rate.price })?;
    }
    Ok(Ok(()))
}

/// What all traders are owed and owe at prices fit for `Increase`, and what of the pool they need to stay.
///
/// A market in doubt stops the pool's door, both ways: nobody could say what a share is worth.
fn value(vm: &impl StylusHost, host: &impl Host, up: bool) -> Result<((u128, u128), u128)> {
    match HOUSE.check(host, Scope::PROTOCOL, Class::Increase) {
        Err(Refusal::Stopped { sources: SIGNAL, until: WOUND_DOWN, .. }) if up => {} // who leaves is not locked in by it
        outcome => drop(outcome?),
    }
    let (mut owed, mut owing, mut in_use) = (0u128, 0u128, 0u128);
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let interest = storage::interest(host, market);
        let Interest { long, short } = interest;
        if [long.size, short.size, long.entry, short.entry] == [0; 4] {
            continue; // an entry without a size is of positions that deleveraging has closed and nobody has settled
        }
        let quote = program::quoted(vm, market, program::DOOR)?;
        let (a, b) = logic::unrealised(&interest, storage::released(host, market, &interest), quote.rate, up)?;
        (owed, owing) = (owed.saturating_add(a), owing.saturating_add(b));
        in_use = in_use.max(logic::needed_for(&interest, &storage::terms(host, market)));
    }
    Ok(((owed, owing), in_use))
}

/// Free collateral into the pool.
pub fn provide(vm: &impl StylusHost, host: &mut impl Host, amount: U256) -> Result<U256> {
    let ((owed, owing), _) = value(vm, host, false)?;
    // Who comes pays for what those who were cut have still to pay; who leaves is not paid for it.
    let claims = (owed, owing.saturating_add(storage::loss::pending(host)));
    let (who, pool, amount) = (host.caller(), storage::pool(host), logic::amount(amount)?);
    let account = warm(host, who, storage::account(host, who), amount)?; // shares leave without having warmed up
    let (account, after, shares) = logic::provide(account, pool, claims, amount)?;
    store_share(host, who, account, &pool, &after)?;
    emit(host, &[abi::Provided::SIGNATURE_HASH, who.into_word()], [w(amount), w(shares)]);
    Ok(w(shares))
}

/// Pool shares back into free collateral, at a pace: what came of it, and the number of a ticket for what has to wait.
///
/// Shares leave in whole lots; what is left over stays. A ticket is of lots that the account has no more; what they are
/// worth is decided when it is claimed.
pub fn remove(vm: &impl StylusHost, host: &mut impl Host, shares: U256) -> Result<(U256, U256)> {
    let (who, lots) = (host.caller(), logic::lots(logic::amount(shares)?)?);
    let shares = lots.saturating_mul(LOT);
    let account = logic::take_shares(storage::account(host, who), shares)?;
    let ticket = program::leave(vm, host, limits::REMOVALS, lots)?;
    if ticket == limits::TRIPPED {
        return Ok((U256::ZERO, ticket));
    }
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    if !ticket.is_zero() {
        return Ok((U256::ZERO, ticket));
    }
    Ok((redeem(vm, host, who, shares)?, ticket))
}

/// Shares that nobody holds any more into the free collateral of who held them.
pub fn redeem(vm: &impl StylusHost, host: &mut impl Host, who: Address, shares: u128) -> Result<U256> {
    let ((owed, _), in_use) = value(vm, host, true)?;
    let pool = storage::pool(host);
    let (account, after, amount) = logic::redeem(storage::account(host, who), pool, owed, in_use, shares)?;
    store_share(host, who, account, &pool, &after)?;
    emit(host, &[abi::Removed::SIGNATURE_HASH, who.into_word()], [w(amount), w(shares)]);
    Ok(w(amount))
}

fn store_share(host: &mut impl Host, who: Address, account: Account, before: &Pool, after: &Pool) -> Result<()> {
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    storage::store_pool(host, before, after).map_err(abi::overflow)
}

/// Pays the caller for having written down that a market's incident rose; not out of what is divided already.
pub fn reward(host: &mut impl Host, market: u32, risen: u8) -> Result<()> {
    if risen == 0 || fusebox_fund::storage::settlement::divided(host).1 != 0 {
        return Ok(());
    }
    let (who, pool, policy) = (host.caller(), storage::pool(host), storage::policy(host, market));
    let (account, after, bounty) = logic::reward(storage::account(host, who), pool, &policy, risen)?;
    store_share(host, who, account, &pool, &after)?;
    emit(host, &[abi::Rewarded::SIGNATURE_HASH, topic(market), who.into_word()], [w(bounty)]);
    Ok(())
}

/// Writes that a keeper's call was refused.
pub fn refused(host: &mut impl Host, market: u32, who: Address, tier: u8) {
    emit(host, &[abi::Refused::SIGNATURE_HASH, topic(market), who.into_word()], [U256::from(tier)]);
}
