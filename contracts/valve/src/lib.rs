#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::Address;
use fusebox::{vm::Vm, Error, House, PriceError, Refusal};
use fusebox_core::panel::{Class, Scope, SIGNAL};
use fusebox_limiter::{shell as limiter, Config, Outcome, TicketId};
use stylus_sdk::prelude::*;

/// One circuit, its bucket, and the same payment with and without them.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct Valve {}

type Reply<T> = Result<T, Vec<u8>>;

const HOUSE: House = House::DEFAULT;
/// The market that is listed, and the number of its bucket.
const MARKET: u32 = 1;

#[public]
impl Valve {
    /// Lists market 1 and opens its bucket: a tenth of the liquidity a day, never less than the floor, then tickets.
    #[constructor]
    pub fn constructor(&mut self, governance: Address, floor: u128, liquidity: u128) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        HOUSE.init(&mut host, governance).map_err(starting)?;
        HOUSE.list(&mut host, None).map_err(listing)?;
        let config = Config::standard(floor)?;
        Ok(limiter::configure(&mut host, &HOUSE.limiter, MARKET, config, liquidity)?)
    }

    /// The payment without a limit.
    pub fn plain(&mut self, market: u32, amount: u128) -> Reply<u128> {
        let _ = market;
        Ok(amount)
    }

    /// The same payment through the bucket.
    pub fn spend(&mut self, market: u32, amount: u128) -> Reply<u128> {
        HOUSE.spend(&mut Vm::new(self.vm()), market, amount)?;
        Ok(amount)
    }

    /// The same payment behind the panel and through the bucket.
    pub fn withdraw(&mut self, market: u32, amount: u128) -> Reply<u128> {
        let mut host = Vm::new(self.vm());
        HOUSE.check(&host, Scope::new(market), Class::ExitUnpriced)?;
        HOUSE.spend(&mut host, market, amount)?;
        Ok(amount)
    }

    /// The same payment, which waits if it does not fit: its ticket, or 0 if it left at once.
    pub fn exit(&mut self, market: u32, amount: u128) -> Reply<u128> {
        let mut host = Vm::new(self.vm());
        let owner = self.vm().msg_sender();
        match limiter::exit(&mut host, &HOUSE.limiter, market, owner, amount)? {
            Outcome::Passed => Ok(0),
            Outcome::Ticketed(id) => Ok(id.0),
            // Not by this bucket, whose policy is a ticket: a protocol pays nothing, returns and calls `House::trip`.
            Outcome::Tripped { until } => {
                let (scope, class) = (Scope::new(market), Class::ExitUnpriced);
                Err(Refusal::Stopped { scope, class, sources: SIGNAL, until }.into())
            }
        }
    }

    /// A claim of nothing.
    pub fn plain_claim(&mut self, id: u128) -> Reply<u128> {
        Ok(id)
    }

    /// Has a ticket paid to its owner: how much.
    pub fn claim(&mut self, id: u128) -> Reply<u128> {
        Ok(limiter::claim_one(&mut Vm::new(self.vm()), TicketId(id))?.amount)
    }

    /// The same amount comes in.
    pub fn inflow(&mut self, market: u32, amount: u128) -> Reply<u128> {
        limiter::inflow(&mut Vm::new(self.vm()), &HOUSE.limiter, market, amount);
        Ok(amount)
    }

    /// Lets the bucket follow the accounted liquidity.
    pub fn rebase(&mut self, market: u32, liquidity: u128) -> Reply<u128> {
        limiter::rebase(&mut Vm::new(self.vm()), &HOUSE.limiter, market, liquidity)?;
        Ok(liquidity)
    }
}

/// What [`House::init`] can fail with: the words of the guardian's and the breaker's errors would not fit beside the
/// limiter's.
fn starting(error: Error) -> Vec<u8> {
    match error {
        Error::Authority(error) => error.into(),
        _ => Vec::new(),
    }
}

/// What [`House::list`] can fail with where there is no breaker.
fn listing(error: PriceError) -> Vec<u8> {
    match error {
        PriceError::Refused(refusal) => refusal.into(),
        PriceError::Breaker(_) => Vec::new(),
    }
}
