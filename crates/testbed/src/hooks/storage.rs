//! Storage through the cache of the frame, transient storage, logs.

use alloy_primitives::{Bytes, U256};

use super::{Answer, Escape, Hook};
use crate::outcome::Log;
use crate::pricing::{read, CACHE_ACCESS, COLD_SLOT, EVM_API, HOSTIO, INK_PRICE, POINTER, SSTORE_SENTRY, WARM};

const WRITE_PROTECTION: Escape = Escape::Rule("write protection");

impl Hook<'_> {
    pub(super) fn storage_load_bytes32(&mut self, key: u32, dest: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER)?;
        let api = EVM_API / INK_PRICE;
        self.require_gas(COLD_SLOT + CACHE_ACCESS + api)?;
        let key = self.read_word(key)?;
        let mut gas = self.env.slots.read_gas();
        let value = match self.env.slots.get(key) {
            Some(value) => value,
            None => {
                let address = self.env.frame.address;
                let (value, cost) = self.exec().load_slot(address, key);
                self.env.slots.learn(key, value);
                gas += cost + api;
                value
            }
        };
        self.buy_gas(gas)?;
        self.write(dest, value.as_slice())
    }

    pub(super) fn storage_cache_bytes32(&mut self, key: u32, value: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER)?;
        self.require_gas(SSTORE_SENTRY + CACHE_ACCESS)?;
        let (key, value) = (self.read_word(key)?, self.read_word(value)?);
        let gas = self.env.slots.write_gas();
        self.env.slots.write(key, value);
        self.buy_gas(gas)
    }

    pub(super) fn storage_flush_cache(&mut self, clear: u32) -> Answer {
        self.buy_ink(HOSTIO + EVM_API)?;
        self.require_gas(SSTORE_SENTRY)?;
        // The state is asked with one gas more than there is: using that one up is what running out looks like.
        let budget = self.gas_left() + 1;
        let changed = self.env.slots.flush(clear != 0);
        let (address, is_static) = (self.env.frame.address, self.env.frame.is_static);
        let mut left = budget;
        for (key, value) in changed {
            if is_static {
                return Err(WRITE_PROTECTION);
            }
            let cost = self.exec().store_slot(address, key, value, left);
            left -= cost.ok_or(Escape::OutOfInk)?;
        }
        self.buy_gas(budget - left)
    }

    pub(super) fn transient_load_bytes32(&mut self, key: u32, dest: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER + EVM_API)?;
        self.buy_gas(WARM)?;
        let key = self.read_number(key)?;
        let address = self.env.frame.address;
        let value: U256 = self.exec().load_transient(address, key);
        self.write(dest, &value.to_be_bytes::<32>())
    }

    pub(super) fn transient_store_bytes32(&mut self, key: u32, value: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER + EVM_API)?;
        self.buy_gas(WARM)?;
        let (key, value) = (self.read_number(key)?, self.read_number(value)?);
        if self.env.frame.is_static {
            return Err(WRITE_PROTECTION);
        }
        let address = self.env.frame.address;
        self.exec().store_transient(address, key, value);
        Ok(())
    }

    pub(super) fn emit_log(&mut self, data: u32, length: u32, topics: u32) -> Answer {
        self.buy_ink(HOSTIO + EVM_API)?;
        if topics > 4 || length < topics * 32 {
            return Err(Escape::Rule("bad topic data"));
        }
        self.buy_ink(read(length as usize))?;
        self.buy_gas(375 * (1 + u64::from(topics)) + 8 * u64::from(length - topics * 32))?;
        let data = self.read(data, length)?;
        if self.env.frame.is_static {
            return Err(WRITE_PROTECTION);
        }
        let (topics, data) = data.split_at(topics as usize * 32);
        let log = Log {
            address: self.env.frame.address,
            topics: topics.chunks_exact(32).map(alloy_primitives::B256::from_slice).collect(),
            data: Bytes::copy_from_slice(data),
        };
        self.exec().emit(log);
        Ok(())
    }
}
