//! User actions: price first and by value, load, decide, store, log; tokens move in `lib.rs`, last.

use crate::{
    abi, cross,
    error::Error,
    limits,
    logic::{self, Order},
    program, storage,
    types::{Account, Books, Fill, Position, HOUSE},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_breaker::storage as words;
use fusebox_core::{
    host::{emit, revert, Host},
    pack::field_u128,
    panel::{Class, Scope},
};
use fusebox_limiter as limiter;
use fusebox_market::{self as risk, types::Weather};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Why a position is looked at: 0 only to settle it, 1 before it is liquidated, 2 before it is opened or increased, 3 before
/// it is reduced.
pub(crate) type Why = u8;

/// The books of a trade of `size`: a position that was deleveraged since is settled first, and where a loss of the domain
/// is on the books, its profit is cut and the fee's surcharge taken first.
#[inline(never)] // once in a program: bytes run out before gas
pub(crate) fn load(
    vm: &impl StylusHost,
    host: &impl Host,
    market: u32,
    who: Address,
    stressed: bool,
    trade: (Why, u128),
) -> Result<Books> {
    let mut looked = false;
    let mut since = 0;
    loop {
        let mut books = read(host, market, who)?;
        let position = &mut books.position;
        let is_current = position.size == 0 || position.snapshot == books.interest.side(position.is_long).snapshot;
        let is_pooled = books.account.crossing && trade.0 == cross::REDUCE;
        if looked || is_current && !stressed && !is_pooled {
            if stressed {
                position.since = since; // of a position that is opened now as well
            }
            return Ok(books);
        }
        let program = if is_pooled { program::CROSS } else { program::TOUCH };
        since = program::touch_by(vm, program, market, who, trade)?;
        looked = true;
    }
}

/// The books as they are stored.
#[inline(never)] // once in a program: bytes run out before gas
pub(crate) fn read(host: &impl Host, market: u32, who: Address) -> Result<Books> {
    Ok(Books {
        account: storage::account(host, who),
        position: storage::position(host, who, market).map_err(abi::overflow)?,
        interest: storage::interest(host, market),
        pool: storage::pool(host),
    })
}

pub(crate) fn store(host: &mut impl Host, market: u32, who: Address, before: &Books, after: &Books) -> Result<()> {
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

pub(crate) fn topic(market: u32) -> B256 {
    B256::new(U256::from(market).to_be_bytes())
}

pub(crate) fn w(value: u128) -> U256 {
    U256::from(value)
}

/// Opens a position (`existing` false) or increases one (`existing` true).
pub fn increase(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    existing: bool,
    ask: Ask,
    limit: U256,
) -> Result<()> {
    let who = host.caller();
    let quote = program::priced(vm, market, Class::Increase)?;
    let terms = storage::terms(host, market);
    let before = load(vm, host, market, who, terms.stressed, (2, field_u128(ask.size, 0, 128)))?;
    let order = ask.order(&before.position, existing)?;
    logic::within_limit(order.is_long, quote.rate.price, limit)?;
    let (after, fill, opening) = logic::increase(before, terms.fee_bps, quote.rate, order)?;
    let weather = Weather { tier: quote.tier, volatility_bps: quote.volatility_bps };
    let (caps, ratchet) = risk::storage::caps(host, market);
    let crossing = before.account.crossing;
    let mut next = ratchet;
    if !crossing {
        (next, _) = risk::logic::admit(ratchet, (&terms, &caps), host.now(), weather, &opening)?;
    }
    store(host, market, who, &before, &after)?;
    emit(
        host,
        &[abi::Increased::SIGNATURE_HASH, topic(market), who.into_word()],
        [U256::from(order.is_long), w(fill.size), w(fill.notional), w(order.margin), w(fill.fee)],
    );
    if crossing {
        return program::cross(vm, market, who, cross::ENTER, 0).map(drop);
    }
    // What is remembered is by the approved terms, and seldom: another program's.
    if next == ratchet && !terms.overlaid {
        return Ok(());
    }
    program::observe(vm, market, weather)
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
pub fn reduce(vm: &impl StylusHost, host: &mut impl Host, market: u32, size: Option<U256>, limit: U256) -> Result<()> {
    let who = host.caller();
    let quote = program::priced(vm, market, Class::Reduce)?;
    let terms = storage::terms(host, market);
    let asked = size.map_or(Ok(u128::MAX), logic::amount)?;
    let before = load(vm, host, market, who, terms.stressed, (3, asked))?;
    let size = if size.is_some() { asked } else { before.position.size };
    logic::within_limit(!before.position.is_long, quote.rate.price, limit)?;
    let (mut after, fill) = logic::reduce(before, terms.fee_bps, quote.rate, size)?;
    let unpaid = after.pool.unpaid.saturating_sub(before.pool.unpaid);
    let secs = u32::from(terms.warmup_mins).saturating_mul(60);
    let paid = fill.profit.saturating_sub(unpaid);
    after.account = realised(host, who, after.account, secs, paid, fill.loss);
    store(host, market, who, &before, &after)?;
    let Fill { size, notional, profit, loss, fee, .. } = fill;
    emit(
        host,
        &[abi::Reduced::SIGNATURE_HASH, topic(market), who.into_word()],
        [w(size), w(notional), w(profit), w(loss), w(fee), U256::ZERO], // a bankrupt position is liquidated
    );
    let freed = after.account.free.saturating_sub(before.account.free);
    if !before.account.crossing || freed == 0 {
        return Ok(());
    }
    program::cross(vm, market, who, cross::KEEP, freed).map(drop)
}

/// Moves free collateral into a position.
pub fn top_up(vm: &impl StylusHost, host: &mut impl Host, market: u32, amount: U256) -> Result<()> {
    HOUSE.check(host, Scope::new(market), Class::Inflow)?;
    let who = host.caller();
    let amount = logic::amount(amount)?;
    let Books { account, position, .. } = load(vm, host, market, who, false, (0, 0))?;
    let (account, position) = logic::top_up(account, position, amount)?;
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
    limiter::shell::inflow(host, &HOUSE.limiter, limits::WITHDRAWALS, amount);
    emit(host, &[abi::Deposited::SIGNATURE_HASH, who.into_word()], [w(amount)]);
    Ok(())
}

/// Takes what is about to leave, at a pace: 0 if it leaves now, the number of a ticket, or [`limits::TRIPPED`].
pub fn debit(vm: &impl StylusHost, host: &mut impl Host, amount: u128) -> Result<U256> {
    HOUSE.check(host, Scope::PROTOCOL, Class::ExitUnpriced)?;
    let who = host.caller();
    let account = logic::debit(warm(host, who, storage::account(host, who), amount)?, amount)?;
    let ticket = program::leave(vm, host, limits::WITHDRAWALS, amount)?;
    if ticket != limits::TRIPPED {
        storage::store_account(host, who, account).map_err(abi::overflow)?;
        emit(host, &[abi::Withdrawn::SIGNATURE_HASH, who.into_word()], [w(amount)]);
    }
    Ok(ticket)
}

/// Lets a profit that was paid warm up, and a loss take from what is warming.
pub(crate) fn realised(
    host: &mut impl Host,
    who: Address,
    account: Account,
    warmup_secs: u32,
    profit: u128,
    loss: u128,
) -> Account {
    if profit > 0 && warmup_secs > 0 {
        risk::shell::profited(host, who, warmup_secs, profit);
        return Account { warming: true, ..account };
    }
    if account.warming {
        risk::shell::lost(host, who, loss);
    }
    account
}

/// Refuses to let a profit leave that is still warming up; forgets that any did once all of it is warm.
///
/// Errors: the market's.
pub(crate) fn warm(host: &impl Host, who: Address, account: Account, amount: u128) -> Result<Account> {
    if !account.warming {
        return Ok(account);
    }
    let (warming, now) = (risk::storage::warm(host, who), host.now());
    // The one error of this by itself: the conversion of all of the market's is two kilobytes of a program.
    risk::logic::withdraw(warming, now, account.free, amount).map_err(|_| {
        let available = risk::logic::withdrawable(warming, now, account.free);
        revert(risk::abi::ProfitWarming::SELECTOR, [w(amount), w(available)])
    })?;
    Ok(Account { warming: risk::logic::locked_up(warming, now) > 0, ..account })
}

/// What the larger of the breaker's variances asks of the margin of new risk, bps of notional.
pub fn volatility(host: &impl Host, market: u32) -> u16 {
    let variance = words::unpack_variance(words::load(host, Scope::new(market), words::VARIANCE));
    risk::logic::volatility_up(&risk::storage::terms(host, market), variance.fast, variance.slow)
}
