//! What the documents say is what the code is.

use std::{collections::BTreeMap, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_example_of_the_readme_is_the_gauge() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```rust\n").expect("the README has an example");
    let (example, _) = rest.split_once("\n```").expect("the example ends");
    let gauge = fs::read_to_string(root().join("contracts/gauge/src/lib.rs")).unwrap();
    assert!(gauge.trim_end().ends_with(example), "README.md and contracts/gauge/src/lib.rs differ");
}

#[test]
fn the_readme_keeps_its_promise_of_length() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines, 150 at most");
}

#[test]
fn the_fund_and_its_desk_answer_different_selectors() {
    let functions = |program: &str| -> Vec<String> {
        let abi = fs::read_to_string(root().join(format!("contracts/{program}/abi.sol"))).unwrap();
        let lines = abi.lines().filter_map(|line| line.trim().strip_prefix("function "));
        lines.map(|line| line.split_once(')').unwrap().0.to_owned()).collect()
    };
    let (own, desk) = (functions("fund"), functions("fund-desk"));
    assert!(own.len() > 5 && desk.len() > 10, "{} and {} entries found", own.len(), desk.len());
    assert!(own.iter().all(|entry| !desk.contains(entry)), "{own:?} and {desk:?} overlap");
}

#[test]
fn no_selector_is_answered_by_two_programs_of_the_chain() {
    let mut seen = BTreeMap::new();
    for program in [
        "perp",
        "perp-pool",
        "perp-risk",
        "perp-guard",
        "perp-share",
        "perp-limit",
        "perp-watch",
        "perp-queue",
        "perp-settle",
        "perp-fund",
        "perp-view",
    ] {
        let abi = fs::read_to_string(root().join(format!("contracts/{program}/abi.sol"))).unwrap();
        for line in abi.lines().filter_map(|line| line.trim().strip_prefix("function ")) {
            let (name, rest) = line.split_once('(').unwrap();
            let (arguments, _) = rest.split_once(')').unwrap();
            let types: Vec<_> = arguments.split(',').filter_map(|a| a.split_whitespace().next()).collect();
            let signature = format!("{name}({})", types.join(","));
            if let Some(other) = seen.insert(signature.clone(), program) {
                panic!("{signature} is in {other} and in {program}: the first in the chain would hide the other");
            }
        }
    }
    assert!(seen.len() > 20, "{} entries found", seen.len());
}
