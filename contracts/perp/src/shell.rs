//! User actions: price first and by value, load, decide, store, log; tokens move in `lib.rs`, last.

use crate::{
    abi,
    error::Error,
    logic::{self, Order},
    storage,
    types::{Books, Fill, Pool, Position, Rate, HOUSE, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::{
    host::{emit, Host},
    panel::{Class, Scope, Tier},
};

type Result<T> = core::result::Result<T, Vec<u8>>;

/// The price of a market for a class of action, with what it implies.
struct Priced {
    rate: Rate,
    tier: Tier,
}

/// Panel and price at once: refuses by itself in every transaction in which the condition holds.
fn priced(host: &impl Host, market: u32, class: Class) -> Result<Priced> {
    let quote = HOUSE.priced(host, Scope::new(market), class)?;
    Ok(Priced { rate: rate(host, quote.price), tier: quote.tier })
}

fn rate(host: &impl Host, price: u128) -> Rate {
    let (_, decimals) = storage::token(host);
    let scale = 10u128.saturating_pow(36u32.saturating_sub(decimals.into()));
    Rate { price, scale }
}

fn load(host: &impl Host, market: u32, who: Address) -> Result<Books> {
    Ok(Books {
        account: storage::account(host, who),
        position: storage::position(host, who, market).map_err(abi::overflow)?,
        interest: storage::interest(host, market),
        pool: storage::pool(host),
    })
}

fn store(host: &mut impl Host, market: u32, who: Address, before: &Books, after: &Books) -> Result<()> {
    let is_long = if before.position.size == 0 { after.position.is_long } else { before.position.is_long };
    store_all(host, market, who, is_long, before, after).map_err(abi::overflow)
}

fn store_all(
    host: &mut impl Host,
    market: u32,
    who: Address,
    is_long: bool,
    before: &Books,
    after: &Books,
) -> core::result::Result<(), fusebox_core::pack::FieldOverflow> {
    storage::store_account(host, who, after.account)?;
    storage::store_position(host, who, market, &after.position)?;
    storage::store_side(host, market, is_long, after.interest.side(is_long))?;
    storage::store_pool(host, &before.pool, &after.pool)
}

fn topic(market: u32) -> B256 {
    B256::new(U256::from(market).to_be_bytes())
}

fn w(value: u128) -> U256 {
    U256::from(value)
}

/// Opens a position (`existing` false) or increases one (`existing` true).
pub fn increase(host: &mut impl Host, market: u32, existing: bool, ask: Ask, limit: U256) -> Result<()> {
    let who = host.caller();
    let quote = priced(host, market, Class::Increase)?;
    let before = load(host, market, who)?;
    let order = ask.order(&before.position, existing)?;
    logic::within_limit(order.is_long, quote.rate.price, limit)?;
    let (after, fill) = logic::increase(before, &storage::terms(host, market), quote.tier, quote.rate, order)?;
    store(host, market, who, &before, &after)?;
    emit(
        host,
        &[abi::Increased::SIGNATURE_HASH, topic(market), who.into_word()],
        [U256::from(order.is_long), w(fill.size), w(fill.notional), w(order.margin), w(fill.fee)],
    );
    Ok(())
}

/// What a caller asked for, before it was looked at.
pub struct Ask {
    /// Which way; ignored when increasing.
    pub is_long: bool,
    /// Base units.
    pub size: U256,
    /// Collateral.
    pub margin: U256,
}

impl Ask {
    fn order(&self, position: &Position, existing: bool) -> core::result::Result<Order, Error> {
        let held = position.size;
        if existing && held == 0 {
            return Err(Error::NoPosition);
        }
        if !existing && held != 0 {
            return Err(Error::PositionExists { size: held });
        }
        // Increasing may add no margin, if what is there is enough; opening may not.
        let margin = if existing && self.margin.is_zero() { 0 } else { logic::amount(self.margin)? };
        let is_long = if existing { position.is_long } else { self.is_long };
        Ok(Order { is_long, size: logic::amount(self.size)?, margin })
    }
}

/// Reduces by `size`, or closes (`size` none).
pub fn reduce(host: &mut impl Host, market: u32, size: Option<U256>, limit: U256) -> Result<()> {
    let who = host.caller();
    let quote = priced(host, market, Class::Reduce)?;
    let before = load(host, market, who)?;
    let size = size.map_or(Ok(before.position.size), logic::amount)?;
    logic::within_limit(!before.position.is_long, quote.rate.price, limit)?;
    let (after, fill) = logic::reduce(before, &storage::terms(host, market), quote.rate, size)?;
    store(host, market, who, &before, &after)?;
    let Fill { size, notional, profit, loss, fee, bad_debt, .. } = fill;
    emit(
        host,
        &[abi::Reduced::SIGNATURE_HASH, topic(market), who.into_word()],
        [w(size), w(notional), w(profit), w(loss), w(fee), w(bad_debt)],
    );
    Ok(())
}

/// Liquidates; the liquidator's reward goes to his free collateral.
///
/// The inner error is a condition of the panel or the price, which a keeper's call may record: nothing was written.
pub fn liquidate(host: &mut impl Host, market: u32, who: Address) -> Result<core::result::Result<(), fusebox::Error>> {
    let quote = match HOUSE.priced(host, Scope::new(market), Class::Liquidate) {
        Ok(quote) => quote,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (liquidator, rate) = (host.caller(), rate(host, quote.price));
    let before = load(host, market, who)?;
    let (after, fill) = logic::liquidate(before, &storage::terms(host, market), rate, quote.grace)?;
    store(host, market, who, &before, &after)?;
    let keeper = logic::credit(storage::account(host, liquidator), fill.reward)?; // loaded after the store: he may be `who`
    storage::store_account(host, liquidator, keeper).map_err(abi::overflow)?;
    let Fill { size, notional, loss, reward, fee, bad_debt, .. } = fill;
    emit(
        host,
        &[abi::Liquidated::SIGNATURE_HASH, topic(market), who.into_word(), liquidator.into_word()],
        [w(size), w(notional), w(loss), w(reward), w(fee), w(bad_debt)],
    );
    Ok(Ok(()))
}

/// Moves free collateral into a position.
pub fn top_up(host: &mut impl Host, market: u32, amount: U256) -> Result<()> {
    HOUSE.check(host, Scope::new(market), Class::Inflow)?;
    let who = host.caller();
    let amount = logic::amount(amount)?;
    let position = storage::position(host, who, market).map_err(abi::overflow)?;
    let (account, position) = logic::top_up(storage::account(host, who), position, amount)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    storage::store_position(host, who, market, &position).map_err(abi::overflow)?;
    emit(host, &[abi::ToppedUp::SIGNATURE_HASH, topic(market), who.into_word()], [w(amount)]);
    Ok(())
}

/// Credits what arrived.
pub fn credit(host: &mut impl Host, who: Address, amount: U256) -> Result<()> {
    let amount = logic::amount(amount)?;
    let account = logic::credit(storage::account(host, who), amount)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    emit(host, &[abi::Deposited::SIGNATURE_HASH, who.into_word()], [w(amount)]);
    Ok(())
}

/// Takes what is about to leave.
pub fn debit(host: &mut impl Host, amount: U256) -> Result<u128> {
    HOUSE.check(host, Scope::PROTOCOL, Class::ExitUnpriced)?;
    let who = host.caller();
    let amount = logic::amount(amount)?;
    let account = logic::debit(storage::account(host, who), amount)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    emit(host, &[abi::Withdrawn::SIGNATURE_HASH, who.into_word()], [w(amount)]);
    Ok(amount)
}

/// What all traders are owed and owe at prices fit for `Increase`, and what of the pool they need to stay.
///
/// A market in doubt stops the pool's door, both ways: nobody could say what a share is worth.
fn value(host: &impl Host, up: bool) -> Result<((u128, u128), u128)> {
    HOUSE.check(host, Scope::PROTOCOL, Class::Increase)?;
    let (mut owed, mut owing, mut in_use) = (0u128, 0u128, 0u128);
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let interest = storage::interest(host, market);
        if interest.long.size == 0 && interest.short.size == 0 {
            continue;
        }
        let quote = priced(host, market, Class::Increase)?;
        let (a, b) = logic::unrealised(&interest, quote.rate, up)?;
        (owed, owing) = (owed.saturating_add(a), owing.saturating_add(b));
        in_use = in_use.max(logic::needed_for(&interest, &storage::terms(host, market)));
    }
    Ok(((owed, owing), in_use))
}

/// Free collateral into the pool.
pub fn provide(host: &mut impl Host, amount: U256) -> Result<U256> {
    let (claims, _) = value(host, false)?;
    let (who, pool, amount) = (host.caller(), storage::pool(host), logic::amount(amount)?);
    let (account, after, shares) = logic::provide(storage::account(host, who), pool, claims, amount)?;
    store_share(host, who, account, &pool, &after)?;
    emit(host, &[abi::Provided::SIGNATURE_HASH, who.into_word()], [w(amount), w(shares)]);
    Ok(w(shares))
}

/// Pool shares back into free collateral.
pub fn remove(host: &mut impl Host, shares: U256) -> Result<U256> {
    let (claims, in_use) = value(host, true)?;
    let (who, pool, shares) = (host.caller(), storage::pool(host), logic::amount(shares)?);
    let (account, after, amount) = logic::remove(storage::account(host, who), pool, claims, in_use, shares)?;
    store_share(host, who, account, &pool, &after)?;
    emit(host, &[abi::Removed::SIGNATURE_HASH, who.into_word()], [w(amount), w(shares)]);
    Ok(w(amount))
}

fn store_share(
    host: &mut impl Host,
    who: Address,
    account: crate::types::Account,
    before: &Pool,
    after: &Pool,
) -> Result<()> {
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    storage::store_pool(host, before, after).map_err(abi::overflow)
}

/// Writes that a keeper's call was refused.
pub fn refused(host: &mut impl Host, market: u32, who: Address, tier: u8) {
    emit(host, &[abi::Refused::SIGNATURE_HASH, topic(market), who.into_word()], [U256::from(tier)]);
}
