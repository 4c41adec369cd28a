//! The module on a machine: caller and clock, load, decide, store, log.
//!
//! Who is Council and who is Governance is established by the contract before it calls; who is a guardian is decided here.

use crate::{
    abi,
    logic::{self, Batch},
    storage,
    types::{Appointment, Effect, Incident, Interval, Order, Params, Pause, Report, Watch},
    Error,
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::{
    host::{emit, Host},
    panel::{Scope, Standing},
};

/// The caller, a guardian, pauses scopes; what is already paused as strongly is skipped, what fails is reported,
/// and only a batch of which nothing holds reverts, with the error of its first scope.
///
/// `circuits` are the markets whose PAUSE bit is set: needed if the main switch is among `scopes`, since their
/// paused seconds are settled before it changes. `stopped` is called once for each scope that changed: it sets
/// the scope's PAUSE bit and answers the number of the incident open on the scope, opening one if there is none.
///
/// Errors: those of [`logic::classes`], [`logic::batch`] and [`logic::pause`].
/// Events: `Paused`, `PauseFailed`.
pub fn pause<H: Host>(
    host: &mut H,
    params: &Params,
    (scopes, mask, reason): (&[u32], u8, u16),
    circuits: &[Scope],
    stopped: &mut dyn FnMut(&mut H, Scope) -> u32,
) -> Result<Report, Error> {
    let (now, by) = (host.now(), host.caller());
    let classes = logic::classes(mask, params)?;
    logic::batch(scopes.len())?;
    let watch = storage::watch(host, by);
    if scopes.contains(&Scope::PROTOCOL.number()) {
        circuits.iter().for_each(|circuit| settle(host, params, *circuit, now));
    }
    let mut batch = Batch::default();
    for &scope in scopes {
        let order = Order { by, scope, classes, reason };
        let result = pause_one(host, params, watch, now, order, stopped);
        batch = batch.with(result);
        log_failure(host, order, result);
    }
    let (report, own_until) = batch.end()?;
    storage::set_watch(host, by, logic::rested(watch, params, own_until));
    Ok(report)
}

/// One scope of a batch.
fn pause_one<H: Host>(
    host: &mut H,
    params: &Params,
    watch: Watch,
    now: u64,
    order: Order,
    stopped: &mut dyn FnMut(&mut H, Scope) -> u32,
) -> Result<Effect, Error> {
    let scope = Scope::new(order.scope);
    let state = (storage::pause(host, scope), storage::grant(host, order.by, scope));
    let ((next, grant), effect) = logic::pause(state, watch, params, now, order)?;
    if effect.changed {
        settle(host, params, scope, now);
        let next = logic::joined(next, &effect, stopped(host, scope));
        storage::set_pause(host, scope, next)?;
        storage::set_grant(host, order.by, scope, grant);
        log_pause(host, params, order, &effect.previous, &next);
    }
    Ok(effect)
}

/// The caller, the Council, moves the end of a live pause; the contract has checked the role.
///
/// Errors: those of [`logic::extend`].
/// Events: `Extended`.
pub fn extend<H: Host>(
    host: &mut H,
    params: &Params,
    scope: Scope,
    until: u64,
    incident: Incident,
) -> Result<Effect, Error> {
    let (now, by) = (host.now(), host.caller());
    let (next, effect) = logic::extend(storage::pause(host, scope), params, now, until, (by, incident))?;
    moved(host, scope, next, effect, abi::Extended::SIGNATURE_HASH)
}

/// The caller, the Council, ends a live pause; the contract has checked the role and sets the PAUSE bit to the effect's.
///
/// Errors: those of [`logic::unpause`].
/// Events: `Unpaused`.
pub fn unpause<H: Host>(host: &mut H, params: &Params, scope: Scope, incident: Incident) -> Result<Effect, Error> {
    let (now, by) = (host.now(), host.caller());
    let (next, effect) = logic::unpause(storage::pause(host, scope), params, now, (by, incident))?;
    moved(host, scope, next, effect, abi::Unpaused::SIGNATURE_HASH)
}

/// Stores and logs a pause whose end has moved; what accrues goes on from where it is, since no gap arises.
fn moved<H: Host>(host: &mut H, scope: Scope, next: Pause, effect: Effect, event: B256) -> Result<Effect, Error> {
    if effect.changed {
        storage::set_pause(host, scope, next)?;
        let by = host.caller().into_word();
        emit(host, &[event, topic(scope), by], [U256::from(effect.previous.until), U256::from(next.until)]);
    }
    Ok(effect)
}

/// Whether the scope's PAUSE bit may be cleared, by anyone: if so its paused seconds are settled first.
///
/// A bit that is cleared without this call loses paused seconds when the main switch changes later.
pub fn clear<H: Host>(host: &mut H, params: &Params, scope: Scope) -> bool {
    let now = host.now();
    let over = !logic::bit_needed(&storage::pause(host, scope), params, now);
    if over {
        settle(host, params, scope, now);
    }
    over
}

/// Whether an account is the only guardian of a scope: its removal loosens.
pub fn is_last<H: Host>(host: &H, guardian: Address, scope: Scope) -> bool {
    storage::grant(host, guardian, scope).duration_secs != 0 && storage::tally(host, scope).guardians <= 1
}

/// Counts an outage of the sequencer as paused in a market.
pub fn absent<H: Host>(host: &mut H, params: &Params, market: Scope, outage: Interval) {
    let (over, own) = (storage::over(host, market), storage::pause(host, market));
    let whole = (storage::tally(host, Scope::PROTOCOL), &over);
    let tally = logic::absent(whole, (storage::tally(host, market), &own), params, host.now(), outage);
    storage::set_tally(host, market, tally);
}

/// The caller, a guardian, shows that it is alive.
///
/// Errors: those of [`logic::heartbeat`].
/// Events: `Heartbeat`.
pub fn heartbeat<H: Host>(host: &mut H, params: &Params) -> Result<(), Error> {
    let (now, who) = (host.now(), host.caller());
    let watch = storage::watch(host, who);
    let (next, changed) = logic::heartbeat(watch, params, now, who)?;
    if changed {
        storage::set_watch(host, who, next);
        let topics = [abi::Heartbeat::SIGNATURE_HASH, who.into_word()];
        emit(host, &topics, [U256::from(watch.alive_until), U256::from(next.alive_until)]);
    }
    Ok(())
}

/// Governance registers a guardian, arms it again, or with a duration of 0 removes it; the contract has checked the role.
///
/// Errors: those of [`logic::set_guardian`].
/// Events: `GuardianSet`.
pub fn set_guardian<H: Host>(
    host: &mut H,
    params: &Params,
    guardian: Address,
    scope: Scope,
    duration_secs: u32,
) -> Result<Appointment, Error> {
    let now = host.now();
    let state = (storage::grant(host, guardian, scope), storage::watch(host, guardian), storage::tally(host, scope));
    let whose = (guardian, scope.number());
    let ((grant, watch, tally), effect) = logic::set_guardian(state, params, now, whose, duration_secs)?;
    if effect.changed {
        storage::set_grant(host, guardian, scope, grant);
        storage::set_watch(host, guardian, watch);
        storage::set_tally(host, scope, tally);
        let topics = [abi::GuardianSet::SIGNATURE_HASH, guardian.into_word(), topic(scope)];
        let words = [
            U256::from(effect.previous.duration_secs),
            U256::from(effect.previous.armed),
            U256::from(grant.duration_secs),
            U256::from(grant.armed),
        ];
        emit(host, &topics, words);
    }
    Ok(effect)
}

/// What the pauses of a market and of the protocol say of the market now; of [`Scope::PROTOCOL`], the main switch alone.
pub fn effective<H: Host>(host: &H, params: &Params, market: Scope) -> Standing {
    let (protocol, own) = (storage::over(host, market), storage::pause(host, market));
    logic::effective(&protocol, &own, params, host.now())
}

/// Seconds for which a market was paused, by itself or with the protocol, each second once.
pub fn paused_seconds<H: Host>(host: &H, params: &Params, market: Scope) -> u64 {
    let (protocol, own) = (storage::pause(host, Scope::PROTOCOL), storage::own(host, market));
    let whole = (storage::tally(host, Scope::PROTOCOL), &protocol);
    logic::paused_seconds(whole, (storage::own_tally(host, market), &own), params, host.now())
}

/// The words of a scope: its pause, what accrued until when and its guardians, and its paused seconds now.
pub fn pause_state<H: Host>(host: &H, params: &Params, scope: Scope) -> Vec<U256> {
    let tally = storage::tally_word(host, scope);
    vec![storage::pause_word(host, scope), tally, U256::from(paused_seconds(host, params, scope))]
}

/// Settles what a scope has accrued, before a word that it depends on changes.
fn settle<H: Host>(host: &mut H, params: &Params, scope: Scope, now: u64) {
    let (over, own) = (storage::over(host, scope), storage::pause(host, scope));
    let tally = logic::settle(storage::tally(host, scope), &over, &own, params, now);
    storage::set_tally(host, scope, tally);
}

/// Logs a pause as it was and as it is.
fn log_pause<H: Host>(host: &mut H, params: &Params, order: Order, previous: &Pause, next: &Pause) {
    let topics = [abi::Paused::SIGNATURE_HASH, topic(Scope::new(order.scope)), order.by.into_word()];
    let words = [
        U256::from(logic::live_classes(previous, params, host.now()).bits()),
        U256::from(next.classes.bits()),
        U256::from(previous.until),
        U256::from(next.until),
        U256::from(logic::exit_until(next, params)),
        U256::from(order.reason),
        U256::from(next.incident),
    ];
    emit(host, &topics, words);
}

/// Logs why a scope of a batch was not paused.
fn log_failure<H: Host>(host: &mut H, order: Order, result: Result<Effect, Error>) {
    if let Err(error) = result {
        let [a, b, c, d] = error.selector();
        let why = U256::from(u32::from_be_bytes([a, b, c, d])).wrapping_shl(224); // a bytes4 is left-aligned
        emit(host, &[abi::PauseFailed::SIGNATURE_HASH, topic(Scope::new(order.scope)), order.by.into_word()], [why]);
    }
}

/// A scope as a topic.
fn topic(scope: Scope) -> B256 {
    B256::from(U256::from(scope.number()))
}
