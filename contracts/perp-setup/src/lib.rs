#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use alloy_sol_types::SolError;
use fusebox::vm::Vm;
use fusebox_breaker as breaker;
use fusebox_core::host::revert;
use fusebox_market::{
    self as risk,
    params::{Params, Terms},
};
use perp::{
    abi,
    types::{HOUSE, MAX_MARKETS},
};
use stylus_sdk::prelude::*;

/// The setup program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpSetup {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpSetup {
    /// Lists a market, for the carrying program only, once that has waited: the words, as they are stored, of its terms,
    /// its caps, what ends a position, its policy (the carrying program's), its breaker's parameters, the sequencer's feed (0 for none) and one to
    /// five price feeds, the anchor first.
    pub fn list(&mut self, words: Vec<U256>) -> Reply<u32> {
        let [terms, caps, closing, _, params, sequencer, feeds @ ..] = words.as_slice() else {
            return Err(revert(abi::InvalidLength::SELECTOR, [U256::from(words.len()), U256::from(7)]));
        };
        let mut host = Vm::new(self.vm());
        let terms = Terms { overlaid: false, stressed: false, ..risk::storage::unpack_terms(*terms) };
        let (caps, _) = risk::storage::unpack_caps(*caps);
        let closing = risk::storage::unpack_closing(*closing);
        let setup = breaker::storage::unpack_setup(*params, feeds, *sequencer)?;
        let market = HOUSE.list(&mut host, Some(&setup))?.number();
        if market > MAX_MARKETS {
            return Err(revert(abi::TooManyMarkets::SELECTOR, [U256::from(market), U256::from(MAX_MARKETS)]));
        }
        risk::shell::list(&mut host, market, Params { terms, caps, closing })?;
        Ok(market)
    }
}
