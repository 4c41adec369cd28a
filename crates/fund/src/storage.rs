//! Where the staking half keeps its words; `ledger` and `settlement` say where the loss half does.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.fund")` | [`Params`] |
//! | `+ 1` | [`Vault`] |
//! | `+ 2 ..= + 4` | [`Hold`]: what is open, what was held back, what is owed |
//! | `erc7201("fusebox.fund.round") + round` | the last index of a round that is over |
//! | `keccak(account . erc7201("fusebox.fund.account")) + 0 ..= 2` | [`Account`]: shares, request, claim |
//!
//! On a quiet day an action reads parameters, vault, the first word of the hold and what the account has in use.

use crate::{
    error::Error,
    types::{Account, Hold, Params, Vault},
};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    slot::{element, entry, erc7201},
};

pub mod ledger;
pub mod settlement;

/// The namespace of the module.
pub const ROOT: U256 = erc7201("fusebox.fund");
const ROUNDS: U256 = erc7201("fusebox.fund.round");
const ACCOUNTS: U256 = erc7201("fusebox.fund.account");
const VAULT: u64 = 1;
const HOLD: u64 = 2;

/// A word of an array.
#[inline(never)] // once in a program: bytes run out before gas
pub fn read(host: &impl Host, root: U256, index: u64) -> U256 {
    host.load(element(root, index))
}

/// Writes a word of an array.
#[inline(never)]
pub fn write(host: &mut impl Host, root: U256, index: u64, word: U256) {
    host.store(element(root, index), word);
}

/// Where an account's words begin.
#[inline(never)]
fn place(host: &impl Host, who: Address) -> U256 {
    entry(host, ACCOUNTS, word(who))
}

/// Writes the words at `first` that differ.
#[inline(never)]
fn store_changed(host: &mut impl Host, first: U256, before: [U256; 3], after: [U256; 3]) {
    for (at, (before, after)) in (0..).zip(before.into_iter().zip(after)) {
        if before != after {
            write(host, first, at, after);
        }
    }
}

/// The parameters.
///
/// Errors: [`Error::Parameter`] if none were written.
#[inline(never)]
pub fn params(host: &impl Host) -> Result<Params, Error> {
    Params::unpack(read(host, ROOT, 0))
}

/// Writes the parameters.
pub fn set_params(host: &mut impl Host, params: &Params) {
    write(host, ROOT, 0, params.pack());
}

/// The vault.
pub fn vault(host: &impl Host) -> Vault {
    Vault::unpack(read(host, ROOT, VAULT))
}

/// Writes the vault.
pub fn set_vault(host: &mut impl Host, vault: &Vault) {
    write(host, ROOT, VAULT, vault.pack());
}

/// The hold; its second and third word only while something is open, or if `owed` asks for them.
#[inline(never)]
pub fn hold(host: &impl Host, owed: bool) -> Hold {
    let at = |i: u64| read(host, ROOT, HOLD.saturating_add(i));
    let first = at(0);
    let shown = Hold::unpack([first, U256::ZERO, U256::ZERO]);
    if shown.deficit == 0 && shown.incident == 0 && !owed {
        return shown;
    }
    Hold::unpack([first, at(1), at(2)])
}

/// Writes what differs from the hold that was loaded, and a round that has ended.
#[inline(never)]
pub fn set_hold(host: &mut impl Host, before: &Hold, after: &Hold) {
    store_changed(host, element(ROOT, HOLD), before.pack(), after.pack());
    if let Some(closed) = after.closed {
        write(host, ROUNDS, closed.round.into(), U256::from(closed.index));
    }
}

/// The index up to which an account's round has released: that of the hold, if it is the same round.
pub fn index(host: &impl Host, hold: &Hold, account: &Account) -> u128 {
    if account.round == hold.round {
        return hold.index;
    }
    u128::try_from(read(host, ROUNDS, account.round.into())).unwrap_or_default()
}

/// An account; its second word only with a request, its third only with a claim.
#[inline(never)]
pub fn account(host: &impl Host, who: Address) -> Account {
    let slot = place(host, who);
    let own = read(host, slot, 0);
    let shown = Account::unpack([own, U256::ZERO, U256::ZERO]);
    let read = |wanted: bool, at| if wanted { read(host, slot, at) } else { U256::ZERO };
    Account::unpack([own, read(shown.since != 0, 1), read(shown.round != 0, 2)])
}

/// Writes what differs from the account that was loaded.
#[inline(never)]
pub fn set_account(host: &mut impl Host, who: Address, before: &Account, after: &Account) {
    let slot = place(host, who);
    store_changed(host, slot, before.pack(), after.pack());
}
