#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use fusebox::vm::Vm;
use fusebox_breaker::shell as breaker;
use fusebox_core::panel::Scope;
use fusebox_market::{shell as risk, types::Weather};
use perp::{pool, program, settle, shell, types::HOUSE};
use stylus_sdk::{prelude::*, ArbResult};

/// The watch program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpWatch {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpWatch {
    /// Writes down what the breaker sees, tidies, resolves: the tier that is remembered afterwards.
    ///
    /// The pool pays the caller a bounty for each tier by which the market's incident rises.
    pub fn poke(&mut self, market: u32) -> Reply<u8> {
        let vm = self.vm();
        let seen = program::record(vm, market)?;
        let mut host = Vm::new(vm);
        let noted = HOUSE.note(&mut host, Scope::new(market), seen)?;
        settle::remember(&mut host, market, &seen)?;
        let volatility_bps = shell::volatility(&host, market);
        risk::observe(&mut host, market, Weather { tier: noted.tier, volatility_bps });
        pool::reward(&mut host, market, noted.risen)?;
        if noted.risen > 0 {
            program::follow(vm)?;
        }
        Ok(noted.tier.code())
    }

    /// Anyone lets what may leave follow the incidents: less while one is open, and back along a ramp by the clock.
    pub fn follow(&mut self) -> Reply<()> {
        program::follow(self.vm())
    }

    /// A Sentinel has a scope take no new risk for some seconds: at most a day in any week.
    pub fn signal(&mut self, scope: u32, secs: u32) -> Reply<()> {
        Ok(HOUSE.signal(&mut Vm::new(self.vm()), Scope::new(scope), secs)?)
    }

    /// The Council has a market's price do without a feed until a time, the anchor too, within an incident of that market
    /// and no longer than that lasts: without feeds nothing is priced, and that is a stop.
    pub fn quarantine(&mut self, market: u32, feed: u8, until: u64) -> Reply<()> {
        let (mut host, scope) = (Vm::new(self.vm()), Scope::new(market));
        let ends = HOUSE.acting(&host, scope)?;
        Ok(breaker::quarantine(&mut host, scope, feed, until.min(ends))?)
    }

    /// The Council has a feed count again, within an incident of that market.
    pub fn release(&mut self, market: u32, feed: u8) -> Reply<()> {
        let (mut host, scope) = (Vm::new(self.vm()), Scope::new(market));
        HOUSE.acting(&host, scope)?;
        Ok(breaker::release(&mut host, scope, feed)?)
    }

    /// Anything else is the queue program's, or the view program's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::QUEUE, input)
    }
}
