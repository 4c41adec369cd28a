//! Where a module keeps its words: ERC-7201 roots, arrays and mappings below them.

use crate::host::Host;
use alloy_primitives::U256;
use keccak_const::Keccak256;

/// The ERC-7201 root of a namespace: `keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~0xff`.
///
/// Source: ERC-7201.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // constant evaluation: an overrun stops the build
pub const fn erc7201(id: &str) -> U256 {
    let mut hash = Keccak256::new().update(id.as_bytes()).finalize();
    let mut i = 31;
    while hash[i] == 0 {
        hash[i] = 0xff;
        i -= 1;
    }
    hash[i] -= 1;
    let mut root = Keccak256::new().update(&hash).finalize();
    root[31] = 0;
    U256::from_be_bytes(root)
}

/// The slot of element `index` of an array at `root`: no hash, so a hot word costs its load alone.
#[inline]
pub fn element(root: U256, index: u64) -> U256 {
    root.wrapping_add(U256::from(index))
}

/// The slot of `key` in a mapping at `root`, as Solidity places it: `keccak256(key . root)`.
pub fn entry(host: &impl Host, root: U256, key: U256) -> U256 {
    let mut preimage = [0u8; 64];
    let (low, high) = preimage.split_at_mut(32);
    low.copy_from_slice(&key.to_be_bytes::<32>());
    high.copy_from_slice(&root.to_be_bytes::<32>());
    U256::from_be_bytes(host.keccak(&preimage).0)
}
