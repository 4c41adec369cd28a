//! The end of a market: every position is counted at one price, then winners are paid one part of what they claim.
//!
//! Whoever comes first changes nothing: a position is counted by its own words, its side's history and the price alone, and
//! what it comes to is added to sums. What depends on sums happens once, when the last is counted: what earlier cuts of
//! profits take, what covers the losses beyond margins, the part that winners are paid. Principal needs no such thing,
//! since it never left the position's own margin.

use super::{add, bounded, share_of, unwind, Unwound};
use crate::{
    error::Error,
    logic::loss::index_of,
    storage::settle::{Profits, Won},
    types::{Account, Books, Interest, Pool, Position, Rate, Side, VIRTUAL_SHARES},
};
use fusebox_fund::{
    logic::{
        ledger,
        loss::{part_down, part_up},
        settlement::{payout_down, QUORUM},
    },
    types::{
        ledger::{Book, Claims},
        loss::Index,
        settlement::{Anchor, Pot},
    },
};
use fusebox_market::types::side::{Settled, Snapshot};

/// How much of a side may be left when all of it counts as counted: a billionth of the base asset, which is what rounding
/// leaves of a thousand million deleveraged positions.
pub const DUST: u128 = 1_000_000_000;

/// What became of a position that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Base units, after what deleveraging had closed.
    pub size: u128,
    /// What of its margin it did not lose: paid at once.
    pub principal: u128,
    /// What it has lost, as far as the margin went.
    pub loss: u128,
    /// What it has won: claimed, and what earlier cuts ask of that.
    pub won: Won,
    /// What it has lost beyond its margin and what it had won.
    pub missing: u128,
}

/// Takes a loss from a margin, then from what is claimed: what each loses, and what is missing.
const fn lose(margin: u128, claimed: u128, loss: u128) -> (u128, u128, u128) {
    let from_margin = if loss < margin { loss } else { margin };
    let beyond = loss.saturating_sub(from_margin);
    let from_claim = if beyond < claimed { beyond } else { claimed };
    (from_margin, from_claim, beyond.saturating_sub(from_claim))
}

/// What a position has in hand for a stretch of its side's history: its margin, and what it claims as if it were there.
pub const fn means(position: &Position, so_far: &Counted) -> u128 {
    position.margin.saturating_add(so_far.won.profit)
}

/// Books a stretch of the history of a position that was deleveraged, on its way into the count; its margin was
/// [`means`]. What comes out of the side's reserve was set apart for it; what the pool would have to pay is a claim like
/// any profit, since the pool may not have it for all.
///
/// A position that was closed out goes on with size 0, its margin and its claim.
/// Errors: amounts past their bound.
/// Invariants: PP-20, PP-36.
pub fn passed(
    books: Books,
    reserve: u128,
    settled: &Settled,
    at: Snapshot,
    so_far: Counted,
) -> Result<(Books, u128, Counted), Error> {
    let Books { position, interest, pool, .. } = books;
    let margin = add(position.margin, settled.credit)?;
    let claimed = add(so_far.won.profit, settled.paid)?;
    let (loss, offset, missing) = lose(margin, claimed, settled.collected.saturating_add(settled.bad_debt));
    let pool = Pool { assets: add(pool.assets, settled.cut.saturating_add(loss))?, ..pool };
    let side = interest.side(position.is_long);
    let side = Side { entry: add(side.entry.saturating_sub(position.entry), settled.held.entry)?, ..side };
    let interest = interest.with(position.is_long, side);
    let reserve = reserve.saturating_sub(settled.credit.saturating_add(settled.cut));
    let (size, entry) = (settled.held.size, settled.held.entry);
    let margin = margin.saturating_sub(loss);
    let position = Position { size, entry, margin, snapshot: at.0.into(), ..position };
    let won = Won { profit: claimed.saturating_sub(offset), ..so_far.won };
    let missing = so_far.missing.saturating_add(missing);
    let counted = Counted { won, missing, loss: so_far.loss.saturating_add(loss), ..so_far };
    Ok((Books { position, interest, pool, ..books }, reserve, counted))
}

/// What earlier cuts ask of a profit that stood since `since` when the index was `to`: the whole of it, however much is
/// outstanding, in the epochs in which it was cut.
///
/// Rounding: up, the parts of the epochs down.
/// Invariants: PP-36.
fn ask(book: &Book, since: Index, to: Index, profit: u128, won: Won) -> Won {
    if to <= since || profit == 0 {
        return won;
    }
    let traders = Claims { held: u128::MAX, ..book.traders };
    let view = Book { index: to, sealed: book.sealed.min(to), closed: book.closed.min(to), traders, ..*book };
    let (_, settled) = ledger::settle(view, since, profit);
    Won {
        asked: won.asked.saturating_add(profit.saturating_sub(settled.kept)),
        repaid: won.repaid.saturating_add(settled.paid),
        repaying: won.repaying.saturating_add(settled.repaying.amount),
        collecting: won.collecting.saturating_add(settled.collecting.amount),
        epoch: settled.repaying.epoch,
        ..won
    }
}

/// What earlier cuts ask of what deleveraging had a position gain, of which the side's reserve has paid it: that part joins
/// what it claims, and the pool holds it until all is counted.
///
/// Errors: amounts past their bound.
pub fn withheld(
    books: Books,
    book: &Book,
    until: u128,
    gain: u128,
    so_far: Counted,
) -> Result<(Books, Counted), Error> {
    let Books { position, pool, .. } = books;
    let won = ask(book, index_of(position.since), index_of(until), gain, so_far.won);
    let part = won.asked.saturating_sub(so_far.won.asked).min(position.margin);
    let position = Position { margin: position.margin.saturating_sub(part), ..position };
    let pool = Pool { assets: add(pool.assets, part)?, ..pool };
    let won = Won { profit: add(won.profit, part)?, ..won };
    Ok((Books { position, pool, ..books }, Counted { won, ..so_far }))
}

/// Closes a position at the price of a settlement: its principal is the account's, its loss the pool's, its profit a claim.
///
/// `so_far` is what [`passed`] and [`withheld`] have left of a position that was deleveraged. `until` is what was cut of
/// profits when the market began to settle.
///
/// Rounding: the profit down, the loss up.
/// Errors: amounts past their bound.
/// Invariants: PP-1, PP-20, PP-36.
pub fn count(books: Books, rate: Rate, book: &Book, until: u128, so_far: Counted) -> Result<(Books, Counted), Error> {
    let Books { account, position, interest, pool } = books;
    let unwound = match position.size {
        0 => Unwound { position, interest, profit: 0, loss: 0 },
        size => unwind(position, interest, size, rate)?,
    };
    let (loss, offset, missing) = lose(position.margin, so_far.won.profit, unwound.loss);
    let missing = so_far.missing.saturating_add(missing);
    let principal = position.margin.saturating_sub(loss);
    let won = ask(book, index_of(position.since), index_of(until), unwound.profit, so_far.won);
    let profit = add(won.profit.saturating_sub(offset), unwound.profit)?;
    let won = within(Won { profit, ..won });
    let pool = Pool { assets: add(pool.assets, loss)?, bad_debt: pool.bad_debt.saturating_add(missing), ..pool };
    let account = Account { free: add(account.free, principal)?, ..account };
    let loss = so_far.loss.saturating_add(loss);
    let counted = Counted { size: position.size, principal, loss, won, missing };
    Ok((Books { account, position: Position::default(), interest: unwound.interest, pool }, counted))
}

/// No more is asked of what was won than there is of it: a later loss may have taken the rest.
fn within(won: Won) -> Won {
    if won.asked <= won.profit {
        return won;
    }
    let part = |amount| part_down(amount, won.profit, won.asked);
    let (repaid, repaying, collecting) = (part(won.repaid), part(won.repaying), part(won.collecting));
    Won { asked: won.profit, repaid, repaying, collecting, ..won }
}

/// Whether every position of a market has been counted, but for what rounding left of its sides.
///
/// A side's entry is exactly the sum of what its positions have stored: one that deleveraging has closed, and nobody has
/// settled since, is in it, whatever is left of its size.
pub const fn is_counted(interest: &Interest) -> bool {
    let Interest { long, short } = interest;
    long.size <= DUST && short.size <= DUST && long.entry == 0 && short.entry == 0
}

/// What a counted position has won and lacks joins the sums of its market.
///
/// Errors: [`Error::TooLarge`].
/// Invariants: PP-36.
pub fn joined(profits: Profits, counted: &Counted) -> Result<Profits, Error> {
    let claims = add(profits.pot.claims, counted.won.profit)?;
    Ok(Profits {
        pot: Pot { claims, ..profits.pot },
        asked: add(profits.asked, counted.won.asked)?,
        missing: add(profits.missing, counted.missing)?,
        ..profits
    })
}

/// What earlier cuts take from the claims of a market: what they ask, as far as `outstanding` of it was not paid yet.
///
/// All claims pay the same part of what is asked of them, so that it does not matter who was counted while some of it was
/// outstanding.
/// Invariants: PP-12, PP-36.
pub fn levied(profits: Profits, outstanding: u128) -> Profits {
    let collected = profits.asked.min(outstanding);
    let claims = profits.pot.claims.saturating_sub(collected);
    Profits { pot: Pot { claims, ..profits.pot }, collected, ..profits }
}

/// What is left of what an account has won; what earlier cuts took of it, as [`Won::asked`], with the parts of that which
/// are owed back.
///
/// Rounding: what is left down; the parts of epochs down.
/// Invariants: PP-12, PP-36.
pub fn after_cuts(won: &Won, profits: &Profits) -> (u128, Won) {
    let Profits { asked, collected, .. } = *profits;
    let taken = part_up(won.asked, collected, asked).min(won.profit);
    let part = |amount| part_down(amount, collected, asked);
    let (repaid, repaying, collecting) = (part(won.repaid), part(won.repaying), part(won.collecting));
    let left = won.profit.saturating_sub(taken);
    (left, Won { profit: left, asked: taken, repaid, repaying, collecting, epoch: won.epoch })
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
    (pool, Profits { pot: Pot { claims, paid }, divided: true, left: paid, ..profits })
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
