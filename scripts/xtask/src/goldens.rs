//! Golden files: what is generated and committed, so that a change of it is seen.

use crate::contracts::{self, Built};
use crate::gate::said;
use crate::process::say;
use crate::{abi, drill, Outcome};
use std::fs;
use std::path::Path;

/// Compares sizes and gas with tests/golden.
pub fn check(root: &Path, built: &Built) -> Outcome {
    compare(root, built, false)
}

/// Rewrites every golden file.
pub fn bless(root: &Path) -> Outcome {
    abi::bless(root)?;
    let built = contracts::build(root, &contracts::discover(root)?)?;
    compare(root, &built, true)
}

fn compare(root: &Path, built: &Built, bless: bool) -> Outcome {
    let figures = [("sizes.json", drill::wasm_json(root, built)), ("gas.json", drill::gas_json(root))];
    let mut wrong = Vec::new();
    for (file, figures) in figures {
        let outcome = figures.and_then(|text| {
            say(&format!("{file}, {}", built.toolchain));
            let actual = root.join("target/fusebox").join(file);
            fs::write(&actual, text).map_err(|error| format!("{}: {error}", actual.display()))?;
            said(drill::golden(root, file, &built.toolchain, &actual, bless)?)
        });
        wrong.extend(outcome.err().map(|error| format!("{file}: {error}")));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}
