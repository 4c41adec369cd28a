//! The operator's commands: reading a protocol, acting on it, deploying and checking it, on any Arbitrum chain.
//!
//! Nothing here knows on which chain it runs: only standard JSON-RPC methods and Arbitrum's precompiles are used.

pub mod access;
pub mod ahead;
pub mod can;
pub mod change;
pub mod circuit;
pub mod clock;
pub mod deploy;
pub mod explain;
pub mod fault;
pub mod guard;
pub mod incidents;
pub mod interface;
pub mod keepalive;
pub mod output;
pub mod parameters;
pub mod playbook;
pub mod programs;
pub mod queue;
pub mod remote;
pub mod roster;
pub mod rpc;
pub mod safe;
pub mod send;
pub mod signer;
pub mod status;
pub mod stylus;
pub mod terms;
pub mod tickets;
pub mod verify;
pub mod words;

use clap::Subcommand;
use fault::{Fault, Outcome, EXIT_CODES};
use std::process::ExitCode;

/// What an operator does.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each says what it does at its own type, which is what its help prints
pub enum Command {
    Status(status::Status),
    Can(can::Can),
    Pause(guard::Pause),
    Extend(guard::Extend),
    Unpause(guard::Unpause),
    Hold(guard::Hold),
    Poke(guard::Poke),
    Set(Box<queue::Set>),
    Propose(Box<queue::Propose>),
    Execute(Box<queue::Execute>),
    Cancel(Box<queue::Cancel>),
    Playbook(Box<playbook::Playbook>),
    Incidents(incidents::Incidents),
    Heartbeat(guard::Heartbeat),
    Keepalive(Box<keepalive::Keepalive>),
    Deploy(Box<deploy::Deploy>),
    Verify(verify::Verify),
}

/// Runs a command, says what went wrong, and answers with its exit code.
pub fn main(command: &Command) -> ExitCode {
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{}", told(&fault, is_json()));
            ExitCode::from(fault.code())
        }
    }
}

/// The commands with the exit codes at the end of their long help.
pub fn with_exit_codes(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|one| {
        let is_ours = one.get_name() != "devnet" && one.get_name() != "completions";
        match one.get_after_long_help().map(ToString::to_string) {
            Some(text) if is_ours => one.after_long_help(format!("{}\n\n{EXIT_CODES}", text.trim_end())),
            _ => one,
        }
    })
}

/// Whether machines read: the fault is then JSON too.
fn is_json() -> bool {
    std::env::args().any(|word| word == "--json")
}

fn told(fault: &Fault, is_json: bool) -> String {
    match is_json {
        true => {
            serde_json::json!({ "error": { "kind": fault.kind(), "code": fault.code(), "message": fault.to_string() } })
                .to_string()
        }
        false => format!("error: {fault}"),
    }
}

fn run(command: &Command) -> Outcome {
    match command {
        Command::Status(command) => command.run(),
        Command::Can(command) => command.run(),
        Command::Pause(command) => command.run(),
        Command::Extend(command) => command.run(),
        Command::Unpause(command) => command.run(),
        Command::Hold(command) => command.run(),
        Command::Poke(command) => command.run(),
        Command::Set(command) => command.run(),
        Command::Propose(command) => command.run(),
        Command::Execute(command) => command.run(),
        Command::Cancel(command) => command.run(),
        Command::Playbook(command) => command.run(),
        Command::Incidents(command) => command.run(),
        Command::Heartbeat(command) => command.run(),
        Command::Keepalive(command) => command.run(),
        Command::Deploy(command) => command.run(),
        Command::Verify(command) => command.run(),
    }
}
