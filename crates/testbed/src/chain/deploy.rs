//! Deploying programs and contracts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use alloy_primitives::{keccak256, Address, Bytes, B256, U256};

use super::Chain;
use crate::activation::{activate, check_code_size, deployed_code, Activated, Refusal};
use crate::arbos::wasm_of;
use crate::engine::{compile, CompileError};
use crate::outcome::{OutcomeKind, Revert, Tx};
use crate::programs::Program;

/// Selector of a program's constructor: `stylus_constructor()`, whatever its arguments.
pub const CONSTRUCTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// Why something was not deployed. The chain is as it was before, but for the sender's nonce.
#[derive(Clone, Debug, PartialEq)]
pub enum DeployError {
    /// Activation refuses the module.
    Refused(Refusal),
    /// The engine does not compile a module that activation accepts.
    Engine(CompileError),
    /// The constructor failed.
    Constructor(Revert),
    /// There is no program at the address.
    NoProgram(Address),
}

impl fmt::Display for DeployError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "activation refuses the module: {refusal}"),
            Self::Engine(error) => error.fmt(f),
            Self::Constructor(revert) => write!(f, "the constructor failed: {revert}"),
            Self::NoProgram(address) => write!(f, "no program at {address}"),
        }
    }
}

impl std::error::Error for DeployError {}

impl From<Refusal> for DeployError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<CompileError> for DeployError {
    fn from(error: CompileError) -> Self {
        Self::Engine(error)
    }
}

impl Chain {
    /// Deploys and activates a program, given as the module that a chain would see once it is decompressed.
    ///
    /// No gas is charged for it and no constructor runs; [`Chain::activation`] tells what activating costs.
    pub fn deploy_wasm(&mut self, from: Address, wasm: &[u8]) -> Result<Address, DeployError> {
        let address = self.next_address(from);
        self.install_wasm(address, wasm)?;
        Ok(address)
    }

    /// Deploys a program and calls its constructor with encoded arguments, the selector left out.
    pub fn deploy_wasm_with(
        &mut self,
        from: Address,
        wasm: &[u8],
        arguments: impl AsRef<[u8]>,
        value: U256,
    ) -> Result<Address, DeployError> {
        let before = self.snapshot();
        let address = self.deploy_wasm(from, wasm)?;
        let calldata = [CONSTRUCTOR.as_slice(), arguments.as_ref()].concat();
        let outcome = self.send(Tx::new(from, address, calldata).value(value));
        if let Err(revert) = outcome.into_result() {
            self.restore(&before);
            return Err(DeployError::Constructor(revert));
        }
        Ok(address)
    }

    /// Puts a program at an address of your choice and activates it.
    pub fn install_wasm(&mut self, address: Address, wasm: &[u8]) -> Result<Activated, DeployError> {
        let code = compressed(wasm);
        check_code_size(wasm, &code, &self.rules)?;
        let program = self.prepare(wasm)?;
        let figures = program.figures.clone();
        self.register(keccak256(&code), keccak256(wasm), program);
        self.world_mut().install(address, code);
        Ok(figures)
    }

    /// Activates a program that a contract or a transaction has created, for nothing.
    pub fn activate(&mut self, address: Address) -> Result<Activated, DeployError> {
        let code = self.code(address);
        let max_fragments = self.arbos().map_or(0, |arbos| arbos.max_fragments);
        let wasm = wasm_of(&code, &self.rules, max_fragments, |fragment| self.code(fragment))
            .map_err(|_| DeployError::NoProgram(address))?;
        check_code_size(&wasm, &code, &self.rules)?;
        let program = self.prepare(&wasm)?;
        let figures = program.figures.clone();
        self.register(keccak256(&code), keccak256(&wasm), program);
        Ok(figures)
    }

    /// Deploys a contract of EVM bytecode, given as its creation code with the constructor's arguments behind it.
    pub fn deploy_evm(&mut self, from: Address, initcode: &[u8]) -> Result<Address, DeployError> {
        self.deploy_evm_with(from, initcode, U256::ZERO)
    }

    /// Deploys a contract of EVM bytecode and sends wei to its constructor.
    pub fn deploy_evm_with(&mut self, from: Address, initcode: &[u8], value: U256) -> Result<Address, DeployError> {
        let (address, outcome) = self.run_creation(from, Bytes::copy_from_slice(initcode), value);
        if outcome.outcome != OutcomeKind::Success {
            let revert = Revert {
                data: outcome.output,
                outcome: outcome.outcome,
                gas_used: outcome.gas_used,
                note: outcome.note,
            };
            return Err(DeployError::Constructor(revert));
        }
        Ok(address)
    }

    fn prepare(&self, wasm: &[u8]) -> Result<Program, DeployError> {
        let figures = activate(wasm, &self.rules)?;
        let compiled = compile(wasm)?;
        Ok(Program { figures, compiled })
    }

    fn next_address(&mut self, from: Address) -> Address {
        let account = self.world_mut().account_mut(from);
        let address = from.create(account.nonce);
        account.nonce += 1;
        address
    }
}

/// The account code of a module. Compressing takes longer than anything else here, so each module is compressed once.
fn compressed(wasm: &[u8]) -> Bytes {
    static CACHE: OnceLock<Mutex<HashMap<B256, Bytes>>> = OnceLock::new();
    let cache = CACHE.get_or_init(Mutex::default);
    let lock = || cache.lock().unwrap_or_else(PoisonError::into_inner);
    let key = keccak256(wasm);
    if let Some(code) = lock().get(&key) {
        return code.clone();
    }
    let code = Bytes::from(deployed_code(wasm));
    lock().insert(key, code.clone());
    code
}
