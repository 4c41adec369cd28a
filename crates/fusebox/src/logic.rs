//! The journal's transitions: pure, by value.

use crate::{
    error::Error,
    types::{Finding, Incident, Label, Signal},
};
use alloy_primitives::Address;
use fusebox_core::{
    panel::{Scope, Standing, Tier},
    time::{live, DAY},
};

/// A new incident at `scope`.
pub fn open(now: u64, scope: Scope, by: Address, finding: Finding) -> Incident {
    Incident {
        scope,
        tier: finding.tier,
        cause: finding.cause.code(),
        label: 0,
        anomaly: finding.anomaly.min(now),
        detected: now,
        contained: if finding.contained { now } else { 0 },
        resolved: 0,
        ends: finding.ends,
        opened_by: by,
        loss: 0,
        cover: 0,
    }
}

/// The open incident after a further finding at its scope: the tier never falls, the end is what the finding says.
pub fn update(now: u64, incident: Incident, finding: Finding) -> Incident {
    let contained = match (incident.contained, finding.contained) {
        (0, true) => now,
        (at, _) => at,
    };
    Incident { tier: incident.tier.max(finding.tier), contained, ends: finding.ends, ..incident }
}

/// The incident once its circuit is back to Normal: resolved when the clock said so, not when somebody looked.
///
/// An early end (Council unpaused) is `ended`, the moment of the call.
pub fn resolve(now: u64, incident: Incident) -> Incident {
    if incident.is_resolved() {
        return incident;
    }
    let resolved = incident.ends.clamp(incident.detected, now.max(incident.detected));
    let contained = if incident.contained == 0 { resolved } else { incident.contained };
    Incident { resolved, contained, ..incident }
}

/// The incident with Governance's word on it; the same word again changes nothing.
pub fn label(incident: Incident, label: Label) -> Incident {
    Incident { label: label.code(), ..incident }
}

/// The incident with a loss and its cover added.
///
/// Errors: a cover above the loss, or a sum past 128 bits.
pub fn add_loss(incident: Incident, loss: u128, cover: u128) -> Result<Incident, Error> {
    let overflow = Error::LossOverflow { loss, cover };
    let (loss, cover) =
        (incident.loss.checked_add(loss).ok_or(overflow)?, incident.cover.checked_add(cover).ok_or(overflow)?);
    if cover > loss {
        return Err(Error::CoverAboveLoss { cover, loss });
    }
    Ok(Incident { loss, cover, ..incident })
}

/// Time to detection, to containment, to resolution, each from the one before; `None` where it has not happened.
///
/// Units: seconds.
pub fn times(incident: Incident) -> (u64, Option<u64>, Option<u64>) {
    let since = |at: u64, from: u64| (at != 0).then(|| at.saturating_sub(from));
    (
        incident.detected.saturating_sub(incident.anomaly),
        since(incident.contained, incident.detected),
        since(incident.resolved, incident.detected),
    )
}

/// The longest that sentinels can stop a scope in any [`SENTINEL_WEEK_SECS`], in seconds.
pub const SENTINEL_SECS: u64 = DAY;
/// From the first signal of a sentinel until sentinels may begin again, in seconds.
pub const SENTINEL_WEEK_SECS: u64 = DAY.wrapping_mul(7); // a constant

/// A signal with a sentinel's added: whatever sentinels say of a scope ends a day after the first of it, and the next
/// first is a week after that, so that no key stops anything for more than a day in any week.
///
/// Errors: [`Error::SignalSpent`] if nothing is left of the day; a signal of no seconds.
/// Invariants: FB-9.
pub fn sentinel(signal: Signal, now: u64, secs: u32) -> Result<Signal, Error> {
    let again = signal.week.saturating_add(SENTINEL_WEEK_SECS);
    let week = if live(now, again) && signal.week != 0 { signal.week } else { now };
    let end = week.saturating_add(SENTINEL_SECS).min(now.saturating_add(secs.into()));
    if end <= now {
        return Err(Error::SignalSpent { secs, again });
    }
    Ok(Signal { until: signal.until.max(end), week })
}

/// A signal with the limiter's added.
pub fn tripped(signal: Signal, until: u64) -> Signal {
    Signal { until: signal.until.max(until), ..signal }
}

/// Whether the signal's bit is needed: while it lasts, and if it was never written, since a bit that nobody explains is
/// not taken for fine.
pub const fn signalled(signal: &Signal, now: u64) -> bool {
    signal.until == 0 || live(now, signal.until)
}

/// What a signal whose bit is set says now.
pub const fn signal_standing(signal: &Signal, now: u64) -> Standing {
    match (signal.until, live(now, signal.until)) {
        (0, _) => Standing::tier(Tier::ReduceOnly, u64::MAX),
        (until, true) => Standing::tier(Tier::ReduceOnly, until),
        _ => Standing::NORMAL,
    }
}

/// Whether a finding is worth a record at all.
pub fn is_notable(tier: Tier) -> bool {
    tier > Tier::Normal
}
