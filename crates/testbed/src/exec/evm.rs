//! Frames of EVM bytecode, and precompiles.

use std::sync::OnceLock;

use alloy_primitives::{Bytes, B256, U256};
use revm::bytecode::Bytecode;
use revm::context::CreateScheme;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::interpreter::{EthInterpreter, ExtBytecode, InputsImpl, SharedMemory};
use revm::interpreter::interpreter_types::ReturnData;
use revm::interpreter::{
    CallInput, CallInputs, CallScheme, CreateInputs, FrameInput, InstructionResult, Interpreter, InterpreterAction,
};
use revm::precompile::Precompile;

use super::create::Creation;
use super::{Call, Ctx, Ended, Executor, SPEC};
use crate::outcome::{CallKind, OutcomeKind};

type Evm = Interpreter<EthInterpreter>;

impl Executor {
    pub(super) fn run_evm(&mut self, call: &Call, hash: B256, code: Bytecode) -> Ended {
        static TABLES: OnceLock<EthInstructions<EthInterpreter, Ctx>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| EthInstructions::new_mainnet_with_spec(SPEC));
        let mut evm: Box<Evm> = Box::new(Interpreter::new(
            SharedMemory::new(),
            ExtBytecode::new_with_hash(code, hash),
            InputsImpl {
                target_address: call.target,
                caller_address: call.caller,
                bytecode_address: Some(call.code),
                input: CallInput::Bytes(call.input.clone()),
                call_value: call.value,
                depth: self.depth,
            },
            call.is_static,
            SPEC,
            call.gas,
        ));
        loop {
            let action = evm.run_plain(tables.instruction_table(), tables.gas_table(), &mut self.ctx);
            match action {
                InterpreterAction::NewFrame(FrameInput::Call(inputs)) => {
                    self.evm_call(&mut evm, *inputs);
                }
                InterpreterAction::NewFrame(FrameInput::Create(inputs)) => {
                    self.evm_create(&mut evm, *inputs);
                }
                InterpreterAction::NewFrame(FrameInput::Empty) => {
                    return Ended::new(OutcomeKind::Halt, Bytes::new(), 0).note("empty frame");
                }
                InterpreterAction::Return(result) => {
                    let kind = outcome(result.result);
                    let ended = Ended::new(kind, result.output, result.gas.remaining());
                    return Ended {
                        refund: result.gas.refunded(),
                        note: (kind == OutcomeKind::Halt).then(|| format!("{:?}", result.result)),
                        ..ended
                    };
                }
            }
        }
    }

    fn evm_call(&mut self, evm: &mut Evm, inputs: CallInputs) {
        let kind = match inputs.scheme {
            CallScheme::Call => CallKind::Call,
            CallScheme::CallCode => CallKind::CallCode,
            CallScheme::DelegateCall => CallKind::DelegateCall,
            CallScheme::StaticCall => CallKind::StaticCall,
        };
        // A range of no bytes lies nowhere, so memory is not asked for it.
        let input = match &inputs.input {
            CallInput::Bytes(bytes) => bytes.clone(),
            CallInput::SharedBuffer(range) if range.is_empty() => Bytes::new(),
            CallInput::SharedBuffer(range) => Bytes::copy_from_slice(&evm.memory.global_slice_range(range.clone())),
        };
        let ended = self.call_recorded(Call {
            kind,
            caller: inputs.caller,
            target: inputs.target_address,
            code: inputs.bytecode_address,
            value: inputs.value.get(),
            input,
            gas: inputs.gas_limit,
            is_static: inputs.is_static,
        });
        let success = ended.kind.is_success();
        let length = inputs.return_memory_offset.len().min(ended.output.len());
        if length > 0 {
            evm.memory.set(inputs.return_memory_offset.start, &ended.output[..length]);
        }
        resume(evm, ended, U256::from(success));
    }

    fn evm_create(&mut self, evm: &mut Evm, inputs: CreateInputs) {
        let (address, mut ended) = self.create_recorded(Creation {
            creator: inputs.caller(),
            value: inputs.value(),
            code: inputs.init_code().clone(),
            salt: match inputs.scheme() {
                CreateScheme::Create2 { salt } => Some(salt),
                _ => None,
            },
            gas: inputs.gas_limit(),
        });
        if ended.kind != OutcomeKind::Revert {
            ended.output = Bytes::new();
        }
        let item = match ended.kind {
            OutcomeKind::Success => U256::from_be_bytes(address.into_word().0),
            _ => U256::ZERO,
        };
        resume(evm, ended, item);
    }
}

/// Gives a contract back what its call left.
fn resume(evm: &mut Evm, ended: Ended, item: U256) {
    // The frame that makes a call has taken its operands off the stack, so there is room.
    let _ = evm.stack.push(item);
    evm.gas.erase_cost(ended.gas_left);
    evm.gas.record_refund(ended.refund);
    evm.return_data.set_buffer(ended.output);
}

fn outcome(result: InstructionResult) -> OutcomeKind {
    if result.is_ok() {
        OutcomeKind::Success
    } else if result == InstructionResult::Revert {
        OutcomeKind::Revert
    } else {
        OutcomeKind::Halt
    }
}

pub(super) fn run_precompile(precompile: &Precompile, call: &Call) -> Ended {
    let halted = || Ended::new(OutcomeKind::Halt, Bytes::new(), 0).note("precompile failed");
    match precompile.execute(&call.input, call.gas, 0) {
        Ok(output) if output.is_success() && output.gas_used <= call.gas => {
            Ended::new(OutcomeKind::Success, output.bytes, call.gas - output.gas_used)
        }
        _ => halted(),
    }
}
