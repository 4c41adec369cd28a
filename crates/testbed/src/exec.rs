//! One transaction under way: the journaled state that EVM bytecode and programs share, and who calls whom.
//!
//! There is one journal. `revm`'s interpreter works on it as its host, programs through their host calls, and a call
//! in either direction comes back here, so that frames of both kinds nest as they like and a frame that fails takes
//! with it whatever was done below it.

mod create;
mod evm;
mod program;
mod state;
mod trace;

use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, B256, U256};
use revm::bytecode::Bytecode;
use revm::context::journal::Journal;
use revm::context::{BlockEnv, CfgEnv, Context, JournalTr, TxEnv};
use revm::handler::EthPrecompiles;
use revm::precompile::Precompiles;
use revm::primitives::hardfork::SpecId;
use revm::state::EvmState;

use crate::activation::Rules;
use crate::arbos::{self, ArbOs};
use crate::outcome::{CallKind, CallRecord, HostioTally, Ink, Log, OutcomeKind, StorageRead, StorageWrite};
use crate::pricing::MAX_DEPTH;
use crate::programs::{Programs, Recent};
use crate::trace::Tracer;
use crate::world::{Hashes, Reader};

pub(crate) use create::Creation;

/// The rules of the EVM under ArbOS 60.
pub(crate) const SPEC: SpecId = SpecId::OSAKA;
/// What the code of a program starts with.
pub(crate) const PROGRAM_PREFIX: [u8; 3] = [0xef, 0xf0, 0x00];

type Ctx = Context<BlockEnv, TxEnv, CfgEnv, Reader, Journal<Reader>, ()>;

/// An answer in place of an account's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mock {
    /// Answers only calls of this function; all where it is not given.
    pub selector: Option<[u8; 4]>,
    /// Whether the answer is revert data.
    pub reverts: bool,
    /// The answer.
    pub data: Bytes,
}

/// A call as it reaches an account.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    pub(crate) caller: Address,
    /// Whose storage it acts on.
    pub(crate) target: Address,
    /// Whose code runs.
    pub(crate) code: Address,
    /// What the callee is told was sent.
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas: u64,
    pub(crate) is_static: bool,
}

impl Call {
    /// Wei that moves.
    fn moves(&self) -> U256 {
        match self.kind {
            CallKind::Call | CallKind::CallCode => self.value,
            _ => U256::ZERO,
        }
    }
}

/// How a frame ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) kind: OutcomeKind,
    pub(crate) output: Bytes,
    pub(crate) gas_left: u64,
    /// Of this frame and what it called, as far as it stands.
    pub(crate) refund: i64,
    pub(crate) note: Option<String>,
}

impl Ended {
    pub(crate) fn new(kind: OutcomeKind, output: Bytes, gas_left: u64) -> Self {
        Self { kind, output, gas_left: if kind.takes_all_gas() { 0 } else { gas_left }, refund: 0, note: None }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// What was seen while the transaction ran.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) reads: Vec<StorageRead>,
    pub(crate) writes: Vec<StorageWrite>,
    pub(crate) hostio: std::collections::BTreeMap<&'static str, HostioTally>,
    pub(crate) ink: Ink,
    pub(crate) gas_init: u64,
}

/// One transaction.
pub(crate) struct Executor {
    ctx: Ctx,
    precompiles: &'static Precompiles,
    programs: Arc<Programs>,
    rules: Rules,
    /// Where its precompiles answer.
    arbos: Option<Arc<ArbOs>>,
    arb_hashes: Arc<Hashes>,
    /// Programs that were entered, charged as cached when entered again.
    pub(crate) recent: Recent,
    mocks: Arc<HashMap<Address, Vec<Mock>>>,
    /// Open frames of an address that are not delegated to.
    open: HashMap<Address, u32>,
    depth: usize,
    /// Refund of the innermost program frames, in the order of their nesting.
    refunds: Vec<i64>,
    pages_open: u16,
    pub(crate) pages_ever: u16,
    /// The first frame believes to be re-entered.
    pub(crate) reentrant: bool,
    pub(crate) trace: Trace,
    /// The tree of calls, where it was asked for.
    pub(crate) tracer: Option<Box<Tracer>>,
}

/// What a transaction is started with.
pub(crate) struct Start {
    pub(crate) world: Reader,
    pub(crate) block: BlockEnv,
    pub(crate) chain_id: u64,
    pub(crate) origin: Address,
    pub(crate) gas_price: u128,
    pub(crate) programs: Arc<Programs>,
    pub(crate) recent: Recent,
    pub(crate) mocks: Arc<HashMap<Address, Vec<Mock>>>,
    pub(crate) rules: Rules,
    pub(crate) arbos: Option<Arc<ArbOs>>,
    pub(crate) arb_hashes: Arc<Hashes>,
}

impl Executor {
    pub(crate) fn new(start: Start) -> Self {
        let coinbase = start.block.beneficiary;
        let mut ctx: Ctx = Context::new(start.world, SPEC);
        ctx.block = start.block;
        ctx.cfg.chain_id = start.chain_id;
        ctx.tx.caller = start.origin;
        ctx.tx.gas_price = start.gas_price;
        let precompiles = EthPrecompiles::new(SPEC).precompiles;
        ctx.journaled_state.warm_precompiles(state::precompile_addresses(precompiles));
        ctx.journaled_state.warm_coinbase_account(coinbase);
        Self {
            ctx,
            precompiles,
            programs: start.programs,
            rules: start.rules,
            arbos: start.arbos,
            arb_hashes: start.arb_hashes,
            recent: start.recent,
            mocks: start.mocks,
            open: HashMap::new(),
            depth: 0,
            refunds: Vec::new(),
            pages_open: 0,
            pages_ever: 0,
            reentrant: false,
            trace: Trace::default(),
            tracer: None,
        }
    }

    /// Runs a call, the first of the transaction or one that a contract makes.
    pub(crate) fn call(&mut self, call: Call) -> Ended {
        // Frames of both kinds nest on the native stack, a thousand deep.
        stacker::maybe_grow(512 * 1024, 4 * 1024 * 1024, || self.enter(call))
    }

    fn enter(&mut self, call: Call) -> Ended {
        self.trace_open(call.kind, call.caller, call.code, call.value, call.gas, &call.input);
        let ended = self.enter_untraced(call);
        self.trace_close(None, &ended);
        ended
    }

    fn enter_untraced(&mut self, call: Call) -> Ended {
        if self.depth > MAX_DEPTH {
            return Ended::new(OutcomeKind::Failure, Bytes::new(), call.gas).note("calls too deep");
        }
        let checkpoint = self.ctx.journaled_state.checkpoint();
        if !self.pay(&call) {
            self.ctx.journaled_state.checkpoint_revert(checkpoint);
            return Ended::new(OutcomeKind::Failure, Bytes::new(), call.gas).note("balance too low");
        }
        self.depth += 1;
        let mut ended = self.run(&call);
        self.depth -= 1;
        self.trace_logs();
        if ended.kind.is_success() {
            self.ctx.journaled_state.checkpoint_commit();
        } else {
            self.ctx.journaled_state.checkpoint_revert(checkpoint);
            ended.refund = 0;
        }
        ended
    }

    /// Moves the value of a call; touching the callee is part of it.
    fn pay(&mut self, call: &Call) -> bool {
        let to = match call.kind {
            CallKind::Call | CallKind::StaticCall => call.target,
            CallKind::CallCode => call.caller,
            _ => return true,
        };
        let Ok(refused) = self.ctx.journaled_state.transfer(call.caller, to, call.moves());
        refused.is_none()
    }

    fn run(&mut self, call: &Call) -> Ended {
        if let Some(mock) = self.mock(call) {
            let kind = if mock.reverts { OutcomeKind::Revert } else { OutcomeKind::Success };
            return Ended::new(kind, mock.data, call.gas);
        }
        if let Some(precompile) = self.precompiles.get(&call.code) {
            return evm::run_precompile(precompile, call);
        }
        if let Some(ended) = self.run_arbos(call) {
            return ended;
        }
        let (hash, code) = self.load_code(call.code);
        if code.is_empty() {
            return Ended::new(OutcomeKind::Success, Bytes::new(), call.gas);
        }
        let counted = call.kind != CallKind::DelegateCall && call.kind != CallKind::CallCode;
        if counted {
            *self.open.entry(call.target).or_default() += 1;
        }
        let ended = if self.is_program(code.original_byte_slice()) {
            self.run_program(call, hash)
        } else {
            self.run_evm(call, hash, code)
        };
        if counted {
            if let Some(count) = self.open.get_mut(&call.target) {
                *count -= 1;
            }
        }
        ended
    }

    /// Whether code is run as a program.
    fn is_program(&self, code: &[u8]) -> bool {
        code.starts_with(&PROGRAM_PREFIX) || (self.knows_fragments() && code.starts_with(&arbos::ROOT_PREFIX))
    }

    fn knows_fragments(&self) -> bool {
        self.arbos.is_some() && self.rules.arbos >= arbos::ARBOS_FRAGMENTS
    }

    fn mock(&self, call: &Call) -> Option<Mock> {
        let mocks = self.mocks.get(&call.code)?;
        mocks.iter().find(|mock| mock.selector.is_none_or(|selector| call.input.starts_with(&selector))).cloned()
    }

    /// Calls for a contract and writes it down.
    fn call_recorded(&mut self, call: Call) -> Ended {
        let (kind, to, value, input, gas) = (call.kind, call.code, call.moves(), call.input.clone(), call.gas);
        let depth = self.depth;
        let ended = self.call(call);
        self.trace.calls.push(CallRecord {
            kind,
            depth,
            to,
            value,
            input,
            gas,
            gas_used: gas - ended.gas_left,
            outcome: ended.kind,
            success: ended.kind.is_success(),
            output: ended.output.clone(),
        });
        ended
    }

    fn load_code(&mut self, address: Address) -> (B256, Bytecode) {
        let Ok(account) = self.ctx.journaled_state.load_account_with_code(address);
        let info = &account.data.info;
        (info.code_hash, info.code.clone().unwrap_or_default())
    }

    /// The logs of the transaction.
    pub(crate) fn take_logs(&mut self) -> Vec<Log> {
        self.ctx.journaled_state.take_logs().iter().map(Log::from).collect()
    }

    /// What the transaction changed.
    pub(crate) fn finish(mut self) -> EvmState {
        self.ctx.journaled_state.finalize()
    }
}
