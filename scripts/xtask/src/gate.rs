//! `cargo xtask test`: every check, in order.

use crate::contracts::{self, Built};
use crate::process::{cargo, run as run_process, say};
use crate::{abi, drill, e2e, goldens, ids, purity, Outcome};
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::time::Instant;

/// The steps, in the order in which they run: cheap ones first, and what others need before them.
pub const NAMES: &[&str] = &["format", "lints", "purity", "wasm", "tests", "vectors", "ids", "abi", "goldens", "docs"];
/// Steps that run only when they are named.
pub const ON_REQUEST: &[&str] = &["e2e"];

/// Runs the steps with these names, or all, to the end whatever fails.
pub fn run(root: &Path, chosen: &[String]) -> ExitCode {
    let mut contracts = Contracts { root, built: None };
    let mut failed = Vec::new();
    let mut passed = 0;
    let is_named = |name: &&&str| chosen.iter().any(|step| step == **name);
    let always = NAMES.iter().filter(|name| chosen.is_empty() || is_named(name));
    for name in always.chain(ON_REQUEST.iter().filter(is_named)) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = step(name, root, &mut contracts);
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("== {name}: passed in {seconds:.1} s");
            }
            Err(message) => {
                println!("{message}\n== {name}: FAILED after {seconds:.1} s");
                failed.push((*name, message));
            }
        }
    }
    println!();
    for (name, message) in &failed {
        println!("failed: {name}: {}", message.lines().next().unwrap_or_default());
    }
    println!("{passed} passed, {} failed", failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn step(name: &str, root: &Path, contracts: &mut Contracts<'_>) -> Outcome {
    match name {
        "format" => run_process(cargo(root).args(["fmt", "--all", "--check"])),
        "lints" => {
            let mut clippy = cargo(root);
            run_process(clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }
        "purity" => purity::check(root),
        "wasm" => said(drill::wasm(root, contracts.built()?, false)?),
        "tests" => {
            contracts.written()?; // the tests run what is deployed
            run_process(cargo(root).args(["test", "--quiet", "--workspace"]))
        }
        "vectors" => said(drill::run(root, "vectors", &[])?),
        "ids" => ids::check(root),
        "abi" => abi::check(root),
        "e2e" => {
            let options = e2e::Options { quick: true, parts: Vec::new() };
            let is_whole = e2e::run(root, &options)? == ExitCode::SUCCESS;
            is_whole.then_some(()).ok_or_else(|| "a client failed, see above".to_owned())
        }
        "goldens" => goldens::check(root, contracts.built()?),
        _ => {
            let mut docs = cargo(root);
            docs.args(["doc", "--quiet", "--workspace", "--no-deps", "--lib"]).env("RUSTDOCFLAGS", "-Dwarnings");
            run_process(&mut docs)
        }
    }
}

/// The contracts, built when the first step asks for them.
struct Contracts<'a> {
    root: &'a Path,
    built: Option<Built>,
}

impl Contracts<'_> {
    fn built(&mut self) -> Result<&Built, String> {
        if self.built.is_none() {
            self.built = Some(contracts::build(self.root, &contracts::discover(self.root)?)?);
        }
        self.built.as_ref().ok_or_else(|| "the contracts are not built".to_owned())
    }

    fn written(&mut self) -> Outcome {
        let root = self.root;
        drill::wasm_json(root, self.built()?).map(|_| say("the contracts are as deployed"))
    }
}

/// Turns the end of a program that has already said what is wrong into an outcome.
pub fn said(status: ExitStatus) -> Outcome {
    if status.success() {
        Ok(())
    } else {
        Err(format!("ended with {status}, see above"))
    }
}
