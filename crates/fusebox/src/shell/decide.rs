//! What Governance decides about a scope after its delay, and how buckets follow what is recorded of incidents.
//!
//! The contract carries a decision out of its queue: who asks, and that it has waited, is settled there.

use super::{set_bit, House};
use crate::{
    abi,
    error::{DecisionError, Refusal},
    journal, logic, storage,
    types::{Cause, Decision, Finding, Signal, SETTLING, WOUND_DOWN},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::{
    host::{emit, Host},
    panel::{Scope, Tier, LISTED, SIGNAL},
    time::live,
};
use fusebox_limiter as limiter;

impl House {
    /// Winds a scope down: no new risk, without end. It contains the scope's open incident and is none itself.
    ///
    /// Errors: a scope that was never listed. Events: `Decided`, `Incident`.
    /// Invariants: FB-10, FB-11.
    pub fn wind_down(&self, host: &mut impl Host, scope: Scope) -> Result<(), DecisionError> {
        let (signal, decision) = decided(host, scope)?;
        let next = logic::wind_down(signal, decision, host.now());
        if next.0 != signal {
            journal::contain(host, scope)?;
        }
        write(host, scope, signal, next)
    }

    /// Undoes a wind-down; a scope that is not wound down stays as it is. What a sentinel or a limiter had said before and
    /// has not ended is in force again, and with it its incident.
    ///
    /// Errors: a scope that was never listed; [`DecisionError::Final`] once it is being settled.
    /// Events: `Decided`, `Incident`.
    /// Invariants: FB-11, FB-12.
    pub fn reopen(&self, host: &mut impl Host, scope: Scope) -> Result<(), DecisionError> {
        let (signal, decision) = decided(host, scope)?;
        let now = host.now();
        let next = logic::reopen(signal, decision, now)?;
        write(host, scope, signal, next)?;
        if next.0 != signal && live(now, next.0.until) {
            let (by, ends) = (host.caller(), self.ends(host, scope));
            let finding = Finding { cause: Cause::Signal, tier: Tier::ReduceOnly, anomaly: now, ends, contained: true };
            journal::record(host, scope, by, finding)?;
        }
        Ok(())
    }

    /// Settles a scope that has been wound down, or whose protocol has, for [`logic::SETTLE_AFTER_SECS`]: for good.
    ///
    /// Errors: a scope that was never listed; [`DecisionError::NotWoundDown`], [`DecisionError::TooEarly`].
    /// Events: `Decided`.
    /// Invariants: FB-12.
    pub fn settle_scope(&self, host: &mut impl Host, scope: Scope) -> Result<(), DecisionError> {
        let (signal, decision) = decided(host, scope)?;
        let main = storage::decision(host, Scope::PROTOCOL);
        let next = logic::settle(signal, decision, main, host.now())?;
        write(host, scope, signal, next)
    }

    /// Buckets follow the incidents of scopes: at their share while one is open by the clock, along the ramp once none
    /// is. For anyone, after whatever may have opened, moved or ended one; where nothing changes, nothing is written.
    ///
    /// Always with every scope that the buckets belong to, or one scope's calm would end another's incident.
    ///
    /// Errors: the limiter's. Events: `Tightened`.
    /// Invariants: FB-13.
    pub fn follow(&self, host: &mut impl Host, scopes: &[Scope], buckets: &[u32]) -> Result<(), limiter::Error> {
        let mut until = 0;
        for scope in scopes {
            if let Some((_, incident)) = journal::open_incident(host, *scope) {
                until = logic::tight_until(host.now(), &incident).max(until);
            }
        }
        for bucket in buckets {
            limiter::shell::tighten(host, &self.limiter, *bucket, until)?;
        }
        Ok(())
    }
}

/// What Governance has decided about a scope, for clients: 0 open, 2 wound down or 4 being settled; since when; and from
/// when on it may be settled, 0 if it is not wound down.
pub fn decision_state(host: &impl Host, scope: Scope) -> Vec<U256> {
    let (signal, decision) = (storage::signal(host, scope), storage::decision(host, scope));
    let from = match decision.since {
        0 => 0,
        since => since.saturating_add(logic::SETTLE_AFTER_SECS),
    };
    Vec::from([U256::from(tier(&signal).code()), U256::from(decision.since), U256::from(from)])
}

/// The tier that a decision keeps a scope at.
const fn tier(signal: &Signal) -> Tier {
    match signal.until {
        SETTLING => Tier::Settling,
        WOUND_DOWN => Tier::ReduceOnly,
        _ => Tier::Normal,
    }
}

/// What is decided about a scope, if there is such a scope.
fn decided(host: &impl Host, scope: Scope) -> Result<(Signal, Decision), Refusal> {
    let (k, nibble) = scope.place();
    if storage::panel(host, k).bits(nibble) & LISTED == 0 {
        return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) });
    }
    Ok((storage::signal(host, scope), storage::decision(host, scope)))
}

/// Writes a decision, its signal and its bit; where nothing changes, nothing.
fn write(
    host: &mut impl Host,
    scope: Scope,
    before: Signal,
    (signal, decision): (Signal, Decision),
) -> Result<(), DecisionError> {
    if signal == before {
        return Ok(());
    }
    storage::store_signal(host, scope, &signal)?;
    storage::store_decision(host, scope, &decision)?;
    set_bit(host, scope, SIGNAL, logic::signalled(&signal, host.now()));
    let topics = [abi::Decided::SIGNATURE_HASH, B256::new(U256::from(scope.number()).to_be_bytes())];
    let words = [U256::from(tier(&before).code()), U256::from(tier(&signal).code()), U256::from(decision.since)];
    emit(host, &topics, words);
    Ok(())
}
