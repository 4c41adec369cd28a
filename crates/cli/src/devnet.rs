//! A development node: the testbed behind an Ethereum JSON-RPC server.

mod accounts;
mod block;
mod clock;
mod error;
mod filters;
mod genesis;
mod ledger;
mod node;
mod options;
mod params;
mod pool;
mod rpc;
mod server;
mod shape;
mod store;

use std::process::ExitCode;

pub use options::{Config, Options};
pub use server::{Devnet, StartError};
pub use store::StoreError;

/// Runs the node until it is told to stop.
pub fn main(options: &Options) -> ExitCode {
    if options.methods {
        println!("{}", rpc::names().join("\n"));
        return ExitCode::SUCCESS;
    }
    match server::run(options.config(), options.quiet) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fusebox devnet: {error}");
            ExitCode::FAILURE
        }
    }
}
