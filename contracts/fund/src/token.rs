//! The asset: tokens that return nothing are accepted, tokens that return false are refused, and what is
//! credited is what arrived.

use crate::abi::{TokenCallFailed, TokenShortTransfer, TokenWithoutCode};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox_core::host::{revert, word};
use stylus_sdk::{call::RawCall, stylus_core::Host};

const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];
const DECIMALS: [u8; 4] = [0x31, 0x3c, 0xe5, 0x67];

#[inline(never)]
fn failed(token: Address, selector: [u8; 4]) -> Vec<u8> {
    let top = u64::from(u32::from_be_bytes(selector)) << 32; // bytes4 is left-aligned
    revert(TokenCallFailed::SELECTOR, [word(token), U256::from_limbs([0, 0, 0, top])])
}

/// Calls the token; at most one word of its answer is read, whatever it returns.
fn call(vm: &impl Host, token: Address, view: bool, input: &[u8]) -> Option<Option<U256>> {
    vm.flush_cache(true);
    let call = if view { RawCall::new_static(vm) } else { RawCall::new(vm) };
    // SAFETY: the storage cache was flushed and cleared, so the token sees, and may change, what is there.
    let answer = unsafe { call.limit_return_data(0, 32).call(token, input) }.ok()?;
    Some(<[u8; 32]>::try_from(answer.as_slice()).ok().map(U256::from_be_bytes))
}

#[inline(never)] // once in a program: bytes run out before gas
fn read(vm: &impl Host, token: Address, selector: [u8; 4], argument: Option<Address>) -> Result<U256, Vec<u8>> {
    let input = argument.map_or_else(|| selector.to_vec(), |of| revert(selector, [word(of)]));
    call(vm, token, true, &input).flatten().ok_or_else(|| failed(token, selector))
}

/// Moves tokens: an answer must be empty or true, and a token must have code.
#[inline(never)]
fn send(vm: &impl Host, token: Address, selector: [u8; 4], input: &[u8]) -> Result<(), Vec<u8>> {
    match call(vm, token, false, input) {
        Some(Some(answer)) if answer == U256::from(1) => Ok(()),
        Some(None) if vm.return_data_size() == 0 && vm.code_size(token) != 0 => Ok(()),
        _ => Err(failed(token, selector)),
    }
}

/// The token's decimals, read once at construction.
pub fn decimals(vm: &impl Host, token: Address) -> Result<U256, Vec<u8>> {
    if vm.code_size(token) == 0 {
        return Err(revert(TokenWithoutCode::SELECTOR, [word(token)]));
    }
    read(vm, token, DECIMALS, None)
}

/// Pulls up to `amount` from `from` and returns what arrived.
///
/// Errors: the token refuses, or its balance here fell, or more arrived than was asked for.
pub fn pull(vm: &impl Host, token: Address, from: Address, amount: u128) -> Result<U256, Vec<u8>> {
    let this = vm.contract_address();
    let before = read(vm, token, BALANCE_OF, Some(this))?;
    let asked = U256::from(amount);
    send(vm, token, TRANSFER_FROM, &revert(TRANSFER_FROM, [word(from), word(this), asked]))?;
    let moved = read(vm, token, BALANCE_OF, Some(this))?.saturating_sub(before);
    if moved.is_zero() || moved > asked {
        return Err(revert(TokenShortTransfer::SELECTOR, [asked, moved]));
    }
    Ok(moved)
}

/// Pays `amount` to `to`.
///
/// Errors: the token refuses, or takes another amount from here.
pub fn push(vm: &impl Host, token: Address, to: Address, amount: u128) -> Result<(), Vec<u8>> {
    let this = vm.contract_address();
    let before = read(vm, token, BALANCE_OF, Some(this))?;
    let asked = U256::from(amount);
    send(vm, token, TRANSFER, &revert(TRANSFER, [word(to), asked]))?;
    let moved = before.saturating_sub(read(vm, token, BALANCE_OF, Some(this))?);
    if moved != asked {
        return Err(revert(TokenShortTransfer::SELECTOR, [asked, moved]));
    }
    Ok(())
}
