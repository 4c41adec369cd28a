//! A file for the Transaction Builder of a Safe.
//!
//! Source: the app's format 1.0; its checksum is over a canonical form of the file with the name left out.

use super::{
    fault::{file, Outcome},
    interface,
    rpc::Message,
};
use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{hex, keccak256, Address, B256};
use serde_json::{json, Map, Value};
use std::path::Path;

/// Writes the calls of a Safe into a file.
///
/// Errors: a file that cannot be written.
pub fn write(path: &Path, chain: u64, safe: Address, title: &str, calls: &[Message], now: u64) -> Outcome {
    let text = format!("{:#}\n", batch(chain, safe, title, calls, now));
    std::fs::write(path, text).map_err(|error| file(path, error))
}

/// The file's contents.
pub fn batch(chain: u64, safe: Address, title: &str, calls: &[Message], now: u64) -> Value {
    let transactions: Vec<Value> = calls.iter().map(transaction).collect();
    let mut batch = json!({
        "version": "1.0",
        "chainId": chain.to_string(),
        "createdAt": now.saturating_mul(1_000),
        "meta": {
            "name": "Fusebox",
            "description": title,
            "txBuilderVersion": "1.18.0",
            "createdFromSafeAddress": safe.to_string(),
            "createdFromOwnerAddress": "",
        },
        "transactions": transactions,
    });
    let sum = checksum(&batch);
    batch["meta"]["checksum"] = json!(sum);
    batch
}

/// One call: by its method where it is one of the protocol, so that who signs can read it; its data always.
fn transaction(call: &Message) -> Value {
    let mut one = json!({
        "to": call.to.map(|to| to.to_string()).unwrap_or_default(),
        "value": call.value.to_string(),
        "data": call.data,
        "contractMethod": null,
        "contractInputsValues": null,
    });
    let Some((function, values)) = interface::decode_call(&call.data) else { return one };
    let inputs: Vec<Value> = function
        .inputs
        .iter()
        .map(|input| json!({ "internalType": input.ty, "name": input.name, "type": input.ty }))
        .collect();
    let values: Map<String, Value> =
        function.inputs.iter().zip(&values).map(|(input, value)| (input.name.clone(), json!(given(value)))).collect();
    one["contractMethod"] = json!({ "inputs": inputs, "name": function.name, "payable": false });
    one["contractInputsValues"] = Value::Object(values);
    one
}

/// A value as the app has it typed in: lists as JSON.
fn given(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Array(all) => {
            format!("[{}]", all.iter().map(|one| format!("\"{}\"", interface::text(one))).collect::<Vec<_>>().join(","))
        }
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        other => interface::text(other),
    }
}

/// The checksum of a batch, which the app compares when it loads the file.
pub fn checksum(batch: &Value) -> B256 {
    let mut plain = batch.clone();
    if let Some(meta) = plain.get_mut("meta").and_then(Value::as_object_mut) {
        meta.remove("checksum");
        meta.insert("name".into(), Value::Null);
    }
    keccak256(canonical(&plain))
}

/// Keys in their order, then each value followed by a comma.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(all) => format!("[{}]", all.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let names = serde_json::to_string(&keys).unwrap_or_default();
            let values: String = keys.iter().map(|key| format!("{},", canonical(&map[*key]))).collect();
            format!("{{{names}{values}}}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Bytes, U256};
    use alloy_sol_types::SolCall;
    use fusebox::bindings::Protocol;

    #[test]
    fn the_canonical_form_is_the_app_s() {
        let value = json!({ "b": [1, "x"], "a": { "d": null, "c": true } });
        assert_eq!(canonical(&value), "{[\"a\",\"b\"]{[\"c\",\"d\"]true,null,},[1,\"x\"],}");
    }

    #[test]
    fn the_checksum_is_the_one_that_the_app_has_written() {
        // A batch as the app has saved it, with its own checksum.
        let text = include_str!("safe_batch.json");
        let batch: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(json!(checksum(&batch)), batch["meta"]["checksum"]);
    }

    #[test]
    fn a_call_of_the_protocol_can_be_read_by_who_signs() {
        let data = Protocol::pauseCall { scopes: vec![0, 2], classes: 31, reason: 2 }.abi_encode();
        let to = Some(Address::repeat_byte(7));
        let call = Message { from: Address::ZERO, to, data: data.clone().into(), value: U256::ZERO };
        let batch = batch(42_161, Address::repeat_byte(9), "a title", &[call], 1_700_000_000);
        let one = &batch["transactions"][0];
        assert_eq!(one["contractMethod"]["name"], "pause");
        assert_eq!(one["contractInputsValues"]["scopes"], "[\"0\",\"2\"]");
        assert_eq!(one["data"], json!(Bytes::from(data)));
        assert_eq!(batch["meta"]["checksum"], json!(checksum(&batch)));
    }
}
