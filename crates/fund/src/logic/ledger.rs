//! The deficit ledger: what a loss took is owed back, in an order, and every claim of an epoch is worth the same part.
//!
//! Nothing here walks over claims: an account's claim is a function of its own word and of the book.

use crate::{
    error::Error,
    logic::loss::{bounded, part_down, part_up, standing},
    types::{
        ledger::{Book, Claim, Claims, Harbour, Recap, Recovery, Repayment, Returned, Settled},
        loss::{Haircut, Index, Split, BPS, MAX_AMOUNT},
    },
};

/// `a + b`, if a word holds it.
fn add(a: u128, b: u128) -> Result<u128, Error> {
    bounded(a.saturating_add(b))
}

/// What a loss took, in the book.
///
/// Providers are owed what was left open too: the pool is what did not receive it.
///
/// Errors: [`Error::TooLarge`].
/// Invariants: IF-27.
pub fn record(book: Book, split: &Split, haircut: &Haircut) -> Result<Book, Error> {
    let next = add(book.traders.next, split.deleveraged.saturating_add(haircut.charged))?;
    let book = Book {
        traders: Claims { next, ..book.traders },
        providers: add(book.providers, split.pool.saturating_add(split.open))?,
        fund: add(book.fund, split.fund)?,
        buffer: add(book.buffer, split.buffer)?,
        residue: add(book.residue, haircut.residue)?,
        index: haircut.index,
        ..book
    };
    add(book.traders.held, book.owed())?; // what is repaid of it is held one day: that fits as well
    Ok(book)
}

/// Pays `amount` to what is owed: traders who were cut, older claims first, then providers, fund, buffer.
///
/// Invariants: IF-28, IF-29.
pub fn repay(book: Book, amount: u128) -> (Book, Repayment) {
    let mut rest = amount;
    let mut next = pay_epoch(book, &mut rest);
    if rest > 0 && next.traders.next > 0 {
        next = pay_epoch(seal(next), &mut rest);
    }
    let cut = amount.saturating_sub(rest);
    let providers = pay(&mut next.providers, &mut rest);
    let fund = pay(&mut next.fund, &mut rest);
    let buffer = pay(&mut next.buffer, &mut rest);
    (next, Repayment { cut, providers, fund, buffer, rest })
}

/// Pays what a kind is owed as far as the rest goes.
fn pay(owed: &mut u128, rest: &mut u128) -> u128 {
    let paid = (*rest).min(*owed);
    *owed = owed.saturating_sub(paid);
    *rest = rest.saturating_sub(paid);
    paid
}

/// Pays the epoch that is being repaid.
fn pay_epoch(book: Book, rest: &mut u128) -> Book {
    let mut owed = book.traders.total.saturating_sub(book.traders.repaid);
    let paid = pay(&mut owed, rest);
    let repaid = book.traders.repaid.saturating_add(paid);
    Book { traders: Claims { repaid, held: book.traders.held.saturating_add(paid), ..book.traders }, ..book }
}

/// The epoch that collected is the one that is repaid from now on; the one before is repaid in full.
fn seal(book: Book) -> Book {
    let Claims { epoch, next, held, .. } = book.traders;
    let traders = Claims { epoch: epoch.saturating_add(1), total: next, repaid: 0, next: 0, held };
    Book { traders, closed: book.sealed, sealed: book.index, ..book }
}

/// What a profit of this moment becomes that stood at `since`: kept, and claims in the epochs in which it was cut.
///
/// Epochs before the one that is being repaid are repaid in full, so that their part is paid at once.
///
/// Rounding: everything down.
/// Invariants: IF-26, IF-30.
pub fn settle(book: Book, since: Index, profit: u128) -> (Book, Settled) {
    let whole = standing(since, since);
    let [closed, sealed, now] = [book.closed, book.sealed, book.index].map(|index| standing(since, index));
    let part = |from: u128, to: u128| part_down(profit, from.saturating_sub(to), whole);
    let kept = part(now, 0);
    let paid = part(whole, closed).min(book.traders.held);
    let epoch = book.traders.epoch;
    let repaying = Claim { epoch, amount: part(closed, sealed), taken: 0 };
    let collecting = Claim { epoch: book.traders.collecting(), amount: part(sealed, now), taken: 0 };
    let parts = kept.saturating_add(paid).saturating_add(repaying.amount).saturating_add(collecting.amount);
    let held = book.traders.held.saturating_sub(paid);
    let settled = Settled { kept, paid, repaying, collecting, residue: profit.saturating_sub(parts) };
    (Book { traders: Claims { held, ..book.traders }, ..book }, settled)
}

/// Two claims of one account in one epoch are one.
///
/// Errors: [`Error::TooLarge`].
pub fn join(claim: Claim, more: u128) -> Result<Claim, Error> {
    Ok(Claim { amount: add(claim.amount, more)?, ..claim })
}

/// What a claim may take now: the part of it that its epoch was repaid, less what it took.
///
/// Rounding: down; exact once the epoch is repaid in full.
/// Invariants: IF-29, IF-30.
pub fn due_down(traders: &Claims, claim: &Claim) -> u128 {
    let repaid = match claim.epoch {
        epoch if epoch < traders.epoch => claim.amount,
        epoch if epoch > traders.epoch => 0,
        _ => part_down(claim.amount, traders.repaid, traders.total),
    };
    repaid.saturating_sub(claim.taken).min(traders.held)
}

/// An account takes what is due.
///
/// Rounding: down.
/// Invariants: IF-29, IF-30.
pub fn take(book: Book, claim: Claim) -> (Book, Claim, u128) {
    let due = due_down(&book.traders, &claim);
    let held = book.traders.held.saturating_sub(due);
    let claim = Claim { taken: claim.taken.saturating_add(due), ..claim };
    (Book { traders: Claims { held, ..book.traders }, ..book }, claim, due)
}

/// A part of what an epoch is owed that nobody will ever claim: it is repaid no more, and what of it was repaid already
/// is the residue's.
///
/// Whoever was cut has claimed his part of `amount` or never can: a cover that did not come, profits that were gone before
/// they were cut. Otherwise what is repaid of it would be held for ever. With `missed` the pool did not get it either and
/// is owed it.
///
/// Errors: [`Error::AboveOpen`], [`Error::TooLarge`].
/// Invariants: IF-29, IF-38.
pub fn waive(book: Book, epoch: u32, amount: u128, missed: bool) -> Result<Book, Error> {
    let mut traders = book.traders;
    let Claims { total, repaid, next, held, .. } = traders;
    let less = |bound: u128| bound.checked_sub(amount).ok_or(Error::AboveOpen { amount, bound });
    let freed = if epoch > traders.epoch {
        traders.next = less(next)?;
        0
    } else if epoch == traders.epoch {
        traders.total = less(total)?;
        traders.repaid = repaid.min(traders.total);
        repaid.saturating_sub(traders.repaid)
    } else {
        amount
    };
    traders.held = held.checked_sub(freed).ok_or(Error::AboveOpen { amount: freed, bound: held })?;
    let providers = if missed { add(book.providers, amount)? } else { book.providers };
    Ok(Book { traders, providers, residue: add(book.residue, freed)?, ..book })
}

/// What rounding left goes to work: the residue account is emptied, and the caller repays with it.
pub const fn release(book: Book) -> (Book, u128) {
    let amount = book.residue;
    (Book { residue: 0, ..book }, amount)
}

/// What a fee pays on top: more the further the fund, less what is owed to others, is below its target.
///
/// Each unit of it closes the gap by one, to whomever it goes, so that it stops at the target exactly: the last payment
/// is split. `base` is what the fund is measured against, `owed` what the books owe to others than the fund.
///
/// Rounding: up, target and surcharge.
/// Invariants: IF-31.
pub fn surcharge_up(recap: &Recap, fee: u128, fund: u128, base: u128, owed: u128) -> u128 {
    let target = part_up(base, recap.target_bps().into(), BPS);
    let gap = target.saturating_add(owed).saturating_sub(fund);
    let bps = part_up(recap.max_bps().into(), gap.min(target), target);
    part_up(fee, bps, BPS).min(gap)
}

/// An incident's record with one more loss: what others bore than the account whose loss it was.
///
/// Its first loss fixes the terms, which are the latest of that moment; the largest amount stands for all above.
pub fn note_loss(recovery: Recovery, latest: u32, split: &Split) -> Recovery {
    let borne = split.sum().saturating_sub(split.collateral);
    let terms = match recovery.recorded {
        0 => latest,
        _ => recovery.terms,
    };
    Recovery { terms, recorded: recovery.recorded.saturating_add(borne).min(MAX_AMOUNT), ..recovery }
}

/// Somebody brings money back: a part is his, while the incident is open and against what it lost; the rest is booked.
///
/// The bounty is of all that came back so far, less what it was of that before, so that pieces earn what the whole does.
///
/// Rounding: the bounty down.
/// Errors: [`Error::TooLarge`].
/// Invariants: IF-32.
pub fn give_back(
    recovery: Recovery,
    harbour: &Harbour,
    incident_open: bool,
    amount: u128,
) -> Result<(Recovery, Returned), Error> {
    let returned = recovery.returned.saturating_add(bounded(amount)?).min(recovery.recorded);
    let earned = |returned| part_down(returned, harbour.rate_bps().into(), BPS).min(harbour.cap());
    let bounty = match incident_open {
        true => earned(returned).saturating_sub(earned(recovery.returned)),
        false => 0,
    };
    Ok((Recovery { returned, ..recovery }, Returned { bounty, booked: amount.saturating_sub(bounty) }))
}
