//! What `help` and `--help` print.

/// The commands, as they are listed everywhere.
pub const COMMANDS: &[&str] = &["demo", "test", "e2e", "wasm", "vectors", "gas", "bless", "help"];

/// The text for a command, or the overview.
pub fn text(topic: Option<&str>) -> &'static str {
    match topic {
        Some("demo") => DEMO,
        Some("test") => TEST,
        Some("e2e") => E2E,
        Some("wasm") => WASM,
        Some("vectors") => VECTORS,
        Some("gas") => GAS,
        Some("bless") => BLESS,
        _ => OVERVIEW,
    }
}

const OVERVIEW: &str = "\
cargo xtask COMMAND [OPTIONS]    the one door to Fusebox

  demo      replay real incidents against the real contracts, with and without breakers
  test      everything CI runs: format, lints, purity, contracts, tests, vectors, goldens, docs
  e2e       cargo-stylus, cast, Safe, alloy, viem and the runbook against a node of this machine
  wasm      build the contracts into the form that is deployed, and check every rule of activation
  vectors   run the testbed against what a real Stylus engine answered
  gas       what each check costs over an unguarded call
  bless     rewrite the golden files: ABI, sizes, gas
  help      this text; `cargo xtask COMMAND --help` says more

Each command sets up what it needs and finds it again in seconds. The first run compiles a wasm engine and an EVM:
5 to 10 minutes on two cores. What is built lies under target/, nothing is written elsewhere but Debian packages
where rustup cannot download (see `cargo xtask wasm --help`).

Start with: cargo xtask demo
";

const DEMO: &str = "\
cargo xtask demo [--incident NAME] [--out DIR] [--prices FILE...] [--flows FILE]

Builds the contracts as they would be deployed, starts a Stylus chain in this process, deploys, opens positions and
replays real incidents: with breakers and without. Prints what happened and writes a report with charts (one HTML
file, a chapter an incident, nothing loaded from elsewhere) and report.json (an element an incident).

  --incident NAME   one incident instead of all:
                      eth-2023   the crash of ETH, 13 to 17 August 2023, every minute; its last day at 3x, 10x and 20x
                      cascade    accounts go bankrupt, 8 November 2022: who paid what, with a fund and without
                      ust-2022   the end of the Terra dollar, 6 to 13 May 2022, one venue
                      quiet      ten months of ETH and three weeks of BUSD: what trips that should not
                      storms     four crises of Bitcoin: closing and liquidating must go on
                      nomad-2022 1,175 withdrawals of 1 and 2 August 2022 against the limiter
  --out DIR         where the report goes; default target/fusebox/demo
  --prices FILE...  two to five CSV files of your own through the same contract, with the header `timestamp,price`
                    (Unix seconds, plain decimals), sorted, with an hour to 31 days in common; the first is the
                    anchor, the others check it, and the second also stands for the market that traders see
  --flows FILE      a CSV file of your own through the limiter, with the header `timestamp,account,amount`, sorted,
                    at most 20,000 rows in 31 days; an amount is in units of the collateral (6 decimals), below
                    zero it comes in; an account is an address or any name

The multisigs are real Safes where npm can be asked (@safe-global/safe-smart-account, kept under target/fusebox), and
plain accounts otherwise; the output says which.

Examples:
  cargo xtask demo
  cargo xtask demo --incident eth-2023 --out /tmp/report
  cargo xtask demo --prices chainlink.csv pool.csv

Sets up: the wasm target, the contracts, the testbed. Takes under 20 minutes the first time on two cores and
under 3 minutes after that, one incident under a minute. Exit code: 0, or 1 with a message, or 2 for options or files
that cannot be used.
";

const TEST: &str = "\
cargo xtask test [STEP...] [--bless]

Runs every check in order, each with a heading and its seconds, goes on where one fails, names at the end what
failed, and closes with `N passed, N failed`.

  format    cargo fmt --check over the workspace
  lints     clippy with warnings as errors, under the lints of the manifests
  purity    the pure half of every module builds for a target that has no std
  wasm      the contracts as deployed, through every rule of activation
  tests     unit, property, shell and contract tests of the workspace
  vectors   the testbed against what a real engine answered
  ids       every invariant has a test, and every test with an ID has its invariant
  abi       the ABI of each contract against contracts/NAME/abi.sol
  goldens   sizes and gas against tests/golden, exactly for a toolchain that is named there, and under the ceilings
  docs      the documentation builds without warnings
  e2e       `cargo xtask e2e --quick`, only where it is named

  STEP...   only these, in the order above
  --bless   rewrite the golden files instead (the same as `cargo xtask bless`)

Examples:
  cargo xtask test
  cargo xtask test format lints ids

Sets up: the wasm target, a target without std. Takes under 60 minutes the first time on two cores. Exit code: 0, or
1 if a step failed, or 2 for a step that does not exist.
";

const E2E: &str = "\
cargo xtask e2e [--quick] [PART...]

Starts `fusebox devnet` on a free port, deploys everything there with cargo-stylus, and drives it with the clients that
protocol teams use, each as it is published. One line a step; where one fails, what the client said stands below it.

First, always: keys, a token, feeds, Safes; `check`, `export-abi` and `deploy --no-verify` of every contract; perp a
second time for the Safes; a market listed by proposal.

  refused   programs that no chain takes, submitted as they are: what the compiler links by itself, floats, no entry
            point, more fragments than a chain reads, too small a fee
  cast      call, send, logs, trace, and every typed error of the shipped ABI decoded
  viem      the same from JavaScript, events over WebSocket, overrides, snapshots
  alloy     a client of alloy's provider with the bindings of crates/fusebox
  safe      a guardian and a council that are Safes, two of three owners sign
  runbook   the commands of audits/RUNBOOK.md, from the document

  PART...   only these after what is always done
  --quick   programs without a constructor are deployed from target/fusebox, with neither `check` nor `export-abi`

Examples:
  cargo xtask e2e
  cargo xtask e2e --quick safe

Sets up: the contracts; cargo-stylus 0.10.10 from the cargo registry into target/tools (once, 6 to 10 minutes on two
cores); the packages of tests/e2e by npm, as their lock file has them and no script of theirs run (cast, the Safe's
contracts, viem). Needs Node.js 20 or later and bash. FUSEBOX_BIN=FOLDER takes fusebox and fusebox-e2e from there, and
the programs from target/fusebox as they are, and builds nothing of this workspace. What was said and what the node
kept is in target/fusebox/e2e. Exit code: 0, or 1 if a step failed, or 2 for options that do not exist.
";

const WASM: &str = "\
cargo xtask wasm [--json] [NAME...]

Builds each contract alone, brings it into the form that is deployed (every number in its shortest form, no custom
sections), checks every rule of activation, the entry point, 24,576 bytes of account code and 2 pages of memory, and
writes target/fusebox/NAME.wasm. A contract that breaks a rule is not written; the message names rule, value, bound.

  NAME...   only these contracts; a name is a folder under contracts/
  --json    an array of {name, raw_bytes, deployed_bytes, pages, functions, data_bytes, init_gas, cached_init_gas,
            activation_gas, data_fee_wei} and nothing else on standard output

  raw bytes        the module in target/fusebox/NAME.wasm
  deployed bytes   the account code: 4 bytes and the module in brotli
  init gas         all that a call pays before its first instruction; cached: when the chain holds it ready
  activation gas   paid once, and the data fee with it, here at the minimum price of a byte

Examples:
  cargo xtask wasm
  cargo xtask wasm perp --json

Sets up: the wasm32-unknown-unknown target, found again after the first time.
  1. the pinned toolchain of rust-toolchain.toml, if it has the target or rustup can add it;
  2. otherwise on Debian or Ubuntu as root: apt-get installs rustc-web and rust-web-src, and the standard library is
     built once into target/fusebox (about a minute);
  3. otherwise a message that says what to do.
FUSEBOX_TOOLCHAIN=debian takes the second way at once.
A contract takes about a minute the first time, seconds after that. Exit code: 0, or 1 with a message, or 2 for
options that do not exist.
";

const VECTORS: &str = "\
cargo xtask vectors [FOLDER]

Runs calls.json and activation.json of a folder against the testbed: outcomes, return data, logs, storage, balances,
refunds, calls, host calls, ink, gas, and what activation accepts. Names what differs and closes with
`N passed, N failed`.

  FOLDER   a folder of the same form (calls.json, activation.json, wasm/); default crates/testbed/vectors

Examples:
  cargo xtask vectors
  cargo xtask vectors ../more-vectors

Sets up: the testbed. Takes about a minute once that is built. Exit code: 0, or 1 if a vector failed.
";

const GAS: &str = "\
cargo xtask gas [--json]

Prints for each check on the hot path the gas over an unguarded call of the same contract on the testbed: first in a
transaction, steady, refused; beside it the floor (the storage it cannot do without) and the cheapest peer.

  --json   an array of {id, state, gas, floor, peer, peer_gas} and nothing else on standard output

Examples:
  cargo xtask gas
  cargo xtask gas --json > gas.json

Sets up: the wasm target, the contracts, the testbed. Takes seconds once they are built.
";

const BLESS: &str = "\
cargo xtask bless

Rewrites the golden files after a change that was meant: contracts/NAME/abi.sol, tests/golden/sizes.json and
tests/golden/gas.json. Figures are kept per toolchain; a ceiling that is there stays as it is, a row without one gets
one. Read the difference before you commit it: that is what the files are for.

Sets up: the wasm target, the contracts, the testbed.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_text_of_its_own() {
        for command in COMMANDS {
            assert!(text(None).contains(&format!("\n  {command} ")), "{command} is in the overview");
            let usage = text(Some(command));
            assert!(*command == "help" || usage.starts_with(&format!("cargo xtask {command}")), "{command}");
        }
    }

    #[test]
    fn the_text_of_test_lists_every_step() {
        for step in crate::gate::NAMES.iter().chain(crate::gate::ON_REQUEST) {
            assert!(TEST.contains(&format!("\n  {step} ")), "{step}");
        }
    }

    #[test]
    fn texts_fit_a_terminal() {
        for topic in COMMANDS {
            assert!(text(Some(topic)).lines().all(|line| line.len() <= 120), "{topic}");
        }
    }
}
