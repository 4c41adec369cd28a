//! The rules: pure, total, by value. What a pause does to a word; `read` says what a word means at a moment.

use crate::{
    error::Error,
    types::{
        Appointment, Effect, Grant, Incident, Order, Params, Pause, Report, Tally, Watch, MAX_BATCH, MIN_PAUSE_SECS,
    },
};
use alloy_primitives::Address;
use fusebox_core::{
    panel::{Class, Classes},
    time::live,
};

mod read;
pub use read::{
    absent, bit_needed, clock_until, effective, exit_until, exits_stopped, grace_secs, grace_until, live_classes,
    paused_seconds, settle, standing,
};

/// The classes of a mask that a guardian gave.
///
/// Errors: [`Error::UnknownClasses`], [`Error::NoClasses`], [`Error::InflowWithoutLiquidate`], [`Error::NeverPausable`].
pub fn classes(mask: u8, params: &Params) -> Result<Classes, Error> {
    let known = Classes::ALL.bits();
    let classes = Classes::from_bits(mask).ok_or(Error::UnknownClasses { classes: mask, known })?;
    if classes.is_empty() {
        return Err(Error::NoClasses { known });
    }
    if classes.has(Class::Inflow) && !classes.has(Class::Liquidate) {
        return Err(Error::InflowWithoutLiquidate { classes: mask, required: Classes::of(Class::Liquidate).bits() });
    }
    if !classes.and(params.never_pausable()).is_empty() {
        return Err(Error::NeverPausable { classes: mask, never: params.never_pausable().bits() });
    }
    Ok(classes)
}

/// Whether a batch of that many scopes is one.
///
/// Errors: [`Error::BatchSize`].
pub fn batch(length: usize) -> Result<(), Error> {
    let wide = u64::try_from(length).unwrap_or(u64::MAX);
    if length == 0 {
        return Err(Error::BatchSize { length: wide, bound: 1 });
    }
    if length > MAX_BATCH {
        return Err(Error::BatchSize { length: wide, bound: u64::try_from(MAX_BATCH).unwrap_or(u64::MAX) });
    }
    Ok(())
}

/// A guardian pauses one scope, or makes a live pause of it stronger; `watch` is the guardian as the batch found it.
///
/// A pause that is already as strong stays as it is and costs the guardian nothing, so a batch can be sent again.
///
/// Errors: [`Error::NotGuardian`], [`Error::ExitBudgetSpent`], [`Error::HeartbeatLapsed`], [`Error::AlreadyUsed`],
/// [`Error::CoolingDown`].
/// Invariants: PG-1, PG-2, PG-3, PG-6, PG-7, PG-8.
pub fn pause(
    (pause, grant): (Pause, Grant),
    watch: Watch,
    params: &Params,
    now: u64,
    order: Order,
) -> Result<((Pause, Grant), Effect), Error> {
    let Order { by, scope, .. } = order;
    if grant.duration_secs == 0 {
        return Err(Error::NotGuardian { who: by, scope });
    }
    if u32::try_from(now).is_err() {
        return Err(Error::OutOfRange { value: now, bound: u64::from(u32::MAX) });
    }
    let own_until = now.saturating_add(u64::from(grant.duration_secs));
    let next = strengthened(pause, params, now, own_until, order)?;
    // A spent guardian that only adds seconds to its own pause is repeating itself, not failing.
    let repeats = next == pause || (!grant.armed && next == Pause { until: next.until, ..pause });
    if repeats {
        return Ok(((pause, grant), unchanged(pause, params, now)));
    }
    if !live(now, watch.alive_until) {
        return Err(Error::HeartbeatLapsed { until: watch.alive_until, now });
    }
    if !grant.armed {
        return Err(Error::AlreadyUsed { who: by, scope });
    }
    if live(now, watch.rests_until) {
        return Err(Error::CoolingDown { until: watch.rests_until, now });
    }
    let opens_incident = !pause.is_live(now);
    let effect = Effect { changed: true, opens_incident, bit: true, previous: pause, own_until };
    Ok(((next, Grant { armed: false, ..grant }), effect))
}

/// A batch so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    report: Report,
    count: u32,
    first: Option<Error>,
    own_until: u64,
}

impl Batch {
    /// The batch with what became of its next scope.
    pub fn with(self, result: Result<Effect, Error>) -> Self {
        let bit = 1u64.wrapping_shl(self.count);
        let mut next = Self { count: self.count.saturating_add(1), ..self };
        match result {
            Ok(effect) => {
                next.report.paused |= if effect.changed { bit } else { 0 };
                next.own_until = next.own_until.max(effect.own_until);
            }
            Err(error) => {
                next.report.failed |= bit;
                next.first = self.first.or(Some(error));
            }
        }
        next
    }

    /// The report, and when the guardian's longest pause of it ends.
    ///
    /// Errors: that of the first scope if every scope failed.
    pub fn end(self) -> Result<(Report, u64), Error> {
        match self.first {
            Some(error) if self.report.failed.count_ones() == self.count => Err(error),
            _ => Ok((self.report, self.own_until)),
        }
    }
}

/// The pause under the incident that the journal named for it; a pause made stronger keeps its own.
pub fn joined(pause: Pause, effect: &Effect, incident: u32) -> Pause {
    Pause { incident: if effect.opens_incident { incident } else { pause.incident }, ..pause }
}

/// The guardian after a batch of which its longest pause ends at `own_until`.
pub fn rested(watch: Watch, params: &Params, own_until: u64) -> Watch {
    let rests_until = own_until.saturating_add(params.cooldown_secs());
    Watch { rests_until: if own_until == 0 { watch.rests_until } else { rests_until }, ..watch }
}

/// The pause with what a guardian orders on top of it: never less than it was.
///
/// Errors: [`Error::ExitBudgetSpent`] if nothing but exits was to stop and none may.
fn strengthened(pause: Pause, params: &Params, now: u64, own_until: u64, order: Order) -> Result<Pause, Error> {
    let is_live = pause.is_live(now);
    let kept = is_live && live(now, exit_until(&pause, params)); // exits are stopped already: their start stays
    let past = if kept { pause.past } else { read::history(&pause, params, now) };
    let budget = kept || read::exit_end(now, past, params.exit_secs()) > now;
    let asked = if budget { order.classes } else { order.classes.without(Classes::EXITS) };
    if asked.is_empty() {
        return Err(Error::ExitBudgetSpent { used: read::used(now, past), budget: params.exit_secs() });
    }
    if !is_live {
        // What is left of an earlier grace is owed: else a mild pause would end the grace of a severe one.
        let carried = grace_until(&pause, params).saturating_sub(now);
        let until = own_until.min(now.saturating_add(params.pause_secs()));
        let (classes, reason) = (asked, order.reason);
        return Ok(Pause {
            start: now,
            until,
            classes,
            reason,
            incident: 0,
            exit_from: now,
            inflow_from: now,
            carried,
            past,
        });
    }
    let until = pause.until.max(own_until.min(pause.start.saturating_add(params.pause_secs())));
    if kept {
        let joins = asked.has(Class::Inflow) && !pause.has_inflow();
        let inflow_from = if joins { now } else { pause.inflow_from };
        return Ok(Pause { until, classes: pause.classes.or(asked), inflow_from, ..pause });
    }
    if asked.and(Classes::EXITS).is_empty() {
        return Ok(Pause { until, classes: pause.classes.or(asked), ..pause });
    }
    // Exits came back within this pause and are stopped again: only those asked for now, the grace of before is owed.
    let carried = grace_secs(&pause, params);
    let classes = pause.classes.without(Classes::EXITS).or(asked);
    Ok(Pause { until, classes, exit_from: now, inflow_from: now, carried, past, ..pause })
}

/// The Council moves the end of a live pause; an expired one stays expired.
///
/// Errors: [`Error::NotPaused`], those of the incident, [`Error::EndNotLater`], [`Error::EndTooLate`].
/// Invariants: PG-4, PG-5.
pub fn extend(
    pause: Pause,
    params: &Params,
    now: u64,
    until: u64,
    (council, incident): (Address, Incident),
) -> Result<(Pause, Effect), Error> {
    if !pause.is_live(now) {
        return Err(Error::NotPaused { until: pause.until, now });
    }
    within(&pause, params, now, council, incident)?;
    if until == pause.until {
        return Ok((pause, unchanged(pause, params, now)));
    }
    if until < pause.until {
        return Err(Error::EndNotLater { until, current: pause.until });
    }
    let bound = pause.start.saturating_add(params.pause_secs());
    if until > bound {
        return Err(Error::EndTooLate { until, bound });
    }
    Ok((Pause { until, ..pause }, Effect { changed: true, bit: true, ..unchanged(pause, params, now) }))
}

/// The Council ends a live pause now; of one that has ended nothing is left to do.
///
/// Errors: those of the incident.
/// Invariants: PG-5.
pub fn unpause(
    pause: Pause,
    params: &Params,
    now: u64,
    (council, incident): (Address, Incident),
) -> Result<(Pause, Effect), Error> {
    if !pause.is_live(now) {
        return Ok((pause, unchanged(pause, params, now)));
    }
    within(&pause, params, now, council, incident)?;
    let next = Pause { until: now, ..pause };
    Ok((next, Effect { changed: true, bit: bit_needed(&next, params, now), ..unchanged(pause, params, now) }))
}

/// Whether the Council may act: within the pause's incident, not opened by itself, old enough.
///
/// Errors: [`Error::OtherIncident`], [`Error::OwnIncident`], [`Error::IncidentTooYoung`].
fn within(pause: &Pause, params: &Params, now: u64, council: Address, incident: Incident) -> Result<(), Error> {
    if incident.id != pause.incident {
        return Err(Error::OtherIncident { given: incident.id, current: pause.incident });
    }
    if incident.opened_by == council {
        return Err(Error::OwnIncident { who: council, incident: incident.id });
    }
    let (age, bound) = (now.saturating_sub(incident.opened_at), params.incident_age_secs());
    if age < bound {
        return Err(Error::IncidentTooYoung { age, bound });
    }
    Ok(())
}

/// A guardian shows that it is alive; one that has lapsed cannot, or a key found in a drawer could pause at once.
///
/// Errors: [`Error::NotGuardian`], [`Error::HeartbeatLapsed`].
/// Invariants: PG-8.
pub fn heartbeat(watch: Watch, params: &Params, now: u64, who: Address) -> Result<(Watch, bool), Error> {
    if watch.scopes == 0 {
        return Err(Error::NotGuardian { who, scope: u32::MAX });
    }
    if !live(now, watch.alive_until) {
        return Err(Error::HeartbeatLapsed { until: watch.alive_until, now });
    }
    let next = Watch { alive_until: now.saturating_add(params.heartbeat_secs()), ..watch };
    Ok((next, next != watch))
}

/// Governance makes an account guardian of a scope, arms it again, or with a duration of 0 removes it.
///
/// Arming a guardian that has lapsed counts as its sign of life; one that is alive keeps its own clock,
/// and nothing here shortens a cool-down.
///
/// Errors: [`Error::ZeroGuardian`], [`Error::DurationTooShort`], [`Error::DurationTooLong`], [`Error::OutOfRange`].
/// Invariants: PG-7, PG-8.
pub fn set_guardian(
    (grant, watch, tally): (Grant, Watch, Tally),
    params: &Params,
    now: u64,
    (guardian, scope): (Address, u32),
    duration_secs: u32,
) -> Result<((Grant, Watch, Tally), Appointment), Error> {
    let mut effect = Appointment { changed: true, removed_last: false, previous: grant };
    let registered = grant.duration_secs != 0;
    if duration_secs == 0 {
        effect.changed = registered;
        let less = u32::from(registered);
        let watch = Watch { scopes: watch.scopes.saturating_sub(less), ..watch };
        let tally = Tally { guardians: tally.guardians.saturating_sub(less), ..tally };
        effect.removed_last = registered && tally.guardians == 0;
        return Ok(((Grant::default(), watch, tally), effect));
    }
    if guardian == Address::ZERO {
        return Err(Error::ZeroGuardian { scope });
    }
    let value = u64::from(duration_secs);
    if value < MIN_PAUSE_SECS {
        return Err(Error::DurationTooShort { value, bound: MIN_PAUSE_SECS });
    }
    if value > params.pause_secs() {
        return Err(Error::DurationTooLong { value, bound: params.pause_secs() });
    }
    let more = u32::from(!registered);
    let full = Error::OutOfRange { value: u64::from(u32::MAX), bound: u64::from(u32::MAX) };
    let scopes = watch.scopes.checked_add(more).ok_or(full)?;
    let guardians = tally.guardians.checked_add(more).ok_or(full)?;
    let alive = live(now, watch.alive_until);
    let alive_until = if alive { watch.alive_until } else { now.saturating_add(params.heartbeat_secs()) };
    let next = Grant { duration_secs, armed: true };
    effect.changed = next != grant || !alive;
    Ok(((next, Watch { alive_until, scopes, ..watch }, Tally { guardians, ..tally }), effect))
}

/// An effect that changes nothing.
fn unchanged(pause: Pause, params: &Params, now: u64) -> Effect {
    let bit = bit_needed(&pause, params, now);
    Effect { changed: false, opens_incident: false, bit, previous: pause, own_until: 0 }
}
