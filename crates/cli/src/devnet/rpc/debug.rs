//! Traces: the tree of calls, and the host calls of programs.

use alloy_eips::BlockId;
use alloy_primitives::{hex, U64};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use alloy_sol_types::decode_revert_reason;
use fusebox_testbed::{CallFrame, CallKind, Executed, OutcomeKind, Step, Tracing};
use serde::Deserialize;
use serde_json::{json as object, Value};

use super::chain::{block_id, find, hash};
use super::{json, Methods};
use crate::devnet::block::Block;
use crate::devnet::error::Failure;
use crate::devnet::ledger::open;
use crate::devnet::node::Node;
use crate::devnet::params::Args;
use crate::devnet::pool::Signed;

pub(super) const METHODS: Methods = &[
    ("debug_traceTransaction", trace_transaction),
    ("debug_traceCall", trace_call),
    ("debug_traceBlockByNumber", trace_block),
    ("debug_traceBlockByHash", trace_block),
];

/// What a trace is asked for with.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    tracer: Option<String>,
    tracer_config: Config,
    state_overrides: Option<StateOverride>,
    block_overrides: Option<Box<BlockOverrides>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    only_top_call: bool,
    with_log: bool,
}

/// What is shown of a trace.
#[derive(Clone, Copy, Debug)]
enum Tracer {
    /// Geth's `callTracer`.
    Calls { only_top_call: bool, with_log: bool },
    /// Nitro's `stylusTracer`.
    Stylus,
    /// Nothing.
    Noop,
}

impl Options {
    fn tracer(&self) -> Result<Tracer, Failure> {
        let Config { only_top_call, with_log } = self.tracer_config;
        match self.tracer.as_deref() {
            Some("callTracer") => Ok(Tracer::Calls { only_top_call, with_log }),
            Some("stylusTracer") => Ok(Tracer::Stylus),
            Some("noopTracer") => Ok(Tracer::Noop),
            // What cargo-stylus sends by default is this tracer as JavaScript, with the same answer.
            Some(script) if script.trim_start().starts_with('{') && script.contains("\"hostio\"") => Ok(Tracer::Stylus),
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                let what = format!("tracer {shown:?} is not supported");
                Err(Failure::unsupported(format!("{what}: ask for \"callTracer\" or \"stylusTracer\"")))
            }
            None => Err(Failure::unsupported(
                "the tracer of single opcodes is not supported: ask for {\"tracer\": \"callTracer\"} or \"stylusTracer\"",
            )),
        }
    }
}

impl Tracer {
    fn tracing(self) -> Tracing {
        match self {
            Self::Calls { .. } => Tracing::Calls,
            Self::Stylus => Tracing::Hostio,
            Self::Noop => Tracing::Off,
        }
    }

    fn show(self, executed: &Executed) -> Result<Value, Failure> {
        let frame = || executed.trace.as_ref().ok_or_else(|| Failure::internal("nothing was traced"));
        match self {
            Self::Calls { only_top_call, with_log } => Ok(call(frame()?, only_top_call, with_log)),
            Self::Stylus => Ok(frame()?.steps().iter().map(step).collect()),
            Self::Noop => Ok(object!({})),
        }
    }
}

fn options(args: &Args, place: usize) -> Result<Options, Failure> {
    Ok(args.optional(place, "trace options")?.unwrap_or_default())
}

fn trace_transaction(node: &Node, args: &Args) -> Result<Value, Failure> {
    let hash = hash(args)?;
    let tracer = options(args, 1)?.tracer()?;
    let (block, index) = {
        let ledger = node.ledger();
        let found = ledger.transaction(hash).map(|(block, index)| (block.clone(), index));
        found.ok_or_else(|| Failure::refused(format!("transaction not found: {hash} is in no block")))?
    };
    let traces = replay(node, &block, index, tracer)?;
    traces.into_iter().nth(index).ok_or_else(|| Failure::internal("the transaction was not replayed"))
}

fn trace_block(node: &Node, args: &Args) -> Result<Value, Failure> {
    let tracer = options(args, 1)?.tracer()?;
    let block = find(node, args, "block")?.ok_or_else(|| Failure::refused("block not found"))?;
    let last = block.transactions.len();
    let traces = replay(node, &block, last, tracer)?;
    let pairs = block.transactions.iter().zip(traces);
    json(pairs.map(|(tx, result)| object!({ "txHash": tx.hash(), "result": result })).collect::<Vec<_>>())
}

/// Executes the transactions of a block again, up to one of them, on the state before.
fn replay(node: &Node, block: &Block, last: usize, tracer: Tracer) -> Result<Vec<Value>, Failure> {
    let Some(parent) = block.number().checked_sub(1) else {
        return Ok(Vec::new()); // the first block has no transactions
    };
    let mut chain = node.view(Some(BlockId::number(parent)))?.chain;
    open(&mut chain, block.header.timestamp, block.l1_number, block.number());
    let mut traces = Vec::new();
    for (index, tx) in block.transactions.iter().take(last.saturating_add(1)).enumerate() {
        let signed = Signed { envelope: tx.envelope.clone(), from: tx.from };
        let shown = last >= block.transactions.len() || index == last;
        let tracing = if shown { tracer.tracing() } else { Tracing::Off };
        let executed = chain.execute(&signed.transaction(), tracing)?;
        traces.push(if shown { tracer.show(&executed)? } else { Value::Null });
    }
    Ok(traces)
}

fn trace_call(node: &Node, args: &Args) -> Result<Value, Failure> {
    let request: TransactionRequest = args.get(0, "transaction")?;
    let options = options(args, 2)?;
    let tracer = options.tracer()?;
    let view = node.view(block_id(args, 1)?)?.with(options.state_overrides, options.block_overrides)?;
    tracer.show(&node.call(&request, &view, tracer.tracing())?)
}

/// A frame in the form of geth's `callTracer`.
fn call(frame: &CallFrame, only_top_call: bool, with_log: bool) -> Value {
    let mut shown = object!({
        "type": kind(frame.kind),
        "from": frame.from,
        "to": frame.to,
        "gas": U64::from(frame.gas),
        "gasUsed": U64::from(frame.gas_used),
        "input": frame.input,
    });
    if !matches!(frame.kind, CallKind::StaticCall) {
        shown["value"] = object!(frame.value);
    }
    if !frame.output.is_empty() {
        shown["output"] = object!(frame.output);
    }
    if let Some(error) = error(frame) {
        shown["error"] = object!(error);
        if let Some(reason) = decode_revert_reason(&frame.output).filter(|_| !frame.output.is_empty()) {
            shown["revertReason"] = object!(reason);
        }
    }
    if with_log && !frame.logs.is_empty() {
        let logs = frame.logs.iter().map(|entry| {
            let (log, position) = (&entry.log, U64::from(entry.position));
            object!({ "address": log.address, "topics": log.topics, "data": log.data, "position": position })
        });
        shown["logs"] = logs.collect();
    }
    if !only_top_call && !frame.calls.is_empty() {
        shown["calls"] = frame.calls.iter().map(|inner| call(inner, false, with_log)).collect();
    }
    shown
}

fn kind(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Call => "CALL",
        CallKind::CallCode => "CALLCODE",
        CallKind::DelegateCall => "DELEGATECALL",
        CallKind::StaticCall => "STATICCALL",
        CallKind::Create => "CREATE",
        CallKind::Create2 => "CREATE2",
    }
}

fn error(frame: &CallFrame) -> Option<String> {
    let note = frame.note.as_deref();
    match frame.outcome {
        OutcomeKind::Success => None,
        OutcomeKind::Revert => Some("execution reverted".to_owned()),
        OutcomeKind::OutOfInk => Some("out of gas".to_owned()),
        other => Some(note.map_or_else(|| other.to_string(), str::to_owned)),
    }
}

/// A host call in the form of Nitro's `stylusTracer`.
fn step(step: &Step) -> Value {
    let mut shown = object!({
        "name": step.name,
        "args": hex::encode_prefixed(&step.args),
        "outs": hex::encode_prefixed(&step.outs),
        "startInk": step.start_ink,
        "endInk": step.end_ink,
    });
    if let Some((address, steps)) = &step.entered {
        shown["address"] = object!(address);
        shown["steps"] = steps.iter().map(self::step).collect();
    }
    shown
}
