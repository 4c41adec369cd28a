//! The form of the files.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::str::FromStr;

use alloy_primitives::{hex, Address, Bytes, B256, U256};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::VectorError;

/// A module file, by name.
pub(super) type Modules = HashMap<String, Vec<u8>>;

/// Something written as `0x` and hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hex<T>(pub(super) T);

impl<'de, T: FromHex> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x");
        digits.and_then(T::from_digits).map(Hex).ok_or_else(|| D::Error::custom(format!("{text:?} is not {}", T::WHAT)))
    }
}

/// What hex digits can stand for.
pub(super) trait FromHex: Sized {
    const WHAT: &'static str;
    fn from_digits(digits: &str) -> Option<Self>;
}

impl FromHex for Bytes {
    const WHAT: &'static str = "0x and an even number of hex digits";
    fn from_digits(digits: &str) -> Option<Self> {
        hex::decode(digits).ok().map(Self::from)
    }
}

impl FromHex for Address {
    const WHAT: &'static str = "0x and 40 hex digits";
    fn from_digits(digits: &str) -> Option<Self> {
        Self::from_str(digits).ok()
    }
}

impl FromHex for B256 {
    const WHAT: &'static str = "0x and 64 hex digits";
    fn from_digits(digits: &str) -> Option<Self> {
        Self::from_str(digits).ok()
    }
}

impl FromHex for U256 {
    const WHAT: &'static str = "0x and at most 64 hex digits";
    fn from_digits(digits: &str) -> Option<Self> {
        Self::from_str_radix(digits, 16).ok()
    }
}

type Words = BTreeMap<Hex<B256>, Hex<B256>>;
pub(super) type Storage = BTreeMap<Hex<Address>, Words>;
pub(super) type Balances = BTreeMap<Hex<Address>, Hex<U256>>;

#[derive(Debug, Deserialize)]
pub(super) struct CallVector {
    pub(super) name: String,
    pub(super) wasm: String,
    pub(super) address: Hex<Address>,
    pub(super) contracts: BTreeMap<Hex<Address>, String>,
    pub(super) mocks: Vec<MockVector>,
    pub(super) calldata: Hex<Bytes>,
    pub(super) sender: Hex<Address>,
    pub(super) origin: Hex<Address>,
    pub(super) value: Hex<U256>,
    pub(super) gas: u64,
    pub(super) timestamp: u64,
    pub(super) block: u64,
    pub(super) chain_id: u64,
    pub(super) basefee: u64,
    pub(super) gas_price: u64,
    pub(super) coinbase: Hex<Address>,
    pub(super) block_gas_limit: u64,
    #[serde(rename = "static")]
    pub(super) is_static: bool,
    pub(super) reentrant: bool,
    pub(super) cached: bool,
    pub(super) balances_before: Balances,
    pub(super) storage_before: Storage,
    pub(super) expected: ExpectedCall,
}

#[derive(Debug, Deserialize)]
pub(super) struct MockVector {
    pub(super) address: Hex<Address>,
    pub(super) selector: Option<Hex<Bytes>>,
    pub(super) returns: Option<Hex<Bytes>>,
    pub(super) reverts: Option<Hex<Bytes>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExpectedCall {
    pub(super) outcome: String,
    pub(super) success: bool,
    pub(super) return_data: Hex<Bytes>,
    pub(super) storage_after: Storage,
    pub(super) balances_after: Balances,
    pub(super) logs: Vec<LogVector>,
    pub(super) ink_total: u64,
    pub(super) ink_wasm: u64,
    pub(super) ink_hostio: u64,
    pub(super) hostio: BTreeMap<String, Tally>,
    pub(super) gas_run: u64,
    pub(super) gas_init: u64,
    pub(super) gas_used: u64,
    pub(super) refund: u64,
    pub(super) pages_ever: u16,
    pub(super) storage_reads: Vec<ReadVector>,
    pub(super) storage_writes: Vec<WriteVector>,
    pub(super) calls: Vec<CallRecordVector>,
    pub(super) activation: Figures,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct LogVector {
    pub(super) address: Hex<Address>,
    pub(super) topics: Vec<Hex<B256>>,
    pub(super) data: Hex<Bytes>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) ink: u64,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct ReadVector {
    pub(super) address: Hex<Address>,
    pub(super) slot: Hex<B256>,
    pub(super) value: Hex<B256>,
    pub(super) cold: bool,
    pub(super) gas: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WriteVector {
    pub(super) address: Hex<Address>,
    pub(super) slot: Hex<B256>,
    pub(super) old: Hex<B256>,
    pub(super) new: Hex<B256>,
    pub(super) gas: u64,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct CallRecordVector {
    pub(super) kind: String,
    pub(super) depth: usize,
    pub(super) to: Hex<Address>,
    pub(super) value: Hex<U256>,
    pub(super) input: Hex<Bytes>,
    pub(super) gas: u64,
    pub(super) gas_used: u64,
    pub(super) success: bool,
    pub(super) output: Hex<Bytes>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) init_cost: u64,
    pub(super) cached_init_cost: u64,
    pub(super) asm_estimate: u64,
    pub(super) footprint_pages: u16,
    pub(super) memory_init_gas: u64,
    pub(super) program_init_gas: u64,
    pub(super) program_cached_gas: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct ActivationVector {
    pub(super) name: String,
    pub(super) wasm: String,
    pub(super) arbos: u64,
    pub(super) stylus_version: u16,
    pub(super) page_limit: u16,
    pub(super) expected: ExpectedActivation,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExpectedActivation {
    pub(super) activated: bool,
    pub(super) wasm_len: u64,
    pub(super) code_len: u64,
    #[serde(flatten)]
    pub(super) figures: Option<Figures>,
    pub(super) call_overhead_gas_uncached: Option<u64>,
    pub(super) call_overhead_gas_cached: Option<u64>,
    pub(super) activation_compute_gas: Option<u64>,
    pub(super) activation_fixed_gas: Option<u64>,
    pub(super) activation_total_gas: Option<u64>,
}

/// Reads a file of vectors.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, VectorError> {
    let text = read(path)?;
    serde_json::from_slice(&text).map_err(|source| VectorError::Malformed { path: path.to_path_buf(), source })
}

/// Reads the modules that the vectors name.
pub(super) fn load_modules(
    folder: &Path,
    calls: &[CallVector],
    activations: &[ActivationVector],
) -> Result<Modules, VectorError> {
    let called = calls.iter().flat_map(|vector| vector.contracts.values().chain([&vector.wasm]));
    let activated = activations.iter().map(|vector| &vector.wasm);
    let mut modules = Modules::new();
    for name in called.chain(activated) {
        if !modules.contains_key(name) {
            let bytes = read(&folder.join("wasm").join(name))?;
            modules.insert(name.clone(), bytes);
        }
    }
    Ok(modules)
}

fn read(path: &Path) -> Result<Vec<u8>, VectorError> {
    fs::read(path).map_err(|source| VectorError::Unreadable { path: path.to_path_buf(), source })
}
