//! The whole state as values: to keep it in a file, block by block, and to come back from there.

use alloy_primitives::{Address, Bytes, B256, U256};

use super::Chain;

/// An account, or what of it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// The account.
    pub address: Address,
    /// Whether all that was known of the account is void: it is exported whole, or was removed in between.
    pub whole: bool,
    /// The balance in wei.
    pub balance: U256,
    /// The nonce.
    pub nonce: u64,
    /// The code, where it is not what it was.
    pub code: Option<Bytes>,
    /// Slots that are not what they were, by number; zero for one that was cleared.
    pub storage: Vec<(U256, U256)>,
}

impl Chain {
    /// Every account whole, by address. With ArbOS on, programs and their times are part of it.
    pub fn export(&self) -> Vec<AccountState> {
        self.world().export()
    }

    /// Takes over accounts as [`Chain::export`] or [`Chain::drain_changes`] gave them, one after the other.
    pub fn import(&mut self, accounts: &[AccountState]) {
        let world = self.world_mut();
        accounts.iter().for_each(|account| world.import(account));
    }

    /// Starts or stops to note which accounts and slots change.
    pub fn track_changes(&mut self, track: bool) {
        self.world_mut().track(track);
    }

    /// What has changed since tracking started or since the last call, by address.
    ///
    /// A snapshot holds the notes of its time: after [`Chain::restore`] export the whole state instead.
    pub fn drain_changes(&mut self) -> Vec<AccountState> {
        self.world_mut().drain()
    }

    /// All slots of an account that are not zero, by number.
    pub fn storage_of(&self, address: Address) -> Vec<(U256, U256)> {
        let account = self.world().account(address);
        let mut slots: Vec<_> = account.into_iter().flat_map(|account| account.storage.clone()).collect();
        slots.sort_unstable();
        slots
    }

    /// The hash of the code; zero for an account that does not exist.
    pub fn code_hash(&self, address: Address) -> B256 {
        let account = self.world().account(address);
        account.map(|account| account.code_hash).unwrap_or_default()
    }

    /// Sets what `BLOCKHASH` answers for a block number of [`Chain::block_number`]'s kind; the last 256 are kept.
    ///
    /// Without a single hash set every block of the last 256 has a fixed one.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        std::sync::Arc::make_mut(&mut self.hashes).set(number, hash);
    }
}
