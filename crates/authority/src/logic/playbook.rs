//! Playbooks: approved at leisure, run at once, under a condition that the Council cannot make true by itself.

use crate::{
    error::ChangeError,
    types::{
        playbook::{INCIDENT_AGE_SECS, PLAYBOOK_SECS},
        Act, Change, Playbook, Row, Situation,
    },
};
use alloy_primitives::{Address, B256, U256};
use fusebox_core::time::live;

/// The words of a change, and what follows it in its batch.
pub type Split<'a> = (&'a [U256], &'a [U256]);

/// The next change of a batch, and what follows it; nothing at its end. Each change is preceded by its number of words.
///
/// Errors: [`ChangeError::Malformed`] and those of [`Change::decode`].
pub fn next(batch: &[U256]) -> Result<Option<Split<'_>>, ChangeError> {
    let Some((count, rest)) = batch.split_first() else { return Ok(None) };
    let words = usize::try_from(*count).ok().filter(|count| *count > 0).and_then(|count| rest.split_at_checked(count));
    match words {
        Some(split) => Ok(Some(split)),
        None => Err(ChangeError::Malformed { at: 0, length: u64::try_from(batch.len()).unwrap_or(u64::MAX) }),
    }
}

/// Whether every change of a batch is well formed and within the table, and none approves another batch.
///
/// Errors: those of [`next`], [`Change::decode`], [`super::table::parameter`]; [`ChangeError::NotInBatch`].
/// Invariants: AU-12.
pub fn check(mut batch: &[U256], table: &[Row]) -> Result<(), ChangeError> {
    while let Some((words, rest)) = next(batch)? {
        let change = Change::decode(words)?;
        match change.act {
            Act::Playbook => {
                return Err(ChangeError::NotInBatch { act: change.act.code(), bound: Act::Playbook.code() })
            }
            Act::Parameter => super::table::parameter(&change, table).map(drop)?,
            _ => (),
        }
        batch = rest;
    }
    Ok(())
}

/// An approved playbook, armed; approving the same batch again arms it again under the new condition.
pub fn register(change: &Change<'_>, now: u64) -> Playbook {
    let until = now.saturating_add(PLAYBOOK_SECS);
    let (scope, tier, single) = (change.scope, change.tier(), change.is_single());
    Playbook { scope, tier, single, armed: true, until, runs: 0, incident: 0 }
}

/// Council runs a playbook: at its tier or above, in an open incident of its scope that is ten minutes old and that the
/// caller did not open, once an incident; one for single use is not armed after it.
///
/// Errors: [`ChangeError::NotArmed`], [`ChangeError::PlaybookExpired`], [`ChangeError::OtherScope`],
/// [`ChangeError::TierTooLow`], [`ChangeError::NoIncident`], [`ChangeError::OwnIncident`],
/// [`ChangeError::IncidentTooYoung`], [`ChangeError::AlreadyRun`].
/// Invariants: AU-16, AU-17.
pub fn run(
    playbook: Playbook,
    hash: B256,
    situation: &Situation,
    who: Address,
    now: u64,
) -> Result<Playbook, ChangeError> {
    let Playbook { scope, tier, until, runs, .. } = playbook;
    if !playbook.armed {
        return Err(ChangeError::NotArmed { hash });
    }
    if !live(now, until) {
        return Err(ChangeError::PlaybookExpired { now, bound: until });
    }
    if situation.scope != scope {
        return Err(ChangeError::OtherScope { scope: situation.scope, bound: scope });
    }
    if situation.tier < tier {
        return Err(ChangeError::TierTooLow { tier: situation.tier.code(), bound: tier.code() });
    }
    let incident = situation.incident.ok_or(ChangeError::NoIncident { scope })?;
    if incident.opened_by == who {
        return Err(ChangeError::OwnIncident { who, incident: incident.id });
    }
    let age = now.saturating_sub(incident.opened_at);
    if age < INCIDENT_AGE_SECS {
        return Err(ChangeError::IncidentTooYoung { age, bound: INCIDENT_AGE_SECS });
    }
    if runs > 0 && playbook.incident == incident.id {
        return Err(ChangeError::AlreadyRun { incident: incident.id, bound: runs });
    }
    Ok(Playbook { armed: !playbook.single, runs: runs.saturating_add(1), incident: incident.id, ..playbook })
}
