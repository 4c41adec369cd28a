//! The defaults on real prices: crises of 2022 and 2023, and the quiet weeks beside them, a poke a minute.
//!
//! Data: `scripts/drill/data`, with sources and licences in its `SOURCES.md`. Most of it has one venue. Where a test needs
//! feeds that are told apart, they are views of that one venue (its minute, the minute before, its 30-minute mean): that
//! shows what lag alone does to the thresholds, and nothing about venues that differ.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

mod bitcoin;
mod ether;
mod quiet;
mod run;
mod series;
mod stablecoins;
