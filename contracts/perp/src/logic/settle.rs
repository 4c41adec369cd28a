//! The end of a market: every position is counted at one price, then winners are paid one part of what they claim.
//!
//! Whoever comes first changes nothing: a position is counted by its own words and the price alone, and nobody is paid a
//! profit before the last is counted. Principal needs no such thing, since it never left the position's own margin.

use super::{add, bounded, share_of, unwind};
use crate::{
    error::Error,
    storage::settle::Profits,
    types::{Account, Books, Interest, Pool, Position, Rate, VIRTUAL_SHARES},
};
use fusebox_fund::{
    logic::settlement::{payout_down, QUORUM},
    types::settlement::{Anchor, Pot},
};

/// How much of a side may be left when all of it counts as counted: a billionth of the base asset, which is what rounding
/// leaves of a thousand million deleveraged positions.
pub const DUST: u128 = 1_000_000_000;

/// What became of a position that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Base units.
    pub size: u128,
    /// What of its margin it did not lose: paid at once.
    pub principal: u128,
    /// What it has won: claimed.
    pub profit: u128,
    /// What it has lost, as far as the margin went.
    pub loss: u128,
    /// What it has lost beyond.
    pub bad_debt: u128,
}

/// Closes a position at the price of a settlement: its principal is the account's, its loss the pool's, its profit a claim.
///
/// Rounding: the profit down, the loss up.
/// Errors: no position; amounts past their bound.
/// Invariants: PP-1, PP-20.
pub fn count(books: Books, rate: Rate) -> Result<(Books, Counted), Error> {
    let Books { account, position, interest, pool } = books;
    if position.size == 0 {
        return Err(Error::NoPosition);
    }
    let unwound = unwind(position, interest, position.size, rate)?;
    let loss = unwound.loss.min(position.margin);
    let bad_debt = unwound.loss.saturating_sub(loss);
    let principal = position.margin.saturating_sub(loss);
    let pool = Pool { assets: add(pool.assets, loss)?, bad_debt: pool.bad_debt.saturating_add(bad_debt), ..pool };
    let account = Account { free: add(account.free, principal)?, ..account };
    let counted = Counted { size: position.size, principal, profit: unwound.profit, loss, bad_debt };
    Ok((Books { account, position: Position::default(), interest: unwound.interest, pool }, counted))
}

/// Whether every position of a market has been counted, but for what rounding left of its sides.
pub const fn is_counted(interest: &Interest) -> bool {
    interest.long.size <= DUST && interest.short.size <= DUST
}

/// A profit joins what the winners of a market claim.
///
/// Errors: [`Error::TooLarge`].
pub fn claimed(profits: Profits, profit: u128) -> Result<Profits, Error> {
    let claims = add(profits.pot.claims, profit)?;
    Ok(Profits { pot: Pot { claims, ..profits.pot }, ..profits })
}

/// Fixes what the winners of one market are paid, and sets it apart from the pool: what they claim, or all there is.
///
/// Invariants: PP-20, PP-21.
pub fn divide(pool: Pool, profits: Profits) -> (Pool, Profits) {
    let claims = profits.pot.claims;
    let paid = claims.min(pool.assets);
    let pool = Pool {
        assets: pool.assets.saturating_sub(paid),
        unpaid: pool.unpaid.saturating_add(claims.saturating_sub(paid)),
        ..pool
    };
    (pool, Profits { pot: Pot { claims, paid }, divided: true, left: paid })
}

/// Pays a claim out of what was set apart.
///
/// Rounding: down.
/// Errors: [`Error::TooLarge`].
/// Invariants: PP-20, PP-21.
pub fn pay(account: Account, profits: Profits, claim: u128) -> Result<(Account, Profits, u128), Error> {
    let paid = payout_down(&profits.pot, claim).min(profits.left);
    let account = Account { free: add(account.free, paid)?, ..account };
    Ok((account, Profits { left: profits.left.saturating_sub(paid), ..profits }, paid))
}

/// Pays out of the pool, once all of it has been divided.
///
/// Errors: [`Error::TooLarge`].
pub fn pay_from(account: Account, pool: Pool, paid: u128) -> Result<(Account, Pool), Error> {
    let paid = paid.min(pool.assets);
    let account = Account { free: add(account.free, paid)?, ..account };
    Ok((account, Pool { assets: pool.assets.saturating_sub(paid), ..pool }))
}

/// What shares claim of what providers claim together; the shares in circulation stay what they were at the division.
///
/// Rounding: down.
/// Errors: a pool that has none.
pub fn claim_of(shares: u128, pool: &Pool, claims: u128) -> Result<u128, Error> {
    bounded(share_of(claims, shares, pool.shares.saturating_add(VIRTUAL_SHARES), false)?)
}

/// What is remembered of an hour once `seen` was: what more feeds said, up to a quorum; of equals the later.
///
/// A stolen feed can print at the end of an hour, not undo what more of them said in it.
pub fn remember(was: Anchor, seen: Anchor) -> Anchor {
    let same = was.at / 3_600 == seen.at / 3_600;
    if same && was.feeds.min(QUORUM) > seen.feeds.min(QUORUM) {
        return was;
    }
    seen
}

/// The later of two, an anchor without a price being none.
pub const fn later(a: Anchor, b: Anchor) -> Anchor {
    if b.price != 0 && (a.price == 0 || b.at > a.at) {
        return b;
    }
    a
}
