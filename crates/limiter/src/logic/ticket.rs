//! Tickets: claimed by their time, cancelled by their owner, held once, moved to escrow.

use crate::{
    error::Error,
    params::{Params, MAX_BATCH},
    types::{low32, Bucket, Marker, Payment, Side, Ticket, TicketId, FRACTION_BITS},
};
use alloy_primitives::Address;
use fusebox_core::time::live;

/// Whether a batch of that many tickets is one.
///
/// Errors: [`Error::BatchSize`].
pub fn batch(length: usize) -> Result<(), Error> {
    let wide = u64::try_from(length).unwrap_or(u64::MAX);
    if length == 0 {
        return Err(Error::BatchSize { length: wide, bound: 1 });
    }
    if length > MAX_BATCH {
        return Err(Error::BatchSize { length: wide, bound: u64::try_from(MAX_BATCH).unwrap_or(u64::MAX) });
    }
    Ok(())
}

/// What a ticket pays now; `held_until` is its hold's end, 0 without one.
///
/// Errors: [`Error::UnknownTicket`], [`Error::NotReady`], [`Error::Held`].
/// Invariants: RL-13, RL-14.
pub fn claim(id: TicketId, ticket: Option<Ticket>, held_until: u64, now: u64) -> Result<Payment, Error> {
    let ticket = ticket.ok_or(Error::UnknownTicket { id: id.0 })?;
    if now.saturating_mul(1 << FRACTION_BITS) < id.ready() {
        return Err(Error::NotReady { ready: id.ready_secs(), now });
    }
    free(held_until, now)?;
    Ok(Payment { id, to: ticket.owner, amount: ticket.amount })
}

/// Its owner gives a ticket back: the amount returns at once, the room that was reserved does not, so nobody's wait
/// changes. The account cannot queue at this bucket for a window, nor before the ticket would have been paid: money that
/// cancels fills a queue no more often than money that leaves and comes back.
///
/// Errors: [`Error::UnknownTicket`], [`Error::NotOwner`], [`Error::Held`].
/// Invariants: RL-12.
pub fn cancel(
    (id, ticket, held_until): (TicketId, Option<Ticket>, u64),
    (main, side, marker): (Bucket, Side, Marker),
    now: u64,
    who: Address,
) -> Result<((Bucket, Side, Marker), Payment), Error> {
    let ticket = ticket.ok_or(Error::UnknownTicket { id: id.0 })?;
    if ticket.owner != who {
        return Err(Error::NotOwner { who, owner: ticket.owner });
    }
    free(held_until, now)?;
    let queue_after = now.saturating_add(main.window_secs()).max(id.ready_secs()).max(marker.queue_after);
    let locks_until = side.locks_until.max(low32(queue_after.min(u64::from(u32::MAX))));
    let next = (Bucket { locked: true, ..main }, Side { locks_until, ..side }, Marker { queue_after, ..marker });
    Ok((next, Payment { id, to: ticket.owner, amount: ticket.amount }))
}

/// The Council holds a ticket, once, until a time at most the longest hold away.
///
/// Errors: [`Error::UnknownTicket`], [`Error::HeldBefore`], [`Error::HoldEnd`].
/// Invariants: RL-13.
pub fn hold(
    (id, ticket, held_until): (TicketId, Option<Ticket>, u64),
    params: &Params,
    now: u64,
    until: u64,
) -> Result<Ticket, Error> {
    let ticket = ticket.ok_or(Error::UnknownTicket { id: id.0 })?;
    if ticket.held {
        return Err(Error::HeldBefore { until: held_until, now });
    }
    let bound = now.saturating_add(params.hold_secs());
    if until <= now {
        return Err(Error::HoldEnd { until, bound: now.saturating_add(1) });
    }
    if until > bound {
        return Err(Error::HoldEnd { until, bound });
    }
    Ok(Ticket { held: true, ..ticket })
}

/// Governance moves a ticket that is held to another owner; its time and its hold stay.
///
/// Errors: [`Error::UnknownTicket`], [`Error::NotHeld`], [`Error::ZeroOwner`].
/// Invariants: RL-13, RL-14.
pub fn escrow(
    (id, ticket, held_until): (TicketId, Option<Ticket>, u64),
    now: u64,
    to: Address,
) -> Result<Ticket, Error> {
    let ticket = ticket.ok_or(Error::UnknownTicket { id: id.0 })?;
    if !live(now, held_until) {
        return Err(Error::NotHeld { until: held_until, now });
    }
    if to.is_zero() {
        return Err(Error::ZeroOwner { id: id.0 });
    }
    Ok(Ticket { owner: to, ..ticket })
}

/// Whether no hold is live.
fn free(held_until: u64, now: u64) -> Result<(), Error> {
    if live(now, held_until) {
        return Err(Error::Held { until: held_until, now });
    }
    Ok(())
}
