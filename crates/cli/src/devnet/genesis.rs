//! The chain as the node starts with it: anew, or from a file.

use alloy_primitives::{address, hex, Address, U256};
use alloy_signer_local::PrivateKeySigner;
use fusebox_testbed::{ArbOs, Chain};

use super::clock::{unix_now, Clock, L1_GENESIS};
use super::ledger::{open, Ledger};
use super::options::Config;
use super::store::{Loaded, Store, StoreError};

/// Where every chain has the factory that creates at an address of code and salt alone.
const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
/// Its code.
const CREATE2_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);
/// Blocks whose hash a contract can ask for.
const HASHES: usize = 256;

/// The ledger that a configuration describes, from its file where it names one.
///
/// Errors: where the file cannot be used.
pub fn ledger(config: &Config, signers: &[PrivateKeySigner]) -> Result<Ledger, StoreError> {
    let fresh_id = config.chain_id.unwrap_or(Config::CHAIN_ID);
    let (mut store, loaded) = match &config.state {
        Some(path) => {
            let (store, loaded) = Store::open(path, config.chain_id, fresh_id)?;
            (Some(store), loaded)
        }
        None => (None, None),
    };
    if let Some(loaded) = loaded {
        return Ok(resume(loaded, signers, config.history, store));
    }
    let mut chain = begin(config, signers, fresh_id);
    let clock = config.timestamp.map_or(Clock::new(0), Clock::showing);
    let first = Ledger::genesis(&chain);
    if let Some(store) = &mut store {
        store.begin(&chain, &first, clock.offset)?;
        chain.track_changes(true);
    }
    Ok(Ledger::new(chain, vec![first], clock, config.history, store))
}

fn begin(config: &Config, signers: &[PrivateKeySigner], chain_id: u64) -> Chain {
    let mut chain = bare(chain_id, signers);
    chain.set_block_number(L1_GENESIS);
    chain.set_arb_block_number(0);
    chain.set_timestamp(config.timestamp.unwrap_or_else(unix_now));
    let wei = U256::from(config.balance) * U256::from(10).pow(U256::from(18));
    for signer in signers {
        chain.fund(signer.address(), wei);
    }
    chain.set_code(CREATE2_FACTORY, CREATE2_CODE);
    chain
}

/// A chain without accounts. The first of the node's own may do what a chain's owner and a cache manager may.
fn bare(chain_id: u64, signers: &[PrivateKeySigner]) -> Chain {
    let mut chain = Chain::with_arbos();
    let owners: Vec<Address> = signers.iter().take(1).map(PrivateKeySigner::address).collect();
    chain.set_arbos(ArbOs { chain_owners: owners.clone(), cache_managers: owners, ..ArbOs::default() });
    chain.set_chain_id(chain_id);
    chain.set_block_cache(true);
    chain
}

fn resume(loaded: Loaded, signers: &[PrivateKeySigner], history: usize, store: Option<Store>) -> Ledger {
    let mut chain = bare(loaded.chain_id, signers);
    chain.import(&loaded.accounts);
    let recent = loaded.blocks.len().saturating_sub(HASHES);
    for block in &loaded.blocks[recent..] {
        chain.set_block_hash(block.l1_number, block.hash);
        chain.set_arb_block_hash(block.number(), block.hash);
    }
    if let Some(last) = loaded.blocks.last() {
        open(&mut chain, last.header.timestamp, last.l1_number, last.number());
    }
    chain.track_changes(true);
    Ledger::new(chain, loaded.blocks, Clock::new(loaded.offset), history, store)
}
