//! The module on a machine: caller and clock, load, decide, store, log.
//!
//! No function here moves money or asks who is Council, Governance or Steward: the contract does both, the one after
//! the call, the other before it.

use crate::{
    abi, logic,
    logic::{Near, Overflow, Queued},
    params::Params,
    storage,
    types::{Bucket, Outcome, Payment, Slot, Ticket, TicketId},
    Error,
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

mod manage;
pub use manage::{configure, escrow, hold, overlay, rebase, tighten};

/// `amount` leaves now, or the call fails: one load and one store.
///
/// Errors: those of [`logic::spend`].
#[inline]
pub fn spend<H: Host>(host: &mut H, params: &Params, bucket: u32, amount: u128) -> Result<(), Error> {
    let slot = Slot::main(bucket);
    let next = logic::spend(storage::current(host, slot, params), params, host.now(), amount)?;
    storage::set_bucket(host, slot, &next);
    Ok(())
}

/// Each amount leaves its bucket now, or the call fails and nothing is stored: a bucket and its second window, say.
///
/// Errors: those of [`logic::spend_all`].
pub fn spend_all<H: Host, const N: usize>(
    host: &mut H,
    params: &Params,
    buckets: [u32; N],
    amounts: [u128; N],
) -> Result<(), Error> {
    let slots = buckets.map(Slot::main);
    let loaded = slots.map(|slot| storage::current(host, slot, params));
    let next = logic::spend_all(buckets, loaded, params, host.now(), amounts)?;
    slots.iter().zip(&next).for_each(|(slot, bucket)| storage::set_bucket(host, *slot, bucket));
    Ok(())
}

/// `amount` has come in; a deposit never fails here.
#[inline]
pub fn inflow<H: Host>(host: &mut H, params: &Params, bucket: u32, amount: u128) {
    let slot = Slot::main(bucket);
    let before = storage::current(host, slot, params);
    let next = logic::inflow(before, params, host.now(), amount);
    if next != before {
        storage::set_bucket(host, slot, &next);
    }
}

/// `amount` leaves now, or what the bucket's policy makes of it: a refusal, a ticket of `owner`'s, a trip.
///
/// Errors: those of [`logic::spend`] and [`logic::queue`], [`Error::TicketTaken`].
/// Events: `TicketIssued`.
pub fn exit<H: Host>(
    host: &mut H,
    params: &Params,
    bucket: u32,
    owner: Address,
    amount: u128,
) -> Result<Outcome, Error> {
    let main = storage::current(host, Slot::main(bucket), params);
    match logic::spend(main, params, host.now(), amount) {
        Ok(next) => {
            storage::set_bucket(host, Slot::main(bucket), &next);
            Ok(Outcome::Passed)
        }
        Err(refusal) => match decide(host, params, (bucket, main), (owner, amount), refusal)? {
            Decision::Trip { until } => Ok(Outcome::Tripped { until }),
            Decision::Queued(queued) => enter(host, bucket, (owner, amount), queued),
        },
    }
}

/// What an overflow comes to, before anything is written.
enum Decision {
    /// Nothing moves.
    Trip { until: u64 },
    /// A lane takes it.
    Queued(Queued),
}

/// Decides an overflow; loads only what the decision needs.
fn decide<H: Host>(
    host: &H,
    params: &Params,
    (bucket, main): (u32, Bucket),
    (owner, amount): (Address, u128),
    refusal: Error,
) -> Result<Decision, Error> {
    let now = host.now();
    match logic::overflow(&main, params, now, amount, refusal)? {
        Overflow::Trip { until } => Ok(Decision::Trip { until }),
        Overflow::Queue { small, locked } => {
            let near = Near {
                lane: small.then(|| storage::current(host, Slot::small(bucket), params)),
                side: locked.then(|| storage::side(host, Slot::main(bucket))),
                marker: (small || locked).then(|| storage::marker(host, bucket, owner)),
            };
            logic::queue(main, near, params, now, amount).map(Decision::Queued)
        }
    }
}

/// Writes what a lane has taken.
fn enter<H: Host>(
    host: &mut H,
    bucket: u32,
    (owner, amount): (Address, u128),
    queued: Queued,
) -> Result<Outcome, Error> {
    let slot = Slot { bucket, lane: queued.lane };
    let outcome = match queued.ready {
        None => Outcome::Passed,
        Some(ready) => issue(host, TicketId::new(slot, ready), owner, amount)?,
    };
    storage::set_bucket(host, slot, &queued.bucket);
    if let Some(marker) = queued.marker {
        storage::set_marker(host, bucket, owner, &marker);
    }
    Ok(outcome)
}

/// Writes a new ticket.
fn issue<H: Host>(host: &mut H, id: TicketId, owner: Address, amount: u128) -> Result<Outcome, Error> {
    if storage::ticket(host, id).0.is_some() {
        return Err(Error::TicketTaken { id: id.0 });
    }
    storage::set_ticket(host, id, &Ticket { owner, amount, held: false });
    let topics = [abi::TicketIssued::SIGNATURE_HASH, topic(id), owner.into_word()];
    emit(host, &topics, [U256::from(amount), U256::from(id.ready_secs())]);
    Ok(Outcome::Ticketed(id))
}

/// Anyone has tickets paid to their owners: what is due comes back, and bit `i` is set if ticket `i` could not be paid.
///
/// A ticket that is paid is gone, so a batch can be sent again.
///
/// Errors: those of [`logic::batch`].
/// Events: `TicketClaimed`, `ClaimFailed`.
pub fn claim<H: Host>(host: &mut H, ids: &[u128]) -> Result<(Vec<Payment>, u64), Error> {
    logic::batch(ids.len())?;
    let (mut payments, mut failed, mut bit) = (Vec::with_capacity(ids.len()), 0, 1u64);
    for id in ids.iter().copied().map(TicketId) {
        match claim_one(host, id) {
            Ok(payment) => payments.push(payment),
            Err(error) => {
                failed |= bit;
                let [a, b, c, d] = error.selector();
                let why = U256::from(u32::from_be_bytes([a, b, c, d])).wrapping_shl(224); // a bytes4 is left-aligned
                emit(host, &[abi::ClaimFailed::SIGNATURE_HASH, topic(id)], [why]);
            }
        }
        bit = bit.wrapping_shl(1);
    }
    Ok((payments, failed))
}

/// Has one ticket paid: it is gone, and what is due comes back.
///
/// Errors: those of [`logic::claim`].
/// Events: `TicketClaimed`.
pub fn claim_one<H: Host>(host: &mut H, id: TicketId) -> Result<Payment, Error> {
    let (ticket, held_until) = storage::ticket(host, id);
    let payment = logic::claim(id, ticket, held_until, host.now())?;
    storage::clear_ticket(host, id, held_until);
    let topics = [abi::TicketClaimed::SIGNATURE_HASH, topic(id), payment.to.into_word()];
    emit(host, &topics, [U256::from(payment.amount)]);
    Ok(payment)
}

/// The caller gives its ticket back; the contract books the amount to it, where it must stay its own for a window.
///
/// Errors: those of [`logic::cancel`].
/// Events: `TicketCancelled`.
pub fn cancel<H: Host>(host: &mut H, id: TicketId) -> Result<Payment, Error> {
    let (now, who, bucket) = (host.now(), host.caller(), id.slot().bucket);
    let slot = Slot::main(bucket);
    let (ticket, held_until) = storage::ticket(host, id);
    let state = (storage::bucket(host, slot), storage::side(host, slot), storage::marker(host, bucket, who));
    let ((main, side, marker), payment) = logic::cancel((id, ticket, held_until), state, now, who)?;
    storage::clear_ticket(host, id, held_until);
    storage::set_bucket(host, slot, &main);
    storage::set_side(host, slot, &side);
    storage::set_marker(host, bucket, who, &marker);
    let topics = [abi::TicketCancelled::SIGNATURE_HASH, topic(id), who.into_word()];
    emit(host, &topics, [U256::from(payment.amount), U256::from(marker.queue_after)]);
    Ok(payment)
}

/// What would become of a request now: 0 paid, 1 a ticket, 2 a trip; and the second at which it would be paid, or at
/// which the trip would end.
///
/// Errors: those of [`exit`].
pub fn when<H: Host>(
    host: &H,
    params: &Params,
    bucket: u32,
    account: Address,
    amount: u128,
) -> Result<(u8, u64), Error> {
    let now = host.now();
    let main = storage::current(host, Slot::main(bucket), params);
    match logic::spend(main, params, now, amount) {
        Ok(_) => Ok((0, now)),
        Err(refusal) => match decide(host, params, (bucket, main), (account, amount), refusal)? {
            Decision::Trip { until } => Ok((2, until)),
            Decision::Queued(Queued { ready: None, .. }) => Ok((0, now)),
            Decision::Queued(Queued { lane, ready: Some(ready), .. }) => {
                Ok((1, TicketId::new(Slot { bucket, lane }, ready).ready_secs()))
            }
        },
    }
}

/// A ticket's word, the end of its hold, and the second it is ready; zeros where there is none.
pub fn ticket<H: Host>(host: &H, id: TicketId) -> Vec<U256> {
    let (ticket, held_until) = storage::ticket(host, id);
    vec![ticket.map(|ticket| ticket.pack()).unwrap_or_default(), U256::from(held_until), U256::from(id.ready_secs())]
}

/// The words of a bucket: main lane, small lane, their sides, config, base; then what may leave now by each lane.
pub fn state<H: Host>(host: &H, params: &Params, bucket: u32) -> Vec<U256> {
    let [main, small] = storage::lanes(bucket);
    let open = |slot| U256::from(logic::available(&storage::current(host, slot, params), params, host.now()));
    vec![
        storage::bucket_word(host, main),
        storage::bucket_word(host, small),
        storage::side(host, main).pack(),
        storage::side(host, small).pack(),
        storage::config(host, bucket).map(|config| config.pack()).unwrap_or_default(),
        storage::base(host, bucket).pack(),
        open(main),
        open(small),
    ]
}

/// A ticket's number as a topic.
fn topic(id: TicketId) -> B256 {
    B256::from(U256::from(id.0))
}
