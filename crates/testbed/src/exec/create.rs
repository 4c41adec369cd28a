//! Creation of contracts, by EVM bytecode and by programs.

use alloy_primitives::{keccak256, Address, Bytes, U256};
use revm::bytecode::Bytecode;
use revm::context::JournalTr;
use revm::context_interface::journaled_state::account::JournaledAccountTr;

use super::{Call, Ended, Executor, SPEC};
use crate::arbos::FRAGMENT_PREFIX;
use crate::hooks::Frame;
use crate::outcome::{CallKind, CallRecord, OutcomeKind};
use crate::pricing::{CODE_DEPOSIT, CREATE, KECCAK_WORD, MAX_CODE, MAX_DEPTH};

/// What a creation by a program left.
#[derive(Debug)]
pub(crate) struct Made {
    /// Zero where it failed.
    pub(crate) address: Address,
    /// Revert data.
    pub(crate) output: Bytes,
    pub(crate) cost: u64,
}

/// A creation.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) creator: Address,
    pub(crate) value: U256,
    pub(crate) code: Bytes,
    pub(crate) salt: Option<U256>,
    pub(crate) gas: u64,
}

impl Executor {
    /// Runs initialisation code. The address is where the contract would be; it is there where the frame succeeded.
    pub(crate) fn create(&mut self, creation: Creation) -> (Address, Ended) {
        stacker::maybe_grow(512 * 1024, 4 * 1024 * 1024, || {
            let kind = if creation.salt.is_some() { CallKind::Create2 } else { CallKind::Create };
            let Creation { creator, value, gas, .. } = creation;
            self.trace_open(kind, creator, Address::ZERO, value, gas, &creation.code);
            let (address, ended) = self.enter_creation(creation);
            self.trace_close(Some(address), &ended);
            // The code is where it belongs; nobody is given it as data.
            let output = if ended.kind.is_success() { Bytes::new() } else { ended.output };
            (address, Ended { output, ..ended })
        })
    }

    fn enter_creation(&mut self, creation: Creation) -> (Address, Ended) {
        let failed = |why: &str| {
            let ended = Ended::new(OutcomeKind::Failure, Bytes::new(), creation.gas).note(why);
            (Address::ZERO, ended)
        };
        if self.depth > MAX_DEPTH {
            return failed("calls too deep");
        }
        let Ok(mut creator) = self.ctx.journaled_state.load_account_mut(creation.creator);
        if *creator.balance() < creation.value {
            return failed("balance too low");
        }
        let nonce = creator.nonce();
        if !creator.bump_nonce() {
            return failed("nonce exhausted");
        }
        let address = match creation.salt {
            Some(salt) => creation.creator.create2(salt.to_be_bytes::<32>(), keccak256(&creation.code)),
            None => creation.creator.create(nonce),
        };
        self.warm(address);
        let checkpoint =
            match self.ctx.journaled_state.create_account_checkpoint(creation.creator, address, creation.value, SPEC) {
                Ok(checkpoint) => checkpoint,
                Err(_) => {
                    let ended = Ended::new(OutcomeKind::Halt, Bytes::new(), 0);
                    return (Address::ZERO, ended.note("address taken"));
                }
            };
        *self.open.entry(address).or_default() += 1;
        self.depth += 1;
        let ended = self.run_evm(
            &Call {
                kind: CallKind::Create,
                caller: creation.creator,
                target: address,
                code: address,
                value: creation.value,
                input: Bytes::new(),
                gas: creation.gas,
                is_static: false,
            },
            keccak256(&creation.code),
            Bytecode::new_legacy(creation.code),
        );
        self.depth -= 1;
        if let Some(count) = self.open.get_mut(&address) {
            *count -= 1;
        }
        let mut ended = deposit(ended, |code| self.may_hold(code));
        self.trace_logs();
        if ended.kind.is_success() {
            self.ctx.journaled_state.checkpoint_commit();
            let code = Bytecode::new_legacy(ended.output.clone());
            self.ctx.journaled_state.set_code(address, code);
        } else {
            self.ctx.journaled_state.checkpoint_revert(checkpoint);
            ended.refund = 0;
        }
        (address, ended)
    }

    /// Whether code that starts with 0xef may be deployed.
    fn may_hold(&self, code: &[u8]) -> bool {
        self.is_program(code) || (self.knows_fragments() && code.starts_with(&FRAGMENT_PREFIX))
    }

    /// Creates for a contract and writes it down.
    pub(super) fn create_recorded(&mut self, creation: Creation) -> (Address, Ended) {
        let (value, input, gas) = (creation.value, creation.code.clone(), creation.gas);
        let kind = match creation.salt {
            Some(_) => CallKind::Create2,
            None => CallKind::Create,
        };
        let depth = self.depth;
        let (address, ended) = self.create(creation);
        self.trace.calls.push(CallRecord {
            kind,
            depth,
            to: address,
            value,
            input,
            gas,
            gas_used: gas - ended.gas_left,
            outcome: ended.kind,
            success: ended.kind.is_success(),
            output: ended.output.clone(),
        });
        (address, ended)
    }

    /// A creation that a program asks for. An error ends the program.
    pub(crate) fn create_from_program(
        &mut self,
        frame: &Frame,
        code: Bytes,
        endowment: U256,
        salt: Option<U256>,
        left: u64,
    ) -> Result<Made, &'static str> {
        if frame.is_static {
            return Err("write protection");
        }
        let words = (code.len() as u64).div_ceil(32);
        let base = CREATE + salt.map_or(0, |_| KECCAK_WORD * words);
        let Some(gas) = left.checked_sub(base) else {
            return Err("out of gas");
        };
        let kept = gas / 64;
        let (address, ended) =
            self.create_recorded(Creation { creator: frame.address, value: endowment, code, salt, gas: gas - kept });
        if let Some(sum) = self.refunds.last_mut() {
            *sum += ended.refund;
        }
        let success = ended.kind.is_success();
        let reverted = ended.kind == OutcomeKind::Revert;
        Ok(Made {
            address: if success { address } else { Address::ZERO },
            output: if reverted { ended.output } else { Bytes::new() },
            cost: left - (ended.gas_left + kept),
        })
    }
}

/// Pays for the code that initialisation leaves, or refuses it.
fn deposit(ended: Ended, may_hold: impl FnOnce(&[u8]) -> bool) -> Ended {
    if !ended.kind.is_success() {
        return ended;
    }
    let code = &ended.output;
    let refused = if code.len() > MAX_CODE {
        Some("code too long")
    } else if code.first() == Some(&0xef) && !may_hold(code) {
        Some("code starts with 0xef and is no program")
    } else if ended.gas_left < CODE_DEPOSIT * code.len() as u64 {
        Some("out of gas for the code")
    } else {
        None
    };
    match refused {
        Some(why) => Ended::new(OutcomeKind::Halt, Bytes::new(), 0).note(why),
        None => Ended { gas_left: ended.gas_left - CODE_DEPOSIT * code.len() as u64, ..ended },
    }
}
