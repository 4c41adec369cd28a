//! The journal's transitions: pure, by value.

use crate::{
    error::{DecisionError, Error},
    types::{Decision, Finding, Incident, Label, Signal, SETTLING, WOUND_DOWN},
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

/// The incident now that its scope has been wound down: contained if it was not, unless its clock has run out.
pub fn contain(now: u64, incident: Incident) -> Incident {
    if incident.contained != 0 || !live(now, incident.ends) {
        return incident;
    }
    Incident { contained: now, ..incident }
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

/// A signal with the limiter's added: whatever its end is, it is not one of Governance's.
pub fn tripped(signal: Signal, until: u64) -> Signal {
    Signal { until: signal.until.max(until.min(WOUND_DOWN.wrapping_sub(1))), ..signal }
}

/// Whether the signal's bit is needed: while it lasts, and if it was never written, since a bit that nobody explains is
/// not taken for fine.
pub const fn signalled(signal: &Signal, now: u64) -> bool {
    signal.until == 0 || live(now, signal.until)
}

/// When a signal ends as far as incidents go: a decision without an end is no incident, and gives nobody its powers.
pub const fn signal_end(signal: &Signal) -> u64 {
    if signal.until >= WOUND_DOWN {
        return 0;
    }
    signal.until
}

/// What a signal whose bit is set says now.
pub const fn signal_standing(signal: &Signal, now: u64) -> Standing {
    match (signal.until, live(now, signal.until)) {
        (0, _) => Standing::tier(Tier::ReduceOnly, u64::MAX),
        (SETTLING, _) => Standing::tier(Tier::Settling, u64::MAX),
        (until, true) => Standing::tier(Tier::ReduceOnly, until),
        _ => Standing::NORMAL,
    }
}

/// How long a scope has been wound down before it may be settled: whoever can still close does, and the proposals of
/// both cannot be carried out in one second.
pub const SETTLE_AFTER_SECS: u64 = DAY.wrapping_mul(2); // a constant

/// A scope is wound down: no new risk, without end. Again, or while it is being settled, it changes nothing.
///
/// Invariants: FB-10, FB-11.
pub const fn wind_down(signal: Signal, decision: Decision, now: u64) -> (Signal, Decision) {
    if signal.until >= WOUND_DOWN {
        return (signal, decision);
    }
    (Signal { until: WOUND_DOWN, ..signal }, Decision { since: now, kept: signal.until })
}

/// A wind-down is undone; what sentinels and limiters had said before it lasts as long as they said. A scope that is not
/// wound down stays as it is.
///
/// Errors: [`DecisionError::Final`] once it is being settled.
/// Invariants: FB-11, FB-12.
pub fn reopen(signal: Signal, decision: Decision, now: u64) -> Result<(Signal, Decision), DecisionError> {
    match signal.until {
        SETTLING => Err(DecisionError::Final),
        WOUND_DOWN => Ok((Signal { until: decision.kept.max(now), ..signal }, Decision::default())),
        _ => Ok((signal, decision)),
    }
}

/// A scope that has been wound down for long enough, by itself or with the protocol, is settled; again it changes nothing.
///
/// Errors: [`DecisionError::NotWoundDown`], [`DecisionError::TooEarly`].
/// Invariants: FB-12.
pub fn settle(
    signal: Signal,
    decision: Decision,
    main: Decision,
    now: u64,
) -> Result<(Signal, Decision), DecisionError> {
    if signal.until == SETTLING {
        return Ok((signal, decision));
    }
    let since = match (decision.since, main.since) {
        (0, since) | (since, 0) => since,
        (own, main) => own.min(main),
    };
    let from = since.saturating_add(SETTLE_AFTER_SECS);
    if since == 0 {
        return Err(DecisionError::NotWoundDown);
    }
    if live(now, from) {
        return Err(DecisionError::TooEarly { now, from });
    }
    Ok((Signal { until: SETTLING, ..signal }, Decision { since, ..decision }))
}

/// When the buckets of scopes are to be back at their share until: the latest end of their incidents that are open by the
/// clock and have reached a tier; 0 if there is none.
///
/// Invariants: FB-13.
pub fn tight_until(now: u64, incident: &Incident) -> u64 {
    if incident.is_resolved() || !live(now, incident.ends) || !is_notable(incident.tier) {
        return 0;
    }
    incident.ends
}

/// Whether a finding is worth a record at all.
pub fn is_notable(tier: Tier) -> bool {
    tier > Tier::Normal
}
