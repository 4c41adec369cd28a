//! What a word means at a moment: nothing here needs a transaction to have happened.

use crate::types::{Interval, Params, Pause, Tally, MAX_GRACE_SECS, MIN_PAUSE_SECS, WINDOW_SECS};
use fusebox_core::{
    panel::{Class, Classes, Standing, Tier},
    time::live,
};

/// When exits come back, or came: a function of the word alone.
///
/// Invariants: PG-2.
pub fn exit_until(pause: &Pause, params: &Params) -> u64 {
    if !pause.has_exits() {
        return pause.exit_from;
    }
    exit_end(pause.exit_from, pause.past, params.exit_secs()).min(pause.until).max(pause.exit_from)
}

/// How long exits may be stopped from `from` on, after the stops in `past`, until the budget of a window is used up.
///
/// Of `from` and what is past, a second enters the window at each step and at most one leaves it,
/// so the use never falls on the way and the first excess is the end.
pub(super) fn exit_end(from: u64, past: [Interval; 2], budget: u64) -> u64 {
    let Some(mut left) = budget.checked_sub(used(from, past)) else { return from };
    let mut at = from;
    let [newer, older] = past;
    for span in [older, newer] {
        // While a past second leaves the window for each one that enters, nothing is used.
        let leaves =
            Interval { start: span.start.saturating_add(WINDOW_SECS), until: span.until.saturating_add(WINDOW_SECS) };
        if span.is_empty() || leaves.until <= at {
            continue;
        }
        let run = leaves.start.saturating_sub(at);
        match left.checked_sub(run) {
            None => return at.saturating_add(left),
            Some(rest) => left = rest,
        }
        at = leaves.until;
    }
    at.saturating_add(left)
}

/// Seconds of `past` in the window that ends at `at`.
pub(super) fn used(at: u64, past: [Interval; 2]) -> u64 {
    let window = Interval { start: at.saturating_sub(WINDOW_SECS), until: at };
    past.iter().fold(0, |sum: u64, span| sum.saturating_add(span.and(window).len()))
}

/// The exit stops that count for one that would begin now.
///
/// A pause is never refused because the history is full: of three stops the two oldest become one span
/// that covers both and what lies between, which gives back exits sooner, never later.
pub(super) fn history(pause: &Pause, params: &Params, now: u64) -> [Interval; 2] {
    let counts = |span: &Interval| !span.is_empty() && live(now, span.until.saturating_add(WINDOW_SECS));
    let [newer, older] = pause.past;
    let current = Interval { start: pause.exit_from, until: exit_until(pause, params).min(now) };
    let (newer, older) = match (counts(&current), counts(&older)) {
        (false, _) => (newer, older),
        (true, false) => (current, newer),
        (true, true) => {
            let start = older.start.max(now.saturating_sub(WINDOW_SECS));
            (current, Interval { start, until: newer.until })
        }
    };
    let newer = if counts(&newer) { newer } else { Interval { start: now, until: now } };
    let none = Interval { start: newer.start, until: newer.start };
    [newer, if counts(&older) { older } else { none }]
}

/// Seconds of grace after the pause: a quarter of the stop of Inflow, or what an earlier stop still owed.
///
/// Rounding: down.
pub fn grace_secs(pause: &Pause, params: &Params) -> u64 {
    let stopped = exit_until(pause, params).saturating_sub(pause.inflow_from);
    let earned = pause.has_inflow() && stopped >= MIN_PAUSE_SECS;
    let own = if earned { (stopped >> 2).min(MAX_GRACE_SECS) } else { 0 };
    own.max(pause.carried)
}

/// When the grace ends, or ended; the end of the pause if there is none.
pub fn grace_until(pause: &Pause, params: &Params) -> u64 {
    pause.until.saturating_add(grace_secs(pause, params))
}

/// What a live pause stops now; nothing once it has ended.
pub fn live_classes(pause: &Pause, params: &Params, now: u64) -> Classes {
    if !pause.is_live(now) {
        return Classes::NONE;
    }
    if live(now, exit_until(pause, params)) {
        return pause.classes;
    }
    pause.classes.without(Classes::EXITS)
}

/// What one scope's word says now.
///
/// Invariants: PG-4, PG-10.
pub fn standing(pause: &Pause, params: &Params, now: u64) -> Standing {
    if pause.is_live(now) {
        let exit_until = exit_until(pause, params);
        let stopped = live_classes(pause, params, now);
        // Who cannot top up takes no new risk, in the pause as in the grace that follows: so a pause made longer
        // opens nothing that the grace would have kept shut. A grace owed from before protects during a pause too:
        // it must not be worth a guardian's while to end one.
        let owed = if grace_secs(pause, params) > 0 { Tier::ReduceOnly } else { Tier::Normal };
        return Standing {
            tier: owed,
            stopped: stopped.or(owed.stops()),
            grace: pause.carried > 0,
            until: if live(now, exit_until) { exit_until } else { pause.until },
        };
    }
    let until = grace_until(pause, params);
    if live(now, until) {
        return Standing { grace: true, ..Standing::tier(Tier::ReduceOnly, until) };
    }
    Standing::NORMAL
}

/// Whether exits are stopped in a market, by either word, within the one budget that both share.
///
/// A word keeps its own budget; a guardian that pauses a market and then the protocol would have two.
/// So the seconds of both words' stops, counted once each, are held against the budget here, on every read.
///
/// Invariants: PG-3.
pub fn exits_stopped(protocol: &Pause, market: &Pause, params: &Params, now: u64) -> bool {
    let next = now.saturating_add(1);
    let window = Interval { start: next.saturating_sub(WINDOW_SECS), until: next };
    let (a, b) = (spans(protocol, params, window), spans(market, params, window));
    let [current_a, ..] = a;
    let [current_b, ..] = b;
    let stops = |span: Interval| span.start <= now && live(now, span.until);
    if !stops(current_a) && !stops(current_b) {
        return false;
    }
    let length = |spans: [Interval; 3]| spans.iter().fold(0, |sum: u64, span| sum.saturating_add(span.len()));
    let both = a.iter().fold(0, |sum: u64, x| length(b.map(|y| x.and(y))).saturating_add(sum));
    length(a).saturating_add(length(b)).saturating_sub(both) <= params.exit_secs()
}

/// A word's exit stops within a window, the current one first; they do not overlap.
fn spans(pause: &Pause, params: &Params, window: Interval) -> [Interval; 3] {
    let [newer, older] = pause.past;
    let current = Interval { start: pause.exit_from, until: exit_until(pause, params) };
    [current.and(window), newer.and(window), older.and(window)]
}

/// What both words together say of a market now; of the protocol itself with an empty market word.
///
/// Invariants: PG-3.
pub fn effective(protocol: &Pause, market: &Pause, params: &Params, now: u64) -> Standing {
    let both = standing(protocol, params, now).and(standing(market, params, now));
    if both.stopped.and(Classes::EXITS).is_empty() || exits_stopped(protocol, market, params, now) {
        return both;
    }
    Standing { stopped: both.stopped.without(Classes::EXITS), ..both }
}

/// Whether the PAUSE bit must be set: while a pause or its grace is in force or still to come.
///
/// Invariants: PG-9.
pub fn bit_needed(pause: &Pause, params: &Params, now: u64) -> bool {
    live(now, grace_until(pause, params))
}

/// Until when the pause stops the clocks that cost users money: while it stops Reduce, or Inflow.
///
/// Where only the shared budget has given Inflow back, the clocks stay stopped: late in nobody's disfavour.
pub fn clock_until(pause: &Pause, params: &Params) -> u64 {
    if pause.classes.has(Class::Reduce) {
        pause.until
    } else if pause.has_inflow() {
        exit_until(pause, params)
    } else {
        0
    }
}

/// A tally up to now, before a word of the two changes: the seconds its own word stopped and `over` did not.
///
/// A market's own word is set against the protocol's; the protocol's against an empty one.
///
/// Invariants: PG-11.
pub fn settle(tally: Tally, over: &Pause, own: &Pause, params: &Params, now: u64) -> Tally {
    let from = tally.settled_at;
    let until = clock_until(own, params).min(now).max(from);
    let covered = clock_until(over, params).min(until).max(from);
    // From `from` on both words are as they are now, so what either stops it stops from there without a gap.
    Tally { accrued: tally.accrued.saturating_add(until.saturating_sub(covered)), settled_at: now, ..tally }
}

/// A market's tally with an outage of the sequencer counted as paused: what of it no pause has counted yet.
///
/// Only seconds after the last settlement of either tally count, so that none counts twice: an outage that is told after
/// a pause has changed may count short.
///
/// Invariants: PG-14.
pub fn absent(
    (protocol, over): (Tally, &Pause),
    (market, own): (Tally, &Pause),
    params: &Params,
    now: u64,
    outage: Interval,
) -> Tally {
    let known = Interval { start: market.settled_at.max(protocol.settled_at), until: now };
    let fresh = outage.and(known);
    let clock = |pause: &Pause| Interval { start: pause.start, until: clock_until(pause, params) }.and(fresh);
    let (a, b) = (clock(over), clock(own));
    let counted = a.len().saturating_add(b.len()).saturating_sub(a.and(b).len());
    let settled = settle(market, over, own, params, now);
    Tally { accrued: settled.accrued.saturating_add(fresh.len().saturating_sub(counted)), ..settled }
}

/// Seconds for which a market was paused, by itself or with the protocol, each second once.
///
/// Invariants: PG-11.
pub fn paused_seconds(
    (protocol, protocol_word): (Tally, &Pause),
    (market, market_word): (Tally, &Pause),
    params: &Params,
    now: u64,
) -> u64 {
    let whole = settle(protocol, &Pause::default(), protocol_word, params, now).accrued;
    settle(market, protocol_word, market_word, params, now).accrued.saturating_add(whole)
}
