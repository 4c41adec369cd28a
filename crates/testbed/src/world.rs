//! The committed state of the chain: accounts, code and storage, copied on write so that a snapshot is cheap.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use alloy_primitives::{keccak256, Address, Bytes, B256, KECCAK256_EMPTY, U256};
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::state::{AccountInfo, EvmState};

use crate::chain::AccountState;

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
    /// What changed since it was last asked for, where that is noted.
    changes: Option<HashMap<Address, Change>>,
}

/// What of an account changed; balance and nonce are always taken to have.
#[derive(Clone, Debug, Default)]
struct Change {
    whole: bool,
    code: bool,
    slots: HashSet<U256>,
}

impl World {
    pub(crate) fn account(&self, address: Address) -> Option<&Account> {
        self.accounts.get(&address).map(Arc::as_ref)
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.accounts.keys()
    }

    pub(crate) fn account_mut(&mut self, address: Address) -> &mut Account {
        self.note(address, |_| ());
        Arc::make_mut(self.accounts.entry(address).or_default())
    }

    fn note(&mut self, address: Address, change: impl FnOnce(&mut Change)) {
        if let Some(changes) = &mut self.changes {
            change(changes.entry(address).or_default());
        }
    }

    pub(crate) fn track(&mut self, track: bool) {
        self.changes = track.then(HashMap::new);
    }

    pub(crate) fn drain(&mut self) -> Vec<AccountState> {
        let changes = self.changes.as_mut().map(std::mem::take).unwrap_or_default();
        let mut states: Vec<_> =
            changes.iter().map(|(address, change)| self.state_of(*address, change.whole, Some(change))).collect();
        states.sort_unstable_by_key(|state| state.address);
        states
    }

    pub(crate) fn export(&self) -> Vec<AccountState> {
        let mut states: Vec<_> = self.addresses().map(|address| self.state_of(*address, true, None)).collect();
        states.sort_unstable_by_key(|state| state.address);
        states
    }

    fn state_of(&self, address: Address, whole: bool, change: Option<&Change>) -> AccountState {
        let Some(account) = self.account(address) else {
            return AccountState { address, whole: true, ..AccountState::default() };
        };
        let part = change.filter(|_| !whole);
        let mut storage: Vec<_> = match part {
            Some(change) => change.slots.iter().map(|slot| (*slot, self.storage(address, *slot))).collect(),
            None => account.storage.iter().map(|(slot, word)| (*slot, *word)).collect(),
        };
        storage.sort_unstable();
        let code = part.is_none_or(|change| change.code) && (part.is_some() || !account.code.is_empty());
        AccountState {
            address,
            whole,
            balance: account.balance,
            nonce: account.nonce,
            code: code.then(|| account.code.original_bytes()),
            storage,
        }
    }

    pub(crate) fn import(&mut self, state: &AccountState) {
        if state.whole {
            self.remove(state.address);
        }
        let exists = !state.balance.is_zero() || state.nonce > 0 || state.code.is_some() || !state.storage.is_empty();
        if state.whole && !exists {
            return;
        }
        if let Some(code) = &state.code {
            self.set_code(state.address, code.clone());
        }
        let account = self.account_mut(state.address);
        account.balance = state.balance;
        account.nonce = state.nonce;
        for (slot, word) in &state.storage {
            self.set_storage(state.address, *slot, *word);
        }
    }

    fn remove(&mut self, address: Address) {
        self.note(address, |change| change.whole = true);
        self.accounts.remove(&address);
    }

    pub(crate) fn storage(&self, address: Address, slot: U256) -> U256 {
        self.account(address).and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default()
    }

    pub(crate) fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.note(address, |change| {
            change.slots.insert(slot);
        });
        let storage = &mut self.account_mut(address).storage;
        if value.is_zero() {
            storage.remove(&slot);
        } else {
            storage.insert(slot, value);
        }
    }

    /// Puts code at an address as a creation would, with the nonce of a new contract.
    pub(crate) fn install(&mut self, address: Address, code: Bytes) {
        self.set_code(address, code);
        let account = self.account_mut(address);
        account.nonce = account.nonce.max(1);
    }

    /// Puts code at an address and leaves its nonce alone.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        self.note(address, |change| change.code = true);
        let account = self.account_mut(address);
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
                self.remove(address);
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
                self.note(address, |change| change.code = true);
            }
            for (slot, value) in change.storage {
                if value.is_changed() {
                    self.set_storage(address, slot, value.present_value);
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
pub(crate) struct Reader {
    world: Arc<World>,
    hashes: Arc<Hashes>,
}

impl Reader {
    pub(crate) fn new(world: Arc<World>, hashes: Arc<Hashes>) -> Self {
        Self { world, hashes }
    }
}

/// Hashes of blocks, the last 256 of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hashes(BTreeMap<u64, B256>);

impl Hashes {
    pub(crate) fn set(&mut self, number: u64, hash: B256) {
        self.0.insert(number, hash);
        while self.0.len() > 256 {
            self.0.pop_first();
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<B256> {
        self.0.get(&number).copied()
    }
}

impl Database for Reader {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.world.account(address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(account.code.clone()),
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.world.by_hash(hash).unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.world.storage(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        if self.hashes.0.is_empty() {
            return Ok(keccak256(number.to_be_bytes()));
        }
        Ok(self.hashes.get(number).unwrap_or_default())
    }
}
