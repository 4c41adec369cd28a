//! The protocol's rules: pure, by value; whoever asks gets the worse rounding.

pub mod cross;
pub mod end;
pub mod loss;
pub mod settle;

use crate::{
    error::Error,
    types::{Account, Books, Fill, Interest, Policy, Pool, Position, Rate, Side, BPS, LOT, MAX_AMOUNT, VIRTUAL_SHARES},
};
use alloy_primitives::U256;
use fusebox_core::math::{mul_div_down, mul_div_up};
use fusebox_market::{
    logic as market,
    params::{Closing, Terms},
    types::Opening,
};

/// `amount`, if it is neither zero nor past the bound.
pub fn amount(value: U256) -> Result<u128, Error> {
    let value = u128::try_from(value).unwrap_or(u128::MAX);
    match value {
        0 => Err(Error::Zero),
        v if v > MAX_AMOUNT => Err(Error::TooLarge { value, max: MAX_AMOUNT }),
        _ => Ok(value),
    }
}

fn bounded(value: u128) -> Result<u128, Error> {
    if value > MAX_AMOUNT {
        return Err(Error::TooLarge { value, max: MAX_AMOUNT });
    }
    Ok(value)
}

fn add(a: u128, b: u128) -> Result<u128, Error> {
    bounded(a.saturating_add(b))
}

/// Notional of a size in token units.
fn notional(size: u128, rate: Rate, up: bool) -> Result<u128, Error> {
    let error = Error::Notional { size, price: rate.price };
    let (s, p, d) = (U256::from(size), U256::from(rate.price), U256::from(rate.scale));
    let value = if up { mul_div_up(s, p, d) } else { mul_div_down(s, p, d) }.map_err(|_| error)?;
    let value = u128::try_from(value).map_err(|_| error)?;
    if rate.price == 0 || value > MAX_AMOUNT {
        return Err(error);
    }
    Ok(value)
}

/// `part * entry / size`, for a part of a position or side.
fn share_of(entry: u128, part: u128, size: u128, up: bool) -> Result<u128, Error> {
    let error = Error::Notional { size: part, price: entry };
    let (e, p, s) = (U256::from(entry), U256::from(part), U256::from(size));
    let value = if up { mul_div_up(e, p, s) } else { mul_div_down(e, p, s) }.map_err(|_| error)?;
    u128::try_from(value).map_err(|_| error)
}

/// Basis points of an amount, rounded up: fees, margins and penalties go against the one who pays them.
fn bps_up(amount: u128, bps: u128) -> u128 {
    amount.saturating_mul(bps).div_ceil(BPS)
}

/// Profit and loss of a part of a position: one of the two is zero; rounding goes against the trader.
fn result_of(position: &Position, part: u128, entry: u128, rate: Rate) -> Result<(u128, u128), Error> {
    let value = notional(part, rate, !position.is_long)?;
    let (got, paid) = if position.is_long { (value, entry) } else { (entry, value) };
    Ok((got.saturating_sub(paid), paid.saturating_sub(got)))
}

/// Equity of a whole position: what it has left (0 if it owes), and what it owes beyond its margin.
pub fn equity(position: &Position, rate: Rate) -> Result<(u128, u128), Error> {
    let (profit, loss) = result_of(position, position.size, position.entry, rate)?;
    let gross = add(position.margin, profit)?;
    Ok((gross.saturating_sub(loss), loss.saturating_sub(gross)))
}

/// Refuses a price beyond the trader's limit; a limit of 0 is no limit.
///
/// A buyer (opening long, closing short) takes no price above it, a seller none below.
pub fn within_limit(is_buy: bool, price: u128, limit: U256) -> Result<(), Error> {
    let limit = u128::try_from(limit).unwrap_or(u128::MAX);
    let worse = if is_buy { price > limit } else { price < limit };
    if limit != 0 && worse {
        return Err(Error::LimitPrice { price, limit });
    }
    Ok(())
}

/// Opens or increases a position with free collateral, if the market admits what comes of it.
///
/// Rounding: notional, fee and loss up. The fee goes to the pool.
/// Only losses count towards the margin of what exists already, never unrealised profit.
/// Errors: free collateral, bounds.
pub fn increase(books: Books, fee_bps: u16, rate: Rate, order: Order) -> Result<(Books, Fill, Opening), Error> {
    let Books { account, position, interest, pool } = books;
    let value = notional(order.size, rate, true)?;
    let entry_added = notional(order.size, rate, order.is_long)?;
    let fee = bps_up(value, fee_bps.into());
    let account = pay(account, add(order.margin, fee)?)?;
    let side = interest.side(order.is_long);
    let position = Position {
        is_long: order.is_long,
        size: add(position.size, order.size)?,
        margin: add(position.margin, order.margin)?,
        entry: add(position.entry, entry_added)?,
        snapshot: side.snapshot,
        since: position.since,
    };
    let (_, loss) = result_of(&position, position.size, position.entry, rate)?;
    let side = Side { size: add(side.size, order.size)?, entry: add(side.entry, entry_added)?, ..side };
    let opening = Opening {
        notional: notional(position.size, rate, true)?,
        interest: side.entry,
        assets: pool.assets,
        margin: position.margin,
        loss,
    };
    let pool = Pool { assets: add(pool.assets, fee)?, ..pool };
    let fill = Fill { size: order.size, notional: value, fee, ..Fill::default() };
    Ok((Books { account, position, interest: interest.with(order.is_long, side), pool }, fill, opening))
}

/// Adds to free collateral.
pub fn credit(account: Account, amount: u128) -> Result<Account, Error> {
    Ok(Account { free: add(account.free, amount)?, ..account })
}

/// Takes from free collateral.
pub fn debit(account: Account, amount: u128) -> Result<Account, Error> {
    pay(account, amount)
}

/// What a trader asks for when opening or increasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which way.
    pub is_long: bool,
    /// Base units.
    pub size: u128,
    /// Collateral to move from free into the position.
    pub margin: u128,
}

fn pay(account: Account, needed: u128) -> Result<Account, Error> {
    let free = account.free.checked_sub(needed).ok_or(Error::InsufficientFree { needed, free: account.free })?;
    Ok(Account { free, ..account })
}

/// Takes `part` of a position off the books: its share of the entry, profit and loss; the margin is untouched.
fn unwind(position: Position, interest: Interest, part: u128, rate: Rate) -> Result<Unwound, Error> {
    let entry = share_of(position.entry, part, position.size, position.is_long)?;
    let (profit, loss) = result_of(&position, part, entry, rate)?;
    let side = interest.side(position.is_long);
    let side = Side { size: side.size.saturating_sub(part), entry: side.entry.saturating_sub(entry), ..side };
    let interest = interest.with(position.is_long, side);
    let position =
        Position { size: position.size.saturating_sub(part), entry: position.entry.saturating_sub(entry), ..position };
    Ok(Unwound { position, interest, profit, loss })
}

struct Unwound {
    position: Position,
    interest: Interest,
    profit: u128,
    loss: u128,
}

/// Pays a profit out of the pool as far as it goes, or collects a loss from the margin as far as it goes.
fn settle(pool: Pool, margin: u128, profit: u128, loss: u128) -> Result<(Pool, u128, u128), Error> {
    let paid = profit.min(pool.assets);
    let collected = loss.min(margin);
    let bad_debt = loss.saturating_sub(collected);
    let pool = Pool {
        assets: add(pool.assets.saturating_sub(paid), collected)?,
        bad_debt: pool.bad_debt.saturating_add(bad_debt),
        unpaid: pool.unpaid.saturating_add(profit.saturating_sub(paid)),
        ..pool
    };
    Ok((pool, add(margin.saturating_sub(collected), paid)?, bad_debt))
}

/// Reduces a position; a whole reduction closes it and frees its margin. One that owes more than its margin is liquidated,
/// by anyone, so that its loss goes down the waterfall.
///
/// Rounding: the profit down, the loss and the fee up; the fee at most what is left of the margin.
/// Errors: more than there is; a loss that exceeds the margin.
pub fn reduce(books: Books, fee_bps: u16, rate: Rate, size: u128) -> Result<(Books, Fill), Error> {
    let Books { account, position, interest, pool } = books;
    if position.size == 0 {
        return Err(Error::NoPosition);
    }
    if size > position.size {
        return Err(Error::SizeAbovePosition { size, held: position.size });
    }
    let unwound = unwind(position, interest, size, rate)?;
    if unwound.loss > position.margin {
        return Err(Error::LossAboveMargin { loss: unwound.loss, margin: position.margin });
    }
    let paid = unwound.profit.min(pool.assets);
    let margin = position.margin.saturating_sub(unwound.loss).saturating_add(paid);
    let value = notional(size, rate, true)?;
    let fee = bps_up(value, fee_bps.into()).min(margin);
    let pool = Pool {
        assets: add(pool.assets.saturating_sub(paid).saturating_add(unwound.loss), fee)?,
        unpaid: pool.unpaid.saturating_add(unwound.profit.saturating_sub(paid)),
        ..pool
    };
    let margin = bounded(margin.saturating_sub(fee))?;
    let fill = Fill { size, notional: value, fee, profit: unwound.profit, loss: unwound.loss, ..Fill::default() };
    let (account, position) = if unwound.position.size == 0 {
        (Account { free: add(account.free, margin)?, ..account }, Position::default())
    } else {
        (account, Position { margin, ..unwound.position })
    };
    Ok((Books { account, position, interest: unwound.interest, pool }, fill))
}

/// Moves free collateral into a position: needs no price.
pub fn top_up(account: Account, position: Position, amount: u128) -> Result<(Account, Position), Error> {
    if position.size == 0 {
        return Err(Error::NoPosition);
    }
    let account = pay(account, amount)?;
    Ok((account, Position { margin: add(position.margin, amount)?, ..position }))
}

/// Closes a position below its maintenance margin (in the grace after a pause: below half of it).
///
/// The penalty comes out of what is left; half of it (down) is the liquidator's, at most margin and profit, so that
/// liquidating oneself can only cost. Loss beyond the margin is the pool's, and counted.
/// Rounding: threshold and penalty up.
/// Errors: [`Error::Healthy`] with the equity and the threshold.
pub fn liquidate(books: Books, closing: &Closing, now: u64, rate: Rate, grace: bool) -> Result<(Books, Fill), Error> {
    let position = books.position;
    if position.size == 0 {
        return Err(Error::NoPosition);
    }
    let value = notional(position.size, rate, true)?;
    let threshold = market::threshold_up(value, closing.maintenance.at(now), grace);
    let (left, _) = equity(&position, rate)?;
    if left >= threshold {
        return Err(Error::Healthy { equity: left, threshold });
    }
    closed_out(books, closing, rate, value)
}

/// Closes a position of which is known that it, or what it stands together with, is below its maintenance margin.
///
/// Rounding and split as of [`liquidate`].
/// Errors: no position.
pub fn close_out(books: Books, closing: &Closing, rate: Rate) -> Result<(Books, Fill), Error> {
    if books.position.size == 0 {
        return Err(Error::NoPosition);
    }
    closed_out(books, closing, rate, notional(books.position.size, rate, true)?)
}

fn closed_out(books: Books, closing: &Closing, rate: Rate, value: u128) -> Result<(Books, Fill), Error> {
    let Books { account, position, interest, pool } = books;
    let unwound = unwind(position, interest, position.size, rate)?;
    let penalty = bps_up(value, closing.penalty_bps.into());
    let paid = unwound.profit.min(pool.assets);
    let reward = penalty.wrapping_shr(1).min(position.margin.saturating_add(paid));
    let (pool, rest, bad_debt) = settle(pool, position.margin.saturating_sub(reward), unwound.profit, unwound.loss)?;
    let rest = rest.saturating_sub(reward.saturating_sub(position.margin));
    let fee = penalty.saturating_sub(reward).min(rest);
    let pool = Pool { assets: add(pool.assets, fee)?, ..pool };
    let account = Account { free: add(account.free, rest.saturating_sub(fee))?, ..account };
    let fill = Fill {
        size: position.size,
        notional: value,
        fee,
        profit: unwound.profit,
        loss: unwound.loss,
        bad_debt,
        reward,
    };
    Ok((Books { account, position: Position::default(), interest: unwound.interest, pool }, fill))
}

/// Pays whoever wrote down that an incident rose by `risen` tiers, as far as the pool has it.
///
/// Invariants: PP-1.
pub fn reward(account: Account, pool: Pool, policy: &Policy, risen: u8) -> Result<(Account, Pool, u128), Error> {
    let bounty = u128::from(policy.bounty).saturating_mul(risen.into()).min(pool.assets);
    let pool = Pool { assets: pool.assets.saturating_sub(bounty), ..pool };
    Ok((credit(account, bounty)?, pool, bounty))
}

/// What the traders of a market would be owed (first) and would owe (second) if all closed at `rate`.
///
/// `released` is what deleveragings have released of the entries of longs and shorts and no position has settled: the
/// sides' entries are those of their positions as they are stored.
///
/// Rounding: with `up` what is owed is rounded up and what they owe down, for a provider who leaves; else the reverse.
pub fn unrealised(interest: &Interest, released: (u128, u128), rate: Rate, up: bool) -> Result<(u128, u128), Error> {
    let mut owed = 0u128;
    let mut owing = 0u128;
    if interest.long.size != 0 {
        let value = notional(interest.long.size, rate, up)?.saturating_add(released.0);
        owed = owed.saturating_add(value.saturating_sub(interest.long.entry));
        owing = owing.saturating_add(interest.long.entry.saturating_sub(value));
    }
    if interest.short.size != 0 {
        let value = notional(interest.short.size, rate, !up)?.saturating_add(released.1);
        owed = owed.saturating_add(interest.short.entry.saturating_sub(value));
        owing = owing.saturating_add(value.saturating_sub(interest.short.entry));
    }
    Ok((owed, owing))
}

/// What the pool is worth when its traders are owed `owed` and owe `owing`.
fn net_value(pool: &Pool, owed: u128, owing: u128) -> Result<u128, Error> {
    let gross = pool.assets.saturating_add(owing);
    gross.checked_sub(owed).ok_or(Error::PoolInsolvent { owed, assets: gross })
}

/// Free collateral into pool shares, rounded down.
pub fn provide(
    account: Account,
    pool: Pool,
    (owed, owing): (u128, u128),
    amount: u128,
) -> Result<(Account, Pool, u128), Error> {
    let net = net_value(&pool, owed, owing)?;
    let shares = share_of(pool.shares.saturating_add(VIRTUAL_SHARES), amount, net.saturating_add(1), false)?;
    if shares == 0 {
        return Err(Error::Zero);
    }
    let account = pay(account, amount)?;
    let account = Account { shares: add(account.shares, shares)?, ..account };
    Ok((account, Pool { assets: add(pool.assets, amount)?, shares: add(pool.shares, shares)?, ..pool }, shares))
}

/// Pool shares back into free collateral, rounded down, as far as open positions leave room.
///
/// What traders owe is not counted until it is collected: a loss beyond a margin never is, and who left before the
/// liquidation would be paid for it by who stays. `in_use` is what has to stay: see [`needed_for`].
/// Invariants: PP-9.
pub fn remove(
    account: Account,
    pool: Pool,
    owed: u128,
    in_use: u128,
    shares: u128,
) -> Result<(Account, Pool, u128), Error> {
    redeem(take_shares(account, shares)?, pool, owed, in_use, shares)
}

/// Whole lots of shares, rounded down.
///
/// Errors: less than one.
pub fn lots(shares: u128) -> Result<u128, Error> {
    match shares.wrapping_div(LOT) {
        0 => Err(Error::Zero),
        lots => Ok(lots),
    }
}

/// Takes shares from an account: they are still in circulation, and what the pool loses they lose.
pub fn take_shares(account: Account, shares: u128) -> Result<Account, Error> {
    let held = account.shares;
    let left = held.checked_sub(shares).ok_or(Error::InsufficientShares { needed: shares, held })?;
    Ok(Account { shares: left, ..account })
}

/// Gives shares back to an account.
pub fn credit_shares(account: Account, shares: u128) -> Result<Account, Error> {
    Ok(Account { shares: add(account.shares, shares)?, ..account })
}

/// Shares that were taken from an account, or from a ticket of its, into its free collateral: see [`remove`].
pub fn redeem(
    account: Account,
    pool: Pool,
    owed: u128,
    in_use: u128,
    shares: u128,
) -> Result<(Account, Pool, u128), Error> {
    let net = net_value(&pool, owed, 0)?;
    let amount = share_of(net.saturating_add(1), shares, pool.shares.saturating_add(VIRTUAL_SHARES), false)?;
    let assets = pool.assets.saturating_sub(amount);
    if amount > pool.assets || assets < in_use {
        return Err(Error::LiquidityInUse { assets, needed: in_use });
    }
    let account = Account { free: add(account.free, amount)?, ..account };
    Ok((account, Pool { assets, shares: pool.shares.saturating_sub(shares), ..pool }, amount))
}

/// The assets that the pool has to keep for a market's larger side, rounded up.
///
/// Without it liquidity lent for one transaction would lift the cap on open interest.
pub fn needed_for(interest: &Interest, terms: &Terms) -> u128 {
    let side = interest.long.entry.max(interest.short.entry);
    side.saturating_mul(BPS).div_ceil(u128::from(terms.interest_share_bps).max(1))
}
