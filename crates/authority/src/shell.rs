//! The module on a machine: caller, load, decide, store, log.
//!
//! Who may grant and revoke is this module's own matter, so its shell checks the caller itself.

use crate::{
    abi, logic, storage,
    types::{Effect, Role},
    Error,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

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
    set(host, who, Role::Governance, state, effect);
    Ok(())
}

/// A further role, for the constructor, where the caller is the deployer: no role is checked.
///
/// Errors: those of [`logic::grant`].
/// Events: `RoleSet`.
pub fn install<H: Host>(host: &mut H, who: Address, role: Role) -> Result<(), Error> {
    let (state, effect) = logic::grant((storage::account(host, who), storage::holders(host)), who, role)?;
    set(host, who, role, state, effect);
    Ok(())
}

/// The caller, Governance, gives an account a role.
///
/// Errors: [`Error::MissingRole`], [`Error::UnknownRole`] and those of [`logic::grant`].
/// Events: `RoleSet`.
pub fn grant<H: Host>(host: &mut H, who: Address, role: u8) -> Result<(), Error> {
    require(host, Role::Governance)?;
    install(host, who, Role::from_code(role)?)
}

/// The caller, Governance, takes a role from an account, at once.
///
/// Errors: [`Error::MissingRole`], [`Error::UnknownRole`] and those of [`logic::revoke`].
/// Events: `RoleSet`.
pub fn revoke<H: Host>(host: &mut H, who: Address, role: u8) -> Result<(), Error> {
    require(host, Role::Governance)?;
    let role = Role::from_code(role)?;
    let (state, effect) = logic::revoke((storage::account(host, who), storage::holders(host)), who, role)?;
    set(host, who, role, state, effect);
    Ok(())
}

/// An account's word.
pub fn roles_of<H: Host>(host: &H, who: Address) -> U256 {
    storage::account(host, who).pack()
}

/// Stores and logs what changed.
fn set<H: Host>(host: &mut H, who: Address, role: Role, (account, holders): logic::State, effect: Effect) {
    if effect.changed {
        storage::set_account(host, who, account);
        storage::set_holders(host, holders);
        let topics = [abi::RoleSet::SIGNATURE_HASH, who.into_word(), U256::from(role.code()).into()];
        let sets = [U256::from(effect.previous.bits()), U256::from(account.roles.bits()), U256::from(account.epoch)];
        emit(host, &topics, sets);
    }
}
