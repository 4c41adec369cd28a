//! When a position ends: exactly, and as a distance.

use crate::{
    error::Error,
    params::{Closing, FULL_BPS},
    types::{Exposure, Health, Mark},
};
use alloy_primitives::U256;
use fusebox_core::math::{mul_div_down, mul_div_up};

/// What all the roundings of a position's value and threshold come to at most, in token units.
const ROUNDINGS: u128 = 3;

/// `a * b / d` in 128 bits.
fn scaled(a: u128, b: u128, d: u128, up: bool) -> Result<u128, Error> {
    let (x, y, z) = (U256::from(a), U256::from(b), U256::from(d));
    let wide = if up { mul_div_up(x, y, z) } else { mul_div_down(x, y, z) };
    let narrow = wide.ok().and_then(|value| u128::try_from(value).ok());
    narrow.ok_or(Error::OutOfRange { value: a, bound: u128::MAX })
}

/// What is left of a position at a price, and what it owes beyond its margin: one of the two is zero.
///
/// Rounding: against the account.
/// Errors: [`Error::OutOfRange`].
pub fn equity(exposure: &Exposure, mark: Mark) -> Result<(u128, u128), Error> {
    let value = scaled(exposure.size, mark.price, mark.scale, !exposure.is_long)?;
    let (got, paid) = if exposure.is_long { (value, exposure.entry) } else { (exposure.entry, value) };
    let gross = exposure.margin.saturating_add(got);
    Ok((gross.saturating_sub(paid), paid.saturating_sub(gross)))
}

/// Below which equity a position of that notional is liquidated: in the grace after a pause half of it.
///
/// Rounding: up.
pub fn threshold_up(notional: u128, maintenance_bps: u16, grace: bool) -> u128 {
    notional.saturating_mul(maintenance_bps.into()).div_ceil(whole(grace))
}

/// Of what the maintenance margin is counted: twice the notional in the grace.
const fn whole(grace: bool) -> u128 {
    if grace {
        20_000
    } else {
        10_000
    }
}

/// Whether a position may be liquidated, the price up to which it certainly may not, and how far that is.
///
/// For a long: `N (1 - m) = entry - margin` with the notional `N` and the maintenance margin `m`; for a short:
/// `N (1 + m) = entry + margin`.
///
/// Rounding: price and distance against the account, by the three units that value and threshold are rounded by.
/// Errors: [`Error::OutOfRange`].
/// Invariants: MR-8, MR-9.
pub fn health(exposure: &Exposure, mark: Mark, maintenance_bps: u16, grace: bool) -> Result<Health, Error> {
    if exposure.size == 0 {
        return Ok(Health { price: 0, distance_bps: u32::MAX, liquidatable: false });
    }
    let maintenance_bps = maintenance_bps.min(FULL_BPS.saturating_sub(1));
    let value = scaled(exposure.size, mark.price, mark.scale, true)?;
    let (left, owed) = equity(exposure, mark)?;
    let liquidatable = owed > 0 || left < threshold_up(value, maintenance_bps, grace);
    let price = boundary(exposure, mark.scale, maintenance_bps.into(), whole(grace));
    let room = if exposure.is_long { mark.price.saturating_sub(price) } else { price.saturating_sub(mark.price) };
    let distance_bps = scaled(room, 10_000, mark.price.max(1), false).unwrap_or(u128::MAX);
    Ok(Health { price, distance_bps: u32::try_from(distance_bps).unwrap_or(u32::MAX), liquidatable })
}

/// The price at which a position is safe by the roundings; [`u128::MAX`] for what is beyond.
fn boundary(exposure: &Exposure, scale: u128, margin: u128, whole: u128) -> u128 {
    let Exposure { is_long, size, entry, margin: collateral } = *exposure;
    let notional = if is_long {
        let owing = entry.saturating_add(ROUNDINGS).saturating_sub(collateral);
        scaled(owing, whole, whole.saturating_sub(margin), true)
    } else {
        let backing = entry.saturating_add(collateral).saturating_sub(ROUNDINGS);
        scaled(backing, whole, whole.saturating_add(margin), false)
    };
    notional.and_then(|notional| scaled(notional, scale, size, is_long)).unwrap_or(u128::MAX)
}

/// Whether a liquidation waits for the pace: not of an account that owes more than it has, whose loss only grows, nor
/// of dust.
pub const fn is_paced(closing: &Closing, notional: u128, bankrupt: bool) -> bool {
    !bankrupt && notional > closing.dust
}
