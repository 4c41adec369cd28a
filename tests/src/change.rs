//! The words of changes, as a client writes them: act, id and scope in the first word, then the arguments.

use alloy_primitives::{Address, U256};

fn header(act: u64, id: u16, scope: u32) -> U256 {
    U256::from(act | u64::from(id) << 8 | u64::from(scope) << 24)
}

fn word(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

/// Sets a parameter.
pub fn parameter(scope: u32, id: u16, value: u128) -> Vec<U256> {
    vec![header(0, id, scope), U256::from(value)]
}

/// Gives a role.
pub fn grant(who: Address, role: u16) -> Vec<U256> {
    vec![header(1, role, 0), word(who)]
}

/// Takes a role.
pub fn revoke(who: Address, role: u16) -> Vec<U256> {
    vec![header(2, role, 0), word(who)]
}

/// Appoints, or with 0 seconds removes, a guardian.
pub fn guardian(who: Address, scope: u32, secs: u32) -> Vec<U256> {
    vec![header(3, 0, scope), word(who), U256::from(secs)]
}

/// Replaces a program.
pub fn upgrade(program: u16, to: Address) -> Vec<U256> {
    vec![header(4, program, 0), word(to)]
}

/// Moves a ticket to escrow.
pub fn escrow(ticket: U256, to: Address) -> Vec<U256> {
    vec![header(5, 0, 0), ticket, word(to)]
}

/// Approves a batch for the Council.
pub fn playbook(scope: u32, tier: u16, single: bool, batch: &[U256]) -> Vec<U256> {
    let first = header(6, tier | u16::from(single) << 8, scope);
    std::iter::once(first).chain(batch.iter().copied()).collect()
}

/// A batch: each change behind the number of its words.
pub fn batch(changes: &[Vec<U256>]) -> Vec<U256> {
    let counted = |words: &Vec<U256>| std::iter::once(U256::from(words.len())).chain(words.clone()).collect::<Vec<_>>();
    changes.iter().flat_map(counted).collect()
}

/// Decides about a scope: 1 winds it down, 2 undoes that, 3 settles it.
pub fn decision(id: u16, scope: u32) -> Vec<U256> {
    vec![header(7, id, scope)]
}

/// Sets the terms of a return.
pub fn harbour(rate_bps: u64, cap: U256, text: U256) -> Vec<U256> {
    vec![header(7, 4, 0), U256::from(rate_bps), cap, text]
}

/// Sets on what terms the fund covers a loss domain: deductible, its basis points, budget, days of an epoch, claim.
pub fn cover(domain: u32, terms: [u128; 5]) -> Vec<U256> {
    std::iter::once(header(7, 5, domain)).chain(terms.map(U256::from)).collect()
}

/// Sets how the fund is filled up: target of the pool's assets, surcharge of a fee, in basis points.
pub fn recap(target: u64, most: u64) -> Vec<U256> {
    vec![header(7, 6, 0), U256::from(target), U256::from(most)]
}

/// Sets the fund's parameters: cool-down, window, hold, deficit in seconds, floor.
pub fn fund(params: [u64; 5]) -> Vec<U256> {
    std::iter::once(header(7, 7, 0)).chain(params.map(U256::from)).collect()
}

/// Lists a market.
pub fn list(words: &[U256]) -> Vec<U256> {
    std::iter::once(header(7, 0, 0)).chain(words.iter().copied()).collect()
}
