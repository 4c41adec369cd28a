//! The rules: pure, total, by value.

use crate::{
    error::Error,
    types::{Account, Delay, Effect, Holders, Outcome, Role},
};
use alloy_primitives::Address;

pub mod overlay;
pub mod playbook;
pub mod queue;
pub mod table;

/// An account and the counts of holders: what a change of roles reads and writes.
pub type State = (Account, Holders);

/// Whether `who` holds the role.
///
/// Errors: [`Error::MissingRole`].
/// Invariants: AU-1.
pub fn require(account: Account, who: Address, role: Role) -> Result<(), Error> {
    if account.roles.has(role) {
        return Ok(());
    }
    Err(Error::MissingRole { who, role })
}

/// The first holder of Governance, once, at construction.
///
/// Errors: [`Error::AlreadyEstablished`], [`Error::ZeroAccount`].
pub fn establish(state: State, who: Address) -> Result<(State, Effect), Error> {
    let holders = state.1.of(Role::Governance);
    if holders != 0 {
        return Err(Error::AlreadyEstablished { holders });
    }
    grant(state, who, Role::Governance)
}

/// An account takes a role; one that holds it already keeps it.
///
/// Errors: [`Error::ZeroAccount`], [`Error::TooManyHolders`].
/// Invariants: AU-2, AU-4, AU-5.
pub fn grant((account, holders): State, who: Address, role: Role) -> Result<(State, Effect), Error> {
    if who == Address::ZERO {
        return Err(Error::ZeroAccount { role });
    }
    if account.roles.has(role) {
        return Ok(unchanged(account, holders));
    }
    let count = holders.of(role).checked_add(1).ok_or(Error::TooManyHolders { role, bound: u32::MAX })?;
    Ok(changed(account, holders.with(role, count), role, true))
}

/// An account loses a role at once; one that does not hold it loses nothing.
///
/// Errors: [`Error::LastGovernance`].
/// Invariants: AU-2, AU-3, AU-4, AU-5.
pub fn revoke((account, holders): State, who: Address, role: Role) -> Result<(State, Effect), Error> {
    if !account.roles.has(role) {
        return Ok(unchanged(account, holders));
    }
    let count = holders.of(role).saturating_sub(1);
    if matches!(role, Role::Governance) && count == 0 {
        return Err(Error::LastGovernance { who, bound: 1 });
    }
    Ok(changed(account, holders.with(role, count), role, false))
}

/// What becomes of Governance taking a role from an account: at once, except where it would also take a check away.
///
/// The last Guardian and the last Council are the last that can cancel: a stolen Governance key that removed them would
/// have its proposals to itself. Another's Governance waits for the same reason: a stolen key must not remove the honest
/// holders before anybody can cancel it. Resigning is at once.
///
/// Errors: [`Error::LastGovernance`].
/// Invariants: AU-3, AU-4, AU-15.
pub fn decide_revoke((account, holders): State, by: Address, who: Address, role: Role) -> Result<Outcome, Error> {
    if !account.roles.has(role) {
        return Ok(Outcome::Unchanged);
    }
    let last = holders.of(role) <= 1;
    match role {
        Role::Governance if last => Err(Error::LastGovernance { who, bound: 1 }),
        Role::Governance if who != by => Ok(Outcome::Delayed(Delay::Role)),
        Role::Guardian | Role::Council if last => Ok(Outcome::Delayed(Delay::Role)),
        _ => Ok(Outcome::Apply),
    }
}

/// What becomes of Governance changing a guardian of a scope, given whether the scope loses its last one by it.
pub const fn decide_guardian(removed_last: bool) -> Outcome {
    if removed_last {
        return Outcome::Delayed(Delay::Role);
    }
    Outcome::Apply
}

/// The state as it is.
fn unchanged(account: Account, holders: Holders) -> (State, Effect) {
    ((account, holders), Effect { changed: false, previous: account.roles })
}

/// The account with or without the role, in a new epoch.
fn changed(account: Account, holders: Holders, role: Role, held: bool) -> (State, Effect) {
    // Wrapping: a change of roles must never be refused, and a proposal lives for days, not for 2^32 changes.
    let term = account.term.wrapping_add(u32::from(matches!(role, Role::Governance)));
    let next = Account { roles: account.roles.with(role, held), epoch: account.epoch.wrapping_add(1), term };
    ((next, holders), Effect { changed: true, previous: account.roles })
}
