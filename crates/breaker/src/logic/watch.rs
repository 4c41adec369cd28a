//! What is watched beside the thresholds: volatility, feeds that keep disagreeing, the protocol's own mark.

use crate::error::{Error, Field};
use crate::logic::curve;
use crate::params::{
    Params, Setup, MAX_FEEDS, MAX_QUARANTINE_SECS, QUARANTINE_SAMPLES, QUARANTINE_SECS, QUORUM, VARIANCE_SECS,
};
use crate::types::{Quote, Reading, Sequencer, State, Variance};
use alloy_primitives::U256;
use fusebox_core::math::sqrt_up;

/// Standard deviation of the logarithmic return over `horizon_secs`: the larger of the fast and the slow one.
///
/// Units: WAD.
/// Rounding: up, for a margin.
pub fn sigma(variance: &Variance, horizon_secs: u32) -> u128 {
    let larger = U256::from(variance.fast.max(variance.slow));
    let scaled = larger.saturating_mul(U256::from(horizon_secs)).saturating_mul(U256::from(curve::WAD));
    u128::try_from(sqrt_up(scaled)).unwrap_or(u128::MAX)
}

/// A return of at least a minute enters both variances: `v e^(-x) + (r^2 / dt)(1 - e^(-x))` with `x = dt / tau`.
///
/// Rounding: up.
pub(super) fn volatility(variance: Variance, now: u64, price: u128) -> Variance {
    if variance.price == 0 {
        return Variance { price, at: now, ..variance };
    }
    let dt = now.saturating_sub(variance.at);
    let log = curve::log_ratio(price, variance.price).min(curve::WAD << 1);
    let squared = log.saturating_mul(log) / curve::WAD;
    let rate = squared.saturating_add(1).checked_div(u128::from(dt)).unwrap_or(0).saturating_add(1);
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    let [fast, slow] = VARIANCE_SECS.map(|tau| curve::weight(dt, tau));
    Variance { fast: blended(variance.fast, rate, fast), slow: blended(variance.slow, rate, slow), price, at: now }
}

/// `old` moved to `new` by the weight.
///
/// Rounding: up.
fn blended(old: u64, new: u64, weight: u64) -> u64 {
    let step = curve::share(u128::from(old.abs_diff(new)), weight);
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if new < old {
        old.saturating_sub(step)
    } else {
        old.saturating_add(step).saturating_add(1).min(new)
    }
}

/// Counts the feeds that disagree while a majority does not, and routes around one that keeps at it.
///
/// Only while a quorum remains without it, and never the anchor: that one only Council may route around.
pub(super) fn disagreement(mut state: State, setup: &Setup, now: u64, quote: &Quote) -> (State, Option<(u8, u64)>) {
    let bound = u32::from(setup.params.guarded_bps);
    if quote.valid <= QUORUM || setup.params.divergence_off || quote.deviation_bps >= bound {
        return (state, None);
    }
    let (mut left, mut routed) = (quote.valid, None);
    let feeds = quote.deviations.iter().zip(quote.faults).zip(state.quarantine.disagreed.iter_mut());
    for (index, (((bps, fault), disagreed), until)) in (0u8..).zip(feeds.zip(&mut state.quarantine.until)) {
        if index == 0 {
            continue; // the anchor
        }
        let apart = fault.is_none() && *bps >= bound;
        *disagreed = if apart { disagreed.saturating_add(1).min(QUARANTINE_SAMPLES) } else { 0 };
        if *disagreed >= QUARANTINE_SAMPLES && left > QUORUM && routed.is_none() {
            (*disagreed, *until) = (0, now.saturating_add(QUARANTINE_SECS));
            state.reference.quarantined |= 1u8.wrapping_shl(u32::from(index));
            left = left.saturating_sub(1);
            routed = Some((index, *until));
        }
    }
    (state, routed)
}

/// Whether the protocol's own mark left the price, or came back: it is told, and trips nothing.
pub(super) fn mark(state: &mut State, params: &Params, reading: &Reading, quote: &Quote) -> Option<bool> {
    let known = reading.mark.is_some() && quote.price > 0 && !params.divergence_off;
    let apart = quote.mark_bps >= u32::from(params.guarded_bps);
    if !known || apart == state.reference.mark_apart {
        return None;
    }
    state.reference.mark_apart = apart;
    Some(apart)
}

/// Since when the sequencer is up again, if that is news to who last `seen` it; the first look is none.
pub const fn came_back(sequencer: Sequencer, seen: u64) -> Option<u64> {
    match sequencer {
        Sequencer::Up { since } if seen > 0 && since > seen => Some(since),
        _ => None,
    }
}

/// Routes around a feed until a time, the anchor too: for Council.
///
/// Errors: [`Error::UnknownFeed`], [`Error::OutOfBounds`] for an end that is past, or more than 72 h away.
pub fn quarantine(mut state: State, setup: &Setup, now: u64, feed: u8, until: u64) -> Result<State, Error> {
    known(setup, feed)?;
    let (min, max) = (now.saturating_add(1), now.saturating_add(MAX_QUARANTINE_SECS));
    if until < min || until > max {
        return Err(Error::OutOfBounds { field: Field::QuarantineUntil, value: until, min, max });
    }
    state.reference.quarantined |= 1u8.wrapping_shl(u32::from(feed));
    if let Some(end) = state.quarantine.until.get_mut(usize::from(feed)) {
        *end = until;
    }
    Ok(state)
}

/// Counts a feed again: for Council.
///
/// Errors: [`Error::UnknownFeed`].
pub fn release(mut state: State, setup: &Setup, feed: u8) -> Result<State, Error> {
    known(setup, feed)?;
    state.reference.quarantined &= !1u8.wrapping_shl(u32::from(feed));
    if let Some(end) = state.quarantine.until.get_mut(usize::from(feed)) {
        *end = 0;
    }
    Ok(state)
}

fn known(setup: &Setup, feed: u8) -> Result<(), Error> {
    if feed >= setup.count {
        return Err(Error::UnknownFeed { feed, count: setup.count });
    }
    Ok(())
}

// One bit a feed.
const _: () = assert!(MAX_FEEDS <= 5);
