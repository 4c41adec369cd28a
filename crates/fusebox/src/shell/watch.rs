//! What the panel remembers: pokes, and signals of limiters and sentinels.

use super::{set_bit, set_nibble, House};
use crate::{
    abi,
    error::{Error, Refusal},
    journal, logic, storage,
    types::{Cause, Finding, Noted, Sighting, Signal},
};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_authority::{self as authority, types::Role};
use fusebox_breaker as breaker;
use fusebox_core::{
    host::{emit, Host},
    pack::FieldOverflow,
    panel::{Classes, Scope, Tier, BREAKER, LISTED, PAUSE, SIGNAL},
};
use fusebox_guardian as guardian;

impl House {
    /// Writes down what the breaker sees, tidies bits that nothing keeps, and resolves what is over: by anyone.
    ///
    /// Events: the breaker's, `Incident`.
    pub fn poke(&self, host: &mut impl Host, market: Scope) -> Result<Tier, Error> {
        let sighting = self.record(host, market)?;
        Ok(self.note(host, market, sighting)?.tier)
    }

    /// The first half of [`Self::poke`]: the breaker's memory and its bit. For protocols of several programs.
    ///
    /// Events: the breaker's.
    /// Errors: the breaker's; a market that was never listed is `NotConfigured`.
    pub fn record(&self, host: &mut impl Host, market: Scope) -> Result<Sighting, breaker::error::Error> {
        let (k, nibble) = market.place();
        let effect = match breaker::shell::poke(host, market, None) {
            // A circuit that was listed without a price has nothing to tell, and is tidied all the same.
            Err(breaker::error::Error::NotConfigured { .. }) if storage::panel(host, k).bits(nibble) & LISTED != 0 => {
                return Ok(Sighting { tier: Tier::Normal, anomaly: 0, contained: false, outage: (0, 0), feeds: 0 });
            }
            outcome => outcome?,
        };
        set_nibble(host, k, nibble, BREAKER, effect.bit_needed);
        Ok(Sighting {
            tier: effect.after.tier,
            anomaly: effect.anomaly,
            contained: effect.quote.clean,
            outage: effect.outage.map_or((0, 0), |outage| (outage.from, outage.until)),
            feeds: effect.quote.valid,
        })
    }

    /// The second half of [`Self::poke`]: the journal, paused seconds, and bits that nothing keeps.
    ///
    /// Events: `Incident`.
    pub fn note(&self, host: &mut impl Host, market: Scope, seen: Sighting) -> Result<Noted, Error> {
        let (start, until) = seen.outage;
        if until > start {
            guardian::shell::absent(host, &self.guardian, market, guardian::Interval { start, until });
        }
        let mut risen = 0;
        if seen.tier > Tier::Normal {
            let by = host.caller();
            let (ends, Sighting { tier, anomaly, contained, .. }) = (self.ends(host, market), seen);
            let finding = Finding { cause: Cause::Breaker, tier, anomaly, ends, contained };
            risen = journal::record(host, market, by, finding)?.1;
        }
        self.tidy(host, Scope::PROTOCOL)?;
        self.tidy(host, market)?;
        let panel = storage::panel(host, market.place().0);
        Ok(Noted { tier: self.standing(host, panel, market, Classes::ALL)?.tier, risen })
    }

    /// Clears a pause bit that nothing keeps, and resolves the incident of a scope that is back to Normal.
    pub(super) fn tidy(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let (k, nibble) = scope.place();
        let bits = storage::panel(host, k).bits(nibble);
        if bits & SIGNAL != 0 && !logic::signalled(&storage::signal(host, scope), host.now()) {
            set_bit(host, scope, SIGNAL, false);
        }
        if bits & PAUSE != 0 && guardian::shell::clear(host, &self.guardian, scope) {
            set_bit(host, scope, PAUSE, false);
        }
        if storage::panel(host, k).bits(nibble) == LISTED {
            journal::resolve(host, scope)?;
        }
        Ok(())
    }

    /// The caller, a Sentinel, has a scope take no new risk for some seconds: at most a day in any week, all scopes together.
    ///
    /// Errors: the caller is no Sentinel; [`Error::SignalSpent`]. Events: `Signalled`, `Incident`.
    /// Invariants: FB-9.
    pub fn signal(&self, host: &mut impl Host, scope: Scope, secs: u32) -> Result<(), Error> {
        authority::shell::require(host, Role::Sentinel)?;
        let (k, nibble) = scope.place();
        if storage::panel(host, k).bits(nibble) & LISTED == 0 {
            return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) }.into());
        }
        // One week for all scopes, or a market would be stopped for a day by itself and for another with the protocol.
        let (own, main) = (storage::signal(host, scope), storage::signal(host, Scope::PROTOCOL));
        let signal = logic::sentinel(Signal { week: main.week, ..own }, host.now(), secs)?;
        storage::store_signal(host, Scope::PROTOCOL, &Signal { week: signal.week, ..main })?;
        Ok(self.raise(host, scope, signal)?)
    }

    /// The limiter has tripped: the scope takes no new risk until `until`. Whatever called this moves no value.
    ///
    /// Events: `Signalled`, `Incident`.
    pub fn trip(&self, host: &mut impl Host, scope: Scope, until: u64) -> Result<(), FieldOverflow> {
        let before = storage::signal(host, scope);
        let signal = logic::tripped(before, until);
        if signal == before || until <= host.now() {
            return Ok(()); // it lasts as long already, or is over: whoever runs into the limiter again changes nothing
        }
        self.raise(host, scope, signal)
    }

    /// Writes a signal, its bit and its incident.
    fn raise(&self, host: &mut impl Host, scope: Scope, signal: Signal) -> Result<(), FieldOverflow> {
        storage::store_signal(host, scope, &signal)?;
        set_bit(host, scope, SIGNAL, true);
        let (by, now) = (host.caller(), host.now());
        let topics =
            [abi::Signalled::SIGNATURE_HASH, B256::new(U256::from(scope.number()).to_be_bytes()), by.into_word()];
        emit(host, &topics, [U256::from(signal.until)]);
        let ends = self.ends(host, scope);
        let finding = Finding { cause: Cause::Signal, tier: Tier::ReduceOnly, anomaly: now, ends, contained: true };
        journal::record(host, scope, by, finding).map(drop)
    }
}
