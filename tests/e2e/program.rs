//! The smallest program that a chain activates. `cargo xtask e2e` compiles it alone, and once for each thing that a chain
//! refuses: raw (linked as the compiler does by itself), `floats`, `no_entry`, `large`.

use std::hint::black_box;

#[link(wasm_import_module = "vm_hooks")]
extern "C" {
    fn pay_for_memory_grow(pages: u32);
    fn write_result(data: *const u8, len: usize);
}

fn even(value: u32) -> u32 {
    value / 2
}

fn odd(value: u32) -> u32 {
    value.wrapping_mul(3).wrapping_add(1)
}

/// Called through a table, since that is what a compiler encodes in a way that chains refuse.
static STEPS: [fn(u32) -> u32; 2] = [even, odd];

/// More than four fragments hold, however well it is compressed.
#[cfg(large)]
static NOISE: [u8; 120_000] = noise();

#[cfg(large)]
const fn noise() -> [u8; 120_000] {
    let (mut bytes, mut state, mut at) = ([0; 120_000], 0x9e37_79b9_7f4a_7c15_u64, 0);
    while at < bytes.len() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[at] = (state >> 32) as u8;
        at += 1;
    }
    bytes
}

#[cfg(large)]
fn extra(value: u32) -> u32 {
    NOISE[value as usize % NOISE.len()].into()
}

#[cfg(floats)]
fn extra(value: u32) -> u32 {
    (f64::from(value) * black_box(1.5)) as u32
}

#[cfg(not(any(large, floats)))]
fn extra(value: u32) -> u32 {
    value
}

/// Runs the program on calldata of a length.
#[cfg_attr(not(no_entry), no_mangle)]
#[cfg_attr(no_entry, export_name = "another_entrypoint")]
pub extern "C" fn user_entrypoint(len: usize) -> i32 {
    let value = extra(STEPS[black_box(len) & 1](len as u32)).to_be_bytes();
    // SAFETY: the bytes live until the host has read them.
    unsafe { write_result(value.as_ptr(), value.len()) };
    0
}

/// Makes the import a part of the program: a memory without a fixed size needs it.
#[no_mangle]
pub extern "C" fn grow(pages: u32) {
    // SAFETY: the host counts pages.
    unsafe { pay_for_memory_grow(pages) }
}
