//! Entering a program, and what it asks of the transaction.

use alloy_primitives::{Address, Bytes, B256, U256};
use revm::context::JournalTr;

use super::{Call, Ended, Executor};
use crate::activation::memory_gas;
use crate::hooks::{Frame, HookEnv};
use crate::outcome::{CallKind, Ink, OutcomeKind};
use crate::pricing::{evm_memory, CALL_VALUE, COLD_ACCOUNT, INK_PRICE, NEW_ACCOUNT, PAGE_LIMIT, STIPEND, WARM};

impl Executor {
    pub(super) fn run_program(&mut self, call: &Call, code_hash: B256) -> Ended {
        let Some(program) = self.programs.get(code_hash) else {
            return Ended::new(OutcomeKind::NotRun, Bytes::new(), 0).note("program not activated");
        };
        let recently = self.recent.enter(code_hash);
        let cached = recently || self.programs.is_cached(code_hash);
        let figures = &program.figures;
        let footprint = figures.footprint_pages;
        let mut init = memory_gas(footprint, self.pages_open, self.pages_ever);
        init = init.saturating_add(figures.program_cached_gas());
        if !cached {
            init = init.saturating_add(figures.program_init_gas());
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
        let run = program.compiled.run(env, ink);
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
