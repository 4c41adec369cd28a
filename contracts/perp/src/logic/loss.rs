//! What deleveraging, the waterfall and haircuts do to the books: pure, by value.

use super::{add, bps_up, notional, result_of, share_of};
use crate::{
    error::Error,
    types::{Account, Books, Interest, Pool, Position, Rate, Side, BPS, FLOOR_BPS},
};
use alloy_primitives::U256;
use fusebox_fund::{
    logic::{
        ledger,
        loss::{kept_down, part_down},
    },
    types::{ledger::Book, loss::Index},
};
use fusebox_market::types::side::{Quote, Settled, Snapshot, MAX_PRICE};

/// Bits of the cut in what a position remembers of the index of cuts.
const CUT_BITS: u32 = 90;
/// The era after which nothing is cut any more: a position has 6 bits for it.
pub const LAST_ERA: u32 = 63;

/// The index of cuts that a position remembers.
pub fn index_of(since: u128) -> Index {
    let era = u32::try_from(since.wrapping_shr(CUT_BITS)).unwrap_or(u32::MAX);
    Index { era, cut: since & 1u128.wrapping_shl(CUT_BITS).wrapping_sub(1) }
}

/// What a position remembers of an index: its cut is below 10^27, its era at most [`LAST_ERA`].
pub fn since_of(index: Index) -> u128 {
    index.cut | u128::from(index.era).wrapping_shl(CUT_BITS)
}

/// A price for deleveraging.
pub const fn quote(rate: Rate) -> Quote {
    Quote { mark: rate.price, scale: rate.scale }
}

/// The price at which a position that was worth `worth` (entry less margin of a long, and margin of a short) was bankrupt.
///
/// Rounding: towards mark, so that who is deleveraged gives less.
/// Errors: those of a product that does not fit.
pub fn bankruptcy(is_long: bool, size: u128, worth: u128, scale: u128) -> Result<u128, Error> {
    Ok(share_of(worth, scale, size, !is_long)?.min(MAX_PRICE))
}

/// What the pool keeps when it bears a loss of a market: see [`FLOOR_BPS`].
///
/// Rounding: up.
pub fn floor(interest: &Interest) -> u128 {
    interest.long.entry.max(interest.short.entry).saturating_mul(FLOOR_BPS).div_ceil(BPS)
}

/// The pool's part of a penalty fills the market's buffer up to its target; the rest stays with the pool.
///
/// Rounding: the target down.
pub fn feed(pool: Pool, buffer: u128, target_bps: u16, fee: u128) -> (Pool, u128) {
    let target = pool.assets.saturating_mul(target_bps.into()).wrapping_div(BPS);
    let part = fee.min(target.saturating_sub(buffer)).min(pool.assets);
    (Pool { assets: pool.assets.saturating_sub(part), ..pool }, buffer.saturating_add(part))
}

/// Books a settlement: every flow of [`Settled`]. A position that was closed out leaves its margin to the account.
///
/// The pool pays as far as it goes; what it cannot pay is counted.
/// Errors: amounts past their bound.
/// Invariants: PP-1, PP-11.
pub fn settled(books: Books, reserve: u128, settled: &Settled, at: Snapshot) -> Result<(Books, u128), Error> {
    let Books { account, position, interest, pool } = books;
    let gross = add(pool.assets, settled.cut.saturating_add(settled.collected))?;
    let unpaid = settled.paid.saturating_sub(gross);
    let pool = Pool {
        assets: gross.saturating_sub(settled.paid),
        bad_debt: pool.bad_debt.saturating_add(settled.bad_debt),
        unpaid: pool.unpaid.saturating_add(unpaid),
        ..pool
    };
    let side = interest.side(position.is_long);
    // By what the position's own entry moves: a side's is the sum of those that are stored, which has a sign to keep.
    let entry = add(side.entry.saturating_sub(position.entry), settled.held.entry)?;
    let side = Side { entry, ..side };
    let interest = interest.with(position.is_long, side);
    let reserve = reserve.saturating_sub(settled.credit.saturating_add(settled.cut));
    let margin = settled.held.margin.saturating_sub(unpaid);
    let (account, position) = if settled.held.size == 0 {
        (Account { free: add(account.free, margin)?, ..account }, Position::default())
    } else {
        let (size, entry) = (settled.held.size, settled.held.entry);
        (account, Position { size, entry, margin, snapshot: at.0.into(), ..position })
    };
    Ok((Books { account, position, interest, pool }, reserve))
}

/// What a position gained itself by what was closed of it, and received; 0 for a loss.
///
/// Its cash is by the side's average entry: what its own differs stands in what is left of its entry.
///
/// Rounding: down.
pub fn gain(position: &Position, settled: &Settled) -> Result<u128, Error> {
    let cash = settled.credit.saturating_add(settled.cut).saturating_add(settled.paid);
    if settled.held.size == 0 {
        let own = cash.saturating_sub(settled.collected).saturating_sub(settled.bad_debt);
        return Ok(own.min(settled.credit.saturating_add(settled.paid)));
    }
    let own = share_of(position.entry, settled.closed, position.size, position.is_long)?;
    let released = position.entry.saturating_sub(settled.held.entry);
    let (more, less) = if position.is_long { (released, own) } else { (own, released) };
    Ok(cash.saturating_add(more).saturating_sub(less).min(settled.credit))
}

/// What a position that bears `cut` of a deficit claims, and what of `borne`, its part by size, it lacks.
///
/// Rounding: down, where what is borne was rounded up.
/// Invariants: PP-11.
pub fn admitted(cut: u128, borne: u128) -> (u128, u128) {
    let part = borne.saturating_sub(1);
    let claim = cut.min(part);
    (claim, part.saturating_sub(claim))
}

/// What becomes of a profit between two points of the index of cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levied {
    /// The ledger, whose held money pays what was cut and is repaid already.
    pub book: Book,
    /// The claims and what is paid at once.
    pub settled: fusebox_fund::types::ledger::Settled,
    /// What stays with the pool.
    pub cut: u128,
    /// What profits of the domain have still to pay.
    pub outstanding: u128,
}

/// Cuts a profit that stood since `since` as the index of cuts has moved up to `to`.
///
/// All profits together pay what was charged and no more: who closes when it has been paid keeps all. Otherwise profits
/// that were made after a haircut would pay it again, and claims would pass what was booked.
///
/// Rounding: what is kept down.
/// Invariants: PP-12.
pub fn levied(book: Book, outstanding: u128, since: Index, to: Index, profit: u128) -> Levied {
    let wanted = if to <= since { 0 } else { profit.saturating_sub(kept_down(profit, since, to)) };
    let subject = if wanted > outstanding { part_down(profit, outstanding, wanted) } else { profit };
    if wanted.min(outstanding) == 0 {
        return Levied { book, settled: Default::default(), cut: 0, outstanding };
    }
    let view = Book { index: to, sealed: book.sealed.min(to), closed: book.closed.min(to), ..book };
    let (next, settled) = ledger::settle(view, since, subject);
    let cut = subject.saturating_sub(settled.kept).min(outstanding);
    let outstanding = outstanding.saturating_sub(cut);
    Levied { book: Book { traders: next.traders, ..book }, settled, cut, outstanding }
}

/// What a position would gain at a price: what a cut of its profit counts.
pub fn standing(position: &Position, rate: Rate) -> Result<u128, Error> {
    Ok(result_of(position, position.size, position.entry, rate)?.0)
}

/// Takes a cut out of a profit that stands: the entry moves by it, in the position and in its side.
///
/// Errors: amounts past their bound.
pub fn marked(books: Books, cut: u128) -> Result<Books, Error> {
    let Books { position, interest, .. } = books;
    let side = interest.side(position.is_long);
    let moved = |entry: u128| if position.is_long { add(entry, cut) } else { Ok(entry.saturating_sub(cut)) };
    let (own, of_side) = (moved(position.entry)?, moved(side.entry)?);
    let interest = interest.with(position.is_long, Side { entry: of_side, ..side });
    Ok(Books { position: Position { entry: own, ..position }, interest, ..books })
}

/// Takes `amount` from what a trade has left its account: first from free collateral, then, if `margin_pays`, from the
/// position's margin. What was taken.
pub fn charge(books: Books, amount: u128, margin_pays: bool) -> (Books, u128) {
    let Books { account, position, .. } = books;
    let from_free = amount.min(account.free);
    let lacking = if margin_pays { amount.saturating_sub(from_free) } else { 0 };
    let from_margin = lacking.min(position.margin);
    let account = Account { free: account.free.saturating_sub(from_free), ..account };
    let position = Position { margin: position.margin.saturating_sub(from_margin), ..position };
    (Books { account, position, ..books }, from_free.saturating_add(from_margin))
}

/// The fee of a trade to come: an opening's of `size`, a reduction's of at most the position; nothing else has one.
///
/// Rounding: up.
/// Errors: a notional that does not fit.
pub fn fee(position: &Position, rate: Rate, fee_bps: u16, why: u8, size: U256) -> Result<u128, Error> {
    let size = u128::try_from(size).unwrap_or(u128::MAX);
    let size = match why {
        2 => size,
        3 => size.min(position.size),
        _ => 0,
    };
    Ok(bps_up(notional(size, rate, true)?, fee_bps.into()))
}
