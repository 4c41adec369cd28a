//! Subscriptions over WebSocket.

use std::sync::Arc;

use alloy_rpc_types_eth::Filter;
use jsonrpsee::server::{RegisterMethodError, SubscriptionSink};
use jsonrpsee::RpcModule;
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio::sync::broadcast::error::RecvError;

use crate::devnet::error::Failure;
use crate::devnet::node::{Event, Node};
use crate::devnet::params::Args;
use crate::devnet::shape;

/// The names of the methods below.
pub(super) const NAMES: [&str; 2] = ["eth_subscribe", "eth_unsubscribe"];

/// What is subscribed to.
enum Topic {
    Heads,
    Logs(Box<Filter>),
    Transactions {
        full: bool,
    },
    /// This node is never behind, so there is never anything to tell.
    Syncing,
}

impl Topic {
    fn parse(args: &Args) -> Result<Self, Failure> {
        match args.get::<String>(0, "subscription")?.as_str() {
            "newHeads" => Ok(Self::Heads),
            "logs" => Ok(Self::Logs(Box::new(args.optional(1, "filter")?.unwrap_or_default()))),
            "newPendingTransactions" => Ok(Self::Transactions { full: args.optional(1, "full")?.unwrap_or(false) }),
            "syncing" => Ok(Self::Syncing),
            other => {
                let what = format!("no {other:?} subscription in eth namespace");
                Err(Failure::unsupported(format!("{what}: newHeads, logs, newPendingTransactions, syncing")))
            }
        }
    }
}

pub(super) fn register(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    let [subscribe, unsubscribe] = NAMES;
    module.register_subscription(
        subscribe,
        "eth_subscription",
        unsubscribe,
        |params, pending, node, _| async move {
            let topic = match Args::new(&params).and_then(|args| Topic::parse(&args)) {
                Ok(topic) => topic,
                Err(failure) => return pending.reject(failure).await,
            };
            let mut events = node.subscribe(); // before the answer, so that nothing is missed after it
            let Ok(sink) = pending.accept().await else {
                return;
            };
            loop {
                let event = tokio::select! {
                    event = events.recv() => event,
                    () = sink.closed() => return,
                };
                let sent = match event {
                    Ok(event) => tell(&node, &sink, &topic, event).await,
                    Err(RecvError::Lagged(_)) => true, // too slow: it goes on with what is new
                    Err(RecvError::Closed) => false,
                };
                if !sent {
                    return;
                }
            }
        },
    )?;
    Ok(())
}

/// Tells a subscriber what concerns it. Whether it is still there.
async fn tell(node: &Node, sink: &SubscriptionSink, topic: &Topic, event: Event) -> bool {
    match (topic, event) {
        (Topic::Heads, Event::Block(block)) => send(sink, &shape::header(&block)).await,
        (Topic::Logs(filter), Event::Block(block)) => {
            for log in shape::logs(&block).filter(|log| filter.matches(&log.inner)) {
                if !send(sink, &log).await {
                    return false;
                }
            }
            true
        }
        (Topic::Transactions { full: false }, Event::Transaction(hash)) => send(sink, &hash).await,
        (Topic::Transactions { full: true }, Event::Transaction(hash)) => {
            let tx = {
                let ledger = node.ledger();
                let included = ledger.transaction(hash).and_then(|(block, index)| shape::transaction(block, index));
                included.or_else(|| ledger.pool.get(hash).map(shape::waiting))
            };
            send(sink, &tx).await
        }
        _ => true,
    }
}

async fn send(sink: &SubscriptionSink, value: &impl Serialize) -> bool {
    match to_raw_value(value) {
        Ok(message) => sink.send(message).await.is_ok(),
        Err(_) => false,
    }
}
