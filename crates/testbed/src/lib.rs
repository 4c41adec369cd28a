#![doc = include_str!("../README.md")]

pub mod activation;
mod arbos;
mod chain;
mod engine;
mod exec;
mod hooks;
mod meter;
mod outcome;
pub mod pricing;
mod programs;
mod slots;
mod trace;
mod transaction;
pub mod vectors;
mod world;

pub use activation::{Activated, Refusal, Rules};
pub use arbos::ArbOs;
pub use chain::{AccountState, Chain, DeployError, Snapshot, STYLUS_DEPLOYER};
pub use engine::CompileError;
pub use exec::Mock;
pub use outcome::{
    CallKind, CallRecord, HostioTally, Ink, Log, Outcome, OutcomeKind, Revert, StorageRead, StorageWrite, Tx,
};
pub use trace::{CallFrame, FrameLog, HostCall, Step};
pub use transaction::{AccountOverride, Executed, Overrides, Rejection, Tracing, Transaction};
/// The text form of a module to its bytes, for small programs written by hand.
pub use wasmer::wat2wasm;
