#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![deny(unsafe_code)] // not forbid: the SDK's macros bring their own allow

extern crate alloc;

pub mod error;
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
pub use params::{Caps, Closing, Params, Ramp, Terms};
pub use types::{Admission, Balance, Choice, Exposure, Health, Leg, Mark, Opening, Ratchet, Warm, Weather};
