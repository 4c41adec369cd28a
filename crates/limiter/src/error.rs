//! What the module refuses: every variant carries the offending value and the bound it broke.

use alloy_primitives::Address;

/// Why value may not leave now, or an act upon a bucket or a ticket was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The bucket was never configured, so nothing leaves.
    NotConfigured {
        /// Its window in minutes.
        value: u64,
        /// The least window.
        bound: u64,
    },
    /// More than what is available.
    Exceeded {
        /// Units asked for.
        amount: u128,
        /// Units available now.
        available: u128,
        /// When this amount will be available if nothing else leaves, in seconds; [`u64::MAX`] for never.
        earliest: u64,
    },
    /// More than the capacity at once, which is never available: ask for it in parts.
    AboveCapacity {
        /// Units asked for.
        amount: u128,
        /// The capacity.
        bound: u128,
    },
    /// A ticket would wait longer than the maximum delay.
    TooFar {
        /// When it would be ready, in seconds.
        ready: u64,
        /// The latest time a ticket may name.
        bound: u64,
    },
    /// The account has cancelled a ticket and cannot queue again yet.
    Requeued {
        /// When it can, in seconds.
        after: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// A ticket with that number exists.
    TicketTaken {
        /// Its number.
        id: u128,
    },
    /// No ticket has that number.
    UnknownTicket {
        /// The number given.
        id: u128,
    },
    /// The ticket's time has not come.
    NotReady {
        /// When it comes, in seconds.
        ready: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// The ticket is held.
    Held {
        /// Until when, in seconds.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// The ticket has been held before: once is all.
    HeldBefore {
        /// When that hold ends or ended, in seconds.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// A hold ends later than now and not past the bound.
    HoldEnd {
        /// The end given, in seconds.
        until: u64,
        /// The bound it broke, in seconds.
        bound: u64,
    },
    /// Only a ticket that is held goes to escrow.
    NotHeld {
        /// When its hold ended, in seconds; 0 if there was none.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// Only its owner cancels a ticket.
    NotOwner {
        /// Who asked.
        who: Address,
        /// Whose it is.
        owner: Address,
    },
    /// A ticket belongs to somebody.
    ZeroOwner {
        /// The ticket.
        id: u128,
    },
    /// A batch without a ticket, or with too many.
    BatchSize {
        /// Tickets in it.
        length: u64,
        /// The bound it broke: 1, or the most.
        bound: u64,
    },
    /// One bucket was named twice in one payment.
    SameBucket {
        /// Its number.
        bucket: u32,
    },
    /// An overlay outside its bounds.
    Overlay {
        /// The factor in basis points, or the end in seconds.
        value: u64,
        /// The bound it broke.
        bound: u64,
    },
    /// A time that the word cannot hold.
    OutOfRange {
        /// The value.
        value: u64,
        /// The largest that fits.
        bound: u64,
    },
    /// A bucket's absolute floor outside its bounds.
    Floor {
        /// Units given.
        value: u128,
        /// The bound it broke.
        bound: u128,
    },
    /// A parameter outside its bounds.
    Parameter {
        /// Which one, in the order of the README's table.
        id: u8,
        /// The value given.
        value: u64,
        /// The bound it broke.
        bound: u64,
    },
}
