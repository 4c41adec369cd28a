//! `cargo xtask gas`: what the panel, the limiter and the entries of the reference protocol cost, on the compiled programs.

mod gauge;
mod peers;
mod perp;
mod valve;

use crate::wasm::{aligned, grouped};
use alloy_primitives::{hex, Address};
use alloy_sol_types::{SolCall, SolError};
use fusebox_testbed::{Chain, DeployError, Outcome, Revert, Tx};
use serde::Serialize;
use std::fs;
use std::path::Path;

const HELP: &str = "\
cargo xtask gas [--json]

What the panel, the limiter and the entries of the reference protocol cost on the testbed, on target/fusebox/*.wasm.

  --json   an array of {id, state, gas, floor, peer, peer_gas} and nothing else on standard output

  first    programs that the chain does not hold ready, and words that no call has written since they were set up
  steady   programs held ready, words that were written before; every word is cold, as in a new transaction
  refused  as steady, but a condition refuses the call
";

const CLOSING: &str = "
Execution gas before refunds, without the 21,000 of a transaction and its calldata. `check`, `spend`,
`withdraw` (check and spend) and tickets are a guarded call less the same call unguarded, no token moved; everything
else is a whole call. The floor is the price of the storage that cannot be done without. Peers: the closest operation of each, measured with anvil under Prague rules.
";

/// Price of a storage word that a transaction has not touched.
const COLD_WORD: u64 = 2_100;
const ARTIFACTS: &str = include_str!("../../../tests/solidity/artifacts.json");

/// One figure, as the table and the JSON show it.
#[derive(Serialize)]
struct Row {
    id: &'static str,
    state: &'static str,
    gas: u64,
    floor: Option<u64>,
    peer: Option<&'static str>,
    peer_gas: Option<u64>,
}

/// A figure before it is set beside others.
struct Figure {
    id: &'static str,
    state: &'static str,
    gas: u64,
    floor: Option<u64>,
}

/// Measures and prints; the answer is the exit code.
pub fn run(words: &[String]) -> i32 {
    let json = match words {
        [] => false,
        [word] if word == "--json" => true,
        [word] if word == "--help" || word == "-h" => {
            print!("{HELP}");
            return 0;
        }
        _ => {
            eprint!("{HELP}");
            return 2;
        }
    };
    match measure(Path::new("target/fusebox")) {
        Ok(rows) if json => println!("{}", serde_json::to_string_pretty(&rows).expect("a row is numbers and names")),
        Ok(rows) => print!("{}{CLOSING}", table(&rows)),
        Err(message) => {
            eprintln!("gas: {message}");
            return 1;
        }
    }
    0
}

fn measure(folder: &Path) -> Result<Vec<Row>, String> {
    let mut figures = gauge::figures(folder)?;
    figures.extend(valve::figures(folder)?);
    figures.extend(perp::figures(folder)?);
    let beside = |Figure { id, state, gas, floor }| {
        let peer = peers::closest(id, state);
        Row { id, state, gas, floor, peer: peer.map(|(name, _)| name), peer_gas: peer.map(|(_, gas)| gas) }
    };
    Ok(figures.into_iter().map(beside).collect())
}

fn table(rows: &[Row]) -> String {
    let number = |number: Option<u64>| number.map_or("-".into(), |number| grouped(number.into()));
    let mut lines = vec![["id", "state", "gas", "floor", "peer gas", "peer"].map(str::to_owned)];
    for row in rows {
        let peer = row.peer.unwrap_or("-").to_owned();
        lines.push([
            row.id.into(),
            row.state.into(),
            grouped(row.gas.into()),
            number(row.floor),
            number(row.peer_gas),
            peer,
        ]);
    }
    aligned(&lines)
}

fn program(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let file = folder.join(format!("{name}.wasm"));
    fs::read(&file).map_err(|error| format!("{}: {error}; `cargo xtask wasm` builds it", file.display()))
}

/// Creation code of a contract of `tests/solidity`, its constructor's arguments behind it.
fn creation(name: &str, arguments: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = |error: String| format!("artifacts.json, {name}: {error}");
    let artifacts: serde_json::Value = serde_json::from_str(ARTIFACTS).map_err(|error| wrong(error.to_string()))?;
    let code = artifacts[name]["bytecode"].as_str().ok_or_else(|| wrong("no bytecode".into()))?;
    let code = hex::decode(code).map_err(|error| wrong(error.to_string()))?;
    Ok([code.as_slice(), arguments].concat())
}

fn deployment(name: &'static str) -> impl FnOnce(DeployError) -> String {
    move |error| format!("{name} is not deployed: {error}")
}

/// A call that prepares what is measured, and therefore has to succeed.
fn act<C: SolCall>(chain: &mut Chain, from: Address, to: Address, call: &C) -> Result<C::Return, String> {
    chain.call(from, to, call).map_err(|revert| format!("{} failed: {revert}", C::SIGNATURE))
}

/// What a call that succeeds would do now; nothing of it is kept.
fn done<C: SolCall>(chain: &Chain, from: Address, to: Address, call: &C) -> Result<Outcome, String> {
    let outcome = chain.view(Tx::new(from, to, call.abi_encode()));
    outcome.into_result().map_err(|revert: Revert| format!("{} failed: {revert}", C::SIGNATURE))
}

/// What a call that reverts with `E` would do now.
fn refused<E: SolError, C: SolCall>(chain: &Chain, from: Address, to: Address, call: &C) -> Result<Outcome, String> {
    let outcome = chain.view(Tx::new(from, to, call.abi_encode()));
    if outcome.success || !outcome.output.starts_with(&E::SELECTOR) {
        let answer = hex::encode(&outcome.output);
        return Err(format!("{} is not refused with {}: {answer}", C::SIGNATURE, E::SIGNATURE));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_do_not_fit_are_a_usage_error() {
        for line in ["--jsn", "--json --json", "x"] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(run(&words), 2, "{line}");
        }
        assert_eq!(run(&["--help".to_owned()]), 0);
    }

    #[test]
    fn the_json_has_exactly_the_fields_that_are_promised() {
        let row = Row { id: "check", state: "steady", gas: 2172, floor: None, peer: None, peer_gas: None };
        let value = serde_json::to_value(&row).unwrap();
        let mut fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["floor", "gas", "id", "peer", "peer_gas", "state"]);
        assert!(value["floor"].is_null());
        assert!(table(&[row]).ends_with("check  steady  2,172      -         -     -\n"));
    }

    #[test]
    fn programs_that_are_not_there_are_named() {
        let message = measure(Path::new("not/there")).map(|rows| rows.len()).unwrap_err();
        assert!(message.contains("gauge.wasm") && message.contains("cargo xtask wasm"), "{message}");
    }
}
