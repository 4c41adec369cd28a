//! The module as a caller of the contract sees it: events, errors, entries.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::{revert, word};
use stylus_sdk::prelude::*;

sol! {
    /// A withdrawal that did not fit waits; its bucket, lane and time are in the number.
    event TicketIssued(uint128 indexed id, address indexed owner, uint128 amount, uint64 ready);
    /// A ticket was paid.
    event TicketClaimed(uint128 indexed id, address indexed owner, uint128 amount);
    /// A batch could not pay this ticket; `why` is the error's selector.
    event ClaimFailed(uint128 indexed id, bytes4 why);
    /// An owner gave a ticket back and cannot queue at its bucket before `queueAfter`.
    event TicketCancelled(uint128 indexed id, address indexed owner, uint128 amount, uint64 queueAfter);
    /// The Council holds a ticket.
    event TicketHeld(uint128 indexed id, address indexed by, uint64 until);
    /// Governance moved a held ticket.
    event TicketEscrowed(uint128 indexed id, address indexed from, address indexed to, uint128 amount);
    /// A bucket's capacity follows its base; of both lanes together and without an overlay.
    event Rebased(uint32 indexed bucket, uint128 previousCapacity, uint128 capacity, uint128 liquidity, uint128 average);
    /// Governance set a bucket's config; its word as stored before (zero for none) and after.
    event BucketSet(uint32 indexed bucket, uint256 previous, uint256 current);
    /// A Steward lowered a bucket's capacity, or (10,000, or an end that is now) took that back.
    event Overlaid(uint32 indexed bucket, uint16 factorBps, uint64 until);
    /// An incident lowers a bucket's capacity to a share until a time, or has ended then: from there on it comes back in
    /// equal steps, all of it at `open`.
    event Tightened(uint32 indexed bucket, uint16 shareBps, uint64 until, uint64 open);

    error BucketNotConfigured(uint64 windowMins, uint64 bound);
    error LimitExceeded(uint128 amount, uint128 available, uint64 earliest);
    error AboveCapacity(uint128 amount, uint128 bound);
    error TicketTooFar(uint64 ready, uint64 bound);
    error Requeued(uint64 queueAfter, uint64 now);
    error TicketTaken(uint128 id);
    error UnknownTicket(uint128 id);
    error TicketNotReady(uint64 ready, uint64 now);
    error TicketOnHold(uint64 until, uint64 now);
    error HeldBefore(uint64 until, uint64 now);
    error HoldEnd(uint64 until, uint64 bound);
    error TicketNotHeld(uint64 until, uint64 now);
    error NotTicketOwner(address who, address owner);
    error ZeroTicketOwner(uint128 id);
    error TicketBatchSize(uint64 length, uint64 bound);
    error SameBucket(uint32 bucket);
    error OverlayBounds(uint64 value, uint64 bound);
    error LimiterOutOfRange(uint64 value, uint64 bound);
    error BucketFloor(uint128 value, uint128 bound);
    error LimiterParameter(uint8 id, uint64 value, uint64 bound);
}

/// The entries of the limiter; a contract forwards them to `shell` and moves the money of what comes back.
#[public]
pub trait Limiter {
    /// Anyone has ready tickets paid to their owners; bit `i` of the answer is set if ticket `i` could not be.
    fn claim_tickets(&mut self, ids: Vec<u128>) -> Result<u64, Vec<u8>>;
    /// Its owner gives a ticket back.
    fn cancel_ticket(&mut self, id: u128) -> Result<(), Vec<u8>>;
    /// The Council holds a ticket.
    fn hold_ticket(&mut self, id: u128, until: u64) -> Result<(), Vec<u8>>;
    /// The ticket's word, the end of its hold, and the second it is ready.
    fn ticket(&self, id: u128) -> Result<Vec<U256>, Vec<u8>>;
    /// What would become of a request: 0 paid now, 1 a ticket, 2 a trip; and the second at which it would be paid.
    fn when(&self, bucket: u32, account: Address, amount: u128) -> Result<Vec<U256>, Vec<u8>>;
    /// The words of a bucket, and what may leave now by each lane.
    fn bucket_state(&self, bucket: u32) -> Result<Vec<U256>, Vec<u8>>;
}

impl Error {
    /// The selector and the numbers of the error: the one place where both are chosen.
    fn parts(self) -> ([u8; 4], [u128; 2]) {
        let pair = |a: u64, b: u64| [u128::from(a), u128::from(b)];
        let units = |a: u128, b: u128| [a, b];
        match self {
            Self::NotConfigured { value, bound } => (BucketNotConfigured::SELECTOR, pair(value, bound)),
            Self::Exceeded { amount, available, .. } => (LimitExceeded::SELECTOR, units(amount, available)),
            Self::AboveCapacity { amount, bound } => (AboveCapacity::SELECTOR, units(amount, bound)),
            Self::TooFar { ready, bound } => (TicketTooFar::SELECTOR, pair(ready, bound)),
            Self::Requeued { after, now } => (Requeued::SELECTOR, pair(after, now)),
            Self::TicketTaken { id } => (TicketTaken::SELECTOR, units(id, 0)),
            Self::UnknownTicket { id } => (UnknownTicket::SELECTOR, units(id, 0)),
            Self::NotReady { ready, now } => (TicketNotReady::SELECTOR, pair(ready, now)),
            Self::Held { until, now } => (TicketOnHold::SELECTOR, pair(until, now)),
            Self::HeldBefore { until, now } => (HeldBefore::SELECTOR, pair(until, now)),
            Self::HoldEnd { until, bound } => (HoldEnd::SELECTOR, pair(until, bound)),
            Self::NotHeld { until, now } => (TicketNotHeld::SELECTOR, pair(until, now)),
            Self::NotOwner { .. } => (NotTicketOwner::SELECTOR, [0, 0]),
            Self::ZeroOwner { id } => (ZeroTicketOwner::SELECTOR, units(id, 0)),
            Self::BatchSize { length, bound } => (TicketBatchSize::SELECTOR, pair(length, bound)),
            Self::SameBucket { bucket } => (SameBucket::SELECTOR, units(bucket.into(), 0)),
            Self::Overlay { value, bound } => (OverlayBounds::SELECTOR, pair(value, bound)),
            Self::OutOfRange { value, bound } => (LimiterOutOfRange::SELECTOR, pair(value, bound)),
            Self::Floor { value, bound } => (BucketFloor::SELECTOR, units(value, bound)),
            Self::Parameter { value, bound, .. } => (LimiterParameter::SELECTOR, pair(value, bound)),
        }
    }

    /// The selector of the error's revert data.
    pub fn selector(self) -> [u8; 4] {
        self.parts().0
    }
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        let (selector, numbers) = error.parts();
        let [a, b] = numbers.map(U256::from);
        match error {
            Error::NotOwner { who, owner } => revert(selector, [word(who), word(owner)]),
            Error::Exceeded { earliest, .. } => revert(selector, [a, b, U256::from(earliest)]),
            Error::Parameter { id, .. } => revert(selector, [U256::from(id), a, b]),
            Error::TicketTaken { .. }
            | Error::UnknownTicket { .. }
            | Error::ZeroOwner { .. }
            | Error::SameBucket { .. } => revert(selector, [a]),
            _ => revert(selector, [a, b]),
        }
    }
}
