#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

pub mod abi;
pub mod cover;
pub mod cross;
pub mod division;
pub mod error;
pub mod insurance;
pub mod ledger;
pub mod legs;
pub mod limits;
pub mod logic;
pub mod pool;
pub mod program;
pub mod settle;
pub mod shell;
pub mod side;
pub mod storage;
pub mod table;
pub mod tally;
pub mod types;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use stylus_sdk::{abi::Bytes, prelude::*, ArbResult};

/// The hot program: what traders call. Everything else is in further programs, which run on the same storage.
#[storage]
#[cfg_attr(all(feature = "entry", target_arch = "wasm32"), entrypoint)]
pub struct Perp {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl Perp {
    /// Sets the other programs and hands the rest of the construction to the view program.
    #[constructor]
    pub fn constructor(&mut self, programs: Vec<Address>, initialisation: Bytes) -> Reply<()> {
        program::store(&mut Vm::new(self.vm()), &programs)?;
        program::delegate(self.vm(), program::VIEW, &initialisation)?;
        program::initialised(&Vm::new(self.vm()))
    }

    /// Opens a position; `limitPrice` is the worst price accepted, 0 for any.
    pub fn open(&mut self, market: u32, is_long: bool, size: U256, margin: U256, limit_price: U256) -> Reply<()> {
        let ask = shell::Ask { is_long, size, margin };
        shell::increase(self.vm(), &mut Vm::new(self.vm()), market, false, ask, limit_price)
    }

    /// Increases a position.
    pub fn increase(&mut self, market: u32, size: U256, margin: U256, limit_price: U256) -> Reply<()> {
        let ask = shell::Ask { is_long: false, size, margin };
        shell::increase(self.vm(), &mut Vm::new(self.vm()), market, true, ask, limit_price)
    }

    /// Reduces a position.
    pub fn reduce(&mut self, market: u32, size: U256, limit_price: U256) -> Reply<()> {
        shell::reduce(self.vm(), &mut Vm::new(self.vm()), market, Some(size), limit_price)
    }

    /// Closes a position and frees its margin.
    pub fn close(&mut self, market: u32, limit_price: U256) -> Reply<()> {
        shell::reduce(self.vm(), &mut Vm::new(self.vm()), market, None, limit_price)
    }

    /// Anything else is the pool program's, or another's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::POOL, input)
    }
}
