//! Parameters and overlays: the value itself lies in its module's own word, and the composer writes it.

use super::{queue::submit, require};
use crate::{
    abi, logic, storage,
    types::{change, table, Direction, Outcome, Role, Row, Tightening},
    ChangeError,
};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, word, Host};

/// The caller, Governance, asks for a value: on `Apply` the composer carries the change out now, as an executed one; on
/// `Delayed` it has been proposed.
///
/// Errors: the caller is not Governance; those of [`logic::table::row`] and [`logic::table::decide`].
/// Events: `Proposed`.
pub fn set<H: Host>(
    host: &mut H,
    rows: &[Row],
    (scope, id): (u32, u16),
    approved: u128,
    value: u128,
) -> Result<Outcome, ChangeError> {
    require(host, Role::Governance)?;
    let outcome = logic::table::decide(logic::table::row(rows, id)?, approved, value)?;
    if let Outcome::Delayed(_) = outcome {
        submit(host, rows, &change::parameter(scope, id, value))?;
    }
    Ok(outcome)
}

/// Logs a value that the composer has written; nothing if it was that already.
///
/// Events: `ParameterSet`.
pub fn note<H: Host>(host: &mut H, (scope, id): (u32, u16), previous: u128, current: u128) {
    if previous != current {
        let topics = topics(abi::ParameterSet::SIGNATURE_HASH, scope, id);
        let by = word(host.caller());
        emit(host, &topics, [U256::from(previous), U256::from(current), by]);
    }
}

/// A delay in force, in seconds, if the place is one of this module's own, which are the protocol's.
pub fn own_value<H: Host>(host: &H, at: (u32, u16)) -> Option<u128> {
    table::own_delay(at).map(|delay| u128::from(storage::delays(host).of(delay)))
}

/// Writes a delay, if the place is one of this module's own: for the composer, after [`set`] or [`super::execute`] said
/// so; whether it was.
pub fn set_own_value<H: Host>(host: &mut H, at: (u32, u16), value: u128) -> bool {
    let own = table::own_delay(at);
    if let Some(delay) = own {
        let delays = storage::delays(host).with(delay, u64::try_from(value).unwrap_or(u64::MAX));
        storage::set_delays(host, delays);
    }
    own.is_some()
}

/// The value in force: for a module whose word says that there is an overlay.
#[inline]
pub fn effective<H: Host>(host: &H, direction: Direction, (scope, id): (u32, u16), approved: u128) -> u128 {
    logic::overlay::effective(direction, approved, &storage::overlay(host, scope, id), host.now())
}

/// The caller, a Steward, tightens a parameter for a while: the composer then sets the flag in the module's word.
///
/// Errors: the caller is no Steward; those of [`logic::table::row`] and [`logic::overlay::tighten`].
/// Events: `OverlaySet`.
pub fn set_overlay<H: Host>(
    host: &mut H,
    rows: &[Row],
    (scope, id): (u32, u16),
    approved: u128,
    asked: Tightening,
) -> Result<(), ChangeError> {
    require(host, Role::Steward)?;
    let state = (storage::overlay(host, scope, id), storage::episode(host, scope));
    let row = logic::table::row(rows, id)?;
    let ((overlay, episode), effect) = logic::overlay::tighten(state, row, approved, host.now(), asked)?;
    if effect.changed {
        storage::set_overlay(host, scope, id, overlay);
        storage::set_episode(host, scope, episode);
        let topics = topics(abi::OverlaySet::SIGNATURE_HASH, scope, id);
        let by = word(host.caller());
        emit(host, &topics, [U256::from(effect.previous), U256::from(effect.current), U256::from(overlay.until), by]);
    }
    Ok(())
}

/// The caller clears an overlay, an expired one whoever it is: the composer then clears the flag in the module's word.
///
/// Errors: those of [`logic::table::row`] and [`logic::overlay::end`].
/// Events: `OverlayEnded`.
pub fn clear_overlay<H: Host>(
    host: &mut H,
    rows: &[Row],
    (scope, id): (u32, u16),
    approved: u128,
) -> Result<(), ChangeError> {
    let who = host.caller();
    let (overlay, roles) = (storage::overlay(host, scope, id), storage::account(host, who).roles);
    let direction = logic::table::row(rows, id)?.direction;
    let state = (overlay, storage::episode(host, scope));
    let (next, effect) = logic::overlay::end(state, direction, approved, host.now(), (who, roles))?;
    if effect.changed {
        storage::set_overlay(host, scope, id, next);
        let topics = topics(abi::OverlayEnded::SIGNATURE_HASH, scope, id);
        let words = [effect.previous, effect.current, u128::from(overlay.until)].map(U256::from);
        let [previous, current, until] = words;
        emit(host, &topics, [previous, current, until, word(who)]);
    }
    Ok(())
}

/// Signature, scope, id.
fn topics(signature: B256, scope: u32, id: u16) -> [B256; 3] {
    [signature, U256::from(scope).into(), U256::from(id).into()]
}
