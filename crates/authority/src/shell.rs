//! The module on a machine: caller, load, decide, store, log.
//!
//! Who may do what is this module's own matter, so its shell checks the caller itself. What it cannot do at once it
//! proposes: an entry asks for a change, and the table decides whether it happens now or waits.

use crate::{
    abi, logic, storage,
    types::{change, Effect, Outcome, Role},
    ChangeError, Error,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

mod parameters;
mod playbook;
mod queue;

pub use parameters::{clear_overlay, effective, note, own_value, set, set_overlay, set_own_value};
pub use playbook::{retire, run};
pub use queue::{cancel, execute, hash, propose, ready};

/// Whether the caller holds the role.
///
/// Errors: [`Error::MissingRole`].
pub fn require<H: Host>(host: &H, role: Role) -> Result<(), Error> {
    let who = host.caller();
    logic::require(storage::account(host, who), who, role)
}

/// The first holder of Governance, once: for the constructor, where the caller is the deployer and not the owner.
///
/// Errors: those of [`logic::establish`].
/// Events: `RoleSet`.
pub fn establish<H: Host>(host: &mut H, who: Address) -> Result<(), Error> {
    let (state, effect) = logic::establish((storage::account(host, who), storage::holders(host)), who)?;
    set_roles(host, who, Role::Governance, state, effect);
    Ok(())
}

/// A further role, for the constructor, where the caller is the deployer: no role is checked.
///
/// Errors: those of [`logic::grant`].
/// Events: `RoleSet`.
pub fn install<H: Host>(host: &mut H, who: Address, role: Role) -> Result<(), Error> {
    let (state, effect) = logic::grant((storage::account(host, who), storage::holders(host)), who, role)?;
    set_roles(host, who, role, state, effect);
    Ok(())
}

/// The caller, Governance, asks that an account be given a role: proposed, whoever it is; nothing if it holds it.
///
/// Errors: [`Error::MissingRole`], [`Error::UnknownRole`] and those of [`logic::grant`].
/// Events: `Proposed`.
pub fn grant<H: Host>(host: &mut H, who: Address, role: u8) -> Result<(), ChangeError> {
    require(host, Role::Governance)?;
    let role = Role::from_code(role)?;
    let (_, effect) = logic::grant((storage::account(host, who), storage::holders(host)), who, role)?;
    if effect.changed {
        queue::submit(host, &[], &change::grant(who, role))?;
    }
    Ok(())
}

/// The caller, Governance, takes a role from an account: at once, or proposed where that takes a check away.
///
/// Errors: [`Error::MissingRole`], [`Error::UnknownRole`] and those of [`logic::decide_revoke`].
/// Events: `RoleSet` or `Proposed`.
pub fn revoke<H: Host>(host: &mut H, who: Address, role: u8) -> Result<(), ChangeError> {
    require(host, Role::Governance)?;
    let role = Role::from_code(role)?;
    let state = (storage::account(host, who), storage::holders(host));
    match logic::decide_revoke(state, host.caller(), who, role)? {
        Outcome::Unchanged => (),
        Outcome::Apply => remove(host, who, role)?,
        Outcome::Delayed(_) => queue::submit(host, &[], &change::revoke(who, role)).map(drop)?,
    }
    Ok(())
}

/// Takes a role from an account: the caller may, or it has waited.
fn remove<H: Host>(host: &mut H, who: Address, role: Role) -> Result<(), Error> {
    let (state, effect) = logic::revoke((storage::account(host, who), storage::holders(host)), who, role)?;
    set_roles(host, who, role, state, effect);
    Ok(())
}

/// An account's word.
pub fn roles_of<H: Host>(host: &H, who: Address) -> U256 {
    storage::account(host, who).pack()
}

/// Stores and logs what changed.
fn set_roles<H: Host>(host: &mut H, who: Address, role: Role, (account, holders): logic::State, effect: Effect) {
    if effect.changed {
        storage::set_account(host, who, account);
        storage::set_holders(host, holders);
        let topics = [abi::RoleSet::SIGNATURE_HASH, who.into_word(), U256::from(role.code()).into()];
        let sets = [U256::from(effect.previous.bits()), U256::from(account.roles.bits()), U256::from(account.epoch)];
        emit(host, &topics, sets);
    }
}
