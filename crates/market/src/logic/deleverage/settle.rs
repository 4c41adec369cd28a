//! What a position has become between two points of its side's history.

use super::{scaled, within};
use crate::{
    error::Error,
    types::side::{Held, Index, Settled, MAX_SCALE, ONE},
};
use alloy_primitives::U256;

/// The linear parts of a settlement, rounded.
struct Linear {
    /// What the entry is released of.
    basis: u128,
    /// Cash.
    value: u128,
    /// What the position would bear by its size.
    cut: u128,
    /// What the closed part was worth at mark, less its share of the entry; 0 for a loss.
    gain: u128,
}

/// Settles a position from one point to a later one of the same epoch.
///
/// A position that is behind by an epoch settles to that epoch's end first, then from [`Index::start`] of the next.
///
/// Rounding: the size down, cash and profit down, the cut up, the entry up for a long and down for a short.
/// Errors: [`Error::OutOfRange`], also for points that are not in order, with their epochs.
/// Invariants: MR-21, MR-22, MR-23.
pub fn settle(is_long: bool, from: &Index, to: &Index, scale: u128, held: Held) -> Result<Settled, Error> {
    within(scale, 1, MAX_SCALE)?;
    within(from.size, 1, ONE)?;
    let size = scaled(U256::from(held.size), U256::from(to.size), U256::from(from.size), false)?;
    let linear = linear(is_long, from, to, scale, held)?;
    let cut = linear.cut.min(linear.gain).min(linear.value);
    let credit = linear.value.saturating_sub(cut);
    // The entry less what was released of it. What is left of an entry without a size is settled as well.
    let (rest, lacking) = (held.entry.saturating_sub(linear.basis), linear.basis.saturating_sub(held.entry));
    let (entry, over) = if size == 0 { (0, rest) } else { (rest, 0) };
    let (paid, due) = if is_long { (lacking, over) } else { (over, lacking) };
    let unfit = Error::OutOfRange { value: held.margin, bound: u128::MAX };
    let gross = held.margin.checked_add(credit).and_then(|margin| margin.checked_add(paid)).ok_or(unfit)?;
    let collected = due.min(gross);
    let open = to.size != 0; // an epoch that was closed out has left the books with its entry
    Ok(Settled {
        held: Held { size, margin: gross.saturating_sub(collected), entry },
        closed: held.size.saturating_sub(size),
        credit,
        cut,
        shortfall: linear.cut.saturating_sub(cut),
        paid,
        collected,
        bad_debt: due.saturating_sub(collected),
        entry_up: if open { lacking } else { 0 },
        entry_down: if open { over } else { 0 },
    })
}

/// Errors: [`Error::OutOfRange`] for points that are not in order.
fn linear(is_long: bool, from: &Index, to: &Index, scale: u128, held: Held) -> Result<Linear, Error> {
    let disorder = Error::OutOfRange { value: from.epoch.into(), bound: to.epoch.into() };
    let gone = from.size.checked_sub(to.size).filter(|_| from.epoch == to.epoch).ok_or(disorder)?;
    let between = |old: U256, new: U256| new.checked_sub(old).ok_or(disorder);
    let basis = between(from.basis, to.basis)?;
    let value = between(from.value, to.value)?;
    let cut = between(from.cut, to.cut)?;
    let unit = U256::from(from.size).wrapping_mul(U256::from(scale)); // below 2^210
    let size = U256::from(held.size);
    let cash = scaled(size, value, unit, false)?;
    let entry = scaled(U256::from(held.entry), U256::from(gone), U256::from(from.size), is_long)?;
    // At mark: average plus profit for longs, average less profit for shorts.
    let at_mark = if is_long { basis.wrapping_add(value) } else { basis.saturating_sub(value) };
    let worth = scaled(size, at_mark, unit, !is_long)?;
    Ok(Linear {
        basis: scaled(size, basis, unit, !is_long)?,
        value: cash,
        cut: scaled(size, cut, unit, true)?,
        gain: if is_long { worth.saturating_sub(entry) } else { entry.saturating_sub(worth) },
    })
}
