//! What the module refuses: every variant carries the offending value and the bound it broke.

use crate::types::Role;
use alloy_primitives::Address;

/// Why a change of roles, or an act that needs one, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The account does not hold the role that the act needs.
    MissingRole {
        /// Who asked.
        who: Address,
        /// What it would need.
        role: Role,
    },
    /// The number names no role.
    UnknownRole {
        /// The number.
        role: u8,
        /// How many there are.
        bound: u8,
    },
    /// The zero address holds no role.
    ZeroAccount {
        /// The role.
        role: Role,
    },
    /// The account is the last to hold Governance: without one nothing could be changed again.
    LastGovernance {
        /// The account.
        who: Address,
        /// How many must remain.
        bound: u32,
    },
    /// Governance has been established before.
    AlreadyEstablished {
        /// How many hold it.
        holders: u32,
    },
    /// As many accounts hold the role as can be counted.
    TooManyHolders {
        /// The role.
        role: Role,
        /// The most.
        bound: u32,
    },
}
