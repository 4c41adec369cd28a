//! The `fusebox` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fusebox_cli::devnet;

/// Incident response for derivatives protocols on Arbitrum Stylus, from the command line.
#[derive(Debug, Parser)]
#[command(name = "fusebox", version, about, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devnet(Box<devnet::Options>),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Devnet(options) => devnet::main(&options),
    }
}
