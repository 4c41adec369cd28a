//! cargo-stylus as a protocol team uses it: `check`, `export-abi` and `deploy --no-verify` of every contract.

use super::suite::Suite;
use super::tools::Tools;
use crate::contracts::{discover, Contract};
use crate::Outcome;
use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "../../../drill/src/programs.rs"]
mod programs;

/// Collateral that may leave in a day whatever the pool holds, and how long the guardian's pauses last in seconds.
const TERMS: [&str; 2] = ["86400", "1000000000000000"];
const INITIALISE: &str = "initialise(address,address,address,address,uint32,uint128)";
/// ArbWasm, which knows every program that is activated.
const ARB_WASM: &str = "0x0000000000000000000000000000000000000071";

/// What a contract's constructor takes, and why.
struct Arguments(Vec<String>);

/// Deploys every contract and the reference protocol twice: for accounts, and for Safes.
pub fn deploy_all(root: &Path, tools: &Tools, suite: &mut Suite, quick: bool) -> Outcome {
    let all = discover(root)?;
    let (built, plain): (Vec<&Contract>, Vec<&Contract>) = all.iter().partition(|contract| is_constructed(contract));
    for contract in plain {
        let stylus = Stylus { root, tools, contract };
        let address = if quick { stylus.deploy_file(suite) } else { stylus.whole(suite, &Arguments(Vec::new())) }?;
        suite.know(&variable(&contract.name), &address);
    }
    for contract in built {
        let stylus = Stylus { root, tools, contract };
        let arguments = arguments(&contract.name, tools, suite, ["COUNCIL", "GUARDIAN"])?;
        let address = stylus.whole(suite, &arguments)?;
        let name = if contract.name == "perp" { "FUSEBOX_PROTOCOL".to_owned() } else { variable(&contract.name) };
        suite.know(&name, &address);
        if contract.name == "perp" {
            let arguments = arguments_of_perp(tools, suite, ["SAFE_COUNCIL", "SAFE_GUARDIAN"])?;
            let again = stylus.again(suite, &arguments)?;
            suite.know("SAFE_PROTOCOL", &again);
        }
    }
    Ok(())
}

/// The name under which scripts find a program.
fn variable(name: &str) -> String {
    format!("PROGRAM_{}", name.to_uppercase().replace('-', "_"))
}

/// Whether a constructor stands in a contract's source.
fn is_constructed(contract: &Contract) -> bool {
    fs::read_to_string(contract.folder.join("src/lib.rs")).is_ok_and(|text| text.contains("#[constructor]"))
}

fn arguments(name: &str, tools: &Tools, suite: &Suite, holders: [&str; 2]) -> Result<Arguments, String> {
    let word = |name: &str| -> Result<String, String> { Ok(format!("0x{:0>64}", &suite.fact(name)?[2..])) };
    Ok(Arguments(match name {
        "perp" => return arguments_of_perp(tools, suite, holders),
        "gauge" => vec![suite.fact("GUARDIAN")?.to_owned()],
        "valve" => vec![suite.fact("GOVERNANCE")?.to_owned(), "1000".to_owned(), "10000000".to_owned()],
        // From the last 96 bits up: a floor of one unit, then in seconds cool-down, window, hold and deficit.
        "fund" => {
            let [deficit, hold, window, cool_down] = [1_209_600, 259_200, 345_600, 864_000];
            let times = format!("0x{deficit:08x}{hold:08x}{window:08x}{cool_down:08x}{:024x}", 1_000_000);
            let words = [word(&variable("fund-desk"))?, word("TOKEN")?, "0x0".to_owned(), times];
            vec![format!("[{}]", words.join(","))]
        }
        other => return Err(format!("scripts/xtask/src/e2e/stylus.rs does not know what {other}'s constructor takes")),
    }))
}

/// The programs in the order of the constructor, and the call that sets the protocol up.
fn arguments_of_perp(tools: &Tools, suite: &Suite, holders: [&str; 2]) -> Result<Arguments, String> {
    let mut programs = Vec::new();
    for name in &programs::PERP[1..] {
        programs.push(suite.fact(&variable(name))?.to_owned());
    }
    let mut cast = Command::new(&tools.cast);
    cast.args(["calldata", INITIALISE]);
    for name in ["TOKEN", "GOVERNANCE", holders[0], holders[1]] {
        cast.arg(suite.fact(name)?);
    }
    let initialisation = suite.client(cast.args(TERMS))?;
    Ok(Arguments(vec![format!("[{}]", programs.join(",")), initialisation.trim().to_owned()]))
}

/// cargo-stylus in the folder of a contract.
struct Stylus<'a> {
    root: &'a Path,
    tools: &'a Tools,
    contract: &'a Contract,
}

impl Stylus<'_> {
    /// Everything that cargo-stylus does with a contract: its address.
    fn whole(&self, suite: &mut Suite, arguments: &Arguments) -> Result<String, String> {
        let mut address = String::new();
        suite.step(&self.contract.name, |suite| {
            let checked = suite.client(self.command("check").args(["--endpoint", suite.fact("FUSEBOX_RPC")?]))?;
            let size = between(&checked, "contract size: ", "\n").unwrap_or_default();
            self.compare_abi(suite)?;
            let (deployed, at) = self.deploy(suite, arguments)?;
            let fee = between(&deployed, "wasm data fee: ", " ETH").map(|fee| format!(", fee {fee} ETH"));
            self.look_at(suite, &at)?;
            let line = format!("{at}, {size}{}", fee.unwrap_or_default());
            address = at;
            Ok(line)
        })?;
        Ok(address)
    }

    /// Another instance. Code that is active already is neither activated nor paid for again; in fragments it is other code,
    /// since its root names them.
    fn again(&self, suite: &mut Suite, arguments: &Arguments) -> Result<String, String> {
        let mut address = String::new();
        suite.step(&format!("{} again, for Safes", self.contract.name), |suite| {
            let (said, at) = self.deploy(suite, arguments)?;
            let is_other = said.contains(" fragments)");
            if said.contains("wasm data fee") != is_other {
                return Err(format!("active code was charged for, or other code was not\n{said}"));
            }
            self.look_at(suite, &at)?;
            address = at.clone();
            Ok(format!("{at}, {}", if is_other { "in other fragments" } else { "active already" }))
        })?;
        Ok(address)
    }

    /// The program as `cargo xtask wasm` has written it.
    fn deploy_file(&self, suite: &mut Suite) -> Result<String, String> {
        let mut address = String::new();
        suite.step(&self.contract.name, |suite| {
            let mut command = self.command("deploy");
            let file = self.root.join("target/fusebox").join(format!("{}.wasm", self.contract.name));
            command.arg("--no-verify").arg("--wasm-file").arg(file);
            let said = suite.client(command.args(self.connection(suite)?))?;
            address = deployed_at(&said)?;
            self.look_at(suite, &address)?;
            Ok(format!("{address}, from target/fusebox"))
        })?;
        Ok(address)
    }

    fn deploy(&self, suite: &Suite, arguments: &Arguments) -> Result<(String, String), String> {
        let mut command = self.command("deploy");
        command.arg("--no-verify").args(self.connection(suite)?);
        if !arguments.0.is_empty() {
            command.arg("--constructor-args").args(&arguments.0); // last, since it takes all that follows
        }
        let said = suite.client(&mut command)?;
        let address = deployed_at(&said)?;
        Ok((said, address))
    }

    fn connection(&self, suite: &Suite) -> Result<[String; 4], String> {
        let (rpc, key) = (suite.fact("FUSEBOX_RPC")?, suite.fact("DEPLOYER_KEY_FILE")?);
        Ok(["--endpoint", rpc, "--private-key-path", key].map(str::to_owned))
    }

    fn compare_abi(&self, suite: &Suite) -> Outcome {
        let exported = suite.folder.join(format!("{}.sol", self.contract.name));
        suite.client(self.command("export-abi").arg("--output").arg(&exported))?;
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let committed = self.contract.folder.join("abi.sol");
        if read(&exported)?.trim() == read(&committed)?.trim() {
            Ok(())
        } else {
            Err(format!("{} is not what {} holds", exported.display(), committed.display()))
        }
    }

    /// Asks the chain itself whether a program of the present version stands at an address.
    fn look_at(&self, suite: &Suite, address: &str) -> Outcome {
        let ask = |words: [&str; 3]| {
            let mut cast = Command::new(&self.tools.cast);
            cast.args(["call", ARB_WASM, words[0]]).args(words[1..].iter().filter(|word| !word.is_empty()));
            suite.client(cast.args(["--rpc-url", suite.fact("FUSEBOX_RPC")?]))
        };
        let version = ask(["programVersion(address)(uint16)", address, ""])?;
        let present = ask(["stylusVersion()(uint16)", "", ""])?;
        if version == present {
            Ok(())
        } else {
            Err(format!("{address} is of version {}, the chain's is {}", version.trim(), present.trim()))
        }
    }

    fn command(&self, command: &str) -> Command {
        let mut stylus = self.tools.stylus(self.root, self.contract);
        stylus.args(["stylus", command]);
        stylus
    }
}

fn deployed_at(said: &str) -> Result<String, String> {
    let at = between(said, "deployed code at address: ", "\n").filter(|at| at.len() == 42);
    at.ok_or_else(|| format!("cargo-stylus does not say where it deployed\n{said}"))
}

/// What stands between two texts in what a terminal would show, colours left out.
fn between(said: &str, start: &str, end: &str) -> Option<String> {
    let mut plain = String::new();
    for (at, part) in said.split('\u{1b}').enumerate() {
        plain.push_str(if at == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) });
    }
    let (_, rest) = plain.split_once(start)?;
    Some(rest.split_once(end).map_or(rest, |(found, _)| found).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_among_colours() {
        let line = "INFO \u{1b}[0;0m\u{1b}[90mdeployed code at address: \u{1b}[35m0x5fbdb2315678afecb367f032d93f642f64180aa3\u{1b}[0;0m\nx";
        assert_eq!(deployed_at(line).unwrap(), "0x5fbdb2315678afecb367f032d93f642f64180aa3");
        assert!(deployed_at("deployed code at address: 0x12\n").unwrap_err().contains("does not say"));
        assert_eq!(between("a (b) c", "(", ")").unwrap(), "b");
    }
}
