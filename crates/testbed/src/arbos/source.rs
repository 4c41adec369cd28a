//! From the code of an account to the module: in one piece, or spread over fragments that a root names.

use std::fmt;

use alloy_primitives::{Address, Bytes};

use crate::activation::{decompress, Rules, CODE_PREFIX};

/// What the code of a fragment starts with.
pub(crate) const FRAGMENT_PREFIX: [u8; 3] = [0xef, 0xf0, 0x01];
/// What the code of a root starts with: the marker, and the byte that says there is no dictionary.
pub(crate) const ROOT_PREFIX: [u8; 4] = [0xef, 0xf0, 0x02, 0x00];
/// First ArbOS that knows fragments.
pub(crate) const ARBOS_FRAGMENTS: u64 = 60;

/// Why there is no module to be had from code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoModule {
    /// The code is no program.
    NotWasm,
    /// It does not decompress.
    Corrupt,
    /// A root whose list of addresses is cut off, or empty.
    Root,
    TooManyFragments {
        count: usize,
        bound: u8,
    },
    NotFragment(Address),
    /// The module has another length than the root says.
    Length {
        len: usize,
        told: u32,
    },
}

impl fmt::Display for NoModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWasm => f.write_str("the code is no program"),
            Self::Corrupt => f.write_str("the code does not decompress"),
            Self::Root => f.write_str("the root names no fragments"),
            Self::TooManyFragments { count, bound } => write!(f, "{count} fragments, limit {bound}"),
            Self::NotFragment(address) => write!(f, "{address} holds no fragment"),
            Self::Length { len, told } => write!(f, "the module has {len} bytes, the root says {told}"),
        }
    }
}

/// The module of a program, whose fragments `load` reads.
pub(crate) fn wasm_of(
    code: &[u8],
    rules: &Rules,
    max_fragments: u8,
    mut load: impl FnMut(Address) -> Bytes,
) -> Result<Vec<u8>, NoModule> {
    if let Some(compressed) = code.strip_prefix(&CODE_PREFIX) {
        return decompress(compressed, rules).ok_or(NoModule::Corrupt);
    }
    let root = code.strip_prefix(&ROOT_PREFIX).filter(|_| rules.arbos >= ARBOS_FRAGMENTS).ok_or(NoModule::NotWasm)?;
    let (told, list) = root.split_first_chunk::<4>().ok_or(NoModule::Root)?;
    let told = u32::from_be_bytes(*told);
    let count = list.len() / 20;
    if count == 0 || list.len() % 20 != 0 {
        return Err(NoModule::Root);
    }
    if count > usize::from(max_fragments) {
        return Err(NoModule::TooManyFragments { count, bound: max_fragments });
    }
    let mut compressed = Vec::new();
    for address in list.chunks_exact(20).map(Address::from_slice) {
        let code = load(address);
        compressed.extend_from_slice(code.strip_prefix(&FRAGMENT_PREFIX).ok_or(NoModule::NotFragment(address))?);
    }
    let wasm = decompress(&compressed, rules).ok_or(NoModule::Corrupt)?;
    if wasm.len() != told as usize {
        return Err(NoModule::Length { len: wasm.len(), told });
    }
    Ok(wasm)
}
