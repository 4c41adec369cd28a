//! Balances and code of other accounts.

use alloy_primitives::{Address, Bytes};

use super::{overlap, Answer, Hook};
use crate::pricing::{write, COLD_ACCOUNT, EVM_API, HOSTIO, POINTER};

impl Hook<'_> {
    pub(super) fn account_balance(&mut self, address: u32, dest: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER + EVM_API)?;
        self.require_gas(COLD_ACCOUNT)?;
        let address = self.read_address(address)?;
        let (balance, gas) = self.exec().balance(address);
        self.buy_gas(gas)?;
        self.write(dest, &balance.to_be_bytes::<32>())
    }

    pub(super) fn account_codehash(&mut self, address: u32, dest: u32) -> Answer {
        self.buy_ink(HOSTIO + 2 * POINTER + EVM_API)?;
        self.require_gas(COLD_ACCOUNT)?;
        let address = self.read_address(address)?;
        let (hash, gas) = self.exec().code_hash(address);
        self.buy_gas(gas)?;
        self.write(dest, hash.as_slice())
    }

    pub(super) fn account_code(&mut self, address: u32, offset: u32, size: u32, dest: u32) -> Answer<u32> {
        self.buy_ink(HOSTIO + EVM_API)?;
        self.require_gas(COLD_ACCOUNT)?;
        let address = self.read_address(address)?;
        let code = self.code_of(address)?;
        self.buy_ink(write(code.len()))?;
        let part = overlap(&code, offset, size);
        self.write(dest, part)?;
        Ok(part.len() as u32)
    }

    pub(super) fn account_code_size(&mut self, address: u32) -> Answer<u32> {
        self.buy_ink(HOSTIO + EVM_API)?;
        self.require_gas(COLD_ACCOUNT)?;
        let address = self.read_address(address)?;
        Ok(self.code_of(address)?.len() as u32)
    }

    /// The code; asked twice in a row it costs once.
    fn code_of(&mut self, address: Address) -> Answer<Bytes> {
        if let Some((last, code)) = &self.env.last_code {
            if *last == address {
                return Ok(code.clone());
            }
        }
        let (code, gas) = self.exec().code(address);
        self.buy_gas(gas)?;
        if !code.is_empty() {
            self.env.last_code = Some((address, code.clone()));
        }
        Ok(code)
    }
}
