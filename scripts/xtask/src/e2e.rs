//! `cargo xtask e2e`: the clients that protocol teams use, unmodified, against `fusebox devnet`.

mod devnet;
mod runbook;
mod stylus;
mod suite;
mod tools;

use crate::Outcome;
use devnet::Devnet;
use std::path::Path;
use std::process::{Command, ExitCode};
use suite::Suite;
use tools::Tools;

/// The parts, in the order in which they run. What they need is deployed before them, by cargo-stylus.
pub const PARTS: &[&str] = &["refused", "cast", "viem", "alloy", "safe", "runbook"];

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether programs without a constructor are deployed as they were built, without `check` and `export-abi`.
    pub quick: bool,
    /// The parts that run; all where none is named.
    pub parts: Vec<String>,
}

/// Sets the tools up, starts a node, deploys everything and runs the parts, whatever fails in one of them.
pub fn run(root: &Path, options: &Options) -> Result<ExitCode, String> {
    let tools = Tools::set_up(root)?;
    let folder = root.join("target/fusebox/e2e");
    let mut suite = Suite::new(root, &folder)?;
    let devnet = Devnet::start(&tools.fusebox, &folder)?;
    suite.know("FUSEBOX_RPC", &devnet.http());
    suite.know("FUSEBOX_WS", &devnet.websocket());
    suite.know("FUSEBOX", &tools.fusebox.display().to_string());
    suite.know("CAST", &tools.cast.display().to_string());
    tools.compile_programs(root, &folder.join("programs"))?;
    if deploy(root, &tools, &mut suite, options.quick) {
        for part in PARTS.iter().filter(|part| options.parts.is_empty() || options.parts.iter().any(|p| p == *part)) {
            // What is wrong is in the summary; the next part starts from its own accounts.
            let _ = run_part(root, &tools, &mut suite, part);
        }
    }
    let _ = suite.step("the node ends and keeps its state", |_| devnet.stop()); // the summary counts it
    Ok(suite.summary())
}

/// Whether everything is deployed: without it no part can run.
fn deploy(root: &Path, tools: &Tools, suite: &mut Suite, quick: bool) -> bool {
    let outcome = ground(root, tools, suite, quick);
    match outcome {
        // What was wrong before a step began is a failure like any other.
        Err(message) if !suite.has_failed() => suite.step("the deployment", |_| Err(message)).is_ok(),
        other => other.is_ok(),
    }
}

fn ground(root: &Path, tools: &Tools, suite: &mut Suite, quick: bool) -> Outcome {
    suite.heading("the ground: keys, a token, feeds, Safes");
    suite.script("ground.mjs")?;
    suite.heading("cargo-stylus: check, export-abi, deploy --no-verify");
    stylus::deploy_all(root, tools, suite, quick)?;
    suite.heading("the market: listed by proposal, funded");
    suite.script("market.mjs")
}

fn run_part(root: &Path, tools: &Tools, suite: &mut Suite, part: &str) -> Outcome {
    match part {
        "refused" => {
            suite.heading("refused: programs that no chain takes, submitted as they are");
            suite.script("refused.mjs")
        }
        "alloy" => {
            suite.heading("alloy: the provider with the bindings of crates/fusebox");
            suite.program(&mut Command::new(&tools.alloy))
        }
        "runbook" => {
            suite.heading("audits/RUNBOOK.md: its commands, from the document");
            runbook::execute(root, tools, suite)
        }
        client => {
            suite.heading(&format!("{client}: against the protocol that cargo-stylus has deployed"));
            suite.script(&format!("{client}.mjs"))
        }
    }
}
