//! The imports that a program may have, each with its one signature.

use super::Rules;
use wasmparser::ValType;

/// Name, then parameters and results as letters: `i` is i32, `l` is i64, `f` is f32, `d` is f64.
type Hook = (&'static str, &'static str, &'static str);

/// The host interface of a Stylus program.
const VM_HOOKS: &[Hook] = &[
    ("read_args", "i", ""),
    ("write_result", "ii", ""),
    ("exit_early", "i", ""),
    ("storage_load_bytes32", "ii", ""),
    ("storage_cache_bytes32", "ii", ""),
    ("storage_flush_cache", "i", ""),
    ("transient_load_bytes32", "ii", ""),
    ("transient_store_bytes32", "ii", ""),
    ("call_contract", "iiiili", "i"),
    ("delegate_call_contract", "iiili", "i"),
    ("static_call_contract", "iiili", "i"),
    ("create1", "iiiii", ""),
    ("create2", "iiiiii", ""),
    ("read_return_data", "iii", "i"),
    ("return_data_size", "", "i"),
    ("emit_log", "iii", ""),
    ("account_balance", "ii", ""),
    ("account_code", "iiii", "i"),
    ("account_code_size", "i", "i"),
    ("account_codehash", "ii", ""),
    ("evm_gas_left", "", "l"),
    ("evm_ink_left", "", "l"),
    ("block_basefee", "i", ""),
    ("chainid", "", "l"),
    ("block_coinbase", "i", ""),
    ("block_gas_limit", "", "l"),
    ("block_number", "", "l"),
    ("block_timestamp", "", "l"),
    ("contract_address", "i", ""),
    ("math_div", "ii", ""),
    ("math_mod", "ii", ""),
    ("math_pow", "ii", ""),
    ("math_add_mod", "iii", ""),
    ("math_mul_mod", "iii", ""),
    ("msg_reentrant", "", "i"),
    ("msg_sender", "i", ""),
    ("msg_value", "i", ""),
    ("native_keccak256", "iii", ""),
    ("tx_gas_price", "i", ""),
    ("tx_ink_price", "", "i"),
    ("tx_origin", "i", ""),
    ("pay_for_memory_grow", "i", ""),
];

/// What a chain in debug mode adds, under the module `console`.
const CONSOLE: &[Hook] = &[
    ("log_txt", "ii", ""),
    ("log_i32", "i", ""),
    ("log_i64", "l", ""),
    ("log_f32", "f", ""),
    ("log_f64", "d", ""),
    ("tee_i32", "i", "i"),
    ("tee_i64", "l", "l"),
    ("tee_f32", "f", "f"),
    ("tee_f64", "d", "d"),
];

/// What a chain answers to an import.
pub(super) enum Found {
    /// It exists, with these parameters and results.
    Signature(Vec<ValType>, Vec<ValType>),
    /// It exists on chains in debug mode only.
    DebugOnly,
    /// It does not exist.
    Nothing,
}

/// Looks an import up.
pub(super) fn find(module: &str, name: &str, rules: &Rules) -> Found {
    let table = match module {
        "vm_hooks" => VM_HOOKS,
        "console" => CONSOLE,
        _ => return Found::Nothing,
    };
    match table.iter().find(|hook| hook.0 == name) {
        Some(_) if module == "console" && !rules.debug => Found::DebugOnly,
        Some((_, params, results)) => Found::Signature(types(params), types(results)),
        None => Found::Nothing,
    }
}

fn types(letters: &str) -> Vec<ValType> {
    let ty = |letter| match letter {
        'i' => ValType::I32,
        'l' => ValType::I64,
        'f' => ValType::F32,
        _ => ValType::F64,
    };
    letters.chars().map(ty).collect()
}
