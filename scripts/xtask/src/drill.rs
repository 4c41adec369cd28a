//! Running `fusebox-drill`, the program that has the testbed inside.

use crate::contracts::Built;
use crate::process::{cargo, output};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

/// Runs a command of the drill in the workspace, its output shown. What it ended with is the caller's to judge, since
/// it has already said what is wrong.
pub fn run(root: &Path, command: &str, words: &[String]) -> Result<ExitStatus, String> {
    status(drill(root)?.arg(command).args(words))
}

/// The contracts as they are deployed, checked and written; the table or the JSON goes to standard output.
pub fn wasm(root: &Path, built: &Built, json: bool) -> Result<ExitStatus, String> {
    status(drill(root)?.args(wasm_words(root, built, json)))
}

/// The same, for commands that go on with the figures.
pub fn wasm_json(root: &Path, built: &Built) -> Result<String, String> {
    output(drill(root)?.args(wasm_words(root, built, true)))
}

/// The gas table of the contracts that were just built.
pub fn gas_json(root: &Path) -> Result<String, String> {
    output(drill(root)?.args(["gas", "--json"]))
}

/// Compares figures with those of a golden file, or rewrites it.
pub fn golden(root: &Path, file: &str, toolchain: &str, figures: &Path, bless: bool) -> Result<ExitStatus, String> {
    let mut command = drill(root)?;
    command.arg("golden").args(bless.then_some("--bless")).args(["--toolchain", toolchain]);
    status(command.arg(root.join("tests/golden").join(file)).arg(figures))
}

/// The drill, built once a run.
///
/// Together with the crate that has the most features, though nothing of that is built: what the tests of the workspace
/// have compiled then serves here, and `cargo run` of the one package would compile the engine and all below it again.
fn drill(root: &Path) -> Result<Command, String> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let mut build = cargo(root);
            build.args(["build", "--package", "fusebox-drill", "--package", "fusebox-cli", "--bin", "fusebox-drill"]);
            let status = status(build.arg("--target-dir").arg(root.join("target")))?;
            status.success().then_some(()).ok_or_else(|| "fusebox-drill does not build".to_owned())
        })
        .clone()?;
    let mut command = Command::new(root.join("target/debug/fusebox-drill"));
    command.current_dir(root);
    Ok(command)
}

fn status(command: &mut Command) -> Result<ExitStatus, String> {
    command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))
}

fn wasm_words(root: &Path, built: &Built, json: bool) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["wasm".into()];
    words.extend(json.then(|| "--json".into()));
    words.extend(["--out".into(), root.join("target/fusebox").into()]);
    for (name, linked) in &built.linked {
        let mut word = OsString::from(format!("{name}="));
        word.push(linked);
        words.push(word);
    }
    words
}
