//! Entering a program, and what it asks of the transaction.

use alloy_primitives::{keccak256, Address, Bytes, B256, U256};
use revm::context::JournalTr;

use super::{Call, Ended, Executor};
use crate::activation::{init_gas, memory_gas};
use crate::engine::{compile, compiled, Compiled};
use crate::hooks::{Frame, HookEnv};
use crate::outcome::{CallKind, Ink, OutcomeKind};
use crate::pricing::{evm_memory, CALL_VALUE, COLD_ACCOUNT, INK_PRICE, NEW_ACCOUNT, PAGE_LIMIT, STIPEND, WARM};

/// An activated program, as it is entered.
struct Entry {
    compiled: Compiled,
    footprint: u16,
    init_gas: u64,
    cached_gas: u64,
    cached: bool,
}

impl Executor {
    pub(super) fn run_program(&mut self, call: &Call, code_hash: B256) -> Ended {
        let entry = match self.entry(call.code, code_hash) {
            Ok(entry) => entry,
            Err(why) => return Ended::new(OutcomeKind::NotRun, Bytes::new(), 0).note(why),
        };
        let recently = self.recent.enter(code_hash);
        let footprint = entry.footprint;
        let mut init = memory_gas(footprint, self.pages_open, self.pages_ever);
        init = init.saturating_add(entry.cached_gas);
        if !recently && !entry.cached {
            init = init.saturating_add(entry.init_gas);
        }
        let open = self.pages_open;
        if open.saturating_add(footprint) > PAGE_LIMIT || call.gas < init {
            return Ended::new(OutcomeKind::NotRun, Bytes::new(), 0).note("out of gas before the first instruction");
        }
        self.pages_open = open.saturating_add(footprint);
        self.pages_ever = self.pages_ever.max(self.pages_open);

        let top = self.depth == 1;
        let frame = Frame {
            address: call.target,
            caller: call.caller,
            value: call.value,
            is_static: call.is_static,
            reentrant: (top && self.reentrant) || self.open.get(&call.target).is_some_and(|count| *count > 1),
        };
        self.refunds.push(0);
        // From here until the run is over the executor is reached through the environment only.
        let traced = self.tracer.as_ref().is_some_and(|tracer| tracer.hostio);
        let mut env = HookEnv::new(self, frame, call.input.clone());
        env.hostio = traced.then(Vec::new);
        let ink = (call.gas - init).saturating_mul(INK_PRICE);
        let run = entry.compiled.run(env, ink);
        let refund = self.refunds.pop().unwrap_or_default();
        self.pages_open = open;
        let mut run = match run {
            Ok(run) => run,
            Err(error) => return Ended::new(OutcomeKind::NotRun, Bytes::new(), 0).note(error.to_string()),
        };
        if top {
            let hostio = run.env.tally.values().map(|tally| tally.ink).sum();
            self.trace.ink = Ink { total: run.spent, hostio, wasm: run.spent - hostio };
            self.trace.gas_init = init;
            self.trace.hostio = run.env.tally.clone();
        }

        if let (Some(tracer), Some(hostio)) = (&mut self.tracer, run.env.hostio.take()) {
            tracer.set_hostio(hostio);
        }
        // Returned data costs at least what the memory for it would cost in the EVM.
        let output = Bytes::from(run.output);
        let floor = if output.is_empty() { 0 } else { evm_memory(output.len()) };
        if call.gas < floor {
            return Ended::new(OutcomeKind::OutOfInk, Bytes::new(), 0);
        }
        let left = (run.left / INK_PRICE).min(call.gas - floor);
        Ended { refund, note: run.note, ..Ended::new(run.kind, output, left) }
    }

    /// What entering a program takes, or why it may not be entered.
    fn entry(&mut self, address: Address, code_hash: B256) -> Result<Entry, String> {
        let Some(arbos) = self.arbos.clone() else {
            let program = self.programs.get(code_hash).ok_or("program not activated")?;
            return Ok(Entry {
                compiled: program.compiled.clone(),
                footprint: program.figures.footprint_pages,
                init_gas: program.figures.program_init_gas(),
                cached_gas: program.figures.program_cached_gas(),
                cached: self.programs.is_cached(code_hash),
            });
        };
        let record = self.record(code_hash);
        let time = self.ctx.block.timestamp.saturating_to();
        record.status(time, self.rules.stylus_version, &arbos).check()?;
        Ok(Entry {
            compiled: self.activated(address, code_hash)?,
            footprint: record.footprint,
            init_gas: init_gas(record.init_cost).0,
            cached_gas: init_gas(record.cached_init_cost).1,
            cached: record.cached,
        })
    }

    /// The module that was activated for this code, compiled anew where this process has not done so yet.
    fn activated(&mut self, address: Address, code_hash: B256) -> Result<Compiled, String> {
        let module = self.module_hash(code_hash);
        if let Some(compiled) = compiled(module) {
            return Ok(compiled);
        }
        let wasm = self.wasm_at(address).map_err(|error| error.to_string())?;
        if keccak256(&wasm) != module {
            return Err("the code is not the module that was activated".to_string());
        }
        compile(&wasm).map_err(|error| error.to_string())
    }

    /// A call that a program makes: what it returned, the gas it cost and whether it succeeded.
    #[allow(clippy::too_many_arguments)] // what the host call is given
    pub(crate) fn call_from_program(
        &mut self,
        frame: &Frame,
        kind: CallKind,
        to: Address,
        value: U256,
        input: Bytes,
        left: u64,
        asked: u64,
    ) -> (Bytes, u64, bool) {
        if frame.is_static && !value.is_zero() {
            return (Bytes::new(), 0, false);
        }
        let Some(base) = self.call_base(to, value, left) else {
            return (Bytes::new(), left, false);
        };
        let mut gas = ((left - base).saturating_mul(63) / 64).min(asked);
        if !value.is_zero() {
            gas = gas.saturating_add(STIPEND);
        }
        let delegated = kind == CallKind::DelegateCall;
        let ended = self.call_recorded(Call {
            kind,
            caller: if delegated { frame.caller } else { frame.address },
            target: if delegated { frame.address } else { to },
            code: to,
            value: if delegated { frame.value } else { value },
            input,
            gas,
            is_static: frame.is_static || kind == CallKind::StaticCall,
        });
        if let Some(sum) = self.refunds.last_mut() {
            *sum += ended.refund;
        }
        let cost = base.saturating_add(gas.saturating_sub(ended.gas_left));
        (ended.output, cost, ended.kind.is_success())
    }

    /// Gas that the call itself costs, or `None` where there is less.
    fn call_base(&mut self, to: Address, value: U256, left: u64) -> Option<u64> {
        let within = |gas: u64| (gas <= left).then_some(gas);
        let mut gas = within(WARM)?;
        let Ok(load) = self.ctx.journaled_state.load_account(to);
        if load.is_cold {
            gas = within(gas + COLD_ACCOUNT - WARM)?;
        }
        if !value.is_zero() {
            if load.data.is_empty() {
                gas = within(gas + NEW_ACCOUNT)?;
            }
            gas = within(gas + CALL_VALUE)?;
        }
        Some(gas)
    }
}
