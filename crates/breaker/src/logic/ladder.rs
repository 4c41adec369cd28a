//! The remembered trip: a tier that rises on evidence and falls by the clock.

use crate::params::Params;
use crate::types::{Cause, Ladder};
use fusebox_core::panel::{Standing, Tier};
use fusebox_core::time::live;

/// What is remembered, at `now`: Halted steps down to ReduceOnly, to Guarded, to Normal, by time alone.
///
/// Evidence can only delay the last step, and that has a hard end.
#[inline]
pub fn tier(ladder: &Ladder, now: u64) -> Standing {
    if live(now, ladder.halted_until) {
        Standing::tier(Tier::Halted, ladder.halted_until)
    } else if live(now, ladder.reduce_only_until) {
        Standing::tier(Tier::ReduceOnly, ladder.reduce_only_until)
    } else if live(now, ladder.guarded_until) {
        Standing::tier(Tier::Guarded, ladder.guarded_until)
    } else if !ladder.evidence && live(now, ladder.hard_end) {
        Standing::tier(Tier::Guarded, ladder.hard_end)
    } else {
        Standing::NORMAL
    }
}

/// Whether the market's breaker bit must be set: while a tier, a latch or the wait for evidence is remembered.
#[inline]
pub fn bit_needed(ladder: &Ladder, now: u64) -> bool {
    tier(ladder, now).tier != Tier::Normal
}

impl Ladder {
    /// Whether the clock's part is still running: then a breach belongs to the same episode.
    pub const fn timed(&self, now: u64) -> bool {
        live(now, self.guarded_until)
    }
    /// After three strikes.
    pub const fn latched(&self) -> bool {
        self.strikes >= 3
    }

    /// Lets `tier` and all below it last their time from `now`, never shorter than they do, never past the hard end.
    pub(super) fn extend(mut self, params: &Params, now: u64, tier: Tier) -> Self {
        let mut end = now;
        for (step, until, mins) in [
            (Tier::Halted, &mut self.halted_until, params.halted_mins),
            (Tier::ReduceOnly, &mut self.reduce_only_until, params.reduce_only_mins),
            (Tier::Guarded, &mut self.guarded_until, params.guarded_mins),
        ] {
            if step <= tier {
                end = end.saturating_add(secs(mins));
            }
            if step <= tier || live(now, *until) {
                *until = (*until).max(end).min(self.hard_end);
                end = *until;
            }
        }
        // After a latch the count starts again: its window closes with it.
        let window = if self.latched() { 0 } else { secs(params.window_mins) };
        self.window_end = self.guarded_until.saturating_add(window);
        self.evidence = false;
        self
    }

    /// A trip at `breached`: the next strike of an open window, or the first of a new one.
    ///
    /// A re-trip goes at least one tier above the last, but an escalation alone never halts: Halted says that no price
    /// is believable, and only a breach of its own threshold shows that. What independent feeds confirm, and what a
    /// majority outvotes, stays Guarded however often it comes back.
    pub(super) fn begin(self, params: &Params, now: u64, breached: Tier, cause: Cause, anomaly: u64) -> Self {
        let again = self.strikes > 0 && !self.latched() && live(now, self.window_end);
        let raised = match (cause, self.level) {
            (Cause::Velocity | Cause::Outlier, _) | (_, Tier::Normal) => Tier::Normal,
            (..) => Tier::ReduceOnly,
        };
        let level = if again { breached.max(raised) } else { breached };
        let hard_end = now.saturating_add(secs(params.hard_end_mins));
        let strikes = if again { self.strikes.saturating_add(1) } else { 1 };
        let latch = if strikes >= 3 { hard_end } else { 0 };
        let announced = self.announced;
        let guarded_until = latch;
        let fresh = Self { hard_end, strikes, level, cause, guarded_until, announced, anomaly, ..Self::default() };
        fresh.extend(params, now, level)
    }

    /// The same episode, at a higher tier.
    pub(super) fn raise(mut self, params: &Params, now: u64, breached: Tier, cause: Cause) -> Self {
        self.level = self.level.max(breached);
        self.cause = cause;
        self.extend(params, now, breached)
    }
}

/// Minutes as seconds.
fn secs(mins: u16) -> u64 {
    u64::from(mins).saturating_mul(60)
}
