#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![deny(unsafe_code)] // not forbid: the SDK's macros bring their own allow

extern crate alloc;

pub mod error;
pub mod logic;
pub mod types;

#[cfg(feature = "shell")]
pub mod abi;
#[cfg(feature = "shell")]
pub mod shell;
#[cfg(feature = "shell")]
pub mod storage;
