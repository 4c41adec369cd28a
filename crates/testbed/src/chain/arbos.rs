//! ArbOS switched on: precompiles that answer, programs that age.

use std::sync::Arc;

use alloy_primitives::{address, hex, Address, B256};

use super::Chain;
use crate::activation::{activate, Activated, Rules};
use crate::arbos::{wasm_of, ArbOs, Record, STATE};
use crate::programs::Program;

/// Where every chain has its StylusDeployer.
pub const STYLUS_DEPLOYER: Address = address!("cecba2f1dc234f70dd89f2041029807f8d03a990");
/// The creation code of `tests/solidity/StylusDeployer.sol`.
const DEPLOYER: &str = include_str!("../arbos/StylusDeployer.hex");

/// What stands at the address of a precompile, so that it has code: an invalid instruction.
const PLACEHOLDER: [u8; 1] = [0xfe];

impl Chain {
    /// A chain as ArbOS 60 starts one: precompiles that answer, Stylus version 3, and the StylusDeployer at its address.
    pub fn with_arbos() -> Self {
        let mut chain = Self::new();
        chain.set_rules(Rules { stylus_version: 3, ..Rules::default() });
        chain.set_arbos(ArbOs::default());
        chain.install_deployer();
        chain
    }

    /// Lets the precompiles of ArbOS answer, and sets what they answer from.
    ///
    /// From then on programs have a version and a time, which are part of the state: what was deployed before has
    /// neither and needs [`Chain::activate`].
    pub fn set_arbos(&mut self, arbos: ArbOs) {
        if self.arbos.is_none() {
            for address in crate::arbos::precompiles() {
                self.world_mut().set_code(address, PLACEHOLDER.to_vec().into());
            }
            self.set_nonce(STATE, 1); // an account without nonce, balance and code is none
        }
        self.arbos = Some(Arc::new(arbos));
    }

    /// Puts a StylusDeployer at [`STYLUS_DEPLOYER`]: ours, with the interface and the behaviour of the published one.
    pub fn install_deployer(&mut self) {
        let initcode = hex::decode(DEPLOYER.trim()).expect("our own file is hex"); // checked by a test
        let mut scratch = Self::new();
        let made = scratch.deploy_evm(Address::ZERO, &initcode).expect("its constructor does nothing");
        self.set_code(STYLUS_DEPLOYER, scratch.code(made));
    }

    /// What the precompiles of ArbOS answer from, where they answer.
    pub fn arbos(&self) -> Option<&ArbOs> {
        self.arbos.as_deref()
    }

    /// Sets the number of the block on the chain itself, which only ArbSys answers.
    pub fn set_arb_block_number(&mut self, number: u64) {
        if let Some(arbos) = &mut self.arbos {
            Arc::make_mut(arbos).block_number = number;
        }
    }

    /// Sets what ArbSys answers for the hash of a block of the chain itself; the last 256 are kept.
    pub fn set_arb_block_hash(&mut self, number: u64, hash: B256) {
        Arc::make_mut(&mut self.arb_hashes).set(number, hash);
    }

    /// Makes a program known as activated now.
    pub(super) fn register(&mut self, code_hash: B256, module: B256, program: Program) {
        if self.arbos.is_some() {
            let (record_key, module_key) = Record::keys(code_hash);
            let known = Record::unpack(self.world().storage(STATE, record_key.into()));
            let record = Record::new(&program.figures, self.rules.stylus_version, self.timestamp(), known.cached);
            self.world_mut().set_storage(STATE, record_key.into(), record.pack());
            self.world_mut().set_storage(STATE, module_key.into(), module.into());
        }
        Arc::make_mut(&mut self.programs).insert(code_hash, program);
    }

    pub(super) fn set_record_cached(&mut self, code_hash: B256, cached: bool) {
        if self.arbos.is_some() {
            let key = Record::keys(code_hash).0;
            let record = Record::unpack(self.world().storage(STATE, key.into()));
            self.world_mut().set_storage(STATE, key.into(), Record { cached, ..record }.pack());
        }
    }

    /// The figures of a program that a transaction has activated, worked out again.
    pub(super) fn recorded(&self, program: Address) -> Option<Activated> {
        let arbos = self.arbos.as_ref()?;
        let key = Record::keys(self.code_hash(program)).0;
        let record = Record::unpack(self.world().storage(STATE, key.into()));
        if record.version == 0 {
            return None;
        }
        let rules = Rules { stylus_version: record.version, ..self.rules };
        let wasm = wasm_of(&self.code(program), &rules, arbos.max_fragments, |fragment| self.code(fragment)).ok()?;
        activate(&wasm, &rules).ok()
    }
}
