//! What a program is told of the block, the transaction and itself; ink, gas and pages.

use alloy_primitives::U256;

use super::{Answer, Hook};
use crate::pricing::{HOSTIO, INK_PRICE, POINTER};

impl Hook<'_> {
    fn answer_word(&mut self, dest: u32, word: U256) -> Answer {
        self.buy_ink(HOSTIO + POINTER)?;
        self.write(dest, &word.to_be_bytes::<32>())
    }

    fn answer_address(&mut self, dest: u32, address: alloy_primitives::Address) -> Answer {
        self.buy_ink(HOSTIO + POINTER)?;
        self.write(dest, address.as_slice())
    }

    fn answer_number(&mut self, number: u64) -> Answer<u64> {
        self.buy_ink(HOSTIO)?;
        Ok(number)
    }

    pub(super) fn block_basefee(&mut self, dest: u32) -> Answer {
        let word = U256::from(self.exec().block().basefee);
        self.answer_word(dest, word)
    }

    pub(super) fn block_coinbase(&mut self, dest: u32) -> Answer {
        let address = self.exec().block().beneficiary;
        self.answer_address(dest, address)
    }

    pub(super) fn block_gas_limit(&mut self) -> Answer<u64> {
        let limit = self.exec().block().gas_limit;
        self.answer_number(limit)
    }

    pub(super) fn block_number(&mut self) -> Answer<u64> {
        let number = self.exec().block().number.saturating_to();
        self.answer_number(number)
    }

    pub(super) fn block_timestamp(&mut self) -> Answer<u64> {
        let timestamp = self.exec().block().timestamp.saturating_to();
        self.answer_number(timestamp)
    }

    pub(super) fn chainid(&mut self) -> Answer<u64> {
        let id = self.exec().chain_id();
        self.answer_number(id)
    }

    pub(super) fn contract_address(&mut self, dest: u32) -> Answer {
        let address = self.env.frame.address;
        self.answer_address(dest, address)
    }

    pub(super) fn msg_sender(&mut self, dest: u32) -> Answer {
        let address = self.env.frame.caller;
        self.answer_address(dest, address)
    }

    pub(super) fn msg_value(&mut self, dest: u32) -> Answer {
        let value = self.env.frame.value;
        self.answer_word(dest, value)
    }

    pub(super) fn msg_reentrant(&mut self) -> Answer<u32> {
        self.buy_ink(HOSTIO)?;
        Ok(u32::from(self.env.frame.reentrant))
    }

    pub(super) fn tx_gas_price(&mut self, dest: u32) -> Answer {
        let price = U256::from(self.exec().gas_price());
        self.answer_word(dest, price)
    }

    pub(super) fn tx_ink_price(&mut self) -> Answer<u32> {
        self.buy_ink(HOSTIO)?;
        Ok(INK_PRICE as u32)
    }

    pub(super) fn tx_origin(&mut self, dest: u32) -> Answer {
        let origin = self.exec().origin();
        self.answer_address(dest, origin)
    }

    pub(super) fn evm_gas_left(&mut self) -> Answer<u64> {
        self.buy_ink(HOSTIO)?;
        Ok(self.gas_left())
    }

    pub(super) fn evm_ink_left(&mut self) -> Answer<u64> {
        self.buy_ink(HOSTIO)?;
        Ok(self.ink)
    }

    pub(super) fn pay_for_memory_grow(&mut self, pages: u32) -> Answer {
        // Only 16 bits reach the chain. What they leave out cannot be grown anyway: a memory has 65,536 pages at most.
        let pages = pages as u16;
        if pages == 0 {
            return self.buy_ink(HOSTIO);
        }
        let gas = self.exec().open_pages(pages);
        self.buy_gas(gas)
    }
}
