//! What a traced transaction did: its frames as a tree, and the host calls of its programs.

use alloy_primitives::{Address, Bytes, U256};

use crate::outcome::{CallKind, Log, OutcomeKind};

/// One frame with all that it called.
#[derive(Clone, Debug)]
pub struct CallFrame {
    /// The kind of call; the first frame is a call or a creation.
    pub kind: CallKind,
    /// The caller.
    pub from: Address,
    /// Whose code ran; the new contract for a creation.
    pub to: Address,
    /// Wei that the frame was told of.
    pub value: U256,
    /// Gas offered, stipend included; for the first frame all gas of the transaction.
    pub gas: u64,
    /// Gas used; for the first frame all that the transaction paid for.
    pub gas_used: u64,
    /// The input, or the initialisation code.
    pub input: Bytes,
    /// What it returned, or why it reverted; the code for a creation.
    pub output: Bytes,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// For an outcome other than success or revert, what went wrong, in words.
    pub note: Option<String>,
    /// Events that stand.
    pub logs: Vec<FrameLog>,
    /// Calls in the order in which they were made.
    pub calls: Vec<CallFrame>,
    /// Host calls in the order in which they ended, where they were asked for and a program ran.
    pub hostio: Vec<HostCall>,
}

/// An event of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameLog {
    /// The event.
    pub log: Log,
    /// Calls that the frame had made before.
    pub position: usize,
}

/// A host call as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// Its name; `user_entrypoint` and `user_returned` stand for the start and the end of the program.
    pub name: &'static str,
    /// What it was given, numbers in big endian, one after the other.
    pub args: Bytes,
    /// What it answered, in the same form.
    pub outs: Bytes,
    /// Ink that was left before.
    pub start_ink: u64,
    /// Ink that is left after.
    pub end_ink: u64,
    /// Which of the frame's calls it made.
    pub call: Option<usize>,
}

/// A host call with those of the frame that it entered: an element of what Nitro's `stylusTracer` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The host call; a call that EVM bytecode makes has the name with `evm_` before it, and neither data nor ink.
    pub name: String,
    /// What it was given.
    pub args: Bytes,
    /// What it answered.
    pub outs: Bytes,
    /// Ink that was left before.
    pub start_ink: u64,
    /// Ink that is left after.
    pub end_ink: u64,
    /// The account entered, and what happened there.
    pub entered: Option<(Address, Vec<Step>)>,
}

impl CallFrame {
    /// The host calls below this frame in the form of Nitro's `stylusTracer`.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut shown = 0;
        for call in &self.hostio {
            let entered = call.call.and_then(|index| self.calls.get(index));
            let creates = matches!(call.name, "create1" | "create2");
            if let Some(index) = call.call {
                let until = if creates { index + 1 } else { index };
                steps.extend(self.calls[shown.min(until)..until.min(self.calls.len())].iter().map(Step::evm));
                shown = index + 1;
            }
            steps.push(Step {
                name: call.name.to_string(),
                args: call.args.clone(),
                outs: call.outs.clone(),
                start_ink: call.start_ink,
                end_ink: call.end_ink,
                entered: entered.filter(|_| !creates).map(|frame| (frame.to, frame.steps())),
            });
        }
        steps.extend(self.calls[shown.min(self.calls.len())..].iter().map(Step::evm));
        steps
    }

    fn drop_logs(&mut self) {
        self.logs.clear();
        self.calls.iter_mut().for_each(Self::drop_logs);
    }
}

impl Step {
    fn evm(frame: &CallFrame) -> Self {
        let name = match frame.kind {
            CallKind::Call | CallKind::CallCode => "evm_call_contract",
            CallKind::DelegateCall => "evm_delegate_call_contract",
            CallKind::StaticCall => "evm_static_call_contract",
            CallKind::Create => "evm_create1",
            CallKind::Create2 => "evm_create2",
        };
        Self {
            name: name.to_string(),
            args: Bytes::new(),
            outs: Bytes::new(),
            start_ink: 0,
            end_ink: 0,
            entered: Some((frame.to, frame.steps())),
        }
    }
}

/// Writes frames down while they run.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    /// Whether host calls are written down as well.
    pub(crate) hostio: bool,
    open: Vec<CallFrame>,
    /// Events of the transaction that belong to a frame already.
    seen: usize,
    root: Option<CallFrame>,
}

impl Tracer {
    pub(crate) fn new(hostio: bool) -> Self {
        Self { hostio, ..Self::default() }
    }

    pub(crate) fn open(&mut self, frame: CallFrame) {
        self.open.push(frame);
    }

    /// Gives the events that came since to the frame that runs.
    pub(crate) fn collect(&mut self, logs: &[alloy_primitives::Log]) {
        let Some(frame) = self.open.last_mut() else {
            return;
        };
        let position = frame.calls.len();
        frame.logs.extend(logs.iter().skip(self.seen).map(|log| FrameLog { log: Log::from(log), position }));
        self.seen = logs.len();
    }

    /// Notes how many events stand after a frame was undone.
    pub(crate) fn rewind(&mut self, logs: usize) {
        self.seen = logs;
    }

    /// Calls that the frame that runs has made.
    pub(crate) fn calls(&self) -> usize {
        self.open.last().map_or(0, |frame| frame.calls.len())
    }

    pub(crate) fn set_hostio(&mut self, hostio: Vec<HostCall>) {
        if let Some(frame) = self.open.last_mut() {
            frame.hostio = hostio;
        }
    }

    pub(crate) fn close(&mut self, end: impl FnOnce(&mut CallFrame)) {
        let Some(mut frame) = self.open.pop() else {
            return;
        };
        end(&mut frame);
        if !frame.outcome.is_success() {
            frame.drop_logs();
        }
        match self.open.last_mut() {
            Some(parent) => parent.calls.push(frame),
            None => self.root = Some(frame),
        }
    }

    pub(crate) fn finish(self) -> Option<CallFrame> {
        self.root
    }
}
