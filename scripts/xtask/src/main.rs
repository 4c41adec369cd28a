//! `cargo xtask`: the one door. It sets up what a command needs, builds the contracts, and lets `fusebox-drill` do
//! what needs the testbed; it has no dependencies itself, so that it is there in seconds.

mod abi;
mod args;
mod contracts;
mod drill;
mod e2e;
mod gate;
mod goldens;
mod help;
mod ids;
mod interface;
mod process;
mod purity;
mod toolchain;

use args::Command;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

/// A step ends in success or in a message that says what is wrong.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = match args::parse(&words) {
        Ok(command) => command,
        Err(message) => return failure(&message, 2),
    };
    run(command).unwrap_or_else(|message| failure(&message, 1))
}

fn failure(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}

fn run(command: Command) -> Result<ExitCode, String> {
    let root = root()?;
    match command {
        Command::Help(topic) => {
            print!("{}", help::text(topic.as_deref()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Wasm { json, names } => {
            let all = contracts::discover(&root)?;
            let chosen = match contracts::choose(all, &names) {
                Ok(chosen) => chosen,
                Err(message) => return Ok(failure(&message, 2)),
            };
            drill::wasm(&root, &contracts::build(&root, &chosen)?, json).map(code)
        }
        Command::Vectors { folder } => {
            let folder = folder.map(|folder| std::path::absolute(&folder).unwrap_or(folder.into()));
            let words: Vec<String> = folder.iter().map(|folder| folder.display().to_string()).collect();
            drill::run(&root, "vectors", &words).map(code)
        }
        Command::Gas(words) => with_contracts(&root, "gas", &words),
        Command::Demo(words) => {
            // A user's files are looked at before the contracts are built.
            let check: Vec<String> = words.iter().cloned().chain(["--check".into()]).collect();
            let status = drill::run(&root, "demo", &check)?;
            if status.success() {
                with_contracts(&root, "demo", &words)
            } else {
                Ok(code(status))
            }
        }
        Command::E2e(options) => e2e::run(&root, &options),
        Command::Test { steps } => Ok(gate::run(&root, &steps)),
        Command::Bless => goldens::bless(&root).map(|()| ExitCode::SUCCESS),
    }
}

/// Builds every contract, then hands the words on untouched.
fn with_contracts(root: &Path, command: &str, words: &[String]) -> Result<ExitCode, String> {
    let built = contracts::build(root, &contracts::discover(root)?)?;
    drill::wasm_json(root, &built)?;
    drill::run(root, command, words).map(code)
}

/// The drill's own exit code: it has already said what is wrong.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    ExitCode::from(code)
}

/// The workspace: two above this package.
fn root() -> Result<PathBuf, String> {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&package).ancestors().nth(2).map(Path::to_owned);
    root.filter(|root| root.join("Cargo.lock").exists()).ok_or(format!("no workspace above {package}"))
}
