//! Deleveraging a side in one step whatever the number of its accounts, and settling an account when it is touched.
//!
//! Closing the part `f` of a side at mark M, whose average entry price is R, does the same to every position: size
//! `s - f s`, entry `e - f s R`, and `f s |M - R|` in cash into its margin. Whatever its own entry, its equity at any
//! later price is that of a position of which `f` was closed at M; and since all three are linear in size, what the
//! accounts have sums to what the side has. A second sum says what a deficit takes; an account bears it only as far as
//! it made a profit itself.

mod settle;

pub use settle::settle;

use crate::{
    error::Error,
    types::side::{
        Ask, Closed, Index, Limits, Quote, SideState, Snapshot, LEAST, MAX_AMOUNT, MAX_PRICE, MAX_SCALE, ONE,
    },
};
use alloy_primitives::U256;
use fusebox_core::math::{mul_div_down, mul_div_up};

/// 10,000.
const BPS: u128 = 10_000;

/// `a * b / d` in 128 bits, rounded up or down.
fn scaled(a: U256, b: U256, d: U256, up: bool) -> Result<u128, Error> {
    let wide = if up { mul_div_up(a, b, d) } else { mul_div_down(a, b, d) };
    let narrow = wide.ok().and_then(|value| u128::try_from(value).ok());
    narrow.ok_or(Error::OutOfRange { value: u128::try_from(a).unwrap_or(u128::MAX), bound: u128::MAX })
}

/// `a * b`; both are at most 128 bits wide, so that it fits.
fn times(a: u128, b: u128) -> U256 {
    U256::from(a).wrapping_mul(U256::from(b))
}

fn within(value: u128, least: u128, most: u128) -> Result<(), Error> {
    match value {
        value if value < least => Err(Error::OutOfRange { value, bound: least }),
        value if value > most => Err(Error::OutOfRange { value, bound: most }),
        _ => Ok(()),
    }
}

/// What a snapshot of the side is: what a position that is opened or settled now remembers.
pub const fn snapshot(side: &SideState) -> Snapshot {
    side.snapshot
}

/// The average entry price of a side and its distance to mark, WAD; `None` without a profit.
///
/// Rounding: the average down; whatever it is cut to, entries and cash share the whole of `mark * size` between them.
fn profit(side: &SideState, quote: Quote) -> Option<(u128, u128)> {
    let average = mul_div_down(U256::from(side.entry), U256::from(quote.scale), U256::from(side.size)).ok()?;
    let average = u128::try_from(average).unwrap_or(MAX_PRICE).min(MAX_PRICE);
    let gain = if side.is_long { quote.mark.checked_sub(average) } else { average.checked_sub(quote.mark) };
    gain.filter(|gain| *gain != 0).map(|gain| (average, gain))
}

/// What a deleveraging is after.
struct Aim {
    /// Index to close, if the limits allow.
    wanted: u128,
    /// What is aimed at: a deficit, or the profit above the target, token units.
    amount: u128,
    /// From mark to the price of the closing, WAD; 0 at mark.
    distance: u128,
}

/// How much has to be closed for a profit to come back to its target; `None` while it is within its share.
///
/// Rounding: what is closed up.
fn aim_profit(index: u128, profit: u128, assets: u128, share_bps: u16, target_bps: u16) -> Result<Option<Aim>, Error> {
    within(share_bps.into(), 1, BPS.saturating_sub(1))?;
    within(target_bps.into(), 1, share_bps.into())?;
    let target = u128::from(target_bps);
    if times(profit, BPS) <= times(assets, share_bps.into()) {
        return Ok(None);
    }
    // (profit - x) * BPS = target * (assets - x): what is paid leaves the pool as well.
    let excess = times(profit, BPS).saturating_sub(times(assets, target));
    let paid = U256::from(BPS.saturating_sub(target));
    let whole = U256::from(profit).wrapping_mul(paid);
    let wanted = if excess >= whole { index } else { scaled(excess, U256::from(index), whole, true)? };
    let amount = scaled(excess, U256::ONE, U256::from(BPS), true)?;
    Ok(Some(Aim { wanted, amount, distance: 0 }))
}

/// How much has to be closed at the price of the bankrupt position for a deficit to be covered; `None` without room.
///
/// The price is not beyond the side's average entry either: no more is taken from a side than its profit.
///
/// Rounding: what is closed up.
fn aim_deficit(
    side: &SideState,
    quote: Quote,
    gain: u128,
    amount: u128,
    bankruptcy: u128,
) -> Result<Option<Aim>, Error> {
    within(amount, 0, MAX_AMOUNT)?;
    within(bankruptcy, 0, MAX_PRICE)?;
    let room = if side.is_long { quote.mark.checked_sub(bankruptcy) } else { bankruptcy.checked_sub(quote.mark) };
    let distance = room.unwrap_or(0).min(gain);
    if amount == 0 || distance == 0 {
        return Ok(None);
    }
    let (need, whole) = (times(amount, quote.scale), times(side.size, distance));
    let index = side.index.size;
    let wanted = if need >= whole { index } else { scaled(need, U256::from(index), whole, true)? };
    Ok(Some(Aim { wanted, amount, distance }))
}

/// Closes a part of every position of a side, to bring its profit back within its share of the pool or to cover a
/// deficit, and reserves what the positions realise.
///
/// A size of 0 in [`Closed`] is: nothing to do, or nobody to do it to; the side is what it was.
///
/// Rounding: the size index down, so sizes go down; the side's size up, what is reserved up, the deficit's part of it
/// down; the side's entry so that the books owe no less than the accounts have, but for dust of the sizes.
/// Errors: [`Error::OutOfRange`].
/// Invariants: MR-20, MR-22, MR-24, MR-25, MR-26.
pub fn deleverage(side: SideState, ask: Ask, quote: Quote, limits: Limits) -> Result<(SideState, Closed), Error> {
    check(&side, quote, limits)?;
    let deficit = if let Ask::Deficit { amount, .. } = ask { amount } else { 0 };
    let nothing = |remainder| (side, Closed::nothing(side.index, quote.mark, remainder));
    if side.size == 0 {
        return Ok(nothing(deficit));
    }
    let Some((average, gain)) = profit(&side, quote) else { return Ok(nothing(deficit)) };
    let total = scaled(U256::from(side.size), U256::from(gain), U256::from(quote.scale), true)?;
    let aim = match ask {
        Ask::Profit { share_bps, target_bps } => {
            aim_profit(side.index.size, total, limits.assets, share_bps, target_bps)?
        }
        Ask::Deficit { amount, bankruptcy } => aim_deficit(&side, quote, gain, amount, bankruptcy)?,
    };
    let Some(aim) = aim else { return Ok(nothing(deficit)) };
    let part = aim.wanted.min(most(side.index.size, total, limits)?);
    match close(side, quote, average, gain, &aim, part)? {
        Some((next, closed)) => {
            let remainder = left(&closed, &aim, ask, total, limits);
            Ok((next, Closed { remainder, ..closed }))
        }
        None => Ok(nothing(aim.amount)),
    }
}

fn check(side: &SideState, quote: Quote, limits: Limits) -> Result<(), Error> {
    within(side.size, 0, MAX_AMOUNT)?;
    within(side.entry, 0, MAX_AMOUNT)?;
    within(side.index.size, 1, ONE)?;
    within(quote.mark, 1, MAX_PRICE)?;
    within(quote.scale, 1, MAX_SCALE)?;
    within(limits.assets, 0, MAX_AMOUNT)?;
    within(limits.most_bps.into(), 1, BPS)
}

/// The most index that one call closes: its share of the side, and what the pool can pay.
///
/// Rounding: down.
fn most(index: u128, profit: u128, limits: Limits) -> Result<u128, Error> {
    let share = scaled(U256::from(index), U256::from(limits.most_bps), U256::from(BPS), false)?;
    if profit <= limits.assets {
        return Ok(share);
    }
    Ok(share.min(scaled(U256::from(index), U256::from(limits.assets), U256::from(profit), false)?))
}

/// Closes `part` of the index; `None` if that is not even a unit of size.
fn close(
    side: SideState,
    quote: Quote,
    average: u128,
    gain: u128,
    aim: &Aim,
    part: u128,
) -> Result<Option<(SideState, Closed)>, Error> {
    let index = side.index;
    let left = index.size.saturating_sub(part);
    let size = scaled(U256::from(side.size), U256::from(left), U256::from(index.size), true)?;
    let closed = side.size.saturating_sub(size);
    if closed == 0 {
        return Ok(None);
    }
    let (weight, unit) = (times(side.size, part), times(index.size, quote.scale));
    // Nothing is left of a side that is closed out; otherwise longs' books lose what they must, shorts' what they may.
    let released = match left {
        0 => side.entry,
        _ => scaled(weight, U256::from(average), unit, side.is_long)?.min(side.entry),
    };
    let reserved = scaled(weight, U256::from(gain), unit, true)?;
    let (cut, cover) = cut(&side, quote, aim, (weight, unit))?;
    let sum = |old: U256, price| old.wrapping_add(times(part, price)); // below 2^210: see `Index`
    let point = Index {
        size: left,
        epoch: index.epoch,
        basis: sum(index.basis, average),
        value: sum(index.value, gain),
        cut: index.cut.wrapping_add(cut),
    };
    let ended = left < LEAST;
    let epoch = index.epoch.checked_add(ended.into());
    let points = side.snapshot.0.checked_add(u32::from(ended).saturating_add(1));
    let (Some(epoch), Some(points)) = (epoch, points) else {
        return Err(Error::OutOfRange { value: side.snapshot.0.into(), bound: index.epoch.into() });
    };
    let price = if side.is_long { quote.mark.checked_sub(aim.distance) } else { quote.mark.checked_add(aim.distance) };
    let next = SideState {
        size,
        entry: side.entry.saturating_sub(released),
        snapshot: Snapshot(points),
        index: if ended { Index::start(epoch) } else { point },
        reserve: side.reserve.saturating_add(reserved),
        ..side
    };
    let price = price.unwrap_or(quote.mark);
    Ok(Some((next, Closed { size: closed, entry: released, reserved, cover, remainder: 0, price, point, ended })))
}

/// What the closing adds to the sum of cuts, and what that covers: whole units, which are then divided by size, so that
/// positions bear together no more than was booked, whatever the number of closings.
///
/// Rounding: down, both.
fn cut(side: &SideState, quote: Quote, aim: &Aim, (weight, unit): (U256, U256)) -> Result<(U256, u128), Error> {
    let cover = scaled(weight, U256::from(aim.distance), unit, false)?.min(aim.amount);
    let (index, size) = (U256::from(side.index.size), U256::from(side.size));
    // At most the part that is closed times the distance, as every sum of a point.
    Ok((mul_div_down(times(cover, quote.scale), index, size).unwrap_or_default(), cover))
}

/// What is left of what was aimed at.
///
/// Rounding: up.
fn left(closed: &Closed, aim: &Aim, ask: Ask, total: u128, limits: Limits) -> u128 {
    match ask {
        Ask::Deficit { .. } => aim.amount.saturating_sub(closed.cover),
        Ask::Profit { target_bps, .. } => {
            let assets = limits.assets.saturating_sub(closed.reserved);
            let share = assets.saturating_mul(target_bps.into()).wrapping_div(BPS); // the divisor is a constant
            total.saturating_sub(closed.reserved).saturating_sub(share)
        }
    }
}
