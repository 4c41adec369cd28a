//! ERC-20 tokens of any habit: those that return nothing are accepted, those that return false are refused, what is
//! credited is what arrived, and what leaves is what was sent.
//!
//! A contract whose users' balances sum to its own needs both halves: a fee taken from the receiver would be credited to
//! nobody's loss, one taken from the sender on top would be paid by everybody else.

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

/// A number that the token answers.
fn ask(vm: &impl Host, token: Address, selector: [u8; 4], input: &[u8]) -> Result<U256, Vec<u8>> {
    call(vm, token, true, input).flatten().ok_or_else(|| failed(token, selector))
}

#[inline(never)] // once in a program: bytes run out before gas
fn balance(vm: &impl Host, token: Address) -> Result<U256, Vec<u8>> {
    ask(vm, token, BALANCE_OF, &revert(BALANCE_OF, [word(vm.contract_address())]))
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
///
/// Errors: `TokenWithoutCode`, `TokenCallFailed`.
pub fn decimals(vm: &impl Host, token: Address) -> Result<U256, Vec<u8>> {
    if vm.code_size(token) == 0 {
        return Err(revert(TokenWithoutCode::SELECTOR, [word(token)]));
    }
    ask(vm, token, DECIMALS, &DECIMALS)
}

/// Pulls up to `amount` from `from` and returns what arrived.
///
/// Units: the token's. Errors: `TokenCallFailed`; `TokenShortTransfer` where nothing arrived, or more than was asked for.
/// Invariants: FB-14.
pub fn pull(vm: &impl Host, token: Address, from: Address, amount: u128) -> Result<U256, Vec<u8>> {
    let before = balance(vm, token)?;
    let asked = U256::from(amount);
    let input = revert(TRANSFER_FROM, [word(from), word(vm.contract_address()), asked]);
    send(vm, token, TRANSFER_FROM, &input)?;
    let moved = balance(vm, token)?.saturating_sub(before);
    if moved.is_zero() || moved > asked {
        return Err(revert(TokenShortTransfer::SELECTOR, [asked, moved]));
    }
    Ok(moved)
}

/// Pays `amount` to `to`.
///
/// Units: the token's. Errors: `TokenCallFailed`; `TokenShortTransfer` where another amount left.
/// Invariants: FB-14.
pub fn push(vm: &impl Host, token: Address, to: Address, amount: u128) -> Result<(), Vec<u8>> {
    let before = balance(vm, token)?;
    let asked = U256::from(amount);
    send(vm, token, TRANSFER, &revert(TRANSFER, [word(to), asked]))?;
    let moved = before.saturating_sub(balance(vm, token)?);
    if moved != asked {
        return Err(revert(TokenShortTransfer::SELECTOR, [asked, moved]));
    }
    Ok(())
}
