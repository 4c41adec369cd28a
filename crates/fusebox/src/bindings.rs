//! What a client on the host needs of the protocol's interface: every entry, event and typed error, as Rust types and as
//! the JSON that other clients take. Feature `bindings`; a contract never has it.
//!
//! Both are one file, `abi.json`, which `cargo xtask bless` writes from what the contracts are compiled with and
//! `cargo xtask test` holds them to.
//!
//! ```
//! use alloy_sol_types::{SolCall, SolError, SolInterface};
//! use fusebox::bindings::Protocol::{checkCall, ProtocolErrors, StalePrice};
//!
//! let data = checkCall { market: 1, class: 0 }.abi_encode(); // the input of an `eth_call`
//! assert_eq!(data.len(), 4 + 2 * 32);
//! let reverted = StalePrice { age: 90.try_into()?, max: 60.try_into()? }.abi_encode(); // what it was refused with
//! assert!(matches!(ProtocolErrors::abi_decode(&reverted)?, ProtocolErrors::StalePrice(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![allow(missing_docs, clippy::too_many_arguments)] // what the macro writes: items without documentation, events of many fields

/// The interface as JSON: what `cast`, viem and explorers take.
pub const ABI: &str = include_str!("../abi.json");

alloy_sol_types::sol!(
    #[sol(all_derives)]
    Protocol,
    "abi.json"
);
