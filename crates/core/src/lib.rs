#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod average;
pub mod bps;
pub mod digits;
mod exp;
mod fraction;
pub mod host;
mod ln;
pub mod math;
pub mod median;
pub mod pack;
pub mod panel;
pub mod slot;
pub mod time;
pub mod wad;

pub use bps::Bps;
pub use math::MathError;
pub use median::median;
pub use wad::{SignedWad, Wad};
