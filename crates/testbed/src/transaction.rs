//! Transactions as a network takes them: with a nonce, a gas limit that covers all of it, and a fee.

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::{Address, Bytes, B256, U256};

use crate::outcome::Outcome;
use crate::pricing::{MAX_CODE, SLOT_LISTED};
use crate::trace::CallFrame;

/// Gas of any transaction.
const TRANSACTION: u64 = 21_000;
/// Gas of a transaction that creates, on top.
const CREATION: u64 = 32_000;
/// Gas of a byte of input that is zero, and of one that is not (EIP-2028).
const ZERO_BYTE: u64 = 4;
const BYTE: u64 = 16;
/// Gas of a word of initialisation code (EIP-3860).
const INITCODE_WORD: u64 = 2;
/// Gas of an account in the access list (EIP-2930).
const ACCOUNT_LISTED: u64 = 2_400;
/// The longest initialisation code that a transaction may send (EIP-3860).
const MAX_INITCODE: usize = 2 * MAX_CODE;

/// A transaction that pays for itself, or a call that is made as one.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// Who signed it.
    pub from: Address,
    /// The account called; none for a creation.
    pub to: Option<Address>,
    /// The nonce; not checked where it is not given.
    pub nonce: Option<u64>,
    /// Gas of all of it, the intrinsic part included.
    pub gas: u64,
    /// The most wei that one gas may cost. Where it is not given no fee is taken and the gas price is zero.
    pub max_fee_per_gas: Option<u128>,
    /// Wei that goes with it.
    pub value: U256,
    /// The input, or the initialisation code.
    pub input: Bytes,
    /// Whether it was never signed: its sender may have code.
    pub impersonated: bool,
    /// Accounts and slots that are warm from the start.
    pub access_list: Vec<(Address, Vec<B256>)>,
}

impl Transaction {
    /// Gas that is taken before anything runs.
    pub fn intrinsic_gas(&self) -> u64 {
        let zeros = self.input.iter().filter(|byte| **byte == 0).count() as u64;
        let length = self.input.len() as u64;
        let mut gas = TRANSACTION + zeros * ZERO_BYTE + (length - zeros) * BYTE;
        if self.to.is_none() {
            gas += CREATION + INITCODE_WORD * length.div_ceil(32);
        }
        let slots: usize = self.access_list.iter().map(|(_, slots)| slots.len()).sum();
        gas + self.access_list.len() as u64 * ACCOUNT_LISTED + slots as u64 * SLOT_LISTED
    }

    /// Checks what does not depend on the sender.
    pub(crate) fn check(&self, base_fee: u64, gas_limit: u64) -> Result<(), Rejection> {
        let want = self.intrinsic_gas();
        if self.gas < want {
            return Err(Rejection::IntrinsicGasTooLow { have: self.gas, want });
        }
        if self.gas > gas_limit {
            return Err(Rejection::GasAboveBlockLimit { gas: self.gas, limit: gas_limit });
        }
        if self.to.is_none() && self.input.len() > MAX_INITCODE {
            return Err(Rejection::InitcodeTooLong { len: self.input.len(), bound: MAX_INITCODE });
        }
        match self.max_fee_per_gas {
            Some(max_fee) if max_fee < u128::from(base_fee) => Err(Rejection::FeeTooLow { max_fee, base_fee }),
            _ => Ok(()),
        }
    }

    /// Checks nonce and balance of its sender.
    pub(crate) fn check_sender(&self, nonce: u64, balance: U256) -> Result<(), Rejection> {
        if let Some(tx) = self.nonce {
            if tx < nonce {
                return Err(Rejection::NonceTooLow { tx, state: nonce });
            }
            if tx > nonce {
                return Err(Rejection::NonceTooHigh { tx, state: nonce });
            }
        }
        if nonce == u64::MAX {
            return Err(Rejection::NonceExhausted);
        }
        let price = U256::from(self.max_fee_per_gas.unwrap_or_default());
        let want = price.saturating_mul(U256::from(self.gas)).saturating_add(self.value);
        if balance < want {
            return Err(Rejection::InsufficientFunds { have: balance, want });
        }
        Ok(())
    }
}

/// Why a transaction is not executed at all. The chain is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are what their names say: a value and what it is held against
pub enum Rejection {
    /// The nonce was used before.
    NonceTooLow { tx: u64, state: u64 },
    /// A nonce before it was not used yet.
    NonceTooHigh { tx: u64, state: u64 },
    /// The sender has used its last nonce.
    NonceExhausted,
    /// The balance does not cover value and the highest fee, in wei.
    InsufficientFunds { have: U256, want: U256 },
    /// The gas does not cover input, creation and access list.
    IntrinsicGasTooLow { have: u64, want: u64 },
    /// More gas than a block holds.
    GasAboveBlockLimit { gas: u64, limit: u64 },
    /// The highest fee is below the base fee, in wei per gas.
    FeeTooLow { max_fee: u128, base_fee: u64 },
    /// Initialisation code that is too long (EIP-3860), in bytes.
    InitcodeTooLong { len: usize, bound: usize },
    /// The sender has code (EIP-3607) and is not impersonated.
    SenderHasCode { sender: Address },
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonceTooLow { tx, state } => write!(f, "nonce too low: next nonce {state}, tx nonce {tx}"),
            Self::NonceTooHigh { tx, state } => write!(f, "nonce too high: next nonce {state}, tx nonce {tx}"),
            Self::NonceExhausted => f.write_str("the sender has no nonce left"),
            Self::InsufficientFunds { have, want } => {
                write!(f, "insufficient funds for gas * price + value: have {have} want {want}")
            }
            Self::IntrinsicGasTooLow { have, want } => write!(f, "intrinsic gas too low: have {have}, want {want}"),
            Self::GasAboveBlockLimit { gas, limit } => write!(f, "exceeds block gas limit: gas {gas}, limit {limit}"),
            Self::FeeTooLow { max_fee, base_fee } => {
                write!(f, "max fee per gas less than block base fee: maxFeePerGas {max_fee}, baseFee {base_fee}")
            }
            Self::InitcodeTooLong { len, bound } => {
                write!(f, "max initcode size exceeded: code size {len}, limit {bound}")
            }
            Self::SenderHasCode { sender } => write!(f, "sender not an eoa: address {sender}"),
        }
    }
}

impl std::error::Error for Rejection {}

/// What to write down while a transaction runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracing {
    /// Nothing but the [`Outcome`].
    #[default]
    Off,
    /// The tree of calls.
    Calls,
    /// The tree of calls, and every host call of every program in it.
    Hostio,
}

/// What came of a transaction that was executed, whether it succeeded or not.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What its first frame did; `gas_used` in it is that of the frame alone.
    pub outcome: Outcome,
    /// Gas paid for: intrinsic gas and that of the frame, less the refund.
    pub gas_used: u64,
    /// Gas given back for storage that was cleared, a fifth of what was used at most (EIP-3529).
    pub refunded: u64,
    /// Wei paid for one gas.
    pub effective_gas_price: u128,
    /// The contract that it created.
    pub created: Option<Address>,
    /// Accounts and slots that it looked at, warm ones included, by address.
    pub touched: Vec<(Address, Vec<B256>)>,
    /// What was traced.
    pub trace: Option<CallFrame>,
}

/// What a call pretends of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountOverride {
    /// The balance in wei.
    pub balance: Option<U256>,
    /// The nonce.
    pub nonce: Option<u64>,
    /// The code: EVM bytecode, or a program with its prefix.
    pub code: Option<Bytes>,
    /// The whole storage: slots that are not listed are zero.
    pub state: Option<BTreeMap<B256, B256>>,
    /// Slots that differ, applied after `state`.
    pub state_diff: BTreeMap<B256, B256>,
}

/// What a call pretends of accounts.
pub type Overrides = BTreeMap<Address, AccountOverride>;
