//! The waterfall: who bears a loss, in which order, to the unit.
//!
//! The steps are calls, since deleveraging is another module's: [`absorb`] says what is left open, the caller reports to
//! [`deleverage`] what was covered of it, [`haircut`] takes the rest from profits. The parts sum to the loss after each.

use crate::{
    error::Error,
    types::loss::{low32, Cover, Haircut, Index, Layers, Split, BPS, MAX_AMOUNT, ONE_INDEX},
};
use alloy_primitives::U256;
use fusebox_core::{
    math::{mul_div_down, mul_div_up},
    time::DAY,
};

/// `amount * n / d` where `n` is at most `d`; 0 if `d` is.
///
/// Rounding: down, exact.
#[inline(never)] // once in a program: bytes run out before gas
pub fn part_down(amount: u128, n: u128, d: u128) -> u128 {
    let part = mul_div_down(U256::from(amount), U256::from(n), U256::from(d)).unwrap_or_default();
    part.try_into().unwrap_or(u128::MAX)
}

/// `amount * n / d` where `n` is at most `d`; 0 if `d` is.
///
/// Rounding: up, exact.
#[inline(never)]
pub fn part_up(amount: u128, n: u128, d: u128) -> u128 {
    let part = mul_div_up(U256::from(amount), U256::from(n), U256::from(d)).unwrap_or_default();
    part.try_into().unwrap_or(u128::MAX)
}

/// Refuses an amount that no word holds.
pub(crate) const fn bounded(value: u128) -> Result<u128, Error> {
    if value > MAX_AMOUNT {
        return Err(Error::TooLarge { value, bound: MAX_AMOUNT });
    }
    Ok(value)
}

/// The domain with the epoch that `now` is in: epochs end at multiples of their length, whoever has looked meanwhile.
///
/// The end is stored, so that a change of the length takes effect with the next epoch and never refills this one.
pub fn current(cover: Cover, now: u64) -> Cover {
    let day = now.wrapping_div(DAY);
    if day < u64::from(cover.until_day) {
        return cover;
    }
    let days = u64::from(cover.terms.epoch_days().max(1));
    let until = day.saturating_sub(day.checked_rem(days).unwrap_or(0)).saturating_add(days);
    Cover { lost: 0, drawn: 0, until_day: low32(until.min(u64::from(u32::MAX))), ..cover }
}

/// What the market bears of the first `lost` units of an epoch: of all together, so that pieces bear what the whole does.
///
/// Rounding: up, against the market.
pub fn deductible_up(cover: &Cover, lost: u128) -> u128 {
    let part = part_up(lost, cover.terms.deductible_bps().into(), BPS);
    part.max(lost.min(cover.terms.deductible()))
}

/// What the fund may pay of losses that the domain has counted, in its current epoch.
///
/// The budget is of the fund as it was before the domain's own draws, so that pieces draw what the whole does.
///
/// Rounding: down.
/// Invariants: IF-23, IF-24.
pub fn drawable_down(cover: &Cover, fund: u128, floor: u128) -> u128 {
    let budget = part_down(fund.saturating_add(cover.drawn), cover.terms.budget_bps().into(), BPS);
    let beyond = cover.lost.saturating_sub(deductible_up(cover, cover.lost));
    budget.min(beyond).saturating_sub(cover.drawn).min(cover.claim).min(fund.saturating_sub(floor))
}

/// The steps before deleveraging: collateral, buffer, fund, pool. What is left is open.
///
/// Errors: [`Error::TooLarge`].
/// Invariants: IF-20, IF-21, IF-22, IF-23, IF-24.
pub fn absorb(cover: Cover, layers: &Layers, now: u64, loss: u128) -> Result<(Cover, Split), Error> {
    let mut open = bounded(loss)?;
    let collateral = take(&mut open, layers.collateral);
    let before = current(cover, now);
    let counted = Cover { lost: before.lost.saturating_add(open).min(MAX_AMOUNT), ..before };
    let buffer = take(&mut open, layers.buffer);
    let fund = take(&mut open, drawable_down(&counted, layers.fund, layers.fund_floor));
    let pool = take(&mut open, layers.pool.saturating_sub(layers.pool_floor));
    let cover =
        Cover { drawn: counted.drawn.saturating_add(fund), claim: counted.claim.saturating_sub(fund), ..counted };
    Ok((cover, Split { collateral, buffer, fund, pool, deleveraged: 0, haircut: 0, open }))
}

/// What a layer bears of what is open.
fn take(open: &mut u128, layer: u128) -> u128 {
    let taken = layer.min(*open);
    *open = open.saturating_sub(taken);
    taken
}

/// The fund was paid back: the domain may draw as much again.
///
/// The largest amount stands for all above, so that a repayment never fails.
pub fn restore(cover: Cover, amount: u128) -> Cover {
    Cover { claim: cover.claim.saturating_add(amount).min(MAX_AMOUNT), ..cover }
}

/// Deleveraging covered a part of what was open.
///
/// Errors: [`Error::OverCovered`].
/// Invariants: IF-20.
pub fn deleverage(split: Split, covered: u128) -> Result<Split, Error> {
    let asked = split.open;
    let open = asked.checked_sub(covered).ok_or(Error::OverCovered { covered, asked })?;
    Ok(Split { deleveraged: split.deleveraged.saturating_add(covered), open, ..split })
}

/// Profits bear what is open, as far as they go: each the same part of itself.
///
/// `profits` is what all who can be cut would be paid now, rounded up.
///
/// Rounding: what is cut up, of the index and of the sum.
/// Invariants: IF-20, IF-26.
#[inline(never)] // once in a program: bytes run out before gas
pub fn haircut(split: Split, index: Index, profits: u128) -> (Split, Haircut) {
    let cut = split.open.min(profits);
    if cut == 0 {
        return (split, Haircut { index, charged: 0, residue: 0 });
    }
    let stands = ONE_INDEX.saturating_sub(index.cut);
    let left = part_down(stands, profits.saturating_sub(cut), profits);
    let charged = profits.saturating_sub(part_down(profits, left, stands));
    let next = match left {
        0 => Index { era: index.era.saturating_add(1), cut: 0 },
        _ => Index { cut: ONE_INDEX.saturating_sub(left), ..index },
    };
    let split = Split { haircut: split.haircut.saturating_add(cut), open: split.open.saturating_sub(cut), ..split };
    (split, Haircut { index: next, charged, residue: charged.saturating_sub(cut) })
}

/// What stands at `index` of a unit that stood whole in the era of `since`; at `since` that is the first of the two.
pub(crate) fn standing(since: Index, index: Index) -> u128 {
    match index {
        index if index <= since => ONE_INDEX.saturating_sub(since.cut),
        index if index.era > since.era => 0,
        index => ONE_INDEX.saturating_sub(index.cut),
    }
}

/// What a profit that stands since `since` keeps at `index`.
///
/// Rounding: down.
/// Invariants: IF-26.
pub fn kept_down(profit: u128, since: Index, index: Index) -> u128 {
    part_down(profit, standing(since, index), standing(since, since))
}
