//! The panel over storage: what a protocol calls.

use crate::{
    abi,
    error::{CouncilError, Error, PriceError, Refusal},
    journal, logic, storage,
    types::{Cause, Finding, Noted, Passed, Priced, Sighting, Signal},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_authority::{self as authority, types::Role};
use fusebox_breaker as breaker;
use fusebox_core::{
    host::{emit, Host},
    pack::FieldOverflow,
    panel::{Class, Classes, Panel, Scope, Standing, Tier, BREAKER, CIRCUITS_PER_WORD, LISTED, PAUSE, SIGNAL},
};
use fusebox_guardian::{self as guardian, types::Pause};
use fusebox_limiter as limiter;

/// Most circuits: more would make a change of the main switch cost more than a block.
pub const MAX_CIRCUITS: u32 = CIRCUITS_PER_WORD.wrapping_mul(64);

/// The modules composed for one protocol: what is fixed when it is built.
///
/// A protocol keeps one as a constant and calls it from its entries.
#[derive(Clone, Copy, Debug)]
pub struct House {
    /// Bounds of the guardian.
    pub guardian: guardian::types::Params,
    /// Bounds of the limiter.
    pub limiter: limiter::Params,
}

impl House {
    /// The design's defaults.
    pub const DEFAULT: Self = Self { guardian: guardian::types::Params::DEFAULT, limiter: limiter::Params::DEFAULT };

    /// Whether a class of action passes by what is remembered: one word on a quiet day.
    ///
    /// Errors: [`Refusal::Stopped`] with what stops it and until when; [`Refusal::UnknownMarket`].
    /// Invariants: FB-1, FB-2.
    #[inline]
    pub fn check(&self, host: &impl Host, scope: Scope, class: Class) -> Result<Passed, Refusal> {
        let (k, nibble) = scope.place();
        let panel = storage::panel(host, k);
        if panel.is_normal(nibble) {
            return Ok(Passed::NORMAL);
        }
        self.check_sources(host, panel, scope, class)
    }

    #[cold]
    #[inline(never)]
    fn check_sources(&self, host: &impl Host, panel: Panel, scope: Scope, class: Class) -> Result<Passed, Refusal> {
        let standing = self.standing(host, panel, scope, Classes::of(class))?;
        if standing.stopped.has(class) {
            let sources = (panel.bits(0) | panel.bits(scope.place().1)) & !LISTED;
            return Err(Refusal::Stopped { scope, class, sources, until: standing.until });
        }
        Ok(Passed { tier: standing.tier, grace: standing.grace })
    }

    /// What all sources together say of a scope now, as far as the classes of interest go: a word for each active source.
    fn standing(&self, host: &impl Host, panel: Panel, scope: Scope, of: Classes) -> Result<Standing, Refusal> {
        let (main, own) = (panel.bits(0), panel.bits(scope.place().1));
        if main & own & LISTED == 0 {
            return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) });
        }
        let mut standing = Standing::NORMAL;
        if (main | own) & PAUSE != 0 {
            standing = standing.and(self.paused(host, main, own, scope, of));
        }
        if own & BREAKER != 0 {
            standing = standing.and(breaker::shell::standing(host, scope));
        }
        if (main | own) & SIGNAL != 0 {
            standing = standing.and(signals(host, main, own, scope));
        }
        Ok(standing)
    }

    /// The guardian's part. Only for exits are both words read whatever the bits say: they share one budget.
    fn paused(&self, host: &impl Host, main: u8, own: u8, scope: Scope, of: Classes) -> Standing {
        let word = |bits: u8, at: Scope, needed: bool| {
            if needed || bits & PAUSE != 0 {
                guardian::storage::pause(host, at)
            } else {
                Pause::default()
            }
        };
        let exits = !of.and(Classes::EXITS).is_empty();
        let protocol = word(main, Scope::PROTOCOL, exits);
        let market = if scope.is_protocol() { Pause::default() } else { word(own, scope, exits) };
        guardian::logic::effective(&protocol, &market, &self.guardian, host.now())
    }

    /// A price for a class of action: the check, the feeds, and every condition on the price, all in this transaction.
    ///
    /// Errors: those of [`Self::check`]; the breaker's, for a price that is not fit for this class.
    pub fn priced(&self, host: &impl Host, market: Scope, class: Class) -> Result<Priced, PriceError> {
        let passed = self.check(host, market, class)?;
        let quote = breaker::shell::quote(host, market, None)?;
        let price = quote.price_for(class)?;
        Ok(Priced { price, tier: passed.tier.max(quote.standing().tier), grace: passed.grace })
    }

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
                return Ok(Sighting { tier: Tier::Normal, anomaly: 0, contained: false, outage: (0, 0) });
            }
            outcome => outcome?,
        };
        set_nibble(host, k, nibble, BREAKER, effect.bit_needed);
        Ok(Sighting {
            tier: effect.after.tier,
            anomaly: effect.anomaly,
            contained: effect.quote.clean,
            outage: effect.outage.map_or((0, 0), |outage| (outage.from, outage.until)),
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
    fn tidy(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
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

    /// Value leaves a bucket now, or the call fails: one word.
    ///
    /// Errors: the limiter's.
    #[inline]
    pub fn spend(&self, host: &mut impl Host, bucket: u32, amount: u128) -> Result<(), limiter::Error> {
        limiter::shell::spend(host, &self.limiter, bucket, amount)
    }

    /// The caller, a Sentinel, has a scope take no new risk for some seconds: at most a day in any week.
    ///
    /// Errors: the caller is no Sentinel; [`Error::SignalSpent`]. Events: `Signalled`, `Incident`.
    /// Invariants: FB-9.
    pub fn signal(&self, host: &mut impl Host, scope: Scope, secs: u32) -> Result<(), Error> {
        authority::shell::require(host, Role::Sentinel)?;
        let (k, nibble) = scope.place();
        if storage::panel(host, k).bits(nibble) & LISTED == 0 {
            return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) }.into());
        }
        let signal = logic::sentinel(storage::signal(host, scope), host.now(), secs)?;
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

    /// The caller, a guardian, stops classes of action in scopes for its own duration.
    ///
    /// Errors: the guardian's. Events: the guardian's, `Incident`.
    pub fn pause(&self, host: &mut impl Host, scopes: &[u32], classes: u8, reason: u16) -> Result<u64, Error> {
        let circuits = paused_circuits(host, scopes.contains(&0));
        let mut failed = None;
        let report =
            guardian::shell::pause(host, &self.guardian, (scopes, classes, reason), &circuits, &mut |host, at| {
                set_bit(host, at, PAUSE, true);
                journal::reserve(host, at).unwrap_or_else(|error| {
                    failed = Some(error);
                    0
                })
            })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        for scope in scopes {
            self.note_pause(host, Scope::new(*scope))?;
        }
        Ok(report.failed)
    }

    /// Writes a scope's live pause into its incident.
    fn note_pause(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let (pause, now) = (guardian::storage::pause(host, scope), host.now());
        if !pause.is_live(now) {
            return Ok(());
        }
        let finding = Finding {
            cause: Cause::Pause,
            tier: stopped_tier(pause.classes),
            anomaly: now,
            ends: self.ends(host, scope),
            contained: true,
        };
        let by = host.caller();
        Ok(journal::record(host, scope, by, finding).map(drop)?)
    }

    /// Council moves the end of a live pause, within an incident that it did not open itself.
    ///
    /// Errors: the caller is not Council; no incident; the guardian's.
    pub fn extend(&self, host: &mut impl Host, scope: Scope, until: u64) -> Result<(), Error> {
        let incident = council(host, scope)?;
        guardian::shell::extend(host, &self.guardian, scope, until, incident)?;
        self.reschedule(host, scope)
    }

    /// Whether the caller, Council, may act in a scope: within an incident that is open by the clock, that it did not
    /// open itself and that is old enough.
    pub fn acting(&self, host: &impl Host, scope: Scope) -> Result<(), CouncilError> {
        authority::shell::require(host, Role::Council)?;
        let (who, now) = (host.caller(), host.now());
        let open = journal::open_incident(host, scope).filter(|(_, incident)| now < incident.ends);
        let (id, incident) = open.ok_or(CouncilError::NoIncident { scope })?;
        let (age, bound) = (now.saturating_sub(incident.detected), self.guardian.incident_age_secs());
        if incident.opened_by == who {
            return Err(CouncilError::OwnIncident { who, incident: id });
        }
        if age < bound {
            return Err(CouncilError::IncidentTooYoung { age, bound });
        }
        Ok(())
    }

    /// Council ends a live pause, within an incident that it did not open itself.
    ///
    /// Errors: the caller is not Council; no incident; the guardian's.
    pub fn unpause(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let incident = council(host, scope)?;
        let effect = guardian::shell::unpause(host, &self.guardian, scope, incident)?;
        if !effect.bit && guardian::shell::clear(host, &self.guardian, scope) {
            set_bit(host, scope, PAUSE, false);
        }
        self.reschedule(host, scope)?;
        self.tidy(host, scope)
    }

    /// Tells the incident when its scope will be back to Normal, now that the pause ends at another time.
    fn reschedule(&self, host: &mut impl Host, scope: Scope) -> Result<(), Error> {
        let ends = self.ends(host, scope);
        Ok(journal::reschedule(host, scope, ends)?)
    }

    /// When a scope will be back to Normal by the clock: after the grace of its pause and the last step of its breaker.
    ///
    /// An incident lasts as long: a tier that steps down on the way is the same incident.
    fn ends(&self, host: &impl Host, scope: Scope) -> u64 {
        let pause = guardian::storage::pause(host, scope);
        let grace = guardian::logic::grace_until(&pause, &self.guardian).max(storage::signal(host, scope).until);
        if scope.is_protocol() {
            return grace;
        }
        let ladder = breaker::storage::unpack_ladder(breaker::storage::load(host, scope, breaker::storage::LADDER));
        let steps = ladder.halted_until.max(ladder.reduce_only_until).max(ladder.guarded_until);
        grace.max(if ladder.evidence { steps } else { steps.max(ladder.hard_end) })
    }

    /// The caller, a guardian, shows that it is alive.
    pub fn heartbeat(&self, host: &mut impl Host) -> Result<(), Error> {
        Ok(guardian::shell::heartbeat(host, &self.guardian)?)
    }

    /// Appoints or re-arms a guardian of a scope, or with a duration of 0 removes it. The contract has checked who asks.
    ///
    /// Errors: a scope that was never listed, whose pauses nobody would settle; the guardian's.
    pub fn set_guardian(&self, host: &mut impl Host, who: Address, scope: Scope, secs: u32) -> Result<(), Error> {
        let (k, nibble) = scope.place();
        if storage::panel(host, k).bits(nibble) & LISTED == 0 {
            return Err(Refusal::UnknownMarket { market: scope.number(), listed: storage::count(host) }.into());
        }
        guardian::shell::set_guardian(host, &self.guardian, who, scope, secs)?;
        Ok(())
    }

    /// Starts the panel: the main switch is on, `governance` holds its role. Once, in the constructor.
    pub fn init(&self, host: &mut impl Host, governance: Address) -> Result<(), Error> {
        authority::shell::establish(host, governance)?;
        storage::store_panel(host, 0, Panel::default().with_main(LISTED));
        Ok(())
    }

    /// Adds a circuit, with a breaker if it has a price: the market. The contract has checked who asks.
    ///
    /// Errors: too many; the breaker's, for a configuration out of bounds.
    /// Events: `Listed`.
    pub fn list(&self, host: &mut impl Host, setup: Option<&breaker::params::Setup>) -> Result<Scope, PriceError> {
        let market = add_circuit(host)?;
        if let Some(setup) = setup {
            breaker::shell::configure(host, market, setup)?;
        }
        Ok(market)
    }
}

/// What limiter trips and sentinels say: a word for each scope whose bit is set. A bit whose signal has ended says nothing.
fn signals(host: &impl Host, main: u8, own: u8, scope: Scope) -> Standing {
    let now = host.now();
    let of = |bits: u8, at: Scope| match bits & SIGNAL {
        0 => Standing::NORMAL,
        _ => logic::signal_standing(&storage::signal(host, at), now),
    };
    let protocol = of(main, Scope::PROTOCOL);
    if scope.is_protocol() {
        return protocol;
    }
    protocol.and(of(own, scope))
}

/// How many markets are listed.
pub fn markets(host: &impl Host) -> u32 {
    storage::count(host)
}

/// Markets listed, incidents, the head of the journal's chain, then every panel word in use.
pub fn panel_state(host: &impl Host) -> Vec<U256> {
    let head = U256::from_be_bytes(storage::head(host).0);
    let mut state = Vec::from([U256::from(storage::count(host)), U256::from(storage::incidents(host)), head]);
    (0..words(host)).for_each(|k| state.push(storage::panel(host, k).0));
    state
}

/// The highest tier whose stops lie within what a pause stops.
fn stopped_tier(classes: Classes) -> Tier {
    let whole = |tier: Tier| classes.and(tier.stops()) == tier.stops();
    match (whole(Tier::Halted), whole(Tier::ReduceOnly)) {
        (true, _) => Tier::Halted,
        (_, true) => Tier::ReduceOnly,
        _ => Tier::Guarded,
    }
}

/// The incident within which the caller, the Council, may act on a scope.
fn council(host: &impl Host, scope: Scope) -> Result<guardian::types::Incident, Error> {
    authority::shell::require(host, Role::Council)?;
    let (id, incident) = journal::open_incident(host, scope).ok_or(Error::NoIncident { scope })?;
    Ok(guardian::types::Incident { id, opened_by: incident.opened_by, opened_at: incident.detected })
}

/// Adds a listed circuit; in a new panel word it finds the main switch as the first word has it.
fn add_circuit(host: &mut impl Host) -> Result<Scope, Refusal> {
    let listed = storage::count(host);
    if listed >= MAX_CIRCUITS {
        return Err(Refusal::TooManyMarkets { listed, max: MAX_CIRCUITS });
    }
    let market = Scope::new(listed.saturating_add(1));
    storage::store_count(host, market.number());
    let main = storage::panel(host, 0).bits(0);
    let (k, nibble) = market.place();
    let panel = storage::panel(host, k).with_main(main).with(nibble, LISTED, true);
    storage::store_panel(host, k, panel);
    let topics = [abi::Listed::SIGNATURE_HASH, B256::new(U256::from(market.number()).to_be_bytes())];
    emit(host, &topics, [U256::from(listed)]);
    Ok(market)
}

/// Panel words in use.
fn words(host: &impl Host) -> u32 {
    storage::count(host).div_ceil(CIRCUITS_PER_WORD).max(1)
}

/// The circuits whose pause bit is set, if the main switch is about to change: their paused seconds are settled first.
fn paused_circuits(host: &impl Host, main: bool) -> Vec<Scope> {
    let mut circuits = Vec::new();
    if !main {
        return circuits;
    }
    let listed = storage::count(host);
    let mut panel = Panel::default();
    for number in 1..=listed {
        let scope = Scope::new(number);
        let (k, nibble) = scope.place();
        if nibble == 1 {
            panel = storage::panel(host, k);
        }
        if panel.bits(nibble) & PAUSE != 0 {
            circuits.push(scope);
        }
    }
    circuits
}

/// Sets or clears a source's bit of a scope; the main switch in every word, so that one read shows both.
///
/// Invariants: FB-3.
fn set_bit(host: &mut impl Host, scope: Scope, source: u8, on: bool) {
    let (k, nibble) = scope.place();
    let words = if scope.is_protocol() { 0..words(host) } else { k..k.saturating_add(1) };
    for k in words {
        set_nibble(host, k, nibble, source, on);
    }
}

fn set_nibble(host: &mut impl Host, k: u32, nibble: u32, source: u8, on: bool) {
    let before = storage::panel(host, k);
    let after = before.with(nibble, source, on);
    if after != before {
        storage::store_panel(host, k, after);
    }
}
