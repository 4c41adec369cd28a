//! What things cost: the constants of Stylus version 2 under ArbOS 60, as far as [`crate::activation`] has them not.
//!
//! Sources: Nitro's published parameters and prices (`crates/arbutil/src/pricing.rs`, `crates/arbutil/src/evm`,
//! `arbos/programs/params.go`), and the vectors, which were measured.

/// Ink for one gas.
pub const INK_PRICE: u64 = 10_000;
/// Words that the frames of one program may take together.
pub const MAX_STACK_WORDS: u32 = 22_000;
/// Words that one frame may take.
pub const MAX_FRAME_WORDS: u32 = 10 * 1024;
/// Pages that may be open at one time.
pub const PAGE_LIMIT: u16 = 128;
/// Programs that the cache of one block remembers.
pub const BLOCK_CACHE: usize = 32;

/// Ink of any host call.
pub const HOSTIO: u64 = 8_400;
/// Ink of a pointer that a host call follows.
pub const POINTER: u64 = 5_040;
/// Ink of asking the state.
pub const EVM_API: u64 = 59_673;

/// Ink of one basic block, on top of its instructions.
pub const BLOCK_HEADER: u64 = 2_450;
/// Ink of one byte that `memory.copy` or `memory.fill` moves.
pub const BULK_BYTE: u64 = 100;

/// Gas of a slot or account read again.
pub const WARM: u64 = 100;
/// Gas of a slot read for the first time.
pub const COLD_SLOT: u64 = 2_100;
/// Gas of a slot that an access list names.
pub const SLOT_LISTED: u64 = 1_900;
/// Gas of an account read for the first time.
pub const COLD_ACCOUNT: u64 = 2_600;
/// Gas on top where the code of an account is read.
pub const CODE_READ: u64 = 700;
/// Gas that must be left to write to storage (EIP-2200).
pub const SSTORE_SENTRY: u64 = 2_300;
/// Gas that the storage cache may ask for one access.
pub const CACHE_ACCESS: u64 = 10;
/// Gas that goes with value for the callee.
pub const STIPEND: u64 = 2_300;
/// Gas of a call with value.
pub const CALL_VALUE: u64 = 9_000;
/// Gas of a call with value to an account that does not exist.
pub const NEW_ACCOUNT: u64 = 25_000;
/// Gas of a creation.
pub const CREATE: u64 = 32_000;
/// Gas of one byte of code that a creation leaves.
pub const CODE_DEPOSIT: u64 = 200;
/// Gas of one word of code that is hashed for a salted creation.
pub const KECCAK_WORD: u64 = 6;
/// The longest code of an account (EIP-170).
pub const MAX_CODE: usize = 24_576;
/// Nested calls.
pub const MAX_DEPTH: usize = 1_024;

/// Ink of writing `bytes` into a program's memory.
pub fn write(bytes: usize) -> u64 {
    5_040 + 30 * (bytes as u64).saturating_sub(32)
}

/// Ink of reading `bytes` from a program's memory.
pub fn read(bytes: usize) -> u64 {
    16_381 + 55 * (bytes as u64).saturating_sub(32)
}

/// Ink of hashing `bytes`.
pub fn keccak(bytes: usize) -> u64 {
    121_800 + 21_000 * (bytes as u64).div_ceil(32).saturating_sub(2)
}

/// Ink of raising to a power, by the exponent's length in bytes.
pub fn pow(exponent: &[u8; 32]) -> u64 {
    let zeros = exponent.iter().take_while(|byte| **byte == 0).count() as u64;
    3_000 + 17_500 * (33 - zeros)
}

/// Gas that EVM memory for `bytes` would cost: returned data costs at least that.
pub fn evm_memory(bytes: usize) -> u64 {
    let words = (bytes as u64).div_ceil(32);
    words * 3 + words * words / 512
}
