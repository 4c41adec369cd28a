//! The protocol's storage at one block, as the modules see it: what they keep is read with their own code.

use super::{
    fault::Fault,
    fault::Outcome,
    rpc::{Failed, Header, Message, Rpc},
};
use alloy_primitives::{keccak256, Address, B256, U256};
use fusebox_core::host::{Answer, Host};
use std::{cell::RefCell, collections::HashMap};

/// The storage of a contract at a block.
pub struct Remote<'a> {
    rpc: &'a Rpc,
    this: Address,
    caller: Address,
    at: Header,
    words: RefCell<HashMap<U256, U256>>,
    fault: RefCell<Option<Fault>>,
}

impl<'a> Remote<'a> {
    /// The storage of `this` at the latest block, looked at by `caller`.
    pub fn latest(rpc: &'a Rpc, this: Address, caller: Address) -> Outcome<Self> {
        let at = rpc.latest()?;
        Ok(Self { rpc, this, caller, at, words: RefCell::default(), fault: RefCell::default() })
    }

    /// The block.
    pub const fn header(&self) -> Header {
        self.at
    }

    /// Reads with the modules' code; a word that the node did not give fails the whole.
    ///
    /// Errors: no answer from the node.
    pub fn read<T>(&self, what: impl FnOnce(&Self) -> T) -> Outcome<T> {
        let answer = what(self);
        match self.fault.borrow_mut().take() {
            Some(fault) => Err(fault),
            None => Ok(answer),
        }
    }
}

impl Host for Remote<'_> {
    fn now(&self) -> u64 {
        self.at.timestamp.to()
    }
    fn caller(&self) -> Address {
        self.caller
    }
    fn this(&self) -> Address {
        self.this
    }
    fn gas_left(&self) -> u64 {
        u64::MAX
    }
    fn load(&self, slot: U256) -> U256 {
        if let Some(word) = self.words.borrow().get(&slot) {
            return *word;
        }
        if self.fault.borrow().is_some() {
            return U256::ZERO; // `read` throws the answer away
        }
        match self.rpc.storage(self.this, slot, self.at.number) {
            Ok(word) => {
                self.words.borrow_mut().insert(slot, word);
                word
            }
            Err(fault) => {
                *self.fault.borrow_mut() = Some(fault);
                U256::ZERO
            }
        }
    }
    fn store(&mut self, slot: U256, word: U256) {
        self.words.borrow_mut().insert(slot, word); // seen by what is read next, and by nobody else
    }
    fn keccak(&self, bytes: &[u8]) -> B256 {
        keccak256(bytes)
    }
    fn log(&mut self, _: &[B256], _: &[u8]) {}
    fn static_call(&self, to: Address, _: u64, input: &[u8], output: &mut [u8]) -> Answer {
        let message = Message { from: self.this, to: Some(to), data: input.to_vec().into(), value: U256::ZERO };
        let (ok, data) = match self.rpc.call(&message) {
            Ok(data) => (true, data),
            Err(Failed::Reverted(data)) => (false, data),
            Err(Failed::Fault(fault)) => {
                *self.fault.borrow_mut() = Some(fault);
                return Answer { ok: false, len: 0 };
            }
        };
        output.iter_mut().zip(&data).for_each(|(to, from)| *to = *from);
        Answer { ok, len: data.len() }
    }
}
