//! The precompiles of ArbOS, and the programs it knows with their versions and times.
//!
//! What they keep is storage of one account, so that a frame that fails takes it back and a file of the state holds it.
//! Sources: the published Solidity interfaces of the precompiles and Nitro's published parameters.

mod cache;
mod gas;
mod pricer;
mod record;
mod source;
mod system;
mod wasm;

use alloy_primitives::{address, Address, Bytes, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use revm::context::JournalTr;

use crate::exec::{Call, Ended, Executor};
use crate::outcome::{CallKind, Log, OutcomeKind};

pub(crate) use record::{Record, Status};
pub(crate) use source::{wasm_of, NoModule, ARBOS_FRAGMENTS, FRAGMENT_PREFIX, ROOT_PREFIX};

/// Where ArbOS keeps its state.
pub(crate) const STATE: Address = address!("a4b05fffffffffffffffffffffffffffffffffff");

/// Gas of opening the state of ArbOS, and of each word read from it.
const READ: u64 = 800;
/// Gas of a word written.
const WRITE: u64 = 20_000;
/// Gas of a word of input or output.
const COPY_WORD: u64 = 3;

/// What a chain's owner sets, and the block of the second layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArbOs {
    /// Who may do everything.
    pub chain_owners: Vec<Address>,
    /// Who may put programs into the cache.
    pub cache_managers: Vec<Address>,
    /// Who receives the data fees.
    pub network_fee_account: Address,
    /// Days after which a program that was not kept alive expires.
    pub expiry_days: u16,
    /// Days before which a program cannot be kept alive.
    pub keepalive_days: u16,
    /// Accounts that one program may be spread over.
    pub max_fragments: u8,
    /// Gas that an activation takes on top of its cost; owners set it out of reach to pause activations.
    pub activation_gas: u64,
    /// The lowest gas price, in wei.
    pub min_gas_price: u64,
    /// Wei of one gas on the first layer, as it is believed to be; nobody is charged for it here.
    pub l1_base_fee: u64,
    /// The number of the block on the chain itself, which [`Chain::block_number`](crate::Chain::block_number) is not.
    pub block_number: u64,
}

impl Default for ArbOs {
    fn default() -> Self {
        Self {
            chain_owners: Vec::new(),
            cache_managers: Vec::new(),
            network_fee_account: address!("a4b000000000000000000000000000000000fee5"),
            expiry_days: 365,
            keepalive_days: 31,
            max_fragments: 4,
            activation_gas: 0,
            min_gas_price: 10_000_000,
            l1_base_fee: 0,
            block_number: 1,
        }
    }
}

impl ArbOs {
    fn may_cache(&self, address: Address) -> bool {
        self.cache_managers.contains(&address) || self.chain_owners.contains(&address)
    }
}

/// The precompiles that answer.
pub(crate) mod addresses {
    use super::{address, Address};

    pub(crate) const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");
    pub(crate) const ARB_INFO: Address = address!("0000000000000000000000000000000000000065");
    pub(crate) const ARB_OWNER_PUBLIC: Address = address!("000000000000000000000000000000000000006b");
    pub(crate) const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006c");
    pub(crate) const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");
    pub(crate) const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");
}

use addresses::*;

/// Why a precompile does not answer.
#[derive(Debug)]
enum Stop {
    /// No gas left; as on the chain that looks like a revert without data.
    OutOfGas,
    /// A revert, with the gas that is left.
    Revert(Bytes),
    /// An error that has no data, only words, and takes all gas.
    Failed(String),
}

impl Stop {
    fn error(error: &impl SolError) -> Self {
        Self::Revert(error.abi_encode().into())
    }

    /// What is not there, not payable, or not to be called in this way.
    fn plain() -> Self {
        Self::Revert(Bytes::new())
    }
}

type Answer = Result<Bytes, Stop>;

/// One call of a precompile.
struct Session<'a> {
    exec: &'a mut Executor,
    call: &'a Call,
    arbos: &'a ArbOs,
    gas: u64,
}

impl Executor {
    /// The answer of a precompile of ArbOS, or `None` where the address is none that answers.
    pub(crate) fn run_arbos(&mut self, call: &Call) -> Option<Ended> {
        let arbos = self.arbos()?.clone();
        let handler: fn(&mut Session<'_>) -> Answer = match call.code {
            ARB_SYS => system::arb_sys,
            ARB_INFO => system::arb_info,
            ARB_OWNER_PUBLIC => system::arb_owner_public,
            ARB_GAS_INFO => gas::arb_gas_info,
            ARB_WASM => wasm::arb_wasm,
            ARB_WASM_CACHE => cache::arb_wasm_cache,
            _ => return None,
        };
        let mut session = Session { exec: self, call, arbos: &arbos, gas: call.gas };
        let answer = session.answer(handler);
        let gas = session.gas;
        Some(match answer {
            Ok(output) => Ended::new(OutcomeKind::Success, output, gas),
            Err(Stop::OutOfGas) => Ended::new(OutcomeKind::Revert, Bytes::new(), 0).note("out of gas"),
            Err(Stop::Revert(data)) => Ended::new(OutcomeKind::Revert, data, gas),
            Err(Stop::Failed(note)) => Ended::new(OutcomeKind::Halt, Bytes::new(), 0).note(note),
        })
    }
}

impl Session<'_> {
    fn answer(&mut self, handler: fn(&mut Self) -> Answer) -> Answer {
        let borrowed = matches!(self.call.kind, CallKind::DelegateCall | CallKind::CallCode);
        let Some(arguments) = self.call.input.len().checked_sub(4).filter(|_| !borrowed) else {
            return Err(Stop::plain());
        };
        self.burn(copy_gas(arguments))?;
        self.burn(READ)?;
        let output = handler(self)?;
        self.burn(copy_gas(output.len()))?;
        Ok(output)
    }

    fn burn(&mut self, gas: u64) -> Result<(), Stop> {
        match self.gas.checked_sub(gas) {
            Some(left) => {
                self.gas = left;
                Ok(())
            }
            None => Err(Stop::OutOfGas),
        }
    }

    /// Refuses value.
    fn nonpayable(&self) -> Result<(), Stop> {
        if self.call.value.is_zero() {
            return Ok(());
        }
        Err(Stop::plain())
    }

    /// Refuses to write where nothing may.
    fn writes(&self) -> Result<(), Stop> {
        if self.call.is_static {
            return Err(Stop::plain());
        }
        Ok(())
    }

    fn log(&mut self, event: &impl SolEvent) -> Result<(), Stop> {
        let (topics, data) = event.encode_log_data().split();
        self.burn(375 + 375 * topics.len() as u64 + 8 * data.len() as u64)?;
        self.exec.emit(Log { address: self.call.target, topics, data });
        Ok(())
    }

    fn time(&self) -> u64 {
        self.exec.block().timestamp.saturating_to()
    }
}

fn copy_gas(bytes: usize) -> u64 {
    COPY_WORD * (bytes as u64).div_ceil(32)
}

/// Words as they are returned.
fn words<const N: usize>(words: [U256; N]) -> Answer {
    Ok(words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect::<Vec<u8>>().into())
}

/// One number as it is returned.
fn number(number: impl TryInto<u64>) -> Answer {
    words([U256::from(number.try_into().unwrap_or(u64::MAX))])
}

fn boolean(value: bool) -> Answer {
    number(u64::from(value))
}

fn account(address: Address) -> Answer {
    words([U256::from_be_bytes(address.into_word().0)])
}

impl Executor {
    fn arbos_word(&mut self, key: B256) -> U256 {
        self.warm(STATE); // the journal reads slots of accounts that it knows
        let Ok(load) = self.journal().sload(STATE, key.into());
        load.data
    }

    fn set_arbos_word(&mut self, key: B256, word: U256) {
        self.warm(STATE);
        let journal = self.journal();
        let Ok(_) = journal.sstore(STATE, key.into(), word);
        journal.touch_account(STATE);
    }
}

/// The addresses of all precompiles of ArbOS, those that do not answer included.
pub(crate) fn precompiles() -> impl Iterator<Item = Address> {
    (0x64..=0x74_u64).chain([0xff]).map(|number| Address::from_word(B256::from(U256::from(number))))
}
