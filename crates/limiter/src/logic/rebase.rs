//! What changes a bucket itself: its base, its config. Debt and credit keep their worth in token units, so no change
//! refills.

use super::{
    credit, credit_bound, fixed,
    lower::{left, reduced, settle},
    rate::share_down,
};
use crate::{
    error::Error,
    params::{Config, Params, Policy, FULL_BPS, MAX_AMOUNT},
    types::{low32, low64, Base, Bucket, Side, FRACTION_BITS, MAX_TIME},
};
use alloy_primitives::U256;
use fusebox_core::{math, wad};

/// What a bucket is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its capacity without an overlay, in token units.
    pub capacity: u128,
    /// Its window, in minutes.
    pub window_mins: u16,
    /// What happens to a request that does not fit.
    pub policy: Policy,
}

/// The base after a look at the accounted liquidity.
///
/// The average moves towards the lesser of what was seen last and what is seen now, so a height that was there at
/// neither end counts for nothing; in a second with an inflow the height may be lent, and only a fall is believed.
///
/// Rounding: the average down.
/// Errors: [`Error::OutOfRange`].
/// Invariants: RL-6.
pub fn observe(base: Base, params: &Params, now: u64, liquidity: u128, inflow: bool) -> Result<Base, Error> {
    fixed(now)?;
    let liquidity = liquidity.min(MAX_AMOUNT);
    if base.updated == 0 {
        return Ok(Base { liquidity, average: liquidity, updated: low32(now) });
    }
    let seen = if inflow { liquidity.min(base.liquidity) } else { liquidity };
    let target = seen.min(base.liquidity);
    let (dt, tau) = (now.saturating_sub(u64::from(base.updated)), params.average_secs());
    let average = match base.average.checked_sub(target) {
        Some(above) => target.saturating_add(decayed(above, wad::decay_down(U256::from(above), dt, tau))),
        None => {
            let below = target.saturating_sub(base.average);
            target.saturating_sub(decayed(below, wad::decay_up(U256::from(below), dt, tau)))
        }
    };
    Ok(Base { liquidity: seen, average, updated: low32(now) })
}

/// What is left of a distance; all of it where there is no result, which a time constant above zero excludes.
fn decayed(whole: u128, left: Result<U256, math::MathError>) -> u128 {
    left.ok().and_then(|left| u128::try_from(left).ok()).unwrap_or(whole).min(whole)
}

/// The capacity over a base: its share of the lesser of the liquidity and its average, and never below the floor.
///
/// Rounding: down.
/// Invariants: RL-6.
pub fn capacity(config: &Config, base: &Base) -> u128 {
    let safe = base.liquidity.min(base.average);
    share_down(safe, config.cap_bps()).max(config.floor())
}

/// The capacities of the main lane and of the small one; their sum is the whole.
///
/// Rounding: the small one down.
pub fn split(config: &Config, capacity: u128) -> (u128, u128) {
    let small = share_down(capacity, config.small_share_bps());
    (capacity.saturating_sub(small), small)
}

/// A lane as it is configured for the first time (`first`: full, else empty), or changed; none at all without capacity.
///
/// A small lane that is closed and opened again begins empty and after its old tickets, so that neither refills it, and as
/// much lower as its side still says.
///
/// Errors: [`Error::OutOfRange`].
/// Invariants: RL-7, RL-15.
pub fn configure(
    (bucket, side): (Bucket, Side),
    params: &Params,
    now: u64,
    shape: Shape,
    first: bool,
) -> Result<(Bucket, Side), Error> {
    if shape.capacity == 0 {
        return Ok((Bucket::default(), Side { last_ready: last_ready(&bucket, &side), ..side }));
    }
    if bucket.is_configured() {
        return rebase((bucket, side), params, now, shape);
    }
    let Shape { capacity, window_mins, policy } = shape;
    let new = Bucket { capacity, window_mins, policy, ..Bucket::default() };
    let (time, waiting) = (fixed(now)?, side.last_ready > fixed(now)?);
    let tat = if first { 0 } else { time.max(side.last_ready).saturating_add(new.window()) };
    let (side, bps) = (Side { base: capacity, ..side }, left(&side, params, now).bps);
    let overlaid = bps < FULL_BPS;
    let capacity = if overlaid { reduced(capacity, bps) } else { capacity };
    Ok((Bucket { capacity, overlaid, tat, queued: waiting, exact: waiting, ..new }, side))
}

/// The bucket in a new shape: it refills in the old one until now, then debt and credit keep their worth.
///
/// Rounding: the debt up, the credit down and at most `e` of the new capacity.
/// Errors: [`Error::OutOfRange`].
/// Invariants: RL-7, RL-9.
pub fn rebase(
    (bucket, side): (Bucket, Side),
    params: &Params,
    now: u64,
    shape: Shape,
) -> Result<(Bucket, Side), Error> {
    fixed(now)?;
    let bucket = settle(bucket, &side, params, now);
    let last_ready = last_ready(&bucket, &side);
    let capacity = shape.capacity.clamp(1, MAX_AMOUNT);
    let shown = if bucket.overlaid { reduced(capacity, left(&side, params, now).bps) } else { capacity };
    let next = recast(bucket, params, now, Shape { capacity: shown, ..shape }, last_ready);
    Ok((next, Side { base: capacity, last_ready, ..side }))
}

/// The time of the last ticket, exact if a reservation was the last write, else as the last change recorded it.
pub(super) fn last_ready(bucket: &Bucket, side: &Side) -> u64 {
    if bucket.exact {
        return bucket.tat.saturating_sub(bucket.window());
    }
    side.last_ready
}

/// The bucket in another shape at `now`: the same debt and credit in token units, but never so early that a new ticket
/// could pass one that waits.
pub(super) fn recast(bucket: Bucket, params: &Params, now: u64, shape: Shape, last_ready: u64) -> Bucket {
    let Shape { capacity, window_mins, policy } = shape;
    let next = Bucket { capacity, window_mins, policy, ..bucket };
    if capacity == bucket.capacity && window_mins == bucket.window_mins {
        return next;
    }
    let time = now << FRACTION_BITS;
    let debt = scaled(bucket.tat.saturating_sub(time), &bucket, &next, true);
    let credit = scaled(credit(&bucket, params, now), &bucket, &next, false).min(credit_bound(next.window(), params));
    let (fair, order) = (time.saturating_add(debt).min(MAX_TIME), last_ready.saturating_add(next.window()));
    let waiting = last_ready > time;
    let tat = if waiting { fair.max(order) } else { fair };
    let credit_until = if credit == 0 { 0 } else { time.saturating_add(credit) };
    Bucket { tat, credit_until, queued: waiting, exact: waiting && tat == order, ..next }
}

/// A fixed time of one shape in another: `time * capacity * window' / (window * capacity')`, at most what a word holds.
fn scaled(time: u64, from: &Bucket, to: &Bucket, up: bool) -> u64 {
    if time == 0 {
        return 0;
    }
    let divide = if up { math::mul_div_up } else { math::mul_div_down };
    let (worth, unit) = (product(time, from.capacity), product(from.window(), to.capacity));
    match divide(worth, U256::from(to.window()), unit).map(U256::into_limbs) {
        Ok([scaled, 0, 0, 0]) => scaled.min(MAX_TIME),
        _ => MAX_TIME,
    }
}

/// A fixed time of at most 54 bits times an amount of at most 95: a general product would be four times as long.
#[inline(never)] // once in a program: bytes run out before gas
fn product(time: u64, amount: u128) -> U256 {
    let time = u128::from(time);
    let low = time.wrapping_mul(u128::from(low64(amount)));
    let high = time.wrapping_mul(amount >> 64).wrapping_add(low >> 64);
    U256::from_limbs([low64(low), low64(high), low64(high >> 64), 0])
}
