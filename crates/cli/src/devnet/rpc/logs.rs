//! Events, and filters that are asked for what is new.

use alloy_primitives::U64;
use alloy_rpc_types_eth::{BlockNumberOrTag, Filter, FilterBlockOption, Log};
use serde_json::Value;

use super::{json, Methods};
use crate::devnet::error::Failure;
use crate::devnet::filters::{Kind, News};
use crate::devnet::ledger::Ledger;
use crate::devnet::node::Node;
use crate::devnet::params::Args;
use crate::devnet::shape;

/// Events in one answer.
const MOST_LOGS: usize = 20_000;

pub(super) const METHODS: Methods = &[
    ("eth_getLogs", |node, args| json(select(&node.ledger(), &args.get(0, "filter")?)?)),
    ("eth_newFilter", |node, args| {
        let filter: Filter = args.get(0, "filter")?;
        let next = {
            let ledger = node.ledger();
            range(&ledger, &filter)?; // refused now rather than when it is asked
            ledger.head().number() + 1
        };
        install(node, Kind::Logs(Box::new(filter)), next)
    }),
    ("eth_newBlockFilter", |node, _| {
        let next = node.ledger().head().number() + 1;
        install(node, Kind::Blocks, next)
    }),
    ("eth_newPendingTransactionFilter", |node, _| install(node, Kind::Transactions(Vec::new()), 0)),
    ("eth_getFilterChanges", changes),
    ("eth_getFilterLogs", |node, args| {
        let filter = node.filters().logs(id(args)?)?;
        json(select(&node.ledger(), &filter)?)
    }),
    ("eth_uninstallFilter", |node, args| json(node.filters().uninstall(id(args)?))),
];

fn install(node: &Node, kind: Kind, next: u64) -> Result<Value, Failure> {
    json(U64::from(node.filters().install(kind, next)?))
}

fn id(args: &Args) -> Result<u64, Failure> {
    args.number(0, "filter")?.ok_or_else(|| Failure::invalid_params("missing value for required argument 0 (filter)"))
}

fn changes(node: &Node, args: &Args) -> Result<Value, Failure> {
    let id = id(args)?;
    let ledger = node.ledger();
    let head = ledger.head().number();
    let news = node.filters().news(id, head)?;
    match news {
        News::Transactions(hashes) => json(hashes),
        News::Blocks(from) => {
            let blocks = (from..=head).filter_map(|number| ledger.block(number));
            json(blocks.map(|block| block.hash).collect::<Vec<_>>())
        }
        News::Logs(filter, from) => {
            let first = filter.get_from_block().unwrap_or(0);
            let last = filter.get_to_block().unwrap_or(head);
            json(between(&ledger, &filter, from.max(first), last)?)
        }
    }
}

/// The events that match a filter.
fn select(ledger: &Ledger, filter: &Filter) -> Result<Vec<Log>, Failure> {
    let (first, last) = range(ledger, filter)?;
    between(ledger, filter, first, last)
}

fn between(ledger: &Ledger, filter: &Filter, first: u64, last: u64) -> Result<Vec<Log>, Failure> {
    let mut found = Vec::new();
    for block in (first..=last).map_while(|number| ledger.block(number)) {
        if !filter.matches_bloom(block.header.logs_bloom) {
            continue;
        }
        found.extend(shape::logs(block).filter(|log| filter.matches(&log.inner)));
        if found.len() > MOST_LOGS {
            let what = format!("query returned more than {MOST_LOGS} results");
            return Err(Failure::limit(format!("{what}: ask for fewer blocks, up to {} for a start", block.number())));
        }
    }
    Ok(found)
}

/// The first and the last block that a filter is about.
fn range(ledger: &Ledger, filter: &Filter) -> Result<(u64, u64), Failure> {
    let head = ledger.head().number();
    match &filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = ledger.block_by_hash(*hash).ok_or_else(|| Failure::refused("unknown block"))?;
            Ok((block.number(), block.number()))
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let number = |tag: &Option<BlockNumberOrTag>| match tag {
                Some(BlockNumberOrTag::Number(number)) => *number,
                Some(BlockNumberOrTag::Earliest) => 0,
                _ => head,
            };
            let (first, last) = (number(from_block), number(to_block));
            let numbers = |tag: &Option<BlockNumberOrTag>| matches!(tag, Some(BlockNumberOrTag::Number(_)));
            if first > last && numbers(from_block) && numbers(to_block) {
                return Err(Failure::invalid_params(format!("invalid block range: {first} is after {last}")));
            }
            Ok((first, last))
        }
    }
}
