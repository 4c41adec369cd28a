//! Which import is which host call.

use wasmer::{Function, FunctionEnv, FunctionEnvMut, Store};

use super::call::Request;
use super::{measured, HookEnv};
use crate::outcome::CallKind;

/// A host function whose parameters are handed to the method of the same name.
macro_rules! host {
    ($store:ident, $env:ident, $name:ident($($arg:ident: $ty:ty),*)) => {
        Function::new_typed_with_env($store, $env, |ctx: FunctionEnvMut<'_, HookEnv>, $($arg: $ty),*| {
            measured(ctx, stringify!($name), &[$(u64::from($arg)),*], |hook| hook.$name($($arg),*))
        })
    };
    ($store:ident, $env:ident, $name:ident($($arg:ident: $ty:ty),*) => |$hook:ident| $body:expr) => {
        Function::new_typed_with_env($store, $env, |ctx: FunctionEnvMut<'_, HookEnv>, $($arg: $ty),*| {
            measured(ctx, stringify!($name), &[$(u64::from($arg)),*], |$hook| $body)
        })
    };
}

/// The host function of this name, or `None` where there is none.
#[rustfmt::skip]
pub(crate) fn import(store: &mut Store, env: &FunctionEnv<HookEnv>, name: &str) -> Option<Function> {
    Some(match name {
        "read_args" => host!(store, env, read_args(pointer: u32)),
        "write_result" => host!(store, env, write_result(pointer: u32, length: u32)),
        "exit_early" => host!(store, env, exit_early(status: u32)),
        "storage_load_bytes32" => host!(store, env, storage_load_bytes32(key: u32, dest: u32)),
        "storage_cache_bytes32" => host!(store, env, storage_cache_bytes32(key: u32, value: u32)),
        "storage_flush_cache" => host!(store, env, storage_flush_cache(clear: u32)),
        "transient_load_bytes32" => host!(store, env, transient_load_bytes32(key: u32, dest: u32)),
        "transient_store_bytes32" => host!(store, env, transient_store_bytes32(key: u32, value: u32)),
        "call_contract" => host!(store, env,
            call_contract(to: u32, data: u32, length: u32, value: u32, gas: u64, return_length: u32) => |hook|
            hook.call(Request { kind: CallKind::Call, to, data, length, value: Some(value), gas, return_length })),
        "delegate_call_contract" => host!(store, env,
            delegate_call_contract(to: u32, data: u32, length: u32, gas: u64, return_length: u32) => |hook|
            hook.call(Request { kind: CallKind::DelegateCall, to, data, length, value: None, gas, return_length })),
        "static_call_contract" => host!(store, env,
            static_call_contract(to: u32, data: u32, length: u32, gas: u64, return_length: u32) => |hook|
            hook.call(Request { kind: CallKind::StaticCall, to, data, length, value: None, gas, return_length })),
        "create1" => host!(store, env,
            create1(code: u32, length: u32, endowment: u32, address: u32, revert_length: u32) => |hook|
            hook.create(code, length, endowment, None, address, revert_length)),
        "create2" => host!(store, env,
            create2(code: u32, length: u32, endowment: u32, salt: u32, address: u32, revert_length: u32) => |hook|
            hook.create(code, length, endowment, Some(salt), address, revert_length)),
        "read_return_data" => host!(store, env, read_return_data(dest: u32, offset: u32, size: u32)),
        "return_data_size" => host!(store, env, return_data_size()),
        "emit_log" => host!(store, env, emit_log(data: u32, length: u32, topics: u32)),
        "account_balance" => host!(store, env, account_balance(address: u32, dest: u32)),
        "account_code" => host!(store, env, account_code(address: u32, offset: u32, size: u32, dest: u32)),
        "account_code_size" => host!(store, env, account_code_size(address: u32)),
        "account_codehash" => host!(store, env, account_codehash(address: u32, dest: u32)),
        "block_basefee" => host!(store, env, block_basefee(dest: u32)),
        "block_coinbase" => host!(store, env, block_coinbase(dest: u32)),
        "block_gas_limit" => host!(store, env, block_gas_limit()),
        "block_number" => host!(store, env, block_number()),
        "block_timestamp" => host!(store, env, block_timestamp()),
        "chainid" => host!(store, env, chainid()),
        "contract_address" => host!(store, env, contract_address(dest: u32)),
        "evm_gas_left" => host!(store, env, evm_gas_left()),
        "evm_ink_left" => host!(store, env, evm_ink_left()),
        "math_div" => host!(store, env, math_div(value: u32, divisor: u32)),
        "math_mod" => host!(store, env, math_mod(value: u32, modulus: u32)),
        "math_pow" => host!(store, env, math_pow(value: u32, exponent: u32)),
        "math_add_mod" => host!(store, env, math_add_mod(value: u32, addend: u32, modulus: u32)),
        "math_mul_mod" => host!(store, env, math_mul_mod(value: u32, factor: u32, modulus: u32)),
        "msg_reentrant" => host!(store, env, msg_reentrant()),
        "msg_sender" => host!(store, env, msg_sender(dest: u32)),
        "msg_value" => host!(store, env, msg_value(dest: u32)),
        "native_keccak256" => host!(store, env, native_keccak256(data: u32, length: u32, dest: u32)),
        "tx_gas_price" => host!(store, env, tx_gas_price(dest: u32)),
        "tx_ink_price" => host!(store, env, tx_ink_price()),
        "tx_origin" => host!(store, env, tx_origin(dest: u32)),
        "pay_for_memory_grow" => host!(store, env, pay_for_memory_grow(pages: u32)),
        _ => return None,
    })
}
