//! The journal's transitions: pure, by value.

use crate::{
    error::Error,
    types::{Finding, Incident, Label},
};
use alloy_primitives::Address;
use fusebox_core::panel::{Scope, Tier};

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

/// Whether a finding is worth a record at all.
pub fn is_notable(tier: Tier) -> bool {
    tier > Tier::Normal
}
