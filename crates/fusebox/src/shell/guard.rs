//! What people stop and let go: guardians, and the Council within an incident.

use super::{set_bit, House};
use crate::{
    error::{CouncilError, Error, Refusal},
    journal, storage,
    types::{Cause, Finding},
};
use alloc::vec::Vec;
use alloy_primitives::Address;
use fusebox_authority::{self as authority, types::Role};
use fusebox_core::{
    host::Host,
    panel::{Classes, Panel, Scope, Tier, LISTED, PAUSE},
};
use fusebox_guardian as guardian;

impl House {
    /// The caller, a guardian, stops classes of action in scopes for its own duration.
    ///
    /// Errors: the guardian's. Events: the guardian's, `Incident`.
    pub fn pause(&self, host: &mut impl Host, scopes: &[u32], classes: u8, reason: u16) -> Result<u64, Error> {
        let circuits = paused_circuits(host, scopes.contains(&0));
        let mut failed = None;
        let report =
            guardian::shell::pause(host, &self.guardian, (scopes, classes, reason), &circuits, &mut |host, at| {
                set_bit(host, at, PAUSE, true);
                journal::reserve(host, at).unwrap_or_else(|error| {
                    failed = Some(error);
                    0
                })
            })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        for scope in scopes {
            self.note_pause(host, Scope::new(*scope))?;
        }
        Ok(report.failed)
    }

    /// Writes a scope's live pause into its incident.
    fn note_pause(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let (pause, now) = (guardian::storage::pause(host, scope), host.now());
        if !pause.is_live(now) {
            return Ok(());
        }
        let finding = Finding {
            cause: Cause::Pause,
            tier: stopped_tier(pause.classes),
            anomaly: now,
            ends: self.ends(host, scope),
            contained: true,
        };
        let by = host.caller();
        Ok(journal::record(host, scope, by, finding).map(drop)?)
    }

    /// Council moves the end of a live pause, within an incident that it did not open itself.
    ///
    /// Errors: the caller is not Council; no incident; the guardian's.
    pub fn extend(&self, host: &mut impl Host, scope: Scope, until: u64) -> Result<(), Error> {
        let incident = council(host, scope)?;
        guardian::shell::extend(host, &self.guardian, scope, until, incident)?;
        self.reschedule(host, scope)
    }

    /// Whether the caller, Council, may act in a scope: within an incident that is open by the clock, that it did not
    /// open itself and that is old enough. When that incident ends: nothing the Council does there should outlast it.
    pub fn acting(&self, host: &impl Host, scope: Scope) -> Result<u64, CouncilError> {
        authority::shell::require(host, Role::Council)?;
        let (who, now) = (host.caller(), host.now());
        let open = journal::open_incident(host, scope).filter(|(_, incident)| now < incident.ends);
        let (id, incident) = open.ok_or(CouncilError::NoIncident { scope })?;
        let (age, bound) = (now.saturating_sub(incident.detected), self.guardian.incident_age_secs());
        if incident.opened_by == who {
            return Err(CouncilError::OwnIncident { who, incident: id });
        }
        if age < bound {
            return Err(CouncilError::IncidentTooYoung { age, bound });
        }
        Ok(incident.ends)
    }

    /// Council ends a live pause, within an incident that it did not open itself.
    ///
    /// Errors: the caller is not Council; no incident; the guardian's.
    pub fn unpause(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let incident = council(host, scope)?;
        let effect = guardian::shell::unpause(host, &self.guardian, scope, incident)?;
        if !effect.bit && guardian::shell::clear(host, &self.guardian, scope) {
            set_bit(host, scope, PAUSE, false);
        }
        self.reschedule(host, scope)?;
        self.tidy(host, scope)
    }

    /// Tells the incident when its scope will be back to Normal, now that the pause ends at another time.
    fn reschedule(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let ends = self.ends(host, scope);
        Ok(journal::reschedule(host, scope, ends)?)
    }

    /// The caller, a guardian, shows that it is alive.
    pub fn heartbeat(&self, host: &mut impl Host) -> Result<(), Error> {
        Ok(guardian::shell::heartbeat(host, &self.guardian)?)
    }

    /// Appoints or re-arms a guardian of a scope, or with a duration of 0 removes it. The contract has checked who asks.
    ///
    /// Errors: a scope that was never listed, whose pauses nobody would settle; the guardian's.
    pub fn set_guardian(&self, host: &mut impl Host, who: Address, scope: Scope, secs: u32) -> Result<(), Error> {
        let (k, nibble) = scope.place();
        if storage::panel(host, k).bits(nibble) & LISTED == 0 {
            return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) }.into());
        }
        guardian::shell::set_guardian(host, &self.guardian, who, scope, secs)?;
        Ok(())
    }
}

/// The highest tier whose stops lie within what a pause stops.
fn stopped_tier(classes: Classes) -> Tier {
    let whole = |tier: Tier| classes.and(tier.stops()) == tier.stops();
    match (whole(Tier::Halted), whole(Tier::ReduceOnly)) {
        (true, _) => Tier::Halted,
        (_, true) => Tier::ReduceOnly,
        _ => Tier::Guarded,
    }
}

/// The incident within which the caller, the Council, may act on a scope.
fn council(host: &impl Host, scope: Scope) -> Result<guardian::types::Incident, Error> {
    authority::shell::require(host, Role::Council)?;
    let (id, incident) = journal::open_incident(host, scope).ok_or(Error::NoIncident { scope })?;
    Ok(guardian::types::Incident { id, opened_by: incident.opened_by, opened_at: incident.detected })
}

/// The circuits whose pause bit is set, if the main switch is about to change: their paused seconds are settled first.
fn paused_circuits(host: &impl Host, main: bool) -> Vec<Scope> {
    let mut circuits = Vec::new();
    if !main {
        return circuits;
    }
    let listed = storage::count(host);
    let mut panel = Panel::default();
    for number in 1..=listed {
        let scope = Scope::new(number);
        let (k, nibble) = scope.place();
        if nibble == 1 {
            panel = storage::panel(host, k);
        }
        if panel.bits(nibble) & PAUSE != 0 {
            circuits.push(scope);
        }
    }
    circuits
}
