//! The methods, by namespace.

mod calls;
mod chain;
mod control;
mod debug;
mod logs;
mod subscribe;
mod transactions;

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::RpcModule;
use serde::Serialize;
use serde_json::Value;

use super::error::Failure;
use super::node::Node;
use super::params::Args;

/// What answers a method.
type Handler = fn(&Node, &Args) -> Result<Value, Failure>;
/// Methods with what answers them.
type Methods = &'static [(&'static str, Handler)];

/// Everything that the node answers.
pub fn module(node: Arc<Node>) -> Result<RpcModule<Arc<Node>>, RegisterMethodError> {
    let mut module = RpcModule::new(node);
    for methods in
        [chain::METHODS, transactions::METHODS, calls::METHODS, logs::METHODS, debug::METHODS, control::METHODS]
    {
        for &(name, handler) in methods {
            module.register_blocking_method(name, move |params, node, _| -> Result<Value, ErrorObjectOwned> {
                let args = Args::new(&params)?;
                Ok(handler(&node, &args)?)
            })?;
        }
    }
    subscribe::register(&mut module)?;
    Ok(module)
}

/// The names of all methods, sorted.
pub fn names() -> Vec<&'static str> {
    let all = [chain::METHODS, transactions::METHODS, calls::METHODS, logs::METHODS, debug::METHODS, control::METHODS];
    let mut names: Vec<&str> = all.into_iter().flatten().map(|(name, _)| *name).collect();
    names.extend(subscribe::NAMES);
    names.sort_unstable();
    names
}

fn json(value: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::internal(error.to_string()))
}
