//! What programs read and write of the state, at the prices of the EVM.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{Address, Bytes, LogData, B256, U256};
use revm::context::journal::Journal;
use revm::context::{BlockEnv, JournalTr};
use revm::context_interface::journaled_state::account::JournaledAccountTr;
use revm::precompile::Precompiles;
use revm::primitives::AddressSet;

use super::Executor;
use crate::activation::{memory_gas, Rules};
use crate::arbos::{self, wasm_of, ArbOs, NoModule};
use crate::outcome::{Log, StorageRead, StorageWrite};
use crate::pricing::{CODE_READ, COLD_ACCOUNT, COLD_SLOT, PAGE_LIMIT, WARM};
use crate::world::Reader;

/// All precompiles, those of ArbOS included: they are warm from the start. See the README for what they answer.
pub(super) fn precompile_addresses(precompiles: &Precompiles) -> &'static AddressSet {
    static ALL: OnceLock<AddressSet> = OnceLock::new();
    ALL.get_or_init(|| precompiles.addresses().copied().chain(arbos::precompiles()).collect())
}

impl Executor {
    pub(crate) fn arbos(&self) -> Option<&Arc<ArbOs>> {
        self.arbos.as_ref()
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// Frames that are open.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn pages_open(&self) -> u16 {
        self.pages_open
    }

    pub(crate) fn journal(&mut self) -> &mut Journal<Reader> {
        &mut self.ctx.journaled_state
    }

    /// The hash of a block by its number on the chain itself; zero where nobody has set it.
    pub(crate) fn arb_block_hash(&self, number: u64) -> B256 {
        self.arb_hashes.get(number).unwrap_or_default()
    }

    /// Moves wei without calling anyone. Whether there were enough.
    pub(crate) fn move_balance(&mut self, from: Address, to: Address, wei: U256) -> bool {
        let Ok(refused) = self.ctx.journaled_state.transfer(from, to, wei);
        refused.is_none()
    }

    /// The module whose program is at an address, fragments put together.
    pub(crate) fn wasm_at(&mut self, address: Address) -> Result<Vec<u8>, NoModule> {
        let code = self.load_code(address).1.original_bytes();
        let max_fragments = self.arbos.as_ref().map_or(0, |arbos| arbos.max_fragments);
        let rules = self.rules;
        wasm_of(&code, &rules, max_fragments, |fragment| self.load_code(fragment).1.original_bytes())
    }

    pub(crate) fn block(&self) -> &BlockEnv {
        &self.ctx.block
    }

    pub(crate) fn chain_id(&self) -> u64 {
        self.ctx.cfg.chain_id
    }

    pub(crate) fn gas_price(&self) -> u128 {
        self.ctx.tx.gas_price
    }

    pub(crate) fn origin(&self) -> Address {
        self.ctx.tx.caller
    }

    /// Makes an account warm.
    pub(crate) fn warm(&mut self, address: Address) {
        let Ok(_) = self.ctx.journaled_state.load_account(address);
    }

    /// Makes accounts and slots warm.
    pub(crate) fn warm_list(&mut self, list: &[(Address, Vec<B256>)]) {
        for (address, slots) in list {
            self.warm(*address);
            for slot in slots {
                let Ok(_) = self.ctx.journaled_state.sload(*address, (*slot).into());
            }
        }
    }

    /// Uses up one nonce of an account.
    pub(crate) fn bump_nonce(&mut self, address: Address) {
        let Ok(mut account) = self.ctx.journaled_state.load_account_mut(address);
        account.bump_nonce();
    }

    /// Takes wei that an account is known to have.
    pub(crate) fn take_balance(&mut self, address: Address, wei: U256) {
        let Ok(mut account) = self.ctx.journaled_state.load_account_mut(address);
        account.decr_balance(wei);
    }

    /// Gives wei to an account; no wei make no account.
    pub(crate) fn give_balance(&mut self, address: Address, wei: U256) {
        if !wei.is_zero() {
            let Ok(mut account) = self.ctx.journaled_state.load_account_mut(address);
            account.incr_balance(wei);
        }
    }

    /// The value of a slot and the gas of reading it.
    pub(crate) fn load_slot(&mut self, address: Address, key: B256) -> (B256, u64) {
        let Ok(load) = self.ctx.journaled_state.sload(address, key.into());
        let gas = if load.is_cold { COLD_SLOT } else { WARM };
        let value = B256::from(load.data);
        self.trace.reads.push(StorageRead { address, slot: key, value, cold: load.is_cold, gas });
        (value, gas)
    }

    /// Writes a slot unless that costs more than `budget`. The gas it cost; refunds are noted.
    pub(crate) fn store_slot(&mut self, address: Address, key: B256, value: B256, budget: u64) -> Option<u64> {
        let checkpoint = self.ctx.journaled_state.checkpoint();
        let Ok(store) = self.ctx.journaled_state.sstore(address, key.into(), value.into());
        let (original, present) = (store.original_value, store.present_value);
        let new: U256 = value.into();
        let cold = if store.is_cold { COLD_SLOT } else { 0 };
        let (gas, refund) = sstore_price(original, present, new);
        let gas = gas + cold;
        if gas > budget {
            self.ctx.journaled_state.checkpoint_revert(checkpoint);
            return None;
        }
        self.ctx.journaled_state.checkpoint_commit();
        self.ctx.journaled_state.touch_account(address);
        if let Some(sum) = self.refunds.last_mut() {
            *sum += refund;
        }
        self.trace.writes.push(StorageWrite { address, slot: key, old: present.into(), new: value, gas });
        Some(gas)
    }

    pub(crate) fn load_transient(&mut self, address: Address, key: U256) -> U256 {
        self.ctx.journaled_state.tload(address, key)
    }

    pub(crate) fn store_transient(&mut self, address: Address, key: U256, value: U256) {
        self.ctx.journaled_state.tstore(address, key, value);
    }

    pub(crate) fn emit(&mut self, log: Log) {
        self.ctx
            .journaled_state
            .log(alloy_primitives::Log { address: log.address, data: LogData::new_unchecked(log.topics, log.data) });
    }

    pub(crate) fn balance(&mut self, address: Address) -> (U256, u64) {
        let Ok(load) = self.ctx.journaled_state.load_account(address);
        (load.data.info.balance, account_gas(load.is_cold))
    }

    pub(crate) fn code_hash(&mut self, address: Address) -> (B256, u64) {
        let Ok(load) = self.ctx.journaled_state.load_account(address);
        let hash = if load.data.is_empty() { B256::ZERO } else { load.data.info.code_hash };
        (hash, account_gas(load.is_cold))
    }

    pub(crate) fn code(&mut self, address: Address) -> (Bytes, u64) {
        let Ok(load) = self.ctx.journaled_state.load_account_with_code(address);
        let code = load.data.info.code.clone().unwrap_or_default();
        (code.original_bytes(), CODE_READ + account_gas(load.is_cold))
    }

    /// Opens pages and tells what they cost; beyond the limit that is more than anyone has.
    pub(crate) fn open_pages(&mut self, new: u16) -> u64 {
        let gas = memory_gas(new, self.pages_open, self.pages_ever);
        self.pages_open = self.pages_open.saturating_add(new);
        self.pages_ever = self.pages_ever.max(self.pages_open);
        if self.pages_open > PAGE_LIMIT {
            return u64::MAX;
        }
        gas
    }
}

fn account_gas(is_cold: bool) -> u64 {
    if is_cold {
        COLD_ACCOUNT
    } else {
        WARM
    }
}

/// Gas and refund of a write to a warm slot (EIP-2200 with the amounts of EIP-2929 and EIP-3529).
fn sstore_price(original: U256, present: U256, new: U256) -> (u64, i64) {
    const SET: u64 = 20_000;
    const RESET: u64 = 2_900;
    const CLEARED: i64 = 4_800;
    if present == new {
        return (WARM, 0);
    }
    if original == present {
        if original.is_zero() {
            return (SET, 0);
        }
        return (RESET, if new.is_zero() { CLEARED } else { 0 });
    }
    let mut refund = 0;
    if !original.is_zero() {
        if present.is_zero() {
            refund -= CLEARED;
        } else if new.is_zero() {
            refund += CLEARED;
        }
    }
    if original == new {
        let paid = if original.is_zero() { SET } else { RESET };
        refund += (paid - WARM) as i64;
    }
    (WARM, refund)
}
