//! Calls that leave no trace.

use alloy_eips::BlockId;
use alloy_primitives::{Address, TxKind, B256, U64};
use alloy_rpc_types_eth::{AccessList, AccessListItem, TransactionRequest};
use fusebox_testbed::{Executed, Tracing};
use serde_json::{json as object, Value};

use super::chain::block_id;
use super::{json, Methods};
use crate::devnet::error::{output, Failure};
use crate::devnet::node::{Node, View};
use crate::devnet::params::Args;

pub(super) const METHODS: Methods = &[
    ("eth_call", |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let view = view(node, args, BlockId::latest())?;
        json(output(node.call(&request, &view, Tracing::Off)?)?)
    }),
    ("eth_estimateGas", |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        json(U64::from(node.estimate(&request, view(node, args, BlockId::pending())?)?))
    }),
    ("eth_createAccessList", access_list),
];

/// Runs of a call until the list that it touches is the list that it was given.
const ROUNDS: usize = 8;

fn access_list(node: &Node, args: &Args) -> Result<Value, Failure> {
    let mut request: TransactionRequest = args.get(0, "transaction")?;
    let view = view(node, args, BlockId::pending())?;
    for _ in 0..ROUNDS {
        let executed = node.call(&request, &view, Tracing::Off)?;
        let list = listed(&request, &executed, view.chain.coinbase());
        if request.access_list.as_ref() == Some(&list) {
            let gas_used = U64::from(executed.gas_used);
            let error = output(executed).err().map(|failure| failure.message);
            let mut shown = object!({ "accessList": list, "gasUsed": gas_used });
            if let Some(error) = error {
                shown["error"] = object!(error);
            }
            return Ok(shown);
        }
        request.access_list = Some(list);
    }
    Err(Failure::refused(format!("the access list still changes after {ROUNDS} runs")))
}

/// What a call touched, without what is warm anyway: sender, callee and precompiles, unless slots of theirs were.
fn listed(request: &TransactionRequest, executed: &Executed, coinbase: Address) -> AccessList {
    let to = request.to.as_ref().and_then(TxKind::to).copied();
    let warm = |address: &Address| {
        *address == request.from.unwrap_or_default()
            || Some(*address) == to.or(executed.created)
            || *address == coinbase
            || address.as_slice()[..18].iter().all(|byte| *byte == 0)
    };
    let touched = executed.touched.iter().filter(|(address, slots)| !slots.is_empty() || !warm(address));
    let item =
        |(address, slots): &(Address, Vec<B256>)| AccessListItem { address: *address, storage_keys: slots.clone() };
    AccessList(touched.map(item).collect())
}

/// The state that a call is made in: that of a block, with overrides of accounts and of the block.
fn view(node: &Node, args: &Args, block: BlockId) -> Result<View, Failure> {
    let view = node.view(Some(block_id(args, 1)?.unwrap_or(block)))?;
    view.with(args.optional(2, "state overrides")?, args.optional(3, "block overrides")?)
}
