#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]

extern crate alloc;

pub mod abi;
#[cfg(feature = "bindings")]
pub mod bindings;
pub mod error;
pub mod journal;
pub mod logic;
pub mod shell;
pub mod storage;
pub mod token;
pub mod types;
pub mod vm;

pub use error::{DecisionError, Error, PriceError, Refusal};
pub use shell::{decision_state, markets, panel_state, House, MAX_CIRCUITS};
