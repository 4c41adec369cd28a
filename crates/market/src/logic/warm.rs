//! Realised profit warms up before it may leave: it is in the free collateral at once, and locked there for a while.
//!
//! Nothing is moved when it becomes warm, so a withdrawal reads one word more and writes none.

use crate::{error::Error, types::Warm};
use alloy_primitives::U256;
use fusebox_core::math::{mul_div_down, mul_div_up};

/// What is not warm yet.
///
/// Rounding: up.
pub fn locked_up(warm: Warm, now: u64) -> u128 {
    let length = u128::from(warm.end.saturating_sub(warm.start));
    let left = u128::from(warm.end.saturating_sub(now));
    if left >= length {
        return if left == 0 { 0 } else { warm.amount };
    }
    // By whole and rest, so that 128 bits are enough: both products are below the amount, or below 2^80.
    let each = warm.amount.checked_div(length).unwrap_or(0);
    let rest = warm.amount.saturating_sub(each.saturating_mul(length));
    each.saturating_mul(left).saturating_add(rest.saturating_mul(left).div_ceil(length))
}

/// What of `free` may leave.
///
/// Rounding: down.
pub fn withdrawable(warm: Warm, now: u64, free: u128) -> u128 {
    free.saturating_sub(locked_up(warm, now))
}

/// A profit starts to warm up with what is still warming: what they wait, weighted by amount, stays the same.
///
/// What is warm stays warm. Several profits of one second come to what their sum does.
///
/// Rounding: the wait up, and what is locked.
/// Invariants: MR-10, MR-11, MR-12.
pub fn profited(warm: Warm, now: u64, warmup_secs: u32, profit: u128) -> Warm {
    if profit == 0 || warmup_secs == 0 {
        return warm;
    }
    let (locked, length) = (locked_up(warm, now), u64::from(warmup_secs));
    let amount = locked.saturating_add(profit);
    let left = if locked == 0 { length } else { warm.end.saturating_sub(now) };
    let weigh = |secs: u64, up: bool| {
        let (a, b, d) = (U256::from(profit), U256::from(secs), U256::from(amount));
        let part = if up { mul_div_up(a, b, d) } else { mul_div_down(a, b, d) };
        part.ok().and_then(|part| u64::try_from(part).ok()).unwrap_or(secs)
    };
    let wait = if length >= left {
        left.saturating_add(weigh(length.saturating_sub(left), true))
    } else {
        left.saturating_sub(weigh(left.saturating_sub(length), false))
    };
    Warm { amount, start: now, end: now.saturating_add(wait) }
}

/// A realised loss comes out of what is warming first.
///
/// It is the same money coming back: were it taken from what is warm, a close in winning and losing pieces would lock
/// more than its profit, and a deposit after the loss would be locked instead. Nobody gains by it: what is free falls by
/// the loss, and what of it is locked by no more.
///
/// Rounding: what is locked up.
/// Invariants: MR-13.
pub fn lost(warm: Warm, now: u64, loss: u128) -> Warm {
    let locked = locked_up(warm, now);
    if loss == 0 || locked == 0 {
        return warm;
    }
    match locked.saturating_sub(loss) {
        0 => Warm::default(),
        amount => Warm { amount, start: now, end: warm.end },
    }
}

/// Whether `amount` of `free` may leave.
///
/// Errors: [`Error::Warming`].
pub fn withdraw(warm: Warm, now: u64, free: u128, amount: u128) -> Result<(), Error> {
    let bound = withdrawable(warm, now, free);
    if amount > bound {
        return Err(Error::Warming { value: amount, bound });
    }
    Ok(())
}
