//! Where the module keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.authority")` | [`Holders`]: 32 bits a role |
//! | `keccak(account . erc7201("fusebox.authority.account"))` | [`Account`]: roles 8, at 32: epoch 32 |

use crate::types::{Account, Holders};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    slot::{entry, erc7201},
};

/// The namespace of the module.
pub const ROOT: U256 = erc7201("fusebox.authority");
/// Accounts.
const ACCOUNTS: U256 = erc7201("fusebox.authority.account");

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
