//! The memory: what of a quote is worth remembering.

use crate::logic::{ladder, quote::quote, reference, watch};
use crate::params::{Params, Setup, PENDING_SECS, SAMPLE_SECS};
use crate::types::{Cause, Effect, Quote, Reading, State, Trip};
use fusebox_core::panel::Tier;

/// Remembers what this second shows; never refuses, so what it finds stays found.
pub fn poke(state: State, setup: &Setup, now: u64, reading: &Reading) -> (State, Effect) {
    let params = &setup.params;
    let quote = quote(&state, setup, now, reading);
    let before = ladder::tier(&state.ladder, now);
    let mut next = reference::settled(&state, now);
    let released = next.reference.quarantined & !reference::routed_around(&next, now);
    next.reference.quarantined &= !released;
    let (next, tripped) = judge(next, params, now, &quote);
    let next = reference::observe(next, params, now, &quote);
    let next = reference::settled(&next, now);
    let sampled = next.variance.price == 0 || now.saturating_sub(next.variance.at) >= SAMPLE_SECS;
    let (mut next, quarantined) = if sampled && quote.price > 0 && quote.breach < Tier::Halted {
        let variance = watch::volatility(next.variance, now, quote.price);
        watch::disagreement(State { variance, ..next }, setup, now, &quote)
    } else {
        (next, None)
    };
    let mark_apart = watch::mark(&mut next, params, reading, &quote);
    let after = ladder::tier(&next.ladder, now);
    let announced = core::mem::replace(&mut next.ladder.announced, after.tier);
    let effect = Effect {
        quote,
        before,
        after,
        tripped,
        stepped: (after.tier < announced).then_some((announced, after.tier)),
        anchored: anchored(&state, &next),
        quarantined,
        released,
        mark_apart,
        anomaly: next.ladder.anomaly,
        outage: None,
        bit_needed: after.tier > Tier::Normal,
    };
    (next, effect)
}

/// The reference, if it was set anew rather than moved.
fn anchored(before: &State, after: &State) -> Option<u128> {
    let had = before.reference.price > 0 && !before.reference.frozen;
    let has = after.reference.price > 0 && !after.reference.frozen;
    (has && !had).then_some(after.reference.price)
}

/// Whether a breach trips, lasts, or is only a first sample.
///
/// Below the threshold of Halted it takes two samples apart, or one printed block would do. A breach that goes on while
/// the clock's part of a trip is running lengthens it and is no strike.
fn judge(mut state: State, params: &Params, now: u64, quote: &Quote) -> (State, Option<Trip>) {
    let held = ladder::tier(&state.ladder, now).tier;
    let timed = state.ladder.timed(now);
    if quote.breach == Tier::Normal {
        if quote.clean {
            (state.reference.pending, state.reference.pending_since) = (Tier::Normal, 0);
        }
        return (state, None);
    }
    if timed {
        state.ladder = state.ladder.extend(params, now, quote.breach.min(held));
    }
    if timed && quote.breach <= held {
        (state.reference.pending, state.reference.pending_since) = (Tier::Normal, 0);
        return (state, None);
    }
    let (first, waited) = (state.reference.pending, now.saturating_sub(state.reference.pending_since));
    let hard = quote.breach == Tier::Halted;
    if !hard && (first == Tier::Normal || waited > PENDING_SECS) {
        (state.reference.pending, state.reference.pending_since) = (quote.breach, now);
        return (state, None);
    }
    let level = if hard { quote.breach } else { first.min(quote.breach) };
    if !hard && waited < u64::from(params.debounce_secs) || timed && level <= held {
        return (state, None);
    }
    let anomaly = if first == Tier::Normal { now } else { state.reference.pending_since };
    trip(state, params, now, quote, level, anomaly)
}

/// Records a trip and freezes the reference.
fn trip(
    mut state: State,
    params: &Params,
    now: u64,
    quote: &Quote,
    level: Tier,
    anomaly: u64,
) -> (State, Option<Trip>) {
    let previous = ladder::tier(&state.ladder, now).tier;
    state.ladder = if state.ladder.timed(now) {
        state.ladder.raise(params, now, level, quote.cause)
    } else {
        state.ladder.begin(params, now, level, quote.cause, anomaly)
    };
    let reached = ladder::tier(&state.ladder, now);
    // What is above the tier that is held now stays a first sample of its own.
    let pending = if quote.breach > reached.tier { (quote.breach, now) } else { (Tier::Normal, 0) };
    (state.reference.pending, state.reference.pending_since) = pending;
    state.reference.frozen = true;
    let by_log = matches!(quote.cause, Cause::Velocity | Cause::Unconfirmed);
    let deviation_bps = match quote.cause {
        Cause::Outlier => quote.outlier_bps,
        _ if by_log => quote.velocity_log_bps,
        _ => quote.deviation_bps,
    };
    let strikes = state.ladder.strikes;
    let trip = Trip { tier: reached.tier, previous, cause: quote.cause, deviation_bps, until: reached.until, strikes };
    (state, Some(trip))
}
