//! The `fusebox` command.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use fusebox_cli::{devnet, operator};

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
    #[command(flatten)]
    Operator(Box<operator::Command>),
    /// Print what a shell needs to complete these commands.
    #[command(after_long_help = "\
Examples:
  fusebox completions bash > /etc/bash_completion.d/fusebox
  fusebox completions zsh > \"${fpath[1]}/_fusebox\"")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let matches = operator::with_exit_codes(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Devnet(options) => devnet::main(&options),
        Command::Operator(command) => operator::main(&command),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "fusebox", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}
