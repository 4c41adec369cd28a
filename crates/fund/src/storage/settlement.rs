//! Where settlement keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.fund.settlement") + market` | [`Settlement`], layout there |
//! | `erc7201("fusebox.fund.pot") + rank` | [`Pot`] |
//! | `+ 4` | what nobody claims 112, the second at which all this was fixed 112 |

use crate::types::{
    loss::{close, low64, open},
    settlement::{Division, Pot, Rank, Settlement},
};
use alloy_primitives::U256;
use fusebox_core::{
    host::Host,
    slot::{element, erc7201},
};

const SETTLEMENTS: U256 = erc7201("fusebox.fund.settlement");
const POTS: U256 = erc7201("fusebox.fund.pot");
const RESIDUE: u64 = 4;

/// How a market ends.
pub fn settlement(host: &impl Host, market: u32) -> Settlement {
    Settlement::unpack(host.load(element(SETTLEMENTS, market.into())))
}

/// Writes how a market ends.
pub fn set_settlement(host: &mut impl Host, market: u32, settlement: &Settlement) {
    host.store(element(SETTLEMENTS, market.into()), settlement.pack());
}

/// A class of claims.
pub fn pot(host: &impl Host, rank: Rank) -> Pot {
    Pot::unpack(host.load(element(POTS, rank.code().into())))
}

/// What nobody claims, and the second at which the assets were divided; 0 before.
pub fn divided(host: &impl Host) -> (u128, u64) {
    let (residue, at, _) = open(host.load(element(POTS, RESIDUE)));
    (residue, low64(at))
}

/// Writes how the assets are divided.
pub fn set_division(host: &mut impl Host, division: &Division, now: u64) {
    let Division { principal, profits, providers, stakers, residue } = division;
    let pots = [principal, profits, providers, stakers].map(Pot::pack);
    super::ledger::write(host, POTS, &[U256::ZERO; 4], &pots);
    host.store(element(POTS, RESIDUE), close(*residue, now.into(), 0));
}
