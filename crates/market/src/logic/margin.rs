//! What a position needs: the larger of what market, open interest and its own size ask for, times the tier's factor.
//!
//! All in basis points, each part rounded up: the finest margin has 10 of them, and a market's memory stays a small field.

use crate::{
    error::Error,
    params::{Caps, Terms, FULL_BPS},
    types::{Admission, Opening, Ratchet, Weather},
};
use fusebox_core::{panel::Tier, time::DAY};

/// 10,000.
const FULL: u128 = 10_000;

/// `z * sigma * sqrt(horizon)`: what volatility asks for.
///
/// Units: variances of the logarithmic return, WAD a second, of which the larger counts; bps of notional, at most one.
/// Rounding: up, exact.
pub fn volatility_up(terms: &Terms, fast: u64, slow: u64) -> u16 {
    // The square in bps is z^2 v h * 60 * 10^8 / (10^4 * 10^18); 59 + 20 + 20 bits at most, so that it fits.
    let z = u128::from(terms.z_hundredths);
    let secs = u128::from(terms.horizon_mins).saturating_mul(60);
    let scaled = z.saturating_mul(z).saturating_mul(secs).saturating_mul(fast.max(slow).into());
    if scaled >= 10_000_000_000_000_000_000_000 {
        return FULL_BPS;
    }
    // By 10^14 = 2^14 * 5^14: a 64-bit division is enough.
    let halved = u64::try_from(scaled.saturating_add(99_999_999_999_999) >> 14).unwrap_or(u64::MAX);
    let square = halved.wrapping_div(6_103_515_625);
    // The largest root whose square is still below, and one more.
    let mut root = 0u64;
    for bit in (0..14).rev() {
        let next = root | 1u64.wrapping_shl(bit);
        if next.saturating_mul(next) < square {
            root = next;
        }
    }
    u16::try_from(if square == 0 { 0 } else { root.saturating_add(1) }).unwrap_or(FULL_BPS).min(FULL_BPS)
}

/// A margin that rises in a straight line with the used share of a cap: `base` up to the start, `top` at the cap.
///
/// A `top` below the base is none, so that the base can always be raised alone.
///
/// Units: bps of notional; `used` and `cap` in one unit, the cap below 2^96.
/// Rounding: up, exact.
pub fn ramp_up(base: u16, top: u16, start_bps: u16, used: u128, cap: u128) -> u16 {
    if used >= cap || top <= base {
        return top.max(base);
    }
    let start = cap.saturating_mul(start_bps.into());
    let rise = u128::from(top.saturating_sub(base)).saturating_mul(used.saturating_mul(FULL).saturating_sub(start));
    let span = cap.saturating_mul(FULL).saturating_sub(start).max(1);
    base.saturating_add(u16::try_from(rise.div_ceil(span)).unwrap_or(FULL_BPS))
}

/// A margin under a tier, at most the whole notional.
///
/// Rounding: up.
fn under(terms: &Terms, tier: Tier, bps: u16) -> u16 {
    if tier < Tier::Guarded {
        return bps.min(FULL_BPS);
    }
    let scaled = u32::from(bps).saturating_mul(terms.guarded_bps.into()).div_ceil(10_000);
    u16::try_from(scaled).unwrap_or(FULL_BPS).min(FULL_BPS)
}

/// Where the line is along which a market's margin falls.
///
/// Rounding: up.
pub fn line_up(ratchet: Ratchet, terms: &Terms, now: u64) -> u16 {
    let fallen = u64::from(terms.ratchet_bps).saturating_mul(now.saturating_sub(ratchet.at)).wrapping_div(DAY);
    ratchet.margin_bps.saturating_sub(u16::try_from(fallen).unwrap_or(u16::MAX))
}

/// How much a market's margin may rise before it is written down: what it may fall in an hour.
///
/// Rounding: up.
pub fn slack_up(terms: &Terms) -> u16 {
    terms.ratchet_bps.div_ceil(24)
}

/// The margin of a market for the smallest position: what base, volatility and tier ask for now, and no less than the
/// line.
///
/// Units: bps of notional.
/// Rounding: up.
pub fn market_up(terms: &Terms, ratchet: Ratchet, now: u64, weather: Weather) -> u16 {
    asked_up(terms, weather).max(line_up(ratchet, terms, now)).min(FULL_BPS)
}

/// The same without memory.
fn asked_up(terms: &Terms, weather: Weather) -> u16 {
    under(terms, weather.tier, terms.base_bps.max(weather.volatility_bps))
}

/// The ratchet after what is asked for now: a new line from there if it is above the old one, and above the base, by
/// more than the slack; on a quiet day nothing changes, and while it stands still at most once an hour.
pub fn remembered(ratchet: Ratchet, terms: &Terms, now: u64, weather: Weather) -> Ratchet {
    let asked = asked_up(terms, weather);
    let known = line_up(ratchet, terms, now).max(terms.base_bps).saturating_add(slack_up(terms));
    if asked <= known {
        return ratchet;
    }
    Ratchet { margin_bps: asked, at: now }
}

/// The ratchet before a change of base or pace: a line from where the margin is, so that a lowered base is followed
/// slowly too.
pub fn anchored(ratchet: Ratchet, terms: &Terms, now: u64) -> Ratchet {
    Ratchet { margin_bps: line_up(ratchet, terms, now).max(terms.base_bps), at: now }
}

/// The initial margin of a position: the market's, or what open interest and size make of the base, whichever is more.
///
/// Only the market's part has a memory: what a trader moves, a trader could move to hinder others for days.
///
/// Units: bps of notional.
/// Rounding: up.
pub fn initial_up(terms: &Terms, caps: &Caps, ratchet: Ratchet, now: u64, weather: Weather, opening: &Opening) -> u16 {
    let cap = interest_cap_down(terms, caps, opening.assets);
    let base = terms.base_bps;
    let interest = ramp_up(base, terms.interest_margin_bps, terms.interest_start_bps, opening.interest, cap);
    let size = ramp_up(base, terms.size_margin_bps, terms.size_start_bps, opening.notional, caps.position);
    under(terms, weather.tier, interest.max(size)).max(market_up(terms, ratchet, now, weather))
}

/// The largest leverage with that margin, in hundredths.
///
/// Rounding: down.
pub fn leverage_down(initial_bps: u16) -> u32 {
    1_000_000u32.wrapping_div(u32::from(initial_bps).max(1))
}

/// The cap on the open interest of a side, in token units of notional: absolute or a share of the pool, the tighter.
///
/// Rounding: down.
pub fn interest_cap_down(terms: &Terms, caps: &Caps, assets: u128) -> u128 {
    assets.saturating_mul(terms.interest_share_bps.into()).wrapping_div(FULL).min(caps.interest)
}

/// A margin in token units.
///
/// Rounding: up.
pub fn needed_up(notional: u128, bps: u16) -> u128 {
    notional.saturating_mul(bps.into()).div_ceil(FULL)
}

/// Whether a position may be opened or increased, and what the market remembers of it.
///
/// Errors: [`Error::MinMargin`], [`Error::PositionCap`], [`Error::InterestCap`], [`Error::Initial`].
/// Invariants: MR-6, MR-7.
pub fn admit(
    ratchet: Ratchet,
    (terms, caps): (&Terms, &Caps),
    now: u64,
    weather: Weather,
    opening: &Opening,
) -> Result<(Ratchet, Admission), Error> {
    if opening.margin < terms.min_margin {
        return Err(Error::MinMargin { value: opening.margin, bound: terms.min_margin });
    }
    if opening.notional > caps.position {
        return Err(Error::PositionCap { value: opening.notional, bound: caps.position });
    }
    let bound = interest_cap_down(terms, caps, opening.assets);
    if opening.interest > bound {
        return Err(Error::InterestCap { value: opening.interest, bound });
    }
    let initial_bps = initial_up(terms, caps, ratchet, now, weather, opening);
    let (value, needed) = (opening.margin.saturating_sub(opening.loss), needed_up(opening.notional, initial_bps));
    if value < needed {
        return Err(Error::Initial { value, bound: needed });
    }
    Ok((remembered(ratchet, terms, now, weather), Admission { initial_bps, needed }))
}
