//! The panel over storage: what a protocol calls.

use crate::{
    abi,
    error::{Error, PriceError, Refusal},
    logic, storage,
    types::{Passed, Priced},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_authority as authority;
use fusebox_breaker as breaker;
use fusebox_core::{
    host::{emit, Host},
    panel::{Class, Classes, Panel, Scope, Standing, Tier, BREAKER, CIRCUITS_PER_WORD, LISTED, PAUSE, SIGNAL},
};
use fusebox_guardian::{self as guardian, types::Pause};
use fusebox_limiter as limiter;

mod decide;
mod guard;
mod watch;

pub use decide::decision_state;

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
            if standing.tier == Tier::Settling {
                return Err(Refusal::Settling { scope, class });
            }
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

    /// Value leaves a bucket now, or the call fails: one word.
    ///
    /// Errors: the limiter's.
    #[inline]
    pub fn spend(&self, host: &mut impl Host, bucket: u32, amount: u128) -> Result<(), limiter::Error> {
        limiter::shell::spend(host, &self.limiter, bucket, amount)
    }

    /// When a scope will be back to Normal by the clock: after the grace of its pause and the last step of its breaker.
    ///
    /// An incident lasts as long: a tier that steps down on the way is the same incident.
    fn ends(&self, host: &impl Host, scope: Scope) -> u64 {
        let pause = guardian::storage::pause(host, scope);
        let grace =
            guardian::logic::grace_until(&pause, &self.guardian).max(logic::signal_end(&storage::signal(host, scope)));
        if scope.is_protocol() {
            return grace;
        }
        let ladder = breaker::storage::unpack_ladder(breaker::storage::load(host, scope, breaker::storage::LADDER));
        let steps = ladder.halted_until.max(ladder.reduce_only_until).max(ladder.guarded_until);
        grace.max(if ladder.evidence { steps } else { steps.max(ladder.hard_end) })
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
