//! Where the module keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.authority")` | [`Holders`]: 32 bits a role |
//! | `erc7201("fusebox.authority") + 1` | [`Delays`]: 64 bits each |
//! | `keccak(account . erc7201("fusebox.authority.account"))` | [`Account`]: roles 8, at 32: epoch 32, at 64: term 32 |
//! | `keccak(hash . erc7201("fusebox.authority.proposal"))` | [`Proposal`], by the hash of the change's words |
//! | `keccak(hash . erc7201("fusebox.authority.playbook"))` | [`Playbook`], by the hash of the batch's words |
//! | `erc7201("fusebox.authority.overlay") + (scope << 16 \| id)` | [`Overlay`]; with id 65535 when the scope's episode started |
//!
//! Overlays lie without a hash, since a parameter that has one is read with it.

use crate::types::{table::EPISODE, Account, Delays, Holders, Overlay, Playbook, Proposal};
use alloy_primitives::{Address, B256, U256};
use fusebox_core::{
    host::{word, Host},
    slot::{element, entry, erc7201},
};

/// The namespace of the module.
pub const ROOT: U256 = erc7201("fusebox.authority");
/// Accounts.
const ACCOUNTS: U256 = erc7201("fusebox.authority.account");
/// Proposals by the hash of the change.
const PROPOSALS: U256 = erc7201("fusebox.authority.proposal");
/// Playbooks by the hash of the batch.
const PLAYBOOKS: U256 = erc7201("fusebox.authority.playbook");
/// Overlays by scope and id.
const OVERLAYS: U256 = erc7201("fusebox.authority.overlay");

/// An account's roles and epoch.
pub fn account(host: &impl Host, who: Address) -> Account {
    Account::unpack(host.load(entry(host, ACCOUNTS, word(who))))
}

/// Writes an account's roles and epoch.
pub fn set_account(host: &mut impl Host, who: Address, account: Account) {
    let slot = entry(host, ACCOUNTS, word(who));
    host.store(slot, account.pack());
}

/// How many hold what.
pub fn holders(host: &impl Host) -> Holders {
    Holders::unpack(host.load(ROOT))
}

/// Writes how many hold what.
pub fn set_holders(host: &mut impl Host, holders: Holders) {
    host.store(ROOT, holders.pack());
}

/// The delays in force.
pub fn delays(host: &impl Host) -> Delays {
    Delays::unpack(host.load(element(ROOT, 1)))
}

/// Writes the delays in force.
pub fn set_delays(host: &mut impl Host, delays: Delays) {
    host.store(element(ROOT, 1), delays.pack());
}

/// A proposal.
pub fn proposal(host: &impl Host, hash: B256) -> Proposal {
    Proposal::unpack(host.load(entry(host, PROPOSALS, hash.into())))
}

/// Writes a proposal.
pub fn set_proposal(host: &mut impl Host, hash: B256, proposal: Proposal) {
    let slot = entry(host, PROPOSALS, hash.into());
    host.store(slot, proposal.pack());
}

/// A playbook.
pub fn playbook(host: &impl Host, hash: B256) -> Playbook {
    Playbook::unpack(host.load(entry(host, PLAYBOOKS, hash.into())))
}

/// Writes a playbook.
pub fn set_playbook(host: &mut impl Host, hash: B256, playbook: Playbook) {
    let slot = entry(host, PLAYBOOKS, hash.into());
    host.store(slot, playbook.pack());
}

/// The overlay of a parameter in a scope.
pub fn overlay(host: &impl Host, scope: u32, id: u16) -> Overlay {
    Overlay::unpack(host.load(place(scope, id)))
}

/// Writes the overlay of a parameter in a scope.
pub fn set_overlay(host: &mut impl Host, scope: u32, id: u16, overlay: Overlay) {
    host.store(place(scope, id), overlay.pack());
}

/// When a scope's episode of overlays started, in seconds; 0 if there was none.
pub fn episode(host: &impl Host, scope: u32) -> u64 {
    let [start, ..] = host.load(place(scope, EPISODE)).into_limbs();
    start
}

/// Writes when a scope's episode of overlays started.
pub fn set_episode(host: &mut impl Host, scope: u32, start: u64) {
    host.store(place(scope, EPISODE), U256::from(start));
}

fn place(scope: u32, id: u16) -> U256 {
    element(OVERLAYS, u64::from(scope) << 16 | u64::from(id))
}
