//! Host calls as a trace shows them: what each reads and writes, in the order of Nitro's tracer.

use super::Hook;

/// A piece of what a host call is given or answers. Numbers in it are positions of parameters.
#[derive(Clone, Copy)]
enum Part {
    /// 32 bytes where the parameter points.
    Word(usize),
    /// 20 bytes where the parameter points.
    Address(usize),
    /// Bytes where the first parameter points, as many as the second says.
    Bytes(usize, usize),
    /// Bytes where the parameter points, as many as the host call answers.
    Answered(usize),
    /// A length that the host call left where the parameter points.
    Length(usize),
    /// The last bytes of the parameter itself, and how many.
    Number(usize, usize),
    /// The last bytes of the answer, and how many.
    Answer(usize),
    /// The input of the program.
    Input,
}

use Part::*;

/// What a host call is given, and what it answers.
fn shape(name: &str) -> (&'static [Part], &'static [Part]) {
    match name {
        "read_args" => (&[], &[Input]),
        "write_result" => (&[Bytes(0, 1)], &[]),
        "exit_early" => (&[Number(0, 4)], &[]),
        "storage_load_bytes32" | "transient_load_bytes32" => (&[Word(0)], &[Word(1)]),
        "storage_cache_bytes32" | "transient_store_bytes32" => (&[Word(0), Word(1)], &[]),
        "storage_flush_cache" => (&[Number(0, 1)], &[]),
        "call_contract" => (&[Address(0), Number(4, 8), Word(3), Bytes(1, 2)], &[Length(5), Answer(1)]),
        "delegate_call_contract" | "static_call_contract" => {
            (&[Address(0), Number(3, 8), Bytes(1, 2)], &[Length(4), Answer(1)])
        }
        "create1" => (&[Word(2), Bytes(0, 1)], &[Address(3), Length(4)]),
        "create2" => (&[Word(2), Word(3), Bytes(0, 1)], &[Address(4), Length(5)]),
        "read_return_data" => (&[Number(1, 4), Number(2, 4)], &[Answered(0)]),
        "emit_log" => (&[Number(2, 4), Bytes(0, 1)], &[]),
        "account_balance" | "account_codehash" => (&[Address(0)], &[Word(1)]),
        "account_code" => (&[Address(0), Number(1, 4), Number(2, 4)], &[Answered(3)]),
        "account_code_size" => (&[Address(0)], &[Answer(4)]),
        "block_basefee" | "msg_value" | "tx_gas_price" => (&[], &[Word(0)]),
        "block_coinbase" | "contract_address" | "msg_sender" | "tx_origin" => (&[], &[Address(0)]),
        "return_data_size" | "msg_reentrant" | "tx_ink_price" => (&[], &[Answer(4)]),
        "math_div" | "math_mod" | "math_pow" => (&[Word(0), Word(1)], &[Word(0)]),
        "math_add_mod" | "math_mul_mod" => (&[Word(0), Word(1), Word(2)], &[Word(0)]),
        "native_keccak256" => (&[Bytes(0, 1)], &[Word(2)]),
        "pay_for_memory_grow" => (&[Number(0, 2)], &[]),
        _ => (&[], &[Answer(8)]), // numbers of the block, gas and ink
    }
}

impl Hook<'_> {
    /// What the host call is given, read before it runs since some answer in place.
    pub(super) fn given(&self, name: &str, parameters: &[u64]) -> alloy_primitives::Bytes {
        self.pieces(shape(name).0, parameters, 0)
    }

    /// What the host call answered.
    pub(super) fn answered(&self, name: &str, parameters: &[u64], answer: u64) -> alloy_primitives::Bytes {
        self.pieces(shape(name).1, parameters, answer)
    }

    /// The pieces one after the other. What lies outside the memory is left out: the host call itself fails on it.
    fn pieces(&self, parts: &[Part], parameters: &[u64], answer: u64) -> alloy_primitives::Bytes {
        let mut bytes = Vec::new();
        let parameter = |index: usize| parameters.get(index).copied().unwrap_or_default();
        let memory = |pointer: usize, length: u64| self.read(parameter(pointer) as u32, length as u32);
        for part in parts {
            let piece = match *part {
                Word(pointer) => memory(pointer, 32),
                Address(pointer) => memory(pointer, 20),
                Bytes(pointer, length) => memory(pointer, parameter(length)),
                Answered(pointer) => memory(pointer, answer),
                Length(pointer) => memory(pointer, 4).map(|bytes| bytes.into_iter().rev().collect()),
                Number(index, width) => Ok(parameter(index).to_be_bytes()[8 - width..].to_vec()),
                Answer(width) => Ok(answer.to_be_bytes()[8 - width..].to_vec()),
                Input => Ok(self.env.args.to_vec()),
            };
            bytes.extend(piece.unwrap_or_default());
        }
        bytes.into()
    }
}
