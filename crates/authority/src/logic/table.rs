//! What becomes of a new value.

use crate::{
    error::ChangeError,
    types::{Act, Change, Delay, Delays, Outcome, Row, Step},
};

/// The row of a parameter.
///
/// Errors: [`ChangeError::UnknownParameter`].
pub fn row(table: &[Row], id: u16) -> Result<&Row, ChangeError> {
    let bound = u64::try_from(table.len()).unwrap_or(u64::MAX);
    table.iter().find(|row| row.id == id).ok_or(ChangeError::UnknownParameter { id, bound })
}

/// Whether a value is within its row.
///
/// Errors: [`ChangeError::OutOfBounds`].
/// Invariants: AU-12.
pub fn within(row: &Row, value: u128) -> Result<(), ChangeError> {
    let bound = value.clamp(row.min, row.max);
    if bound != value {
        return Err(ChangeError::OutOfBounds { id: row.id, value, bound });
    }
    Ok(())
}

/// What becomes of Governance asking for a value, given the last approved one.
///
/// Errors: [`ChangeError::OutOfBounds`].
/// Invariants: AU-7, AU-10, AU-12.
pub fn decide(row: &Row, approved: u128, value: u128) -> Result<Outcome, ChangeError> {
    within(row, value)?;
    Ok(match row.direction.step(approved, value) {
        Step::Same => Outcome::Unchanged,
        Step::Tighter => Outcome::Apply,
        Step::Looser => Outcome::Delayed(row.delay),
    })
}

/// How long a change waits, in seconds, by the delays in force now.
///
/// A playbook waits the longest: it may hold any change, and must be no way round any delay.
///
/// Errors: [`ChangeError::UnknownParameter`], [`ChangeError::OutOfBounds`].
pub fn wait(change: &Change<'_>, table: &[Row], delays: &Delays) -> Result<u64, ChangeError> {
    Ok(match change.act {
        Act::Parameter => delays.of(parameter(change, table)?.delay),
        Act::Grant | Act::Revoke | Act::Guardian => delays.of(Delay::Role),
        Act::Upgrade => delays.of(Delay::Upgrade),
        Act::Escrow => delays.of(Delay::Escrow),
        Act::Playbook => delays.longest(),
        Act::Protocol => delays.of(Delay::Parameter),
    })
}

/// The row that a change of a parameter speaks of, which its value is within.
///
/// Errors: [`ChangeError::UnknownParameter`], [`ChangeError::OutOfBounds`].
pub fn parameter<'t>(change: &Change<'_>, table: &'t [Row]) -> Result<&'t Row, ChangeError> {
    let row = row(table, change.id)?;
    within(row, change.value())?;
    Ok(row)
}
