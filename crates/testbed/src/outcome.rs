//! What a transaction asks for and what comes of it.

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{Address, Bytes, B256, U256};
use alloy_sol_types::SolError;

/// How a frame ended, in the words of the vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// It returned and its effects stand.
    Success,
    /// It returned a nonzero status or reverted: the data is kept, the effects are undone.
    Revert,
    /// A trap or a host call that fails: no data, unused gas is returned.
    Failure,
    /// The program ran out of ink: no data, all gas is taken.
    OutOfInk,
    /// The program ran out of stack: no data, all gas is taken.
    OutOfStack,
    /// The program was never entered (gas below the cost of entering, or not activated): all gas is taken.
    NotRun,
    /// EVM bytecode or a precompile ended exceptionally: no data, all gas is taken.
    Halt,
}

impl OutcomeKind {
    /// The name that the vectors use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Revert => "revert",
            Self::Failure => "failure",
            Self::OutOfInk => "out_of_ink",
            Self::OutOfStack => "out_of_stack",
            Self::NotRun => "not_run",
            Self::Halt => "halt",
        }
    }

    /// Whether the frame's effects stand.
    pub fn is_success(self) -> bool {
        self == Self::Success
    }

    /// Whether whatever gas was left is taken.
    pub(crate) fn takes_all_gas(self) -> bool {
        matches!(self, Self::OutOfInk | Self::OutOfStack | Self::NotRun | Self::Halt)
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A transaction, or a call that is never committed.
#[derive(Clone, Debug)]
pub struct Tx {
    /// Who sends it: `msg.sender` of the first frame.
    pub from: Address,
    /// The account called.
    pub to: Address,
    /// The input.
    pub calldata: Bytes,
    /// Wei that goes with it.
    pub value: U256,
    /// Gas of the first frame; no intrinsic gas is taken.
    pub gas: u64,
    /// `tx.origin`; the sender where it is not given.
    pub origin: Option<Address>,
    /// Whether the first frame is read-only.
    pub is_static: bool,
    /// Lets `msg_reentrant` answer 1 in the first frame whatever the call stack is.
    pub reentrant: bool,
}

impl Tx {
    /// Gas of the first frame where none is given: the gas limit of an Arbitrum block.
    pub const DEFAULT_GAS: u64 = 32_000_000;

    /// A call without value and with generous gas.
    pub fn new(from: Address, to: Address, calldata: impl Into<Bytes>) -> Self {
        Self {
            from,
            to,
            calldata: calldata.into(),
            value: U256::ZERO,
            gas: Self::DEFAULT_GAS,
            origin: None,
            is_static: false,
            reentrant: false,
        }
    }

    /// Sends wei along.
    pub fn value(mut self, wei: U256) -> Self {
        self.value = wei;
        self
    }

    /// Sets the gas of the first frame.
    pub fn gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }

    /// Sets `tx.origin` apart from the sender.
    pub fn origin(mut self, origin: Address) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Makes the first frame read-only, as in a static call.
    pub fn read_only(mut self) -> Self {
        self.is_static = true;
        self
    }

    /// Lets `msg_reentrant` answer 1 in the first frame.
    pub fn reentrant(mut self) -> Self {
        self.reentrant = true;
        self
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The account that emitted it.
    pub address: Address,
    /// Its topics, at most four.
    pub topics: Vec<B256>,
    /// Its data.
    pub data: Bytes,
}

impl From<&alloy_primitives::Log> for Log {
    fn from(log: &alloy_primitives::Log) -> Self {
        Self { address: log.address, topics: log.data.topics().to_vec(), data: log.data.data.clone() }
    }
}

impl Log {
    /// Decodes it as `E`, or `None` where it is another event.
    pub fn decode<E: alloy_sol_types::SolEvent>(&self) -> Option<E> {
        E::decode_raw_log(self.topics.iter().copied(), &self.data).ok()
    }
}

/// Ink of the first frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    /// All that it spent.
    pub total: u64,
    /// What its instructions cost.
    pub wasm: u64,
    /// What its host calls cost; a call to another contract counts with all that the callee spent.
    pub hostio: u64,
}

/// How often a host call was made and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostioTally {
    /// Calls that came back.
    pub count: u64,
    /// Their ink.
    pub ink: u64,
}

/// How one contract called another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// A plain call.
    Call,
    /// The old call that keeps the caller's storage.
    CallCode,
    /// A call that keeps storage, sender and value.
    DelegateCall,
    /// A read-only call.
    StaticCall,
    /// Creation at an address that the nonce decides.
    Create,
    /// Creation at an address that the salt decides.
    Create2,
}

impl CallKind {
    /// The name that the vectors use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::CallCode => "callcode",
            Self::DelegateCall => "delegatecall",
            Self::StaticCall => "staticcall",
            Self::Create => "create",
            Self::Create2 => "create2",
        }
    }
}

/// A call made by a contract, recorded when it ended.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The kind of call.
    pub kind: CallKind,
    /// 1 for a call of the first frame.
    pub depth: usize,
    /// Whose code ran.
    pub to: Address,
    /// Wei sent.
    pub value: U256,
    /// The input, or the initialisation code.
    pub input: Bytes,
    /// Gas offered, stipend included.
    pub gas: u64,
    /// Gas of that which was used.
    pub gas_used: u64,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Whether it succeeded.
    pub success: bool,
    /// What it returned.
    pub output: Bytes,
}

/// A read by a program that reached the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageRead {
    /// The account.
    pub address: Address,
    /// The slot.
    pub slot: B256,
    /// What was there.
    pub value: B256,
    /// Whether this was the first access of the transaction.
    pub cold: bool,
    /// What the state charged.
    pub gas: u64,
}

/// A write by a program that reached the state, even if it was undone later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageWrite {
    /// The account.
    pub address: Address,
    /// The slot.
    pub slot: B256,
    /// The value before.
    pub old: B256,
    /// The value after.
    pub new: B256,
    /// What the state charged.
    pub gas: u64,
}

/// What came of a transaction.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it succeeded, and so was committed if it was sent.
    pub success: bool,
    /// How its first frame ended.
    pub outcome: OutcomeKind,
    /// What it returned, or why it reverted.
    pub output: Vec<u8>,
    /// Events in order; empty unless it succeeded.
    pub logs: Vec<Log>,
    /// Gas taken; no refund subtracted.
    pub gas_used: u64,
    /// Gas taken before the first instruction of a program.
    pub gas_init: u64,
    /// The refund counter at the end (EIP-3529 amounts, the cap is not applied).
    pub refund: u64,
    /// Ink of the first frame, zero unless it is a program.
    pub ink: Ink,
    /// Host calls of the first frame by name.
    pub hostio: BTreeMap<&'static str, HostioTally>,
    /// Calls in the order in which they ended.
    pub calls: Vec<CallRecord>,
    /// The most 64 KiB pages open at one time over all programs.
    pub pages_ever: u16,
    /// Reads of programs that reached the state.
    pub storage_reads: Vec<StorageRead>,
    /// Writes of programs that reached the state.
    pub storage_writes: Vec<StorageWrite>,
    /// For an outcome other than success or revert, what went wrong, in words.
    pub note: Option<String>,
}

impl Outcome {
    /// The output as revert data if it did not succeed.
    pub fn into_result(self) -> Result<Self, Revert> {
        if self.success {
            return Ok(self);
        }
        Err(Revert { data: self.output, outcome: self.outcome, gas_used: self.gas_used, note: self.note })
    }

    /// The first event that decodes as `E`.
    pub fn event<E: alloy_sol_types::SolEvent>(&self) -> Option<E> {
        self.logs.iter().find_map(Log::decode)
    }
}

/// Why a typed call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// The revert data; what was returned where a success did not decode.
    pub data: Vec<u8>,
    /// How the first frame ended.
    pub outcome: OutcomeKind,
    /// Gas taken.
    pub gas_used: u64,
    /// What went wrong, in words, where there is no data that says it.
    pub note: Option<String>,
}

impl Revert {
    /// Decodes the data as the error `E`, or `None` where it is another one.
    pub fn decode<E: SolError>(&self) -> Option<E> {
        E::abi_decode(&self.data).ok()
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} gas", self.outcome, self.gas_used)?;
        if let Some(note) = &self.note {
            write!(f, ": {note}")?;
        }
        if self.data.is_empty() {
            return Ok(());
        }
        write!(f, " with {}", alloy_primitives::hex::encode_prefixed(&self.data))
    }
}

impl std::error::Error for Revert {}
