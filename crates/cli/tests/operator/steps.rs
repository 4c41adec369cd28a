//! A deployment on a chain without a deployer, interrupted, taken up again, and come between.

use crate::ground::{
    advance, bare, furnish, node, params, refresh, run, send, wasm, Said, COUNCIL, DEPLOYER, GOVERNANCE, KEEPER, WEEK,
};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolValue};
use fusebox::bindings::Protocol;
use fusebox_cli::{
    devnet::Devnet,
    operator::{
        rpc::Rpc,
        stylus::{code, constructor, creation, STYLUS_DEPLOYER},
    },
};
use serde_json::{json, Value};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A chain that has no deployer, and a parameter file for it.
struct Site {
    rpc: Rpc,
    who: Vec<Address>,
    token: Address,
    feeds: [Address; 2],
    devnet: Devnet,
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (devnet, rpc, who) = node(None, folder.path());
        let _: Value = rpc.ask("anvil_setCode", (STYLUS_DEPLOYER, "0x")).expect("no code");
        let (token, feeds) = furnish(&rpc, who[DEPLOYER]);
        std::fs::write(folder.path().join("params.toml"), params(&who, token, feeds)).expect("written");
        Self { rpc, who, token, feeds, devnet, folder }
    }

    fn command(&self, words: &[&str]) -> Command {
        let (wasm, url) = (wasm().display().to_string(), self.devnet.url());
        bare(self.folder.path(), &[&["deploy", "params.toml", "--wasm", &wasm, "--rpc", &url], words].concat())
    }

    fn deploy(&self, who: usize) -> Said {
        run(&mut self.command(&["--key-file", &format!("{who}.key")]))
    }

    /// Starts a deployment and kills the process once it has said this.
    fn interrupt(&self, after: &str) {
        let mut command = self.command(&["--key-file", &format!("{DEPLOYER}.key")]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command runs");
        let said = BufReader::new(child.stderr.take().expect("its words")).lines().map_while(Result::ok);
        let last = said.into_iter().find(|line| line.starts_with(after));
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(last.is_some(), "it has never said {after}");
    }

    fn record(&self) -> Value {
        let text = std::fs::read(self.folder.path().join("params.deployed.json")).expect("a record");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// The record as it is once every program is there, with a hot program that stands there and no protocol.
    fn take_back(&self, raw: Address) {
        let mut record = self.record();
        record["raw"] = json!(raw);
        record["protocol"] = Value::Null;
        std::fs::write(self.folder.path().join("params.deployed.json"), record.to_string()).expect("written");
    }

    /// The hot program, created by anybody, not initialised.
    fn raw(&self) -> Address {
        let built = std::fs::read(wasm().join("perp.wasm")).expect("a program");
        let code = code("perp", &built).expect("it fits");
        send(&self.rpc, self.who[KEEPER], None, &creation(&code)).expect("a contract")
    }

    fn nonce(&self, who: usize) -> u64 {
        let nonce: alloy_primitives::U64 =
            self.rpc.ask("eth_getTransactionCount", (self.who[who], "latest")).expect("a nonce");
        nonce.to()
    }
}

#[test]
fn cl_33_a_chain_without_a_deployer_takes_the_protocol_in_steps_that_are_taken_up_again() {
    let site = Site::new();
    site.interrupt("perp-limit is at");
    let before = site.record();
    let kept = before["programs"].as_object().expect("programs").clone();
    assert!(kept.len() >= 2 && before["protocol"].is_null(), "{before}");
    let sent = site.nonce(DEPLOYER);

    let first = site.deploy(DEPLOYER);
    assert_eq!(first.code, 6, "{}\n{}", first.out, first.err);
    let record = site.record();
    for (name, at) in &kept {
        assert_eq!(&record["programs"][name], at, "{name} was deployed before the interruption");
    }
    assert_eq!(record["protocol"], record["raw"], "{record}");
    // Each program that was left takes a creation and an activation, and the protocol its constructor.
    let programs = u64::try_from(record["programs"].as_object().expect("programs").len()).expect("fits") + 1;
    let done = u64::try_from(kept.len()).expect("fits");
    assert!(site.nonce(DEPLOYER) - sent <= 2 * (programs - done) + 1 + 1, "what is done is not done again");

    assert_eq!(site.deploy(GOVERNANCE).code, 6);
    advance(&site.rpc, WEEK);
    refresh(&site.rpc, site.who[DEPLOYER], site.feeds);
    let last = site.deploy(KEEPER);
    assert_eq!(last.code, 0, "{}\n{}", last.out, last.err);
    let check = run(&mut site.command(&["--check", "--json"])).json();
    let values = check["values"].as_array().expect("values");
    assert!(values.len() > 75 && values.iter().all(|one| one["state"] == "holds"), "{values:?}");

    // Interrupted between the creation of the hot program and its constructor: only the constructor is left.
    let raw = site.raw();
    site.take_back(raw);
    let sent = site.nonce(DEPLOYER);
    assert_eq!(site.deploy(DEPLOYER).code, 6, "its changes are to be proposed");
    assert_eq!((site.nonce(DEPLOYER) - sent, site.record()["protocol"].clone()), (1, json!(raw)));

    // Somebody has come between, and governs.
    let raw = site.raw();
    site.take_back(raw);
    let programs: Vec<Address> = fusebox_cli::operator::programs::further()
        .map(|name| serde_json::from_value(record["programs"][name].clone()).expect("an address"))
        .collect();
    let init = Protocol::initialiseCall {
        collateral: site.token,
        governance: site.who[KEEPER],
        council: site.who[COUNCIL],
        pauser: site.who[KEEPER],
        pause_secs: 86_400,
        floor: 1_000_000_000_000_000,
    };
    let arguments = (programs, Bytes::from(init.abi_encode())).abi_encode_params();
    send(&site.rpc, site.who[KEEPER], Some(raw), &constructor(&arguments));
    let sent = (site.nonce(DEPLOYER), site.nonce(GOVERNANCE));
    for who in [DEPLOYER, GOVERNANCE] {
        let taken = site.deploy(who);
        assert_eq!(taken.code, 4, "{}\n{}", taken.out, taken.err);
        assert!(taken.err.contains("nothing can change it: Governance"), "{}", taken.err);
    }
    assert_eq!((site.nonce(DEPLOYER), site.nonce(GOVERNANCE)), sent, "nothing is built on it");
}
