//! The reference that a velocity is measured against: it follows slowly, stands still while tripped, and is anchored anew.

use crate::logic::{curve, ladder};
use crate::params::{Params, SAMPLE_SECS};
use crate::types::{Quote, Reference, State};
use fusebox_core::panel::Tier;
use fusebox_core::time::live;

/// Time constants after which a reference that nothing moved is none: what happened over hours has no velocity.
const DEAD_AFTER_TAUS: u64 = 4;

/// The feeds that are routed around at `now`, one bit each.
pub fn routed_around(state: &State, now: u64) -> u8 {
    let ends = (0u32..).zip(state.quarantine.until);
    let ended = ends.filter(|(_, until)| !live(now, *until)).fold(0, |bits, (feed, _)| bits | 1u8.wrapping_shl(feed));
    state.reference.quarantined & !ended
}

/// The reference at `now`, WAD; 0 if there is none to measure against.
pub fn usable(state: &State, params: &Params, now: u64) -> u128 {
    let reference = settled(state, now).reference;
    let dead = u64::from(params.tau_secs).saturating_mul(DEAD_AFTER_TAUS);
    if reference.frozen || now.saturating_sub(reference.at) > dead {
        return 0;
    }
    reference.price
}

/// The state with a trip that is over cleared away: the reference becomes the median of the clean samples, or none.
pub fn settled(state: &State, now: u64) -> State {
    let mut settled = *state;
    if state.reference.frozen && ladder::tier(&state.ladder, now).tier == Tier::Normal {
        let price = if state.ladder.evidence { median(state) } else { 0 };
        settled.reference = Reference { price, frozen: false, clean: 0, ..state.reference };
    }
    settled
}

/// Takes what a quote says into account: moves the reference, or collects a sample for the next one.
///
/// Only a clean quote counts, and while tripped only one that more than one feed says: what tripped on a feed does not
/// recover on that feed alone.
pub(super) fn observe(mut state: State, params: &Params, now: u64, quote: &Quote) -> State {
    if quote.breach > Tier::Normal {
        state.reference.clean = 0;
        // Once the trip is over its evidence stays: without it a lone breach would revive the trip until its hard end.
        state.ladder.evidence &= !state.reference.frozen;
        return state;
    }
    if !quote.clean || (state.reference.frozen && !quote.independent) {
        return state;
    }
    let reference = usable(&state, params, now);
    if reference > 0 {
        state.reference.price = followed(reference, quote.price, params, now.saturating_sub(state.reference.at));
        state.reference.at = state.reference.at.max(now);
        return state;
    }
    collect(state, params, now, quote.price)
}

/// `reference` moved towards `price`: by the weight 1 - e^(-dt/tau), and at most the cap a second.
///
/// Rounding: the move goes down, but where there is a second and a distance there is a unit of it, or a reference of very
/// few units would never move.
fn followed(reference: u128, price: u128, params: &Params, dt: u64) -> u128 {
    let tau = u64::from(params.tau_secs);
    let dt = dt.min(tau);
    let wanted = curve::share(reference.abs_diff(price), curve::weight(dt, tau));
    let cap_bps = u128::from(params.cap_bps_per_sec).saturating_mul(u128::from(dt));
    let cap = (reference / 10_000).saturating_mul(cap_bps).max(u128::from(dt));
    if price < reference {
        reference.saturating_sub(wanted.min(cap))
    } else {
        reference.saturating_add(wanted.min(cap))
    }
}

/// Collects a clean sample, at least a minute after the last.
fn collect(mut state: State, params: &Params, now: u64, price: u128) -> State {
    if !state.reference.frozen && state.reference.price > 0 {
        (state.reference.price, state.reference.clean) = (0, 0);
    }
    let first = state.reference.clean == 0;
    if !first && now.saturating_sub(state.reference.at) < SAMPLE_SECS {
        return state;
    }
    if first {
        state.reference.clean_since = now;
    }
    state.reference.at = now;
    state.reference.clean = state.reference.clean.saturating_add(1).min(10);
    let mut newer = price;
    state.samples.iter_mut().for_each(|place| newer = core::mem::replace(place, newer));
    let span = now.saturating_sub(state.reference.clean_since);
    if state.reference.clean < params.clean_samples || span < u64::from(params.clean_secs) {
        return state;
    }
    if state.reference.frozen {
        state.ladder.evidence = true;
    } else {
        (state.reference.price, state.reference.clean) = (median(&state), 0);
    }
    state
}

/// The median of the samples collected.
fn median(state: &State) -> u128 {
    curve::median(state.samples.into_iter().take(usize::from(state.reference.clean)))
}
