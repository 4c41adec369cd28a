//! The module as a caller of the contract sees it: events, errors, entries.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::{revert, word};
use stylus_sdk::prelude::*;

sol! {
    /// An account's roles changed by one; `previous` and `current` are sets, one bit a role.
    event RoleSet(address indexed account, uint8 indexed role, uint8 previous, uint8 current, uint32 epoch);

    error MissingRole(address who, uint8 role);
    error UnknownRole(uint8 role, uint8 bound);
    error ZeroAccount(address who, uint8 role);
    error LastGovernance(address who, uint32 bound);
    error AlreadyEstablished(uint32 holders, uint32 bound);
    error TooManyHolders(uint8 role, uint32 bound);
}

/// The entries of the authority; a contract forwards them to `shell`.
#[public]
pub trait Authority {
    /// Governance gives an account a role.
    fn grant_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>>;
    /// Governance takes a role from an account, at once.
    fn revoke_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>>;
    /// The account's word: roles in bits 0..8, epoch in bits 32..64.
    fn roles_of(&self, account: Address) -> Result<U256, Vec<u8>>;
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        let (selector, words) = match error {
            Error::MissingRole { who, role } => (MissingRole::SELECTOR, [word(who), U256::from(role.code())]),
            Error::UnknownRole { role, bound } => (UnknownRole::SELECTOR, [U256::from(role), U256::from(bound)]),
            Error::ZeroAccount { role } => (ZeroAccount::SELECTOR, [U256::ZERO, U256::from(role.code())]),
            Error::LastGovernance { who, bound } => (LastGovernance::SELECTOR, [word(who), U256::from(bound)]),
            Error::AlreadyEstablished { holders } => (AlreadyEstablished::SELECTOR, [U256::from(holders), U256::ZERO]),
            Error::TooManyHolders { role, bound } => {
                (TooManyHolders::SELECTOR, [U256::from(role.code()), U256::from(bound)])
            }
        };
        revert(selector, words)
    }
}
