//! The module as a caller of the contract sees it: events, errors, entries.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::{revert, word};
use stylus_sdk::prelude::*;

sol! {
    /// A guardian paused a scope, or made its pause stronger.
    event Paused(uint32 indexed scope, address indexed by, uint8 previousClasses, uint8 classes, uint64 previousUntil, uint64 until, uint64 exitsUntil, uint16 reason, uint32 incident);
    /// A guardian's batch could not pause this scope; `why` is the error's selector.
    event PauseFailed(uint32 indexed scope, address indexed by, bytes4 why);
    /// The Council moved the end of a pause.
    event Extended(uint32 indexed scope, address indexed by, uint64 previousUntil, uint64 until);
    /// The Council ended a pause.
    event Unpaused(uint32 indexed scope, address indexed by, uint64 previousUntil, uint64 until);
    /// A guardian showed that it is alive.
    event Heartbeat(address indexed guardian, uint64 previousUntil, uint64 until);
    /// Governance registered, armed again, changed or (duration 0) removed a guardian.
    event GuardianSet(address indexed guardian, uint32 indexed scope, uint32 previousDuration, bool previousArmed, uint32 duration, bool armed);

    error UnknownClasses(uint8 classes, uint8 known);
    error NoClasses(uint8 classes, uint8 known);
    error InflowWithoutLiquidate(uint8 classes, uint8 required);
    error NeverPausable(uint8 classes, uint8 never);
    error NotGuardian(address who, uint32 scope);
    error HeartbeatLapsed(uint64 until, uint64 now);
    error AlreadyUsed(address who, uint32 scope);
    error CoolingDown(uint64 until, uint64 now);
    error ExitBudgetSpent(uint64 used, uint64 budget);
    error NotPaused(uint64 until, uint64 now);
    error EndNotLater(uint64 until, uint64 current);
    error EndTooLate(uint64 until, uint64 bound);
    error OtherIncident(uint32 given, uint32 current);
    error OwnIncident(address who, uint32 incident);
    error IncidentTooYoung(uint64 age, uint64 bound);
    error ZeroGuardian(address guardian, uint32 scope);
    error DurationTooShort(uint64 value, uint64 bound);
    error DurationTooLong(uint64 value, uint64 bound);
    error BatchSize(uint64 length, uint64 bound);
    error OutOfRange(uint64 value, uint64 bound);
    error GuardianParameter(uint8 id, uint64 value, uint64 bound);
}

/// The entries of the guardian; a contract forwards them to `shell`.
#[public]
pub trait Guardian {
    /// A guardian pauses scopes; bit `i` of the answer is set if scope `i` could not be paused.
    fn pause(&mut self, scopes: Vec<u32>, classes: u8, reason: u16) -> Result<u64, Vec<u8>>;
    /// The Council moves the end of a live pause.
    fn extend(&mut self, scope: u32, until: u64) -> Result<(), Vec<u8>>;
    /// The Council ends a pause now.
    fn unpause(&mut self, scope: u32) -> Result<(), Vec<u8>>;
    /// A guardian shows that it is alive.
    fn heartbeat(&mut self) -> Result<(), Vec<u8>>;
    /// Governance registers or arms a guardian; a duration of 0 removes it.
    fn set_guardian(&mut self, guardian: Address, scope: u32, max_duration: u32) -> Result<(), Vec<u8>>;
    /// The scope's pause word, tally word and, of a market, paused seconds.
    fn pause_state(&self, scope: u32) -> Result<Vec<U256>, Vec<u8>>;
}

impl Error {
    /// The selector and the words of the error: the one place where both are chosen.
    fn parts(self) -> ([u8; 4], [U256; 2]) {
        let pair = |a: u64, b: u64| [U256::from(a), U256::from(b)];
        let small = |a: u8, b: u8| pair(u64::from(a), u64::from(b));
        let whose = |who: Address, n: u32| [word(who), U256::from(n)];
        match self {
            Self::UnknownClasses { classes, known } => (UnknownClasses::SELECTOR, small(classes, known)),
            Self::NoClasses { known } => (NoClasses::SELECTOR, small(0, known)),
            Self::InflowWithoutLiquidate { classes, required } => {
                (InflowWithoutLiquidate::SELECTOR, small(classes, required))
            }
            Self::NeverPausable { classes, never } => (NeverPausable::SELECTOR, small(classes, never)),
            Self::NotGuardian { who, scope } => (NotGuardian::SELECTOR, whose(who, scope)),
            Self::HeartbeatLapsed { until, now } => (HeartbeatLapsed::SELECTOR, pair(until, now)),
            Self::AlreadyUsed { who, scope } => (AlreadyUsed::SELECTOR, whose(who, scope)),
            Self::CoolingDown { until, now } => (CoolingDown::SELECTOR, pair(until, now)),
            Self::ExitBudgetSpent { used, budget } => (ExitBudgetSpent::SELECTOR, pair(used, budget)),
            Self::NotPaused { until, now } => (NotPaused::SELECTOR, pair(until, now)),
            Self::EndNotLater { until, current } => (EndNotLater::SELECTOR, pair(until, current)),
            Self::EndTooLate { until, bound } => (EndTooLate::SELECTOR, pair(until, bound)),
            Self::OtherIncident { given, current } => {
                (OtherIncident::SELECTOR, pair(u64::from(given), u64::from(current)))
            }
            Self::OwnIncident { who, incident } => (OwnIncident::SELECTOR, whose(who, incident)),
            Self::IncidentTooYoung { age, bound } => (IncidentTooYoung::SELECTOR, pair(age, bound)),
            Self::ZeroGuardian { scope } => (ZeroGuardian::SELECTOR, whose(Address::ZERO, scope)),
            Self::DurationTooShort { value, bound } => (DurationTooShort::SELECTOR, pair(value, bound)),
            Self::DurationTooLong { value, bound } => (DurationTooLong::SELECTOR, pair(value, bound)),
            Self::BatchSize { length, bound } => (BatchSize::SELECTOR, pair(length, bound)),
            Self::OutOfRange { value, bound } | Self::Parameter { value, bound, .. } => {
                (OutOfRange::SELECTOR, pair(value, bound))
            }
        }
    }

    /// The selector of the error's revert data.
    pub fn selector(self) -> [u8; 4] {
        self.parts().0
    }
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        if let Error::Parameter { id, value, bound } = error {
            return revert(GuardianParameter::SELECTOR, [U256::from(id), U256::from(value), U256::from(bound)]);
        }
        let (selector, words) = error.parts();
        revert(selector, words)
    }
}
