#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod host;
pub mod pack;
pub mod panel;
pub mod slot;
pub mod time;
