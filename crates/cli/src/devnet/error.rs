//! What a request is answered with when it fails: codes and words that clients of other nodes know.

use alloy_primitives::{hex, Bytes};
use alloy_sol_types::{decode_revert_reason, SolError};
use fusebox_testbed::{Executed, OutcomeKind, Rejection};
use jsonrpsee::types::error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

/// The code of a reverted call, with the revert data beside it.
const REVERTED: i32 = 3;
/// What nodes answer where nothing more particular fits.
const REFUSED: i32 = -32_000;
/// A method that exists elsewhere and not here (EIP-1474).
const UNSUPPORTED: i32 = -32_004;
/// More than this node answers at once (EIP-1474).
const LIMIT: i32 = -32_005;

/// The error of a JSON-RPC answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The JSON-RPC code.
    pub code: i32,
    /// What went wrong, and what to do about it where that is not plain.
    pub message: String,
    /// Revert data.
    pub data: Option<Value>,
}

impl Failure {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// A request that is well formed and not granted.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(REFUSED, message)
    }

    /// A parameter that cannot be read.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS_CODE, message)
    }

    /// A method or an option that this node does not have.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(UNSUPPORTED, message)
    }

    /// More than this node answers at once.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(LIMIT, message)
    }

    /// A defect of this node.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(INTERNAL_ERROR_CODE, message)
    }

    /// Why a call that was executed did not succeed.
    pub fn execution(executed: &Executed) -> Self {
        let outcome = &executed.outcome;
        let note = outcome.note.as_deref().unwrap_or_default();
        let out_of_gas = note.to_ascii_lowercase().replace(' ', "").starts_with("outofgas");
        match outcome.outcome {
            OutcomeKind::Revert => Self::reverted(&outcome.output),
            OutcomeKind::OutOfInk => Self::refused("out of gas"),
            OutcomeKind::Halt | OutcomeKind::NotRun if out_of_gas => Self::refused("out of gas"),
            OutcomeKind::OutOfStack => Self::refused("execution reverted: the program ran out of stack"),
            _ if note.is_empty() => Self::refused("execution reverted"),
            // An account that refuses to run says why in words, as a node of Arbitrum does.
            OutcomeKind::Halt | OutcomeKind::NotRun => Self::refused(note),
            _ => Self::refused(format!("execution reverted: {note}")),
        }
    }

    /// A revert with its data.
    pub fn reverted(data: &[u8]) -> Self {
        let reason = match decode_revert_reason(data) {
            Some(reason) if is_standard(data) => format!("execution reverted: {reason}"),
            _ => "execution reverted".to_owned(),
        };
        Self { data: Some(hex::encode_prefixed(data).into()), ..Self::new(REVERTED, reason) }
    }
}

/// Whether revert data is one of Solidity's own errors: only these are worth words, the rest is the client's to decode.
fn is_standard(data: &[u8]) -> bool {
    use alloy_sol_types::{Panic, Revert};
    data.starts_with(&Revert::SELECTOR) || data.starts_with(&Panic::SELECTOR)
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::refused(rejection.to_string())
    }
}

impl From<Failure> for ErrorObjectOwned {
    fn from(failure: Failure) -> Self {
        Self::owned(failure.code, failure.message, failure.data)
    }
}

/// The output of a call, or why there is none.
pub fn output(executed: Executed) -> Result<Bytes, Failure> {
    if executed.outcome.success {
        return Ok(executed.outcome.output.into());
    }
    Err(Failure::execution(&executed))
}
