//! The module as a caller of the contract sees it: events, errors, entries.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::{ChangeError, Error};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::{revert, word};
use stylus_sdk::prelude::*;

sol! {
    /// An account's roles changed by one; `previous` and `current` are sets, one bit a role.
    event RoleSet(address indexed account, uint8 indexed role, uint8 previous, uint8 current, uint32 epoch);

    /// Governance proposed a change, by its words.
    event Proposed(bytes32 indexed hash, uint8 indexed act, uint64 earliest, uint64 latest, address by, uint256[] words);
    /// A proposal was cancelled.
    event Cancelled(bytes32 indexed hash, uint8 indexed act, address by);
    /// A proposal was executed.
    event Executed(bytes32 indexed hash, uint8 indexed act, address by);
    /// The approved value of a parameter changed.
    event ParameterSet(uint32 indexed scope, uint16 indexed id, uint128 previous, uint128 current, address by);
    /// A Steward tightened a parameter until a time; the values are those in force.
    event OverlaySet(uint32 indexed scope, uint16 indexed id, uint128 previous, uint128 current, uint64 until, address by);
    /// An overlay was cleared; the values are those in force, `until` when it would have ended or did.
    event OverlayEnded(uint32 indexed scope, uint16 indexed id, uint128 previous, uint128 current, uint64 until, address by);
    /// Governance approved a batch (armed), or withdrew its approval.
    event PlaybookSet(bytes32 indexed hash, uint32 indexed scope, uint8 tier, bool single, bool armed, uint64 until);
    /// The Council ran an approved batch.
    event PlaybookRun(bytes32 indexed hash, uint32 indexed scope, uint32 incident, uint32 runs, address by);

    error UnknownParameter(uint16 id, uint64 bound);
    error OutOfBounds(uint16 id, uint128 value, uint128 bound);
    error NotTighter(uint16 id, uint128 value, uint128 bound);
    error PastFloor(uint16 id, uint128 value, uint128 bound);
    error OverlayLength(uint64 secs, uint64 bound);
    error OverlaySpent(uint64 now, uint64 bound);
    error Malformed(uint64 at, uint64 length);
    error UnknownAct(uint8 act, uint8 bound);
    error NotInBatch(uint8 act, uint8 bound);
    error NotProposed(bytes32 hash);
    error ProposerGone(address who, uint32 bound);
    error TooEarly(uint64 now, uint64 bound);
    error TooLate(uint64 now, uint64 bound);
    error OwnRemoval(address who, uint8 act);
    error NotArmed(bytes32 hash);
    error PlaybookExpired(uint64 now, uint64 bound);
    error OtherScope(uint32 scope, uint32 bound);
    error TierTooLow(uint8 tier, uint8 bound);
    error NoIncident(uint32 scope);
    error OwnIncident(address who, uint32 incident);
    error IncidentTooYoung(uint64 age, uint64 bound);
    error AlreadyRun(uint32 incident, uint32 bound);

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
    /// Governance proposes that an account be given a role.
    fn grant_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>>;
    /// Governance takes a role from an account: at once, or proposed where that would take a check away.
    fn revoke_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>>;
    /// The account's word: roles in bits 0..8, epoch in bits 32..64, term in bits 64..96.
    fn roles_of(&self, account: Address) -> Result<U256, Vec<u8>>;
}

/// The entries of the queue, the table and the playbooks; a contract wires them as the README shows.
#[public]
pub trait Changes {
    /// Governance asks for a value of a parameter: set at once if that tightens, otherwise proposed.
    fn set(&mut self, scope: u32, id: u16, value: u128) -> Result<(), Vec<u8>>;
    /// A Steward tightens a parameter for some seconds; with 0 seconds the overlay is cleared.
    fn overlay(&mut self, scope: u32, id: u16, value: u128, secs: u64) -> Result<(), Vec<u8>>;
    /// Governance proposes a change, by its words.
    fn propose(&mut self, words: Vec<U256>) -> Result<B256, Vec<u8>>;
    /// Anyone executes a change whose time it is.
    fn execute(&mut self, words: Vec<U256>) -> Result<(), Vec<u8>>;
    /// Council, a Guardian or the proposer cancels a proposal.
    fn cancel(&mut self, words: Vec<U256>) -> Result<(), Vec<u8>>;
    /// Council runs a batch that Governance approved.
    fn playbook(&mut self, batch: Vec<U256>) -> Result<(), Vec<u8>>;
    /// Governance withdraws the approval of a batch.
    fn retire(&mut self, hash: B256) -> Result<(), Vec<u8>>;
    /// Where a proposal stands, its earliest and latest time, its proposer.
    fn ready(&self, words: Vec<U256>) -> Result<Vec<U256>, Vec<u8>>;
}

impl ChangeError {
    /// The selector, the words and how many of them: the one place where they are chosen, but for [`Error`]'s.
    fn parts(self) -> Result<([u8; 4], [U256; 3], u8), Error> {
        let n = |value: u64| U256::from(value);
        let pair = |selector, a: u64, b: u64| (selector, [n(a), n(b), U256::ZERO], 2);
        let small = |selector, a: u32, b: u32| pair(selector, u64::from(a), u64::from(b));
        let whose = |selector, who: Address, b: u32| (selector, [word(who), U256::from(b), U256::ZERO], 2);
        let one = |selector, value: U256| (selector, [value, U256::ZERO, U256::ZERO], 1);
        let value = |selector, id: u16, value: u128, bound: u128| {
            (selector, [U256::from(id), U256::from(value), U256::from(bound)], 3)
        };
        Ok(match self {
            Self::Role(error) => return Err(error),
            Self::UnknownParameter { id, bound } => pair(UnknownParameter::SELECTOR, u64::from(id), bound),
            Self::OutOfBounds { id, value: given, bound } => value(OutOfBounds::SELECTOR, id, given, bound),
            Self::NotTighter { id, value: given, bound } => value(NotTighter::SELECTOR, id, given, bound),
            Self::PastFloor { id, value: given, bound } => value(PastFloor::SELECTOR, id, given, bound),
            Self::OverlayLength { secs, bound } => pair(OverlayLength::SELECTOR, secs, bound),
            Self::OverlaySpent { now, bound } => pair(OverlaySpent::SELECTOR, now, bound),
            Self::Malformed { at, length } => pair(Malformed::SELECTOR, at, length),
            Self::UnknownAct { act, bound } => small(UnknownAct::SELECTOR, u32::from(act), u32::from(bound)),
            Self::NotInBatch { act, bound } => small(NotInBatch::SELECTOR, u32::from(act), u32::from(bound)),
            Self::NotProposed { hash } => one(NotProposed::SELECTOR, hash.into()),
            Self::ProposerGone { who, bound } => whose(ProposerGone::SELECTOR, who, bound),
            Self::TooEarly { now, bound } => pair(TooEarly::SELECTOR, now, bound),
            Self::TooLate { now, bound } => pair(TooLate::SELECTOR, now, bound),
            Self::OwnRemoval { who, act } => whose(OwnRemoval::SELECTOR, who, u32::from(act)),
            Self::NotArmed { hash } => one(NotArmed::SELECTOR, hash.into()),
            Self::PlaybookExpired { now, bound } => pair(PlaybookExpired::SELECTOR, now, bound),
            Self::OtherScope { scope, bound } => small(OtherScope::SELECTOR, scope, bound),
            Self::TierTooLow { tier, bound } => small(TierTooLow::SELECTOR, u32::from(tier), u32::from(bound)),
            Self::NoIncident { scope } => one(NoIncident::SELECTOR, U256::from(scope)),
            Self::OwnIncident { who, incident } => whose(OwnIncident::SELECTOR, who, incident),
            Self::IncidentTooYoung { age, bound } => pair(IncidentTooYoung::SELECTOR, age, bound),
            Self::AlreadyRun { incident, bound } => small(AlreadyRun::SELECTOR, incident, bound),
        })
    }
}

impl From<ChangeError> for Vec<u8> {
    fn from(error: ChangeError) -> Self {
        match error.parts() {
            Err(error) => error.into(),
            Ok((selector, [a, _, _], 1)) => revert(selector, [a]),
            Ok((selector, [a, b, _], 2)) => revert(selector, [a, b]),
            Ok((selector, words, _)) => revert(selector, words),
        }
    }
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
