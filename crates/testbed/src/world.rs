//! The committed state of the chain: accounts, code and storage, copied on write so that a snapshot is cheap.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use alloy_primitives::{keccak256, Address, Bytes, B256, KECCAK256_EMPTY, U256};
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::state::{AccountInfo, EvmState};

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code_hash: B256,
    pub(crate) code: Bytecode,
    pub(crate) storage: HashMap<U256, U256>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            balance: U256::ZERO,
            nonce: 0,
            code_hash: KECCAK256_EMPTY,
            code: Bytecode::default(),
            storage: HashMap::new(),
        }
    }
}

/// All accounts. A clone shares every account until one of the two writes to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    accounts: HashMap<Address, Arc<Account>>,
}

impl World {
    pub(crate) fn account(&self, address: Address) -> Option<&Account> {
        self.accounts.get(&address).map(Arc::as_ref)
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.accounts.keys()
    }

    pub(crate) fn account_mut(&mut self, address: Address) -> &mut Account {
        Arc::make_mut(self.accounts.entry(address).or_default())
    }

    pub(crate) fn storage(&self, address: Address, slot: U256) -> U256 {
        self.account(address).and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default()
    }

    pub(crate) fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        let storage = &mut self.account_mut(address).storage;
        if value.is_zero() {
            storage.remove(&slot);
        } else {
            storage.insert(slot, value);
        }
    }

    /// Puts code at an address as a creation would, with the nonce of a new contract.
    pub(crate) fn install(&mut self, address: Address, code: Bytes) {
        let account = self.account_mut(address);
        account.nonce = account.nonce.max(1);
        account.code_hash = keccak256(&code);
        account.code = Bytecode::new_legacy(code);
    }

    /// Takes over what a successful transaction changed.
    pub(crate) fn commit(&mut self, state: EvmState) {
        for (address, change) in state {
            if !change.is_touched() {
                continue;
            }
            if change.is_selfdestructed() {
                self.accounts.remove(&address);
                continue;
            }
            if self.account(address).is_none() && change.is_empty() {
                continue;
            }
            let account = self.account_mut(address);
            account.balance = change.info.balance;
            account.nonce = change.info.nonce;
            if account.code_hash != change.info.code_hash {
                account.code_hash = change.info.code_hash;
                account.code = change.info.code.clone().unwrap_or_default();
            }
            for (slot, value) in change.storage {
                if value.present_value.is_zero() {
                    account.storage.remove(&slot);
                } else if value.is_changed() {
                    account.storage.insert(slot, value.present_value);
                }
            }
        }
    }

    fn by_hash(&self, hash: B256) -> Option<Bytecode> {
        self.accounts.values().find(|account| account.code_hash == hash).map(|account| account.code.clone())
    }
}

/// The world as a transaction reads it.
#[derive(Clone, Debug)]
pub(crate) struct Reader(pub(crate) Arc<World>);

impl Database for Reader {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.0.account(address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(account.code.clone()),
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.0.by_hash(hash).unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.0.storage(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(keccak256(number.to_be_bytes()))
    }
}
