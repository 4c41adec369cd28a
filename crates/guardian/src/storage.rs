//! Where the module keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.guardian") + scope` | [`Pause`], layout there |
//! | `keccak(scope . erc7201("fusebox.guardian.tally"))` | [`Tally`]: accrued 64, settled_at 64, guardians 32 |
//! | `keccak(guardian . erc7201("fusebox.guardian.watch"))` | [`Watch`]: alive_until 64, rests_until 64, scopes 32 |
//! | `keccak(guardian + scope << 160 . erc7201("fusebox.guardian.grant"))` | [`Grant`]: duration_secs 32, armed 1 |
//!
//! The pause words lie next to one another without a hash, since a check reads them.

use crate::{
    error::Error,
    types::{Grant, Pause, Tally, Watch},
};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    panel::Scope,
    slot::{element, entry, erc7201},
};

/// The namespace of the module.
pub const ROOT: U256 = erc7201("fusebox.guardian");
/// Pause words by scope.
const PAUSES: U256 = ROOT;
/// Tallies by scope.
const TALLIES: U256 = erc7201("fusebox.guardian.tally");
/// Guardians' own words.
const WATCHES: U256 = erc7201("fusebox.guardian.watch");
/// Grants by guardian and scope.
const GRANTS: U256 = erc7201("fusebox.guardian.grant");

/// The word of a scope, as it is stored.
pub fn pause_word(host: &impl Host, scope: Scope) -> U256 {
    host.load(element(PAUSES, u64::from(scope.number())))
}

/// The pause of a scope.
pub fn pause(host: &impl Host, scope: Scope) -> Pause {
    Pause::unpack(pause_word(host, scope))
}

/// Writes the pause of a scope.
///
/// Errors: [`Error::OutOfRange`].
pub fn set_pause(host: &mut impl Host, scope: Scope, pause: Pause) -> Result<(), Error> {
    let word = pause.pack()?;
    host.store(element(PAUSES, u64::from(scope.number())), word);
    Ok(())
}

/// What the protocol's pause takes over from a scope's: of the main switch itself, nothing.
pub fn over(host: &impl Host, scope: Scope) -> Pause {
    if scope.is_protocol() {
        return Pause::default();
    }
    pause(host, Scope::PROTOCOL)
}

/// A market's own pause beside the protocol's: of the main switch itself, nothing.
pub fn own(host: &impl Host, scope: Scope) -> Pause {
    if scope.is_protocol() {
        return Pause::default();
    }
    pause(host, scope)
}

/// A market's own tally beside the protocol's: of the main switch itself, nothing.
pub fn own_tally(host: &impl Host, scope: Scope) -> Tally {
    if scope.is_protocol() {
        return Tally::default();
    }
    tally(host, scope)
}

/// The tally word of a scope, as it is stored.
pub fn tally_word(host: &impl Host, scope: Scope) -> U256 {
    host.load(entry(host, TALLIES, number(scope)))
}

/// The tally of a scope.
pub fn tally(host: &impl Host, scope: Scope) -> Tally {
    let [accrued, settled_at, guardians, _] = tally_word(host, scope).into_limbs();
    Tally { accrued, settled_at, guardians: narrow(guardians) }
}

/// Writes the tally of a scope.
pub fn set_tally(host: &mut impl Host, scope: Scope, tally: Tally) {
    let slot = entry(host, TALLIES, number(scope));
    host.store(slot, U256::from_limbs([tally.accrued, tally.settled_at, u64::from(tally.guardians), 0]));
}

/// A guardian's own word.
pub fn watch(host: &impl Host, guardian: Address) -> Watch {
    let [alive_until, rests_until, scopes, _] = host.load(entry(host, WATCHES, word(guardian))).into_limbs();
    Watch { alive_until, rests_until, scopes: narrow(scopes) }
}

/// Writes a guardian's own word.
pub fn set_watch(host: &mut impl Host, guardian: Address, watch: Watch) {
    let slot = entry(host, WATCHES, word(guardian));
    host.store(slot, U256::from_limbs([watch.alive_until, watch.rests_until, u64::from(watch.scopes), 0]));
}

/// A guardian's word of a scope.
pub fn grant(host: &impl Host, guardian: Address, scope: Scope) -> Grant {
    let [low, ..] = host.load(entry(host, GRANTS, key(guardian, scope))).into_limbs();
    Grant { duration_secs: narrow(low), armed: low >> 32 & 1 == 1 }
}

/// Writes a guardian's word of a scope.
pub fn set_grant(host: &mut impl Host, guardian: Address, scope: Scope, grant: Grant) {
    let slot = entry(host, GRANTS, key(guardian, scope));
    let low = u64::from(grant.duration_secs) | u64::from(grant.armed) << 32;
    host.store(slot, U256::from_limbs([low, 0, 0, 0]));
}

/// The number of a scope as a key.
fn number(scope: Scope) -> U256 {
    U256::from(scope.number())
}

/// Guardian and scope as one key: the address fills the low 160 bits.
fn key(guardian: Address, scope: Scope) -> U256 {
    let [a, b, c, _] = word(guardian).into_limbs();
    U256::from_limbs([a, b, c | u64::from(scope.number()) << 32, 0])
}

/// The low 32 bits.
fn narrow(limb: u64) -> u32 {
    let [a, b, c, d, ..] = limb.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
