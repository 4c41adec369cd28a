//! The shipped ABI: calls written by name, events and errors read.

use super::fault::{Fault, Outcome};
use alloy_dyn_abi::{DynSolType, DynSolValue, EventExt, FunctionExt, JsonAbiExt, Specifier};
use alloy_json_abi::{Error, Function, JsonAbi};
use alloy_primitives::{hex, Bytes, Selector};
use std::sync::OnceLock;

use super::rpc::Log;

/// What precompiles and Solidity say no with: not the protocol's, so not in its ABI.
const OTHERS: [&str; 8] = [
    "error ProgramNotActivated()",
    "error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion)",
    "error ProgramExpired(uint64 ageInSeconds)",
    "error ProgramUpToDate()",
    "error ProgramKeepaliveTooSoon(uint64 ageInSeconds)",
    "error ProgramInsufficientValue(uint256 have, uint256 want)",
    "error Error(string message)",
    "error Panic(uint256 code)",
];

/// The protocol's interface, and the errors of others that a call may meet.
pub fn abi() -> &'static JsonAbi {
    static ABI: OnceLock<JsonAbi> = OnceLock::new();
    ABI.get_or_init(|| {
        let shipped: Result<JsonAbi, _> = serde_json::from_str(fusebox::bindings::ABI);
        let mut abi = shipped.unwrap_or_default(); // the crate's own tests read the file
        for text in OTHERS {
            if let Ok(error) = Error::parse(text) {
                abi.errors.entry(error.name.clone()).or_default().push(error);
            }
        }
        abi
    })
}

/// A value with the name and type that the ABI gives it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: DynSolValue,
}

/// A decoded error or event.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Its name.
    pub name: String,
    /// Its values in their order.
    pub values: Vec<Named>,
}

impl Decoded {
    /// A value by its name.
    pub fn get(&self, name: &str) -> Option<&DynSolValue> {
        self.values.iter().find(|one| one.name == name).map(|one| &one.value)
    }

    /// A whole number by its name; the largest for one that does not fit.
    pub fn number(&self, name: &str) -> Option<u64> {
        Some(u64::try_from(self.get(name)?.as_uint()?.0).unwrap_or(u64::MAX))
    }

    /// It as JSON.
    pub fn json(&self) -> serde_json::Value {
        let values: serde_json::Map<_, _> =
            self.values.iter().map(|one| (one.name.clone(), text(&one.value).into())).collect();
        serde_json::json!({ "name": self.name, "values": values })
    }

    /// It in one line: the name, and each value behind its own.
    pub fn line(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|one| format!("{} {}", one.name, text(&one.value))).collect();
        match values.is_empty() {
            true => self.name.clone(),
            false => format!("{}: {}", self.name, values.join(", ")),
        }
    }
}

/// A value as people read it: numbers decimal, bytes hexadecimal.
pub fn text(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Bool(yes) => yes.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => text.clone(),
        DynSolValue::Array(all) | DynSolValue::FixedArray(all) | DynSolValue::Tuple(all) => {
            format!("[{}]", all.iter().map(self::text).collect::<Vec<_>>().join(", "))
        }
        DynSolValue::Function(function) => hex::encode_prefixed(function),
    }
}

/// The error that this revert data is.
pub fn decode_error(data: &[u8]) -> Option<Decoded> {
    let selector = Selector::try_from(data.get(..4)?).ok()?;
    let error = abi().errors().find(|error| error.selector() == selector)?;
    let values = error.abi_decode_input(data.get(4..)?).ok()?;
    let names = error.inputs.iter().map(|input| input.name.clone());
    Some(Decoded {
        name: error.name.clone(),
        values: names.zip(values).map(|(name, value)| Named { name, value }).collect(),
    })
}

/// The event that this log is.
pub fn decode_event(log: &Log) -> Option<Decoded> {
    let signature = log.topics.first()?;
    let event = abi().events().find(|event| event.selector() == *signature)?;
    let decoded = event.decode_log_parts(log.topics.iter().copied(), &log.data).ok()?;
    let (mut indexed, mut body) = (decoded.indexed.into_iter(), decoded.body.into_iter());
    let values = event.inputs.iter().map(|input| {
        let value = if input.indexed { indexed.next() } else { body.next() };
        Some(Named { name: input.name.clone(), value: value? })
    });
    Some(Decoded { name: event.name.clone(), values: values.collect::<Option<_>>()? })
}

/// The function with a name, or with a whole signature where there are several.
///
/// Errors: none of that name; the nearest names are told.
pub fn function(name: &str) -> Outcome<&'static Function> {
    let bare = name.split('(').next().unwrap_or(name);
    let all = abi().function(bare).map(Vec::as_slice).unwrap_or_default();
    let found = match name.contains('(') {
        true => all.iter().find(|function| function.signature() == name.replace(' ', "")),
        false => all.first(),
    };
    found.ok_or_else(|| {
        let near: Vec<&str> = abi()
            .functions()
            .map(|function| function.name.as_str())
            .filter(|known| known.to_lowercase().contains(&bare.to_lowercase()) || bare.contains(known))
            .collect();
        let hint = match near.is_empty() {
            true => "The names are those of the shipped ABI, crates/fusebox/abi.json.".to_owned(),
            false => format!("Did you mean {}?", near.join(", ")),
        };
        Fault::Usage(format!("the protocol has no entry {name}. {hint}"))
    })
}

/// A call of a function with its arguments as text.
///
/// Errors: too few or too many, or one that is not of its type.
pub fn encode(function: &Function, arguments: &[String]) -> Outcome<Bytes> {
    let kinds: Vec<String> =
        function.inputs.iter().map(|input| format!("{} {}", input.ty, input.name).trim().to_owned()).collect();
    let usage = || format!("{}({})", function.name, kinds.join(", "));
    if arguments.len() != function.inputs.len() {
        let text = format!("{} takes {} arguments, and {} are given", usage(), kinds.len(), arguments.len());
        return Err(Fault::Usage(text));
    }
    let mut values = Vec::new();
    for (input, argument) in function.inputs.iter().zip(arguments) {
        let kind: DynSolType = input.resolve().map_err(|error| Fault::Usage(format!("{}: {error}", usage())))?;
        let value = kind.coerce_str(argument);
        values.push(
            value.map_err(|error| Fault::Usage(format!("{argument:?} is no {} of {}: {error}", input.ty, usage())))?,
        );
    }
    let data = function.abi_encode_input(&values).map_err(|error| Fault::Usage(format!("{}: {error}", usage())))?;
    Ok(data.into())
}

/// What a function has answered, as text.
pub fn answer(function: &Function, data: &[u8]) -> Vec<String> {
    FunctionExt::abi_decode_output(function, data).map(|values| values.iter().map(text).collect()).unwrap_or_default()
}

/// The function and the arguments of a call.
pub fn decode_call(data: &[u8]) -> Option<(&'static Function, Vec<DynSolValue>)> {
    let selector = Selector::try_from(data.get(..4)?).ok()?;
    let function = abi().functions().find(|function| function.selector() == selector)?;
    Some((function, function.abi_decode_input(data.get(4..)?).ok()?))
}
