//! The module on a machine: caller and clock, load, decide, store, log.
//!
//! No function here moves money or asks who is Governance: the contract does both, the one after the call, the other
//! before it.

use crate::{
    abi, logic, storage,
    types::{Admission, Leg, Opening, Ratchet, Weather},
    Caps, Error, Params, Terms,
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

/// Gives a new market its parameters.
///
/// Errors: [`Error::Listed`], [`Error::Term`].
/// Events: `MarketListed`.
pub fn list<H: Host>(host: &mut H, market: u32, params: Params) -> Result<(), Error> {
    let params = logic::listed(&storage::terms(host, market), market, params, host.now())?;
    storage::store_params(host, market, &params, &Ratchet::default());
    let words = storage::words(host, market);
    emit(host, &[abi::MarketListed::SIGNATURE_HASH, topic(market)], words);
    Ok(())
}

/// Governance changes a parameter.
///
/// Errors: those of [`Params::with`].
/// Events: `TermSet`, and `MaintenanceRamp` where a ramp begins.
pub fn set<H: Host>(host: &mut H, market: u32, term: u8, value: u128) -> Result<(), Error> {
    let now = host.now();
    let (before, ratchet) = storage::params(host, market);
    let (params, ratchet) = logic::changed(&before, ratchet, now, term, value)?;
    storage::store_params(host, market, &params, &ratchet);
    let topics = [abi::TermSet::SIGNATURE_HASH, topic(market), topic(term.into())];
    emit(host, &topics, [U256::from(before.get(term)), U256::from(params.get(term))]);
    let ramp = params.closing.maintenance;
    if ramp != before.closing.maintenance {
        let end = ramp.start.saturating_add(ramp.length_secs.into());
        let words = [U256::from(ramp.from_bps), U256::from(ramp.to_bps), U256::from(ramp.start), U256::from(end)];
        emit(host, &[abi::MaintenanceRamp::SIGNATURE_HASH, topic(market)], words);
    }
    Ok(())
}

/// Whether a position may be opened or increased: two loads, and a store only when the margin has risen materially.
///
/// `tightened` says what an overlay makes of the terms; it is asked only where the market's mark says that there is one.
/// What is remembered is by the approved terms: an overlay would outlive its end in the line, or hide a storm from it.
///
/// Errors: those of [`logic::admit`].
/// Events: `MarginRaised`.
#[inline]
pub fn admit<H: Host>(
    host: &mut H,
    market: u32,
    tightened: impl FnOnce(&H, Terms, Caps) -> (Terms, Caps),
    weather: Weather,
    opening: &Opening,
) -> Result<Admission, Error> {
    let (approved, (caps, ratchet)) = (storage::terms(host, market), storage::caps(host, market));
    let in_force = if approved.overlaid { tightened(host, approved, caps) } else { (approved, caps) };
    let now = host.now();
    let (_, admission) = logic::admit(ratchet, (&in_force.0, &in_force.1), now, weather, opening)?;
    let next = logic::remembered(ratchet, &approved, now, weather);
    if next != ratchet {
        raise(host, market, &caps, next);
    }
    Ok(admission)
}

/// Writes the market's margin down where nobody trades: for whoever pokes; by the approved terms, since an overlay is
/// gone when it ends.
///
/// Events: `MarginRaised`.
pub fn observe<H: Host>(host: &mut H, market: u32, weather: Weather) {
    let (caps, ratchet) = storage::caps(host, market);
    let next = logic::remembered(ratchet, &storage::terms(host, market), host.now(), weather);
    if next != ratchet {
        raise(host, market, &caps, next);
    }
}

/// Writes a new line of the ratchet.
#[cold]
#[inline(never)]
fn raise<H: Host>(host: &mut H, market: u32, caps: &Caps, ratchet: Ratchet) {
    storage::store_caps(host, market, caps, &ratchet);
    let words = [U256::from(ratchet.margin_bps), U256::from(ratchet.at)];
    emit(host, &[abi::MarginRaised::SIGNATURE_HASH, topic(market)], words);
}

/// An account realised a profit in a market with that warm-up: it is booked by the contract, and warms up here.
pub fn profited<H: Host>(host: &mut H, account: Address, warmup_secs: u32, profit: u128) {
    let warm = storage::warm(host, account);
    let next = logic::profited(warm, host.now(), warmup_secs, profit);
    if next != warm {
        storage::store_warm(host, account, &next);
    }
}

/// An account realised a loss.
pub fn lost<H: Host>(host: &mut H, account: Address, loss: u128) {
    let warm = storage::warm(host, account);
    let next = logic::lost(warm, host.now(), loss);
    if next != warm {
        storage::store_warm(host, account, &next);
    }
}

/// Whether an account may withdraw `amount` of its free collateral; nothing is written.
///
/// Errors: [`Error::Warming`].
#[inline]
pub fn withdraw<H: Host>(host: &H, account: Address, free: u128, amount: u128) -> Result<(), Error> {
    logic::withdraw(storage::warm(host, account), host.now(), free, amount)
}

/// The caller chooses cross margin in a domain; `legs` are its positions there with their maintenance margins.
///
/// An equal choice is none. A market's legs are complete or the contract has made a mistake.
///
/// Errors: [`Error::Alone`].
/// Events: `CrossMargin`.
pub fn choose<H: Host>(host: &mut H, domain: u8, legs: &[Leg]) -> Result<(), Error> {
    turn(host, domain, legs, true)
}

/// The caller leaves cross margin in a domain; `legs` are its positions there with their initial margins.
///
/// Errors: [`Error::Alone`].
/// Events: `CrossMargin`.
pub fn leave<H: Host>(host: &mut H, domain: u8, legs: &[Leg]) -> Result<(), Error> {
    turn(host, domain, legs, false)
}

fn turn<H: Host>(host: &mut H, domain: u8, legs: &[Leg], on: bool) -> Result<(), Error> {
    let account = host.caller();
    let before = storage::choice(host, account);
    let next = logic::turned(before, legs, domain, on)?;
    if next != before {
        storage::store_choice(host, account, next);
        let topics = [abi::CrossMargin::SIGNATURE_HASH, account.into_word(), topic(domain.into())];
        emit(host, &topics, [U256::from(on)]);
    }
    Ok(())
}

/// The three words of a market; then its margin and its maintenance margin now, in basis points.
pub fn state<H: Host>(host: &H, market: u32, weather: Weather) -> Vec<U256> {
    let [terms, caps, closing] = storage::words(host, market);
    let (params, ratchet) = storage::params(host, market);
    vec![
        terms,
        caps,
        closing,
        U256::from(logic::market_up(&params.terms, ratchet, host.now(), weather)),
        U256::from(params.closing.maintenance.at(host.now())),
    ]
}

/// A number as a topic.
fn topic(number: u32) -> B256 {
    B256::from(U256::from(number))
}
