//! What the module refuses: every variant carries the offending value and the bound it broke.

use crate::types::Role;
use alloy_primitives::{Address, B256};

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

/// Why a change of a parameter, an overlay, a proposal or a playbook was refused.
///
/// Apart from [`Error`], which every program with a role check carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The roles' own.
    Role(Error),
    /// No row has that id.
    UnknownParameter {
        /// The id.
        id: u16,
        /// How many rows there are.
        bound: u64,
    },
    /// The value is outside the row.
    OutOfBounds {
        /// The parameter.
        id: u16,
        /// The value.
        value: u128,
        /// The bound it broke.
        bound: u128,
    },
    /// An overlay that would not tighten what is in force; of a contested parameter, any.
    NotTighter {
        /// The parameter.
        id: u16,
        /// The value.
        value: u128,
        /// What is in force.
        bound: u128,
    },
    /// An overlay past how far a Steward may tighten.
    PastFloor {
        /// The parameter.
        id: u16,
        /// The value.
        value: u128,
        /// The floor.
        bound: u128,
    },
    /// An overlay of no length, or longer than any may be.
    OverlayLength {
        /// Seconds asked for.
        secs: u64,
        /// The bound it broke.
        bound: u64,
    },
    /// The scope's overlays have had their time, or the last one here was ended by Governance or Council.
    OverlaySpent {
        /// The clock, in seconds.
        now: u64,
        /// From when on there is time again.
        bound: u64,
    },
    /// The word at `at` of a change is missing, too many, too wide or not zero where it must be.
    Malformed {
        /// Which word; the header is 0.
        at: u64,
        /// How many words there are.
        length: u64,
    },
    /// The number names no act.
    UnknownAct {
        /// The number.
        act: u8,
        /// How many there are.
        bound: u8,
    },
    /// The act cannot be part of a batch.
    NotInBatch {
        /// The act's number.
        act: u8,
        /// How many acts there are.
        bound: u8,
    },
    /// There is no such proposal.
    NotProposed {
        /// The hash of the change.
        hash: B256,
    },
    /// The proposer has not held Governance since it proposed.
    ProposerGone {
        /// The proposer.
        who: Address,
        /// The term in which it proposed.
        bound: u32,
    },
    /// The proposal's time has not come.
    TooEarly {
        /// The clock, in seconds.
        now: u64,
        /// From when on.
        bound: u64,
    },
    /// The proposal's time is over.
    TooLate {
        /// The clock, in seconds.
        now: u64,
        /// Until when, excluded.
        bound: u64,
    },
    /// Nobody cancels their own removal.
    OwnRemoval {
        /// Who asked.
        who: Address,
        /// The act's number.
        act: u8,
    },
    /// The batch is no playbook that may be run.
    NotArmed {
        /// The hash of the batch.
        hash: B256,
    },
    /// The approval of the playbook is over.
    PlaybookExpired {
        /// The clock, in seconds.
        now: u64,
        /// When it ended.
        bound: u64,
    },
    /// The situation given is of another scope.
    OtherScope {
        /// The scope given.
        scope: u32,
        /// The playbook's.
        bound: u32,
    },
    /// The scope's tier is below the playbook's.
    TierTooLow {
        /// The scope's.
        tier: u8,
        /// The playbook's.
        bound: u8,
    },
    /// No incident is open.
    NoIncident {
        /// The scope.
        scope: u32,
    },
    /// The Council's own incident.
    OwnIncident {
        /// Who asked.
        who: Address,
        /// The incident.
        incident: u32,
    },
    /// The incident is too young to act within.
    IncidentTooYoung {
        /// Its age, in seconds.
        age: u64,
        /// The least.
        bound: u64,
    },
    /// The playbook was run in this incident already.
    AlreadyRun {
        /// The incident.
        incident: u32,
        /// How often it was run, in all incidents.
        bound: u32,
    },
}

impl From<Error> for ChangeError {
    fn from(error: Error) -> Self {
        Self::Role(error)
    }
}
