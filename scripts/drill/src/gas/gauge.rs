//! The panel check: one action with it, less the same action without.

use super::{act, deployment, done, program, refused, Figure, COLD_WORD};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{sol, SolValue};
use fusebox_core::panel::{Class, Classes, CIRCUITS_PER_WORD};
use fusebox_testbed::Chain;
use std::path::Path;

sol! {
    function plain(uint32 market) returns (uint32);
    function checked(uint32 market) returns (uint32);
    function pause(uint32[] scopes, uint8 classes, uint16 reason) returns (uint64);
    error Stopped(uint32 scope, uint8 class, uint8 sources, uint64 until);
    error UnknownMarket(uint32 market, uint32 listed);
}

const GUARDIAN: Address = Address::repeat_byte(0x11);
const USER: Address = Address::repeat_byte(0x12);
const MARKET: u32 = 1;
/// The first market of the second panel word.
const OTHER: u32 = CIRCUITS_PER_WORD + 1;

/// What the check adds, in every state.
pub fn figures(folder: &Path) -> Result<Vec<Figure>, String> {
    let mut chain = Chain::new();
    let wasm = program(folder, "gauge")?;
    let gauge = chain.deploy_wasm_with(GUARDIAN, &wasm, GUARDIAN.abi_encode(), U256::ZERO);
    let gauge = gauge.map_err(deployment("gauge"))?;
    let first = passes(&chain, gauge, MARKET)?;
    chain.set_cached(gauge, true);
    let steady = passes(&chain, gauge, MARKET)?;
    let of = |id, state, gas, words: u64| Figure { id, state, gas, floor: Some(words * COLD_WORD) };
    Ok(vec![
        of("check", "first", first, 1),
        of("check", "steady", steady, 1),
        of("check.other-word", "steady", passes(&with_other(&chain, gauge)?, gauge, OTHER)?, 1),
        of("check.active", "steady", passes(&paused(&chain, gauge, &[MARKET], Class::Reduce)?, gauge, MARKET)?, 2),
        of("check", "refused", stops(&paused(&chain, gauge, &[MARKET], Class::Increase)?, gauge)?, 2),
        of("check.protocol", "refused", stops(&paused(&chain, gauge, &[0], Class::Increase)?, gauge)?, 2),
        of("check.both", "refused", stops(&paused(&chain, gauge, &[0, MARKET], Class::Increase)?, gauge)?, 3),
    ])
}

fn unguarded(chain: &Chain, gauge: Address, market: u32) -> Result<u64, String> {
    Ok(done(chain, USER, gauge, &plainCall { market })?.gas_used)
}

fn passes(chain: &Chain, gauge: Address, market: u32) -> Result<u64, String> {
    let guarded = done(chain, USER, gauge, &checkedCall { market })?.gas_used;
    Ok(guarded - unguarded(chain, gauge, market)?)
}

fn stops(chain: &Chain, gauge: Address) -> Result<u64, String> {
    let guarded = refused::<Stopped, _>(chain, USER, gauge, &checkedCall { market: MARKET })?.gas_used;
    Ok(guarded - unguarded(chain, gauge, MARKET)?)
}

/// The chain after a guardian's pause.
fn paused(chain: &Chain, gauge: Address, scopes: &[u32], class: Class) -> Result<Chain, String> {
    let mut chain = chain.clone();
    let classes = Classes::of(class).bits();
    let failed = act(&mut chain, GUARDIAN, gauge, &pauseCall { scopes: scopes.to_vec(), classes, reason: 1 })?;
    if failed != 0 {
        return Err(format!("the pause of {scopes:?} failed: {failed:b}"));
    }
    Ok(chain)
}

/// The chain with a market of the second panel word: that word as the first one is with its first market.
fn with_other(chain: &Chain, gauge: Address) -> Result<Chain, String> {
    let mut chain = chain.clone();
    let listed = panel_slot(&done(&chain, USER, gauge, &checkedCall { market: MARKET })?)?;
    let unlisted = refused::<UnknownMarket, _>(&chain, USER, gauge, &checkedCall { market: OTHER })?;
    let word = U256::from_be_bytes(chain.storage(gauge, U256::from_be_bytes(listed.0)).0);
    chain.set_storage(gauge, U256::from_be_bytes(panel_slot(&unlisted)?.0), word);
    Ok(chain)
}

/// The first word that a check reads.
fn panel_slot(outcome: &fusebox_testbed::Outcome) -> Result<B256, String> {
    outcome.storage_reads.first().map(|read| read.slot).ok_or_else(|| "a check read nothing".into())
}
