//! Writing frames down where a trace was asked for.

use alloy_primitives::{Address, Bytes, U256};
use revm::context::JournalTr;

use super::{Ended, Executor};
use crate::outcome::{CallKind, OutcomeKind};
use crate::trace::CallFrame;

impl Executor {
    pub(super) fn trace_open(
        &mut self,
        kind: CallKind,
        from: Address,
        to: Address,
        value: U256,
        gas: u64,
        input: &Bytes,
    ) {
        self.trace_logs();
        let Some(tracer) = &mut self.tracer else {
            return;
        };
        tracer.open(CallFrame {
            kind,
            from,
            to,
            value,
            gas,
            gas_used: 0,
            input: input.clone(),
            output: Bytes::new(),
            outcome: OutcomeKind::Success,
            note: None,
            logs: Vec::new(),
            calls: Vec::new(),
            hostio: Vec::new(),
        });
    }

    /// Calls that the frame that runs has made, where they are traced.
    pub(crate) fn calls_traced(&self) -> usize {
        self.tracer.as_ref().map_or(0, |tracer| tracer.calls())
    }

    /// Gives the events so far to the frame that runs; before it is undone, so that none is given to its caller.
    pub(super) fn trace_logs(&mut self) {
        if let Some(tracer) = &mut self.tracer {
            tracer.collect(self.ctx.journaled_state.logs());
        }
    }

    pub(super) fn trace_close(&mut self, created: Option<Address>, ended: &Ended) {
        let Some(tracer) = &mut self.tracer else {
            return;
        };
        tracer.rewind(self.ctx.journaled_state.logs().len());
        tracer.close(|frame| {
            frame.to = created.unwrap_or(frame.to);
            frame.gas_used = frame.gas.saturating_sub(ended.gas_left);
            frame.output = ended.output.clone();
            frame.outcome = ended.kind;
            frame.note.clone_from(&ended.note);
        });
    }
}
