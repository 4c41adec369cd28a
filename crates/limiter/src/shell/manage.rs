//! What roles do, and what follows the base: the contract has checked who asks.

use super::topic;
use crate::{
    abi, logic,
    logic::Shape,
    params::{Config, Params, RAMP_STEPS},
    storage,
    types::{Slot, TicketId},
    Error,
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

/// The caller, the Council, holds a ticket; the contract has checked the role and the incident.
///
/// Errors: those of [`logic::hold`].
/// Events: `TicketHeld`.
pub fn hold<H: Host>(host: &mut H, params: &Params, id: TicketId, until: u64) -> Result<(), Error> {
    let (now, by) = (host.now(), host.caller());
    let (ticket, held_until) = storage::ticket(host, id);
    let next = logic::hold((id, ticket, held_until), params, now, until)?;
    storage::set_ticket(host, id, &next);
    storage::set_hold(host, id, until);
    emit(host, &[abi::TicketHeld::SIGNATURE_HASH, topic(id), by.into_word()], [U256::from(until)]);
    Ok(())
}

/// Governance, after its delay, moves a held ticket to another owner; the contract has checked both.
///
/// Errors: those of [`logic::escrow`].
/// Events: `TicketEscrowed`.
pub fn escrow<H: Host>(host: &mut H, id: TicketId, to: Address) -> Result<(), Error> {
    let (ticket, held_until) = storage::ticket(host, id);
    let from = ticket.map_or(Address::ZERO, |ticket| ticket.owner);
    let next = logic::escrow((id, ticket, held_until), host.now(), to)?;
    storage::set_ticket(host, id, &next);
    let topics = [abi::TicketEscrowed::SIGNATURE_HASH, topic(id), from.into_word(), to.into_word()];
    emit(host, &topics, [U256::from(next.amount)]);
    Ok(())
}

/// Governance sets a bucket's config over a base; the contract has checked the role and the delay.
///
/// Units: `liquidity` in token units, what the protocol accounts for and never a balance.
/// Errors: those of [`logic::configure`].
/// Events: `BucketSet`, `Rebased`.
pub fn configure<H: Host>(
    host: &mut H,
    params: &Params,
    bucket: u32,
    config: Config,
    liquidity: u128,
) -> Result<(), Error> {
    let previous = storage::config(host, bucket);
    storage::set_config(host, bucket, &config);
    reshape(host, params, (bucket, config), liquidity, previous.is_none())?;
    let was = previous.map(|config| config.pack()).unwrap_or_default();
    emit(host, &[abi::BucketSet::SIGNATURE_HASH, topic_of(bucket)], [was, config.pack()]);
    Ok(())
}

/// Anyone lets a bucket follow its accounted liquidity; a bucket without a config stays as it is.
///
/// Units: `liquidity` in token units, what the protocol accounts for and never a balance.
/// Errors: [`Error::NotConfigured`], those of [`logic::configure`].
/// Events: `Rebased`.
pub fn rebase<H: Host>(host: &mut H, params: &Params, bucket: u32, liquidity: u128) -> Result<(), Error> {
    let config = storage::config(host, bucket).ok_or(Error::NotConfigured { value: 0, bound: 1 })?;
    reshape(host, params, (bucket, config), liquidity, false)
}

/// Base, capacity and both lanes after a look at the liquidity.
fn reshape<H: Host>(
    host: &mut H,
    params: &Params,
    (bucket, config): (u32, Config),
    liquidity: u128,
    first: bool,
) -> Result<(), Error> {
    let now = host.now();
    let before = storage::base(host, bucket);
    let lent = u64::from(storage::bucket(host, Slot::main(bucket)).last_inflow) == now;
    let base = logic::observe(before, params, now, liquidity, lent)?;
    storage::set_base(host, bucket, &base);
    let capacity = logic::capacity(&config, &base);
    let (main, small) = logic::split(&config, capacity);
    let mut previous = 0u128;
    for (slot, capacity) in storage::lanes(bucket).into_iter().zip([main, small]) {
        let shape = Shape { capacity, window_mins: config.window_mins(), policy: config.policy() };
        let state = (storage::bucket(host, slot), storage::side(host, slot));
        previous = previous.saturating_add(logic::whole(&state.0, &state.1));
        let (next, side) = logic::configure(state, params, now, shape, first)?;
        storage::set_bucket(host, slot, &next);
        storage::set_side(host, slot, &side);
    }
    if previous != capacity {
        let words = [previous, capacity, base.liquidity, base.average].map(U256::from);
        emit(host, &[abi::Rebased::SIGNATURE_HASH, topic_of(bucket)], words);
    }
    Ok(())
}

/// A Steward lowers both lanes of a bucket until a time, or takes that back; the contract has checked the role.
///
/// Errors: those of [`logic::overlay`].
/// Events: `Overlaid`.
pub fn overlay<H: Host>(host: &mut H, params: &Params, bucket: u32, factor_bps: u16, until: u64) -> Result<(), Error> {
    let now = host.now();
    for slot in storage::lanes(bucket) {
        let state = (storage::bucket(host, slot), storage::side(host, slot));
        if let Some((next, side)) = logic::overlay_lane(state, slot.lane, params, now, factor_bps, until)? {
            storage::set_bucket(host, slot, &next);
            storage::set_side(host, slot, &side);
        }
    }
    let topics = [abi::Overlaid::SIGNATURE_HASH, topic_of(bucket)];
    emit(host, &topics, [U256::from(factor_bps), U256::from(until)]);
    Ok(())
}

/// A bucket follows an incident that ends at `until`, or has ended if that is not ahead: for anyone, since the journal
/// says which; where nothing changes, nothing is written.
///
/// Errors: those of [`logic::tighten`].
/// Events: `Tightened`.
pub fn tighten<H: Host>(host: &mut H, params: &Params, bucket: u32, until: u64) -> Result<(), Error> {
    let (now, mut changed) = (host.now(), None);
    for slot in storage::lanes(bucket) {
        let state = (storage::bucket(host, slot), storage::side(host, slot));
        if let Some((next, side)) = logic::tighten_lane(state, slot.lane, params, now, until)? {
            storage::set_bucket(host, slot, &next);
            storage::set_side(host, slot, &side);
            changed = Some(side);
        }
    }
    if let Some(side) = changed {
        let until = side.tight_until();
        let open = until.saturating_add(params.ramp_step_secs().saturating_mul(RAMP_STEPS));
        let topics = [abi::Tightened::SIGNATURE_HASH, topic_of(bucket)];
        emit(host, &topics, [U256::from(params.tight_bps()), U256::from(until), U256::from(open)]);
    }
    Ok(())
}

/// A bucket's number as a topic.
fn topic_of(bucket: u32) -> B256 {
    B256::from(U256::from(bucket))
}
