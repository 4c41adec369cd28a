//! What waits: a ticket and its number, what is remembered of its owner, what follows from it.

use super::{low32, low64, seconds_up, Lane, Slot, MAX_TIME};
use crate::params::MAX_AMOUNT;
use alloy_primitives::{Address, U256};
use fusebox_core::host::word;

/// A ticket's number: bucket, lane and time, `ready | index << 54`; no two tickets of a lane have the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TicketId(pub u128);

impl TicketId {
    /// The number of the ticket of that lane and time.
    pub fn new(slot: Slot, ready: u64) -> Self {
        Self(u128::from(ready & MAX_TIME) | u128::from(slot.index()) << 54)
    }
    /// When it is ready; fixed.
    pub fn ready(self) -> u64 {
        low64(self.0) & MAX_TIME
    }
    /// When it is ready, in whole seconds, rounded up.
    pub fn ready_secs(self) -> u64 {
        seconds_up(self.ready())
    }
    /// Its bucket and lane.
    pub fn slot(self) -> Slot {
        let index = low64(self.0 >> 54);
        Slot { bucket: low32(index >> 1), lane: if index & 1 == 1 { Lane::Small } else { Lane::Main } }
    }
}

/// One ticket; the unit of its amount is its bucket's.
///
/// The word, from its least significant bit: owner 160, amount 95, `held` 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub owner: Address,
    /// What leaves, in the bucket's unit.
    pub amount: u128,
    /// The Council has held it: a second word says until when.
    pub held: bool,
}

impl Ticket {
    /// The ticket of a word; `None` if there is none.
    pub fn unpack(raw: U256) -> Option<Self> {
        if raw.is_zero() {
            return None;
        }
        let [_, _, c, d] = raw.into_limbs();
        let [rest @ .., _, _, _, _, _, _, _, _, _, _, _, _] = raw.to_le_bytes::<32>();
        let mut owner = rest;
        owner.reverse();
        Some(Self {
            owner: Address::new(owner),
            amount: u128::from(c >> 32) | u128::from(d & (u64::MAX >> 1)) << 32,
            held: d >> 63 == 1,
        })
    }
    /// The ticket's word.
    pub fn pack(&self) -> U256 {
        let [a, b, c, _] = word(self.owner).into_limbs();
        let amount = self.amount.min(MAX_AMOUNT);
        U256::from_limbs([a, b, c | low64(amount) << 32, low64(amount >> 32) | u64::from(self.held) << 63])
    }
}

/// What is remembered of one account at one bucket; written by the small lane and by cancellations only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marker {
    /// When it may use the small lane again.
    pub small_after: u64,
    /// When it may queue again.
    pub queue_after: u64,
}

impl Marker {
    /// The marker of a word.
    pub fn unpack(word: U256) -> Self {
        let [small_after, queue_after, ..] = word.into_limbs();
        Self { small_after, queue_after }
    }
    /// The marker's word.
    pub fn pack(&self) -> U256 {
        U256::from_limbs([self.small_after, self.queue_after, 0, 0])
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Pay it now.
    Passed,
    /// It waits: book the amount out of the account and pay on the claim.
    Ticketed(TicketId),
    /// Move nothing and raise a signal.
    Tripped {
        /// When the signal ends.
        until: u64,
    },
}

/// What the contract owes upon a claim or a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The ticket.
    pub id: TicketId,
    /// To whom.
    pub to: Address,
    /// How much, in the unit of the ticket's bucket.
    pub amount: u128,
}
