//! Until when the fund holds back for a loss domain.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `perp.insurance` | domain | when the hold for its incidents ends, in seconds 64 |

use alloy_primitives::U256;
use fusebox_core::{
    host::Host,
    pack::field,
    slot::{element, erc7201},
};

const HOLDS: U256 = erc7201("perp.insurance");

/// When the hold of a domain's incidents ends; 0 before there was one.
pub fn held_until(host: &impl Host, domain: u32) -> u64 {
    field(host.load(element(HOLDS, domain.into())), 0, 64)
}

/// Writes when it ends.
pub fn hold_until(host: &mut impl Host, domain: u32, until: u64) {
    host.store(element(HOLDS, domain.into()), U256::from(until));
}
