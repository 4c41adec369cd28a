//! What lowers a capacity for a while and gives it back by the clock alone: a Steward's overlay, and an incident with the
//! ramp after it. The smaller of the two holds; both only ever rise with time.

use super::{
    fixed,
    rate::share_down,
    rebase::{last_ready, recast, Shape},
};
use crate::{
    error::Error,
    params::{wide, Params, FULL_BPS, MAX_OVERLAY_SECS, MAX_TIGHT_SECS, RAMP_STEPS},
    types::{low16, low32, Bucket, Lane, Side, MAX_TIGHT, TIGHT_UNIT_SECS},
};
use fusebox_core::time::live;

/// A Steward's overlay of the capacity until a time; the full factor, or an end that is now, takes it away.
///
/// Units: basis points of the capacity without it.
/// Errors: [`Error::NotConfigured`], [`Error::Overlay`], [`Error::OutOfRange`].
/// Invariants: RL-7, RL-15.
pub fn overlay(
    (bucket, side): (Bucket, Side),
    params: &Params,
    now: u64,
    factor_bps: u16,
    until: u64,
) -> Result<(Bucket, Side), Error> {
    if factor_bps < params.overlay_floor_bps() {
        return Err(Error::Overlay { value: u64::from(factor_bps), bound: u64::from(params.overlay_floor_bps()) });
    }
    if factor_bps > FULL_BPS {
        return Err(Error::Overlay { value: u64::from(factor_bps), bound: u64::from(FULL_BPS) });
    }
    let bound = now.saturating_add(MAX_OVERLAY_SECS).min(u64::from(u32::MAX));
    if until > bound {
        return Err(Error::Overlay { value: until, bound });
    }
    impose((bucket, side), Side { factor_bps, until: low32(until), ..side }, params, now)
}

/// [`overlay`] of one of a bucket's lanes; a small lane that is closed has nothing to lower.
///
/// Errors: those of [`overlay`].
pub fn overlay_lane(
    state: (Bucket, Side),
    lane: Lane,
    params: &Params,
    now: u64,
    factor_bps: u16,
    until: u64,
) -> Result<Option<(Bucket, Side)>, Error> {
    if lane == Lane::Small && !state.0.is_configured() {
        return Ok(None);
    }
    overlay(state, params, now, factor_bps, until).map(Some)
}

/// The bucket in an incident that ends at `until`: its share of the capacity until then, and a ramp back from there on.
///
/// An end that is not ahead begins the ramp now, unless it has begun: whoever says so again and again delays nothing. An
/// end in more than [`MAX_TIGHT_SECS`] counts as one in so many, so that even a wrong one passes.
///
/// Rounding: the end up, to [`TIGHT_UNIT_SECS`].
/// Errors: [`Error::NotConfigured`], [`Error::OutOfRange`].
/// Invariants: RL-7, RL-19, RL-20, RL-21, RL-22.
pub fn tighten(state: (Bucket, Side), params: &Params, now: u64, until: u64) -> Result<(Bucket, Side), Error> {
    let until = if live(now, until) {
        until.min(now.saturating_add(MAX_TIGHT_SECS))
    } else {
        now.min(state.1.tight_until()) // one that is past, or none, stays
    };
    let tight = low32(until.div_ceil(TIGHT_UNIT_SECS)).min(MAX_TIGHT);
    if tight == state.1.tight {
        return Ok(state);
    }
    impose(state, Side { tight, ..state.1 }, params, now)
}

/// [`tighten`] of one of a bucket's lanes; `None` if it is a small lane that is closed, or if nothing changes.
///
/// Errors: those of [`tighten`].
pub fn tighten_lane(
    state: (Bucket, Side),
    lane: Lane,
    params: &Params,
    now: u64,
    until: u64,
) -> Result<Option<(Bucket, Side)>, Error> {
    if lane == Lane::Small && !state.0.is_configured() {
        return Ok(None);
    }
    let next = tighten(state, params, now, until)?;
    Ok((next.1.tight != state.1.tight).then_some(next))
}

/// A bucket under what its new side says of it: a re-basing, so debt and credit keep their worth.
fn impose((bucket, before): (Bucket, Side), side: Side, params: &Params, now: u64) -> Result<(Bucket, Side), Error> {
    fixed(now)?;
    if !bucket.is_configured() {
        return Err(Error::NotConfigured { value: 0, bound: 1 });
    }
    let bucket = settle(bucket, &before, params, now);
    let base = whole(&bucket, &before);
    let side = Side { base, last_ready: last_ready(&bucket, &before), ..side };
    let bps = left(&side, params, now).bps;
    Ok((lowered(bucket, &side, params, (now, bps)), side))
}

/// The capacity without what lowers it, in token units.
pub const fn whole(bucket: &Bucket, side: &Side) -> u128 {
    if bucket.overlaid {
        side.base
    } else {
        bucket.capacity
    }
}

/// The bucket with what it has been given back until now, each part from its own second on.
///
/// Factors only rise with time, so a part that a write has settled before is not above the capacity and is passed over:
/// whoever touches the bucket in between changes nothing.
///
/// Invariants: RL-15, RL-19, RL-21.
#[inline(never)] // once in a program: bytes run out before gas
pub fn settle(bucket: Bucket, side: &Side, params: &Params, now: u64) -> Bucket {
    let (mut next, mut at) = (bucket, 0);
    while next.overlaid && at <= now {
        let left = left(side, params, at);
        if left.bps == FULL_BPS || reduced(side.base, left.bps) > next.capacity {
            next = lowered(next, side, params, (at, left.bps));
        }
        at = left.until;
    }
    next
}

/// The bucket with a share of its capacity from `at` on.
fn lowered(bucket: Bucket, side: &Side, params: &Params, (at, bps): (u64, u16)) -> Bucket {
    let shape = Shape { capacity: reduced(side.base, bps), window_mins: bucket.window_mins, policy: bucket.policy };
    let last_ready = last_ready(&bucket, side);
    recast(Bucket { overlaid: bps < FULL_BPS, ..bucket }, params, at, shape, last_ready)
}

/// What is left of a capacity, and until when no more is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// In basis points.
    pub bps: u16,
    /// The first second at which more is left; the end of time if all of it is.
    pub until: u64,
}

/// What is left of the capacity at `at`: the lesser of overlay and ramp.
///
/// Rounding: down, to whole steps of the ramp.
pub fn left(side: &Side, params: &Params, at: u64) -> Left {
    let (share, step, begins) = (params.tight_bps(), params.ramp_step_secs(), side.tight_until());
    let steps = at.saturating_sub(begins).checked_div(step).unwrap_or(RAMP_STEPS);
    let mut left = Left { bps: FULL_BPS, until: u64::MAX };
    if steps < RAMP_STEPS {
        let opened = wide(FULL_BPS.saturating_sub(share)).wrapping_mul(steps).wrapping_div(RAMP_STEPS); // 14 + 4 bits
        left.bps = share.saturating_add(low16(opened)); // at most the whole
        left.until = begins.saturating_add(step.wrapping_mul(steps.wrapping_add(1)));
        // 20 + 5 bits
    }
    let until = u64::from(side.until);
    if live(at, until) {
        left = Left { bps: left.bps.min(side.factor_bps), until: left.until.min(until) };
    }
    left
}

/// What a factor leaves of a capacity, at least one unit.
///
/// Rounding: down.
pub(super) fn reduced(base: u128, factor_bps: u16) -> u128 {
    share_down(base, factor_bps).max(1)
}
