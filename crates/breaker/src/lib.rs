#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![deny(unsafe_code)] // deny, not forbid: the SDK's macros in `abi` need an exception of their own

extern crate alloc;

pub mod error;
pub mod feed;
pub mod logic;
pub mod params;
pub mod types;

#[cfg(feature = "shell")]
pub mod abi;
#[cfg(feature = "shell")]
pub mod shell;
#[cfg(feature = "shell")]
pub mod storage;

pub use error::Error;
pub use params::{FeedConfig, FeedKind, Params, SequencerConfig, Setup};
pub use types::{Effect, Quote, Reading, Sample, Sequencer, State};
