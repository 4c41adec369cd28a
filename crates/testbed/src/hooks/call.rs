//! Input and result, calls to other contracts, creation, return data.

use alloy_primitives::{Bytes, U256};

use super::{overlap, Answer, Escape, Hook};
use crate::outcome::CallKind;
use crate::pricing::{read, write, EVM_API, HOSTIO, POINTER};

/// What a program asks for when it calls.
pub(super) struct Request {
    pub(super) kind: CallKind,
    pub(super) to: u32,
    pub(super) data: u32,
    pub(super) length: u32,
    pub(super) value: Option<u32>,
    pub(super) gas: u64,
    pub(super) return_length: u32,
}

impl Hook<'_> {
    pub(super) fn read_args(&mut self, pointer: u32) -> Answer {
        self.buy_ink(HOSTIO)?;
        let args = self.env.args.clone();
        self.buy_ink(write(args.len()))?;
        self.write(pointer, &args)
    }

    pub(super) fn write_result(&mut self, pointer: u32, length: u32) -> Answer {
        self.buy_ink(HOSTIO)?;
        self.buy_ink(2 * read(length as usize))?;
        self.env.output = self.read(pointer, length)?;
        Ok(())
    }

    pub(super) fn exit_early(&mut self, status: u32) -> Answer {
        Err(Escape::Exit(status))
    }

    pub(super) fn call(&mut self, request: Request) -> Answer<u32> {
        self.buy_ink(HOSTIO + 3 * POINTER + EVM_API)?;
        self.buy_ink(2 * read(request.length as usize))?;
        let left = self.gas_left();
        let to = self.read_address(request.to)?;
        let input = Bytes::from(self.read(request.data, request.length)?);
        let value = match request.value {
            Some(pointer) => self.read_number(pointer)?,
            None => U256::ZERO,
        };
        let frame = self.env.frame.clone();
        let gas = request.gas.min(left);
        let (output, cost, success) = self.exec().call_from_program(&frame, request.kind, to, value, input, left, gas);
        let length = output.len() as u32;
        self.env.return_data = output;
        self.buy_gas(cost)?;
        self.write_u32(request.return_length, length)?;
        Ok(if success { 0 } else { 2 })
    }

    pub(super) fn create(
        &mut self,
        code: u32,
        length: u32,
        endowment: u32,
        salt: Option<u32>,
        address: u32,
        revert_length: u32,
    ) -> Answer {
        let pointers = if salt.is_some() { 4 } else { 3 };
        self.buy_ink(HOSTIO + pointers * POINTER + EVM_API)?;
        self.buy_ink(2 * read(length as usize))?;
        let code = Bytes::from(self.read(code, length)?);
        let endowment = self.read_number(endowment)?;
        let salt = salt.map(|pointer| self.read_number(pointer)).transpose()?;
        let left = self.gas_left();
        let frame = self.env.frame.clone();
        let made = self.exec().create_from_program(&frame, code, endowment, salt, left).map_err(Escape::Rule)?;
        self.buy_gas(made.cost)?;
        let data_length = made.output.len() as u32;
        self.env.return_data = made.output;
        self.write_u32(revert_length, data_length)?;
        self.write(address, made.address.as_slice())
    }

    pub(super) fn read_return_data(&mut self, dest: u32, offset: u32, size: u32) -> Answer<u32> {
        self.buy_ink(HOSTIO + EVM_API)?;
        let data = self.env.return_data.clone();
        let most = (data.len() as u32).saturating_sub(offset);
        self.buy_ink(write(size.min(most) as usize))?;
        let part = overlap(&data, offset, size);
        if !part.is_empty() {
            self.write(dest, part)?;
        }
        Ok(part.len() as u32)
    }

    pub(super) fn return_data_size(&mut self) -> Answer<u32> {
        self.buy_ink(HOSTIO)?;
        Ok(self.env.return_data.len() as u32)
    }
}
