//! What the node is started with.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::accounts::PHRASE;

/// Runs a Stylus chain on this machine and serves it over HTTP and WebSocket on one port.
///
/// Programs run as they would on Arbitrum, ink and gas exact. Every transaction is a block at once unless --block-time
/// is given. Without --state everything is gone when the node stops; with it, a block is on disk before it is answered.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Options {
    /// The port to listen on; 0 takes a free one and prints it.
    #[arg(long, default_value_t = 8547)]
    pub port: u16,
    /// The address to listen on. Anybody who reaches it owns the chain: leave it at this machine.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// How many accounts to fund.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub accounts: u32,
    /// The BIP-39 phrase that the accounts come from, whose keys are printed: never one that guards anything. The
    /// default is public.
    #[arg(long, value_name = "WORDS", default_value = PHRASE, hide_default_value = true)]
    pub mnemonic: String,
    /// What each account has, in ether.
    #[arg(long, value_name = "ETHER", default_value_t = 10_000)]
    pub balance: u64,
    /// The chain's number [default: 412346, or that of --state].
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// Makes a block every so many seconds, whether there is anything for it or not.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub block_time: Option<u64>,
    /// Keeps the chain in this file and goes on from it. One process at a time.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// When the chain begins, in seconds since 1970; its clock runs on from there [default: now].
    #[arg(long, value_name = "SECONDS")]
    pub timestamp: Option<u64>,
    /// Gas that an eth_call or an estimate may use at most.
    #[arg(long, value_name = "GAS", default_value_t = Config::GAS_CAP)]
    pub gas_cap: u64,
    /// How many of the last blocks can be asked for their state.
    #[arg(long, value_name = "BLOCKS", default_value_t = Config::HISTORY)]
    pub history: usize,
    /// Prints nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the methods that the node answers, and exits.
    #[arg(long)]
    pub methods: bool,
}

const EXAMPLES: &str = "\
Examples:
  fusebox devnet                                 on http://127.0.0.1:8547, nothing kept
  fusebox devnet --state chain.redb              goes on where it stopped
  fusebox devnet --block-time 1 --port 8545      a block a second
  cargo stylus check --endpoint http://127.0.0.1:8547
  cast rpc evm_increaseTime 86400 --rpc-url http://127.0.0.1:8547 && cast rpc evm_mine --rpc-url http://127.0.0.1:8547

Time: the chain's clock is this machine's, moved by evm_increaseTime. A view of the latest block is at the time of that
block, as on any chain: mine one (evm_mine) after moving the clock, or ask for the pending block.";

/// What the node is started with, for tests that run one inside themselves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port; 0 for a free one.
    pub port: u16,
    /// The address to listen on.
    pub host: IpAddr,
    /// How many accounts are funded.
    pub accounts: u32,
    /// The phrase that they come from.
    pub mnemonic: String,
    /// What each has, in ether.
    pub balance: u64,
    /// The chain's number; that of the file, or 412346, where none is given.
    pub chain_id: Option<u64>,
    /// The time between blocks; a block for each transaction where none is given.
    pub block_time: Option<Duration>,
    /// The file that the chain is kept in.
    pub state: Option<PathBuf>,
    /// When the chain begins, in seconds since 1970; now where none is given.
    pub timestamp: Option<u64>,
    /// Gas that a call may use at most.
    pub gas_cap: u64,
    /// How many states are kept.
    pub history: usize,
    /// Whether each transaction is printed.
    pub log: bool,
}

impl Config {
    /// The chain's number where none is given: that of Nitro's development node.
    pub const CHAIN_ID: u64 = 412_346;
    /// Gas of a call, as Nitro bounds it.
    pub const GAS_CAP: u64 = 50_000_000;
    /// States that are kept.
    pub const HISTORY: usize = 256;
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            host: IpAddr::from([127, 0, 0, 1]),
            accounts: 10,
            mnemonic: PHRASE.to_owned(),
            balance: 10_000,
            chain_id: None,
            block_time: None,
            state: None,
            timestamp: None,
            gas_cap: Self::GAS_CAP,
            history: Self::HISTORY,
            log: false,
        }
    }
}

impl Options {
    /// What the options say.
    pub fn config(&self) -> Config {
        Config {
            port: self.port,
            host: self.host,
            accounts: self.accounts,
            mnemonic: self.mnemonic.clone(),
            balance: self.balance,
            chain_id: self.chain_id,
            block_time: self.block_time.map(Duration::from_secs),
            state: self.state.clone(),
            timestamp: self.timestamp,
            gas_cap: self.gas_cap,
            history: self.history,
            log: !self.quiet,
        }
    }
}
