//! The parameters of a request, each read by its place and refused by its name.

use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Failure;

/// Parameters by position.
#[derive(Debug)]
pub struct Args(Vec<Value>);

impl Args {
    /// Takes the parameters of a request.
    ///
    /// Errors: -32602 where they are not a list.
    pub fn new(params: &Params<'_>) -> Result<Self, Failure> {
        match params.parse::<Option<Value>>() {
            Ok(None | Some(Value::Null)) => Ok(Self(Vec::new())),
            Ok(Some(Value::Array(values))) => Ok(Self(values)),
            Ok(Some(_)) => Err(Failure::invalid_params("the parameters must be a list: [first, second, ...]")),
            Err(error) => {
                let why = error.data().map_or(error.message(), |data| data.get());
                Err(Failure::invalid_params(format!("the parameters cannot be read: {why}")))
            }
        }
    }

    /// The parameter at a place.
    ///
    /// Errors: -32602 with the name where it is missing or is not what it should be.
    pub fn get<T: DeserializeOwned>(&self, place: usize, name: &str) -> Result<T, Failure> {
        match self.0.get(place) {
            None | Some(Value::Null) => {
                Err(Failure::invalid_params(format!("missing value for required argument {place} ({name})")))
            }
            Some(value) => parse(value, place, name),
        }
    }

    /// The parameter at a place, or `None` where it is left out or null.
    pub fn optional<T: DeserializeOwned>(&self, place: usize, name: &str) -> Result<Option<T>, Failure> {
        match self.0.get(place) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => parse(value, place, name).map(Some),
        }
    }

    /// The parameter at a place as a number: a JSON number, or a string in hex or decimal.
    pub fn number(&self, place: usize, name: &str) -> Result<Option<u64>, Failure> {
        let Some(value) = self.optional::<Value>(place, name)? else {
            return Ok(None);
        };
        let number = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            },
            _ => None,
        };
        let wrong = || Failure::invalid_params(format!("invalid argument {place} ({name}): {value} is not a number"));
        number.map(Some).ok_or_else(wrong)
    }
}

fn parse<T: DeserializeOwned>(value: &Value, place: usize, name: &str) -> Result<T, Failure> {
    T::deserialize(value)
        .map_err(|error| Failure::invalid_params(format!("invalid argument {place} ({name}): {error}")))
}
